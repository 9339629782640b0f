//! What does each statement of a migration do to the server? Two sessions find out: one runs the statement, the other
//! reads the lock table before the transaction of the first one ends.
//!
//! A statement that is its own transaction is put between BEGIN and COMMIT for that, so that no lock is too short to be
//! seen. What cannot run in a transaction is watched from outside, again and again, while it runs.

mod catalog;
mod command;
mod state;

pub(super) use command::Surroundings;
pub(super) use state::read as state;

use super::connect::{Connector, Login};
use super::failure;
use super::line::{Line, drive};
use super::pool::backend_pid;
use super::session::PgCanceller;
use crate::record::{
    Breakage, LockMode, LockSight, Micros, RelationLock, ServerError, StatementTrace,
    TransactionScope,
};
use crate::run::session::{ProgramEnd, Tracer, TransactionEnd};
use crate::sql::{StatementKind, TransactionControl, kind, may_be_wrapped};
use catalog::{Held, Relations, Used};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use tokio_postgres::{Client, Error};

/// The SQLSTATE of a statement that cannot run in a transaction.
const ACTIVE_SQL_TRANSACTION: &str = "25001";

/// Bytes in the write-ahead log so far, and in the files of this database.
const METERS: &str = "SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::pg_catalog.int8, \
    pg_catalog.pg_database_size(pg_catalog.current_database())";

/// A transaction that has a snapshot.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1";

/// Timeouts in force, in milliseconds.
const TIMEOUTS: &str = "SELECT setting::pg_catalog.int8 FROM pg_catalog.pg_settings \
    WHERE name IN ('lock_timeout', 'statement_timeout') ORDER BY name";

/// The session that migrates, and the one that looks on.
pub struct PgTracer {
    migrator: Client,
    pid: i32,
    watcher: Client,
    connector: Connector,
    version_num: u32,
    /// What was there before the migration.
    before: Relations,
    transaction: Open,
}

/// The transaction that the migration itself has open.
#[derive(Default)]
enum Open {
    #[default]
    None,
    /// With the locks that were seen in it so far.
    Some(BTreeSet<Held>),
}

/// What is read off the server as a whole.
#[derive(Clone, Copy)]
struct Meters {
    wal: i64,
    disk: i64,
}

impl PgTracer {
    /// Opens both sessions; `login` is the one that migrates.
    ///
    /// # Errors
    ///
    /// What kept the server from giving one.
    pub(super) async fn open(
        connector: &Connector,
        login: &Login,
        own: &Login,
        version_num: u32,
    ) -> Result<Self, Breakage> {
        let opened = async {
            let migrator = session(connector, login).await?;
            let watcher = session(connector, own).await?;
            let pid = backend_pid(&migrator).await?;
            let before = catalog::relations(&watcher).await?;
            Ok(Self {
                migrator,
                pid,
                watcher,
                connector: connector.clone(),
                version_num,
                before,
                transaction: Open::None,
            })
        };
        opened.await.map_err(|error: Error| {
            failure::breakage("connect", "no session for the migration", &error)
        })
    }

    async fn meters(&self) -> Result<Meters, Error> {
        let row = self.watcher.query_one(METERS, &[]).await?;
        Ok(Meters {
            wal: row.try_get(0)?,
            disk: row.try_get(1)?,
        })
    }

    async fn timeouts(&self) -> Result<(Micros, Micros), Error> {
        let rows = self.migrator.query(TIMEOUTS, &[]).await?;
        let mut values = Vec::new();
        for row in &rows {
            let millis: i64 = row.try_get(0)?;
            values.push(Micros(u64::try_from(millis).unwrap_or(0) * 1_000));
        }
        match values.as_slice() {
            [lock, statement] => Ok((*lock, *statement)),
            _ => Ok(Default::default()),
        }
    }

    async fn trace(&mut self, sql: &str) -> Result<StatementTrace, Error> {
        let (lock_timeout, statement_timeout) = self.timeouts().await?;
        let mut trace = StatementTrace {
            sql: sql.to_owned(),
            lock_timeout,
            statement_timeout,
            ..StatementTrace::default()
        };
        match (kind(sql), &self.transaction) {
            (StatementKind::Transaction(control), _) => self.control(control, &mut trace).await?,
            (_, Open::Some(_)) => self.in_the_open_one(&mut trace).await?,
            (_, Open::None) if may_be_wrapped(sql) => {
                self.in_one_of_its_own(&mut trace).await?;
                if is_refused_in_a_transaction(&trace) {
                    trace = StatementTrace {
                        sql: sql.to_owned(),
                        lock_timeout,
                        statement_timeout,
                        ..StatementTrace::default()
                    };
                    self.outside(&mut trace).await?;
                }
            }
            (_, Open::None) => self.outside(&mut trace).await?,
        }
        Ok(trace)
    }

    /// BEGIN, COMMIT and their like, as the migration itself says them.
    async fn control(
        &mut self,
        control: TransactionControl,
        trace: &mut StatementTrace,
    ) -> Result<(), Error> {
        let before = self.meters().await?;
        self.send(trace).await;
        trace.held = trace.duration;
        trace.scope = TransactionScope::Shared;
        match control {
            TransactionControl::Begin if trace.error.is_none() => {
                self.transaction = Open::Some(BTreeSet::new());
            }
            TransactionControl::Commit
            | TransactionControl::Rollback
            | TransactionControl::Prepare => self.transaction = Open::None,
            TransactionControl::Begin
            | TransactionControl::Savepoint
            | TransactionControl::RollbackTo
            | TransactionControl::Release
            | TransactionControl::CommitPrepared
            | TransactionControl::RollbackPrepared => {}
        }
        self.note_costs(trace, before, self.meters().await?);
        Ok(())
    }

    async fn in_one_of_its_own(&mut self, trace: &mut StatementTrace) -> Result<(), Error> {
        let before = self.meters().await?;
        self.migrator.batch_execute("BEGIN").await?;
        let relations = catalog::relations(&self.migrator).await?;
        self.send(trace).await;
        trace.scope = TransactionScope::Own;
        if trace.error.is_some() {
            trace.held = trace.duration;
            self.migrator.batch_execute("ROLLBACK").await?;
            return Ok(());
        }
        let held = catalog::held(&self.watcher, self.pid).await?;
        let peak = self.meters().await?;
        let now = catalog::relations(&self.migrator).await?;
        let began = Instant::now();
        let committed = self.migrator.batch_execute("COMMIT").await;
        trace.duration.0 += Micros::from(began.elapsed()).0;
        trace.held = trace.duration;
        trace.error = committed.err().map(|error| failure::server_error(&error));
        self.note_changes(trace, &relations, &now);
        trace.locks = self.named(&held, &relations, &now);
        self.note_costs(trace, before, self.meters().await?);
        trace.costs.disk_peak = peak.disk - before.disk;
        Ok(())
    }

    async fn in_the_open_one(&mut self, trace: &mut StatementTrace) -> Result<(), Error> {
        let before = self.meters().await?;
        let relations = catalog::relations(&self.migrator).await?;
        self.send(trace).await;
        trace.scope = TransactionScope::Shared;
        trace.held = trace.duration;
        if trace.error.is_some() {
            return Ok(());
        }
        let held = catalog::held(&self.watcher, self.pid).await?;
        self.note_costs(trace, before, self.meters().await?);
        trace.costs.disk_peak = trace.costs.disk;
        let now = catalog::relations(&self.migrator).await?;
        let known = match &mut self.transaction {
            Open::Some(known) => std::mem::replace(known, held.clone()),
            Open::None => BTreeSet::new(),
        };
        let added = held.difference(&known).cloned().collect();
        trace.locks = self.named(&added, &relations, &now);
        self.note_changes(trace, &relations, &now);
        Ok(())
    }

    /// What cannot run in a transaction: its locks are looked at again and again. What works CONCURRENTLY waits for all
    /// snapshots that are older, and so for ours, which is held until its locks have been seen at least once.
    async fn outside(&mut self, trace: &mut StatementTrace) -> Result<(), Error> {
        let before = self.meters().await?;
        self.flush().await?;
        let relations = catalog::counted(&self.watcher).await?;
        let began = Instant::now();
        let mut looks = 0;
        let mut held = BTreeSet::new();
        let mut keeps_it = trace.sql.to_ascii_lowercase().contains("concurrently");
        if keeps_it {
            self.watcher.batch_execute(SNAPSHOT).await?;
        }
        let ended = {
            let running = self.migrator.batch_execute(&trace.sql);
            tokio::pin!(running);
            loop {
                tokio::select! {
                    biased;
                    ended = &mut running => break ended,
                    seen = catalog::held(&self.watcher, self.pid) => {
                        held.extend(seen?);
                        looks += 1;
                        if keeps_it && !held.is_empty() {
                            self.watcher.batch_execute("COMMIT").await?;
                            keeps_it = false;
                        }
                    }
                }
            }
        };
        if keeps_it {
            self.watcher.batch_execute("COMMIT").await?;
        }
        trace.duration = began.elapsed().into();
        trace.held = trace.duration;
        trace.error = ended.err().map(|error| failure::server_error(&error));
        trace.scope = TransactionScope::Outside;
        trace.seen = LockSight::Sampled { looks };
        if trace.error.as_ref().is_some_and(ServerError::ends_session) {
            return Ok(());
        }
        self.flush().await?;
        let now = catalog::counted(&self.watcher).await?;
        trace.locks = self.named(&held, &relations, &now);
        self.note_changes(trace, &relations, &now);
        self.note_costs(trace, before, self.meters().await?);
        trace.costs.disk_peak = trace.costs.disk;
        Ok(())
    }

    /// Has the session that migrates report what it counted, where the server can be asked to.
    async fn flush(&self) -> Result<(), Error> {
        if self.version_num < 150_000 {
            return Ok(());
        }
        let sql = "SELECT pg_catalog.pg_stat_force_next_flush()";
        self.migrator.batch_execute(sql).await
    }

    async fn send(&self, trace: &mut StatementTrace) {
        let began = Instant::now();
        let ended = self.migrator.batch_execute(&trace.sql).await;
        trace.duration = began.elapsed().into();
        trace.error = ended.err().map(|error| failure::server_error(&error));
    }

    fn note_costs(&self, trace: &mut StatementTrace, before: Meters, after: Meters) {
        trace.costs.wal = u64::try_from(after.wal - before.wal).unwrap_or(0);
        trace.costs.disk = after.disk - before.disk;
    }

    fn note_changes(&self, trace: &mut StatementTrace, before: &Relations, after: &Relations) {
        let used = Used::between(before, after);
        // TRUNCATE begins a new file too, and writes nothing anew.
        let truncates = trace
            .sql
            .trim_start()
            .get(..8)
            .is_some_and(|word| word.eq_ignore_ascii_case("truncate"));
        if !truncates {
            trace.rewrites = used.rewrites;
        }
        trace.scans = used.scans;
        trace.costs.dead_rows = used.dead_rows;
    }

    fn named(
        &self,
        held: &BTreeSet<Held>,
        before: &Relations,
        after: &Relations,
    ) -> Vec<RelationLock> {
        let mut locks: Vec<RelationLock> = held
            .iter()
            .filter_map(|lock| {
                let known = after
                    .get(lock.relation)
                    .or_else(|| before.get(lock.relation))?;
                Some(RelationLock {
                    relation: known.name.clone(),
                    mode: lock.mode,
                    existed: self.before.get(lock.relation).is_some(),
                })
            })
            .collect();
        locks.sort();
        locks
    }
}

fn is_refused_in_a_transaction(trace: &StatementTrace) -> bool {
    let error = trace.error.as_ref();
    error.is_some_and(|error| error.code == ACTIVE_SQL_TRANSACTION)
}

async fn session(connector: &Connector, login: &Login) -> Result<Client, Error> {
    let (client, wire) = connector.open(login).await?;
    tokio::spawn(drive(wire, Arc::new(Line::default())));
    Ok(client)
}

/// What went wrong between statements, where only pgauge itself speaks.
fn broken(error: &Error) -> Breakage {
    failure::breakage(
        "migration-trace",
        "the migration could not be traced",
        error,
    )
}

impl Tracer for PgTracer {
    type Canceller = PgCanceller;

    async fn run(&mut self, sql: &str) -> Result<StatementTrace, Breakage> {
        self.trace(sql).await.map_err(|error| broken(&error))
    }

    async fn begin(&mut self) -> Result<(), Breakage> {
        let begun = self.migrator.batch_execute("BEGIN").await;
        begun.map_err(|error| broken(&error))?;
        self.transaction = Open::Some(BTreeSet::new());
        Ok(())
    }

    async fn end(&mut self, how: TransactionEnd) -> Result<Micros, ServerError> {
        self.transaction = Open::None;
        let sql = match how {
            TransactionEnd::Commit => "COMMIT",
            TransactionEnd::Rollback => "ROLLBACK",
        };
        let began = Instant::now();
        let ended = self.migrator.batch_execute(sql).await;
        match ended {
            Ok(()) => Ok(began.elapsed().into()),
            Err(error) => Err(failure::server_error(&error)),
        }
    }

    async fn watch(
        &mut self,
        program: impl Future<Output = ProgramEnd>,
    ) -> Result<(Vec<StatementTrace>, ProgramEnd), Breakage> {
        let watched = self.watch_program(program).await;
        watched.map_err(|error| broken(&error))
    }

    fn canceller(&self) -> PgCanceller {
        PgCanceller::new(self.migrator.cancel_token(), self.connector.clone())
    }
}

/// The mode by its name in the lock table; predicate locks are none.
fn mode(name: &str) -> Option<LockMode> {
    LockMode::from_pg(name)
}
