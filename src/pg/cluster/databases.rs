//! The databases that we make on a server, from their names to their end.

use super::{Cluster, Origin, Shared, Turn};
use crate::pg::admin::{self, quote_ident, quote_literal};
use crate::pg::name::random_name;
use crate::pg::{failure, registry};
use crate::record::Breakage;
use crate::run::session::NotReady;
use crate::schedule::{CommonGood, Share};
use futures_util::future::Either;
use std::sync::PoisonError;
use tokio_postgres::Error;

/// The file system in memory that Linux systems have.
const MEMORY: &str = "/dev/shm";

impl Cluster {
    /// Makes a copy of a template, and tells its name.
    pub(in crate::pg) async fn clone_of(
        &self,
        template: &str,
        role: Option<&str>,
    ) -> Result<String, Breakage> {
        let name = self.new_name().await?;
        let mut sql = format!(
            "CREATE DATABASE {} TEMPLATE {}",
            quote_ident(&name),
            quote_ident(template)
        );
        if let Some(role) = role {
            sql.push_str(&format!(" OWNER {}", quote_ident(role)));
        }
        sql.push_str(self.strategy());
        match self.admin.execute_alone(template, &sql).await {
            Ok(()) => Ok(name),
            Err(error) => Err(self.explain(admin::broken(
                "clone",
                "cannot clone the seeded database",
                &error,
            ))),
        }
    }

    /// Waits until no other case has a database of this name. What is there without pgauge is not touched.
    pub(in crate::pg) async fn turn_of(&self, name: &str) -> Result<Turn, NotReady> {
        let turn = self.turn(Shared::Name(name.to_owned()), Share::Alone).await;
        const EXISTS: &str = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1";
        let there = self.admin.query(EXISTS, &[&name]).await;
        let there = there.map_err(|error| {
            let message = format!("cannot ask for the database \"{name}\"");
            NotReady::Broke(Box::new(
                self.explain(admin::broken("connect", message, &error)),
            ))
        })?;
        match there.is_empty() {
            true => Ok(turn),
            false => Err(NotReady::Skip {
                reason: format!(
                    "the server has a database \"{name}\" already, and pgauge touches none that it did not make"
                ),
            }),
        }
    }

    /// Waits until no other case needs this, or until none does that needs it alone.
    pub(in crate::pg) async fn turn_with(&self, good: CommonGood, share: Share) -> Turn {
        self.turn(Shared::Good(good), share).await
    }

    async fn turn(&self, what: Shared, share: Share) -> Turn {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(what).or_default().clone()
        };
        Turn::new(match share {
            Share::Alone => Either::Left(turn.write_owned().await),
            Share::Beside => Either::Right(turn.read_owned().await),
        })
    }

    /// Gives a database of ours a name that it must have. Its comment tells what it was called, so that it is known
    /// for ours by whoever finds it.
    pub(in crate::pg) async fn call(&self, name: &str, called: &str) -> Result<(), Breakage> {
        let comment = format!(
            "COMMENT ON DATABASE {} IS {}",
            quote_ident(name),
            quote_literal(&registry::known_as(name))
        );
        self.rename(&comment, called).await?;
        let rename = format!(
            "ALTER DATABASE {} RENAME TO {}",
            quote_ident(name),
            quote_ident(called)
        );
        self.rename(&rename, called).await
    }

    /// Gives a database of ours its own name again, once nobody uses it.
    pub(in crate::pg) async fn call_back(&self, name: &str, called: &str) -> Result<(), Breakage> {
        let rename = format!(
            "ALTER DATABASE {} RENAME TO {}",
            quote_ident(called),
            quote_ident(name)
        );
        let renamed = self.admin.execute_alone(called, &rename).await;
        renamed.map_err(|error| {
            let message = format!("cannot rename the database {called}");
            self.explain(admin::broken("rename", message, &error))
        })
    }

    async fn rename(&self, sql: &str, called: &str) -> Result<(), Breakage> {
        let done = self.admin.execute(sql).await;
        done.map_err(|error| {
            let message = format!("cannot give a database the name \"{called}\"");
            self.explain(admin::broken("rename", message, &error))
        })
    }

    /// How a database is best copied, to be put at the end of `CREATE DATABASE`. In memory, copying files took 5 ms for
    /// one of 8 MB and 72 ms for one of 150 MB; through the log, as is the default, 7 and 165. On a disk it was slower,
    /// and on somebody's server the checkpoint that it asks for is rude.
    pub(in crate::pg) fn strategy(&self) -> &'static str {
        match &self.origin {
            Origin::Embedded(own)
                if self.identity.version_num >= 150_000
                    && own.server.socket_dir().starts_with(MEMORY) =>
            {
                " STRATEGY file_copy"
            }
            _ => "",
        }
    }

    /// A name for a new database; on somebody's server it is written down already.
    pub(in crate::pg) async fn new_name(&self) -> Result<String, Breakage> {
        let name = random_name().map_err(|error| Breakage {
            code: "clone".to_owned(),
            message: error.to_string(),
            ..Breakage::default()
        })?;
        if let Origin::Given(registry) = &self.origin {
            registry.note(&name).await.map_err(unregistered)?;
        }
        Ok(name)
    }

    /// Drops a database of ours.
    pub(in crate::pg) async fn give_back(&self, name: &str) -> Result<(), Breakage> {
        // Dropping may have to be patient; a server that says nothing at all must not keep a run from ending.
        self.still_there().await?;
        let there = self.now_called(name).await?;
        let there = there.as_deref().unwrap_or(name);
        let dropped = self.admin.drop_database(there).await;
        dropped.map_err(|error| {
            let message = format!("cannot drop the database {there}");
            self.explain(admin::broken("drop", message, &error))
        })?;
        match &self.origin {
            Origin::Given(registry) => registry.strike(name).await.map_err(unregistered),
            Origin::Embedded(_) | Origin::Looked => Ok(()),
        }
    }

    /// The name that a database of ours has, where it could not be given its own again.
    async fn now_called(&self, name: &str) -> Result<Option<String>, Breakage> {
        match &self.origin {
            Origin::Given(registry) => registry.now_called(name).await.map_err(unregistered),
            Origin::Embedded(_) | Origin::Looked => Ok(None),
        }
    }

    /// Lets a database outlive the run; `template` is the fingerprint by which a later run finds it.
    pub(in crate::pg) async fn keep(
        &self,
        name: &str,
        template: Option<&str>,
    ) -> Result<(), Breakage> {
        match &self.origin {
            Origin::Given(registry) => registry.keep(name, template).await.map_err(unregistered),
            Origin::Embedded(_) | Origin::Looked => Ok(()),
        }
    }

    /// The name of a template that an earlier run kept.
    pub(in crate::pg) async fn kept_template(
        &self,
        fingerprint: &str,
    ) -> Result<Option<String>, Breakage> {
        match &self.origin {
            Origin::Given(registry) => {
                let found = registry.kept_template(fingerprint).await;
                found.map_err(unregistered)
            }
            Origin::Embedded(_) | Origin::Looked => Ok(None),
        }
    }

    /// Drops whatever this run made on somebody's server and has not dropped yet: templates, and the databases of
    /// cases that were interrupted.
    pub(in crate::pg) async fn clear(&self) -> Result<(), Breakage> {
        let Origin::Given(registry) = &self.origin else {
            return Ok(());
        };
        self.leave_spares().await;
        let mut cleared = Ok(());
        for name in registry.own().await.map_err(unregistered)? {
            // One that somebody uses keeps none of the others.
            cleared = cleared.and(self.give_back(&name).await);
        }
        cleared
    }
}

fn unregistered(error: Error) -> Breakage {
    failure::breakage(
        "registry",
        "cannot write to the registry of databases",
        &error,
    )
}
