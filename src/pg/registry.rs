//! Which databases on somebody's server are ours, and which of them has nobody any more? A database of its own keeps
//! their names, each written before the database is made, with the run that made it.
//!
//! Every run holds an advisory lock for as long as it lives. Whose lock can be taken is gone: what it left is dropped.
//! Nothing is ever found by the look of its name. Each user of the server has a registry of their own, since databases
//! can be dropped by their owner only.

use super::admin::{Admin, broken, on, quote_ident};
use super::connect::{Connector, Login};
use super::failure;
use super::line::{Line, drive};
use super::name::random_id;
use crate::record::{Breakage, ServerError};
use deadpool_postgres::PoolError;
use std::sync::Arc;
use tokio_postgres::{Client, Error};

/// The beginning of the registry's name; the user's follows.
const NAME: &str = "pgauge_registry";

/// The longest name of a database (`NAMEDATALEN` - 1), in bytes.
const NAME_LIMIT: usize = 63;

const NOT_CREATED: &str = "cannot create a database on the server";

/// `run` is NULL for what is kept; `template` is the fingerprint of a kept template.
const TABLE: &str = "\
    CREATE TABLE IF NOT EXISTS public.databases (\
        name text PRIMARY KEY, run int8, template text, created_at timestamptz NOT NULL DEFAULT now())";

/// The registry of one run.
#[derive(Debug)]
pub(super) struct Registry {
    /// Holds the run's lock.
    client: Client,
    /// How its connection ended, if it did.
    line: Arc<Line>,
    run: i64,
}

impl Registry {
    /// Opens the registry, making it where there is none, and takes the run's lock.
    pub(super) async fn open(connector: &Connector, admin: &Admin) -> Result<Self, Breakage> {
        let database = name_for(connector.user());
        let run = random_id().map_err(|error| Breakage {
            code: "registry".to_owned(),
            message: error.to_string(),
            ..Breakage::default()
        })?;
        create(admin, &database)
            .await
            .map_err(|error| hinted(broken("registry", NOT_CREATED, &error)))?;
        let opened = Self::try_open(connector, admin, &database, run).await;
        opened.map_err(|error| {
            let message = format!("cannot use the database \"{database}\"");
            hinted(failure::breakage("registry", message, &error))
        })
    }

    async fn try_open(
        connector: &Connector,
        admin: &Admin,
        database: &str,
        run: i64,
    ) -> Result<Self, Error> {
        let login = Login::own(database, "pgauge/registry");
        let line = Arc::new(Line::default());
        let client = on(admin.handle(), async {
            let (client, wire) = connector.open(&login).await?;
            tokio::spawn(drive(wire, line.clone()));
            Ok::<_, Error>(client)
        })
        .await?;
        let registry = Self { client, line, run };
        // Two runs that make the table at once would refuse each other.
        registry
            .client
            .batch_execute(&format!(
                "BEGIN; SELECT pg_advisory_xact_lock(0); {TABLE}; COMMIT; \
                 SELECT pg_advisory_lock({run})"
            ))
            .await?;
        Ok(registry)
    }

    /// The last words of its connection, if that is gone: without it nobody may make a database any more.
    pub(super) fn lost(&self) -> Option<ServerError> {
        let gone = || failure::lost("the connection was closed");
        self.client
            .is_closed()
            .then(|| self.line.end().unwrap_or_else(gone))
    }

    /// Notes a name before its database is made.
    pub(super) async fn note(&self, name: &str) -> Result<(), Error> {
        const NOTE: &str = "INSERT INTO public.databases (name, run) VALUES ($1, $2)";
        self.client.execute(NOTE, &[&name, &self.run]).await?;
        Ok(())
    }

    /// Strikes out a name after its database was dropped.
    pub(super) async fn strike(&self, name: &str) -> Result<(), Error> {
        const STRIKE: &str = "DELETE FROM public.databases WHERE name = $1";
        self.client.execute(STRIKE, &[&name]).await?;
        Ok(())
    }

    /// Lets a database outlive the run; `template` is the fingerprint by which later runs find it.
    pub(super) async fn keep(&self, name: &str, template: Option<&str>) -> Result<(), Error> {
        const KEEP: &str = "UPDATE public.databases SET run = NULL, template = $2 WHERE name = $1";
        self.client.execute(KEEP, &[&name, &template]).await?;
        Ok(())
    }

    /// A kept template that is still there.
    pub(super) async fn kept_template(&self, fingerprint: &str) -> Result<Option<String>, Error> {
        const KEPT: &str = "\
            SELECT k.name FROM public.databases k \
            JOIN pg_catalog.pg_database d ON d.datname = k.name \
            WHERE k.run IS NULL AND k.template = $1 ORDER BY k.created_at LIMIT 1";
        let rows = self.client.query(KEPT, &[&fingerprint]).await?;
        rows.first().map(|row| row.try_get(0)).transpose()
    }

    /// The databases that this run made and has not dropped.
    pub(super) async fn own(&self) -> Result<Vec<String>, Error> {
        self.names_of(self.run).await
    }

    /// Drops what runs left that are gone. What cannot be dropped is left to a later run.
    pub(super) async fn sweep(&self, admin: &Admin) -> Result<(), Error> {
        const RUNS: &str =
            "SELECT DISTINCT run FROM public.databases WHERE run IS NOT NULL AND run <> $1";
        for row in self.client.query(RUNS, &[&self.run]).await? {
            let run: i64 = row.try_get(0)?;
            if !self.take("SELECT pg_try_advisory_lock($1)", run).await? {
                continue;
            }
            for name in self.names_of(run).await? {
                let there = self.now_called(&name).await?.unwrap_or(name.clone());
                if admin.drop_database(&there).await.is_ok() {
                    self.strike(&name).await?;
                }
            }
            self.take("SELECT pg_advisory_unlock($1)", run).await?;
        }
        Ok(())
    }

    /// The name that a database of ours was given for a while, if it still has it.
    pub(super) async fn now_called(&self, name: &str) -> Result<Option<String>, Error> {
        const CALLED: &str = "\
            SELECT d.datname FROM pg_catalog.pg_database d \
            JOIN pg_catalog.pg_shdescription s ON s.objoid = d.oid \
                AND s.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass \
            WHERE s.description = $1";
        let rows = self.client.query(CALLED, &[&known_as(name)]).await?;
        rows.first().map(|row| row.try_get(0)).transpose()
    }

    async fn take(&self, sql: &str, run: i64) -> Result<bool, Error> {
        self.client.query_one(sql, &[&run]).await?.try_get(0)
    }

    async fn names_of(&self, run: i64) -> Result<Vec<String>, Error> {
        const NAMES: &str = "SELECT name FROM public.databases WHERE run = $1 ORDER BY created_at";
        let rows = self.client.query(NAMES, &[&run]).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }
}

/// The comment by which a database is known that does not have its own name.
pub(super) fn known_as(name: &str) -> String {
    format!("made by pgauge as {name}")
}

/// Says what pgauge needs on somebody's server, where that is what lacks.
fn hinted(mut breakage: Breakage) -> Breakage {
    if let Some(hint) = failure::unknown_database(&breakage) {
        breakage.hint = Some(hint.to_owned());
        return breakage;
    }
    let hint = match breakage.error.as_ref().map(|error| error.code.as_str()) {
        Some("42501") => "pgauge works in databases of its own: the user needs CREATEDB",
        Some("25006") => {
            "it is a standby, or set to be read-only: name its primary, or another server that can be written to"
        }
        Some("53100") => "make room where the server keeps its data",
        _ => return breakage,
    };
    breakage.hint = Some(hint.to_owned());
    breakage
}

/// Makes the registry's database; another run may be doing the same.
async fn create(admin: &Admin, database: &str) -> Result<(), PoolError> {
    const EXISTS: &str = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1";
    if !admin.query(EXISTS, &[&database]).await?.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "CREATE DATABASE {} TEMPLATE template0",
        quote_ident(database)
    );
    match admin.execute(&sql).await {
        // duplicate_database, or the same seen by the unique index.
        Err(error) if matches!(failure::code(&error), Some("42P04" | "23505")) => Ok(()),
        end => end,
    }
}

/// One registry for each user; a long name is cut, which at worst makes two users share one that the second cannot use.
fn name_for(user: &str) -> String {
    let mut name = format!("{NAME}_{user}");
    while name.len() > NAME_LIMIT {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_has_a_registry_with_a_name_that_fits() {
        assert_eq!(name_for("qa"), "pgauge_registry_qa");
        assert!(name_for(&"ü".repeat(40)).len() <= NAME_LIMIT);
    }
}
