//! Who makes and drops databases? Connections that belong to no case and live as long as the run, on a runtime of their
//! own: cases come and go on runtimes that end with them.

use super::connect::{Connector, Login};
use super::failure;
use super::line::{Line, drive};
use super::pool::Dialled;
use crate::record::Breakage;
use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, TimeoutType,
};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row};

/// Databases made at the same time, at most; more would wait for each other on the disk.
const MAX_SIZE: usize = 8;

/// How long a database may still be in use after its last session was closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same where a pooler keeps sessions open that nobody uses.
const POOLED_PATIENCE: Duration = Duration::from_millis(100);

/// How long a database may take to be made for somebody who is gone.
const MAKING: Duration = Duration::from_secs(60);

/// The SQLSTATE of a database that cannot be copied or dropped because somebody is connected to it.
const OBJECT_IN_USE: &str = "55006";

/// Connections of the user who makes the databases.
#[derive(Debug)]
pub(super) struct Admin {
    pool: Pool,
    background: Background,
    connector: Connector,
}

impl Admin {
    /// Connects nowhere yet; `database` is the one to be connected to while others are made.
    pub(super) fn new(connector: &Connector, database: &str) -> std::io::Result<Self> {
        let background = Background::new()?;
        let login = Login::own(database, "pgauge");
        let dialer = Dialer {
            connector: connector.clone(),
            login,
            handle: background.handle.clone(),
        };
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_connect(Config::new(), dialer, recycling);
        let pool = Pool::builder(manager).max_size(MAX_SIZE).build();
        Ok(Self {
            pool: pool.map_err(std::io::Error::other)?,
            background,
            connector: connector.clone(),
        })
    }

    /// Where tasks live that must outlast a case.
    pub(super) fn handle(&self) -> &Handle {
        &self.background.handle
    }

    /// Runs one statement outside of any transaction.
    pub(super) async fn execute(&self, sql: &str) -> Result<(), PoolError> {
        let client = self.pool.get().await?;
        Ok(client.batch_execute(sql).await?)
    }

    /// Asks for rows; results must be of types that PostgreSQL itself brings.
    pub(super) async fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, PoolError> {
        let client = self.pool.get().await?;
        Ok(client.query(sql, params).await?)
    }

    /// Runs a statement that needs this database for itself, such as copying or dropping it: waits until the sessions
    /// that were closed are really gone. Those that stay are not ours to wait for and are ended; nobody else knows the
    /// name of the database.
    pub(super) async fn execute_alone(&self, database: &str, sql: &str) -> Result<(), PoolError> {
        let begun = Instant::now();
        loop {
            self.until_unused(database, begun).await?;
            match self.execute(sql).await {
                // A backend is gone from the statistics a moment before it is gone for good.
                Err(error)
                    if failure::code(&error) == Some(OBJECT_IN_USE)
                        && begun.elapsed() < 2 * PATIENCE => {}
                end => return end,
            }
        }
    }

    /// Drops a database of ours, if it is there, or will be: the server goes on making one for somebody who is gone.
    pub(super) async fn drop_database(&self, name: &str) -> Result<(), PoolError> {
        self.until_made(name).await?;
        let sql = format!("DROP DATABASE IF EXISTS {}", quote_ident(name));
        self.execute_alone(name, &sql).await
    }

    async fn until_made(&self, name: &str) -> Result<(), PoolError> {
        const MAKERS: &str = "SELECT count(*) FROM pg_catalog.pg_stat_activity \
            WHERE state = 'active' AND pid <> pg_catalog.pg_backend_pid() \
            AND pg_catalog.strpos(query, $1) > 0";
        let client = self.pool.get().await?;
        let makers = client.prepare_cached(MAKERS).await?;
        let begun = Instant::now();
        let mut pause = Pause::default();
        loop {
            let count: i64 = client.query_one(&makers, &[&name]).await?.try_get(0)?;
            if count == 0 {
                return Ok(());
            }
            if begun.elapsed() > MAKING {
                return Err(PoolError::Timeout(TimeoutType::Wait));
            }
            pause.take().await;
        }
    }

    /// Rolls back what was prepared there for a commit that never came. Only a session of that database may, acting as
    /// the one who prepared it.
    async fn roll_back_prepared(&self, database: &str) -> Result<(), PoolError> {
        const PREPARED: &str = "SELECT gid, owner::pg_catalog.text \
            FROM pg_catalog.pg_prepared_xacts WHERE database = $1";
        let prepared = self.query(PREPARED, &[&database]).await?;
        if prepared.is_empty() {
            return Ok(());
        }
        let login = Login::own(database, "pgauge");
        let (client, wire) = on(&self.background.handle, self.connector.open(&login)).await?;
        self.background
            .handle
            .spawn(drive(wire, Arc::new(Line::default())));
        for row in &prepared {
            let (gid, owner): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
            let act = format!("SET ROLE {}", quote_ident(owner));
            client.batch_execute(&act).await?;
            let roll_back = format!("ROLLBACK PREPARED {}", quote_literal(gid));
            client.batch_execute(&roll_back).await?;
        }
        Ok(())
    }

    pub(super) async fn until_unused(
        &self,
        database: &str,
        begun: Instant,
    ) -> Result<(), PoolError> {
        // An autovacuum worker has no user; the server ends it by itself.
        const USERS: &str = "SELECT \
            (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = $1 AND usesysid IS NOT NULL), \
            (SELECT count(*) FROM pg_catalog.pg_prepared_xacts WHERE database = $1)";
        const END: &str = "SELECT pg_catalog.pg_terminate_backend(pid) \
            FROM pg_catalog.pg_stat_activity WHERE datname = $1 AND usesysid IS NOT NULL";
        let client = self.pool.get().await?;
        let users = client.prepare_cached(USERS).await?;
        let mut pause = Pause::default();
        loop {
            let counted = client.query_one(&users, &[&database]).await?;
            let (count, prepared): (i64, i64) = (counted.try_get(0)?, counted.try_get(1)?);
            if prepared > 0 {
                self.roll_back_prepared(database).await?;
                continue;
            }
            if count == 0 || begun.elapsed() > 2 * PATIENCE {
                return Ok(());
            }
            let patience = match self.connector.options_are_lost() {
                true => POOLED_PATIENCE,
                false => PATIENCE,
            };
            if begun.elapsed() > patience {
                client.query(END, &[&database]).await?;
            }
            pause.take().await;
        }
    }
}

/// The time between two looks at something that no one tells us about: short at first, then longer.
pub(super) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(Duration::from_micros(200))
    }
}

impl Pause {
    pub(super) async fn take(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Duration::from_millis(20));
    }
}

/// A name as an SQL identifier.
pub(super) fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal, whatever `standard_conforming_strings` says.
pub(super) fn quote_literal(text: &str) -> String {
    let escape = if text.contains('\\') { "E" } else { "" };
    let text = text.replace('\'', "''").replace('\\', "\\\\");
    format!("{escape}'{text}'")
}

/// A failure of the admin's as a broken world.
pub(super) fn broken(code: &str, message: impl Into<String>, error: &PoolError) -> Breakage {
    match error {
        PoolError::Backend(error) => failure::breakage(code, message, error),
        other => Breakage {
            code: code.to_owned(),
            message: message.into(),
            detail: Some(other.to_string()),
            ..Breakage::default()
        },
    }
}

/// A runtime of one thread that ends without being waited for, so that it may be dropped anywhere.
#[derive(Debug)]
struct Background {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Background {
    fn new() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("pgauge-admin")
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Opens connections that are driven in the background, whoever asks for them.
struct Dialer {
    connector: Connector,
    login: Login,
    handle: Handle,
}

impl Connect for Dialer {
    fn connect(&self, _: &Config) -> Dialled<'_> {
        Box::pin(on(&self.handle, async move {
            let (client, wire) = self.connector.open(&self.login).await?;
            Ok((client, tokio::spawn(drive(wire, Arc::new(Line::default())))))
        }))
    }
}

/// Polls a future as if on that runtime, so that the sockets it opens and the tasks it spawns belong there.
pub(super) async fn on<F: Future>(handle: &Handle, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let _entered = handle.enter();
        future.as_mut().poll(context)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(quote_ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("C:\\'"), "E'C:\\\\'''");
    }
}
