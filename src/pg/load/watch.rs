//! What does the server count while a load runs? Its own statistics at both ends, and now and then a look at what the
//! sessions do.
//!
//! The views have other columns in other versions; they are asked for as JSON, so that one text serves all.

use super::meeting::Meeting;
use crate::pg::admin::{Pause, quote_ident};
use crate::pg::connect::{Connector, Login, application_name};
use crate::pg::failure;
use crate::pg::line::{Line, drive};
use crate::record::load::{
    BufferFacts, CheckpointFacts, LoadServer, StatementFacts, WaitFacts, WalFacts,
};
use crate::record::{Breakage, Micros};
use crate::run::load::{LoadWatch, Look};
use crate::schedule::Barrier;
use crate::text::plural;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

/// Statements that are told of at most, the most expensive first.
const MOST_STATEMENTS: usize = 50;

/// How long the sessions of a load may take to end after their connections were closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// One number in each row: sessions of the load's database that do the same.
const LOOK: &str = "\
SELECT state, wait_event_type, wait_event, pg_catalog.count(*)
FROM pg_catalog.pg_stat_activity
WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend'
GROUP BY 1, 2, 3";

/// What sessions call themselves as the server keeps it, which is in ASCII and no longer than a name.
const KEPT: &str = "\
SELECT pg_catalog.left(pg_catalog.set_config('application_name', name, true), 63)
FROM pg_catalog.unnest($1::pg_catalog.text[]) AS name";

/// The sessions of a database that call themselves so.
const CALLED: &str = "\
SELECT pid FROM pg_catalog.pg_stat_activity WHERE datname = $1 AND application_name = ANY ($2)";

/// What a load is known by to the server.
pub(in crate::pg) struct Watched {
    /// Its database.
    pub(in crate::pg) database: String,
    /// What its sessions call themselves (`application_name`).
    pub(in crate::pg) applications: Vec<String>,
}

/// The session that looks at the server.
pub struct PgLoadWatch {
    client: Client,
    database: String,
    /// What the sessions of the load call themselves.
    applications: Vec<String>,
    /// Sessions that call themselves the same, as one of ours may, and were there before the load.
    others: Vec<i32>,
    /// How long they may take to end.
    patience: Duration,
    look: Statement,
    /// The schema in which `pg_stat_statements` is; none where it is not.
    statements_in: Option<String>,
    began: Counters,
    waits: WaitFacts,
    missing: Vec<String>,
    /// Where the processes that share the load have met.
    meeting: Option<Meeting>,
}

/// What the server had counted at one moment.
#[derive(Default)]
struct Counters {
    /// By `queryid`.
    statements: HashMap<i64, StatementFacts>,
    database: Option<Json>,
    wal: Option<Json>,
    wal_position: i64,
    checkpoints: Option<Json>,
}

/// Whether the session may make what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pg) enum Ours {
    /// The server is our own.
    Yes,
    /// It is somebody's.
    No,
}

impl PgLoadWatch {
    /// Opens it in the database that we are connected to while others are made; what it makes there is in no case's way.
    ///
    /// # Errors
    ///
    /// What kept the server from giving a session.
    pub(in crate::pg) async fn open(
        connector: &Connector,
        login: &Login,
        watched: Watched,
        ours: Ours,
    ) -> Result<Self, Breakage> {
        let opened = Self::try_open(connector, login, watched, ours).await;
        opened
            .map_err(|error| failure::breakage("connect", "no session for watching a load", &error))
    }

    async fn try_open(
        connector: &Connector,
        login: &Login,
        watched: Watched,
        ours: Ours,
    ) -> Result<Self, Error> {
        let (client, wire) = connector.open(login).await?;
        tokio::spawn(drive(wire, Arc::new(Line::default())));
        let look = client.prepare(LOOK).await?;
        if ours == Ours::Yes {
            // Without its files there is no such extension, and `missing` tells of it.
            let made = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
            let _ = client.batch_execute(made).await;
        }
        let applications = watched.applications.iter();
        let applications: Vec<&str> = applications.map(|name| application_name(name)).collect();
        let kept = client.query(KEPT, &[&applications]).await?;
        let applications: Result<_, Error> = kept.iter().map(|row| row.try_get(0)).collect();
        let mut watch = Self {
            client,
            database: watched.database,
            applications: applications?,
            others: Vec::new(),
            // A pooler keeps them, with what they have not told yet.
            patience: match connector.options_are_lost() {
                true => Duration::ZERO,
                false => PATIENCE,
            },
            look,
            statements_in: None,
            began: Counters::default(),
            waits: WaitFacts::default(),
            missing: Vec::new(),
            meeting: None,
        };
        watch.statements_in = watch.statements_schema().await?;
        watch.others = watch.sessions().await?;
        Ok(watch)
    }

    /// The processes of the load's sessions.
    async fn sessions(&self) -> Result<Vec<i32>, Error> {
        let named: [&(dyn ToSql + Sync); 2] = [&self.database, &self.applications];
        let rows = self.client.query(CALLED, &named).await?;
        let pids: Result<Vec<i32>, Error> = rows.iter().map(|row| row.try_get(0)).collect();
        let mut pids = pids?;
        pids.retain(|pid| !self.others.contains(pid));
        Ok(pids)
    }

    /// Waits until the sessions of the load have ended, a moment after their connections: what a session did last it
    /// tells when it ends, and else once a second at most.
    async fn until_ended(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        let mut pause = Pause::default();
        loop {
            let left = self.sessions().await?.len();
            if left == 0 {
                return Ok(());
            }
            if begun.elapsed() >= self.patience {
                let sessions = plural(left as u64, "session");
                self.miss(&format!(
                    "what {sessions} of the load did last, which the server has not ended"
                ));
                return Ok(());
            }
            pause.take().await;
        }
    }

    async fn statements_schema(&self) -> Result<Option<String>, Error> {
        const WHERE: &str = "\
            SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_extension e \
            JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
            WHERE e.extname = 'pg_stat_statements'";
        let row = self.client.query_opt(WHERE, &[]).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    async fn count(&mut self) -> Result<Counters, Error> {
        let mut counters = Counters::default();
        match self.statements().await {
            Ok(Some(statements)) => counters.statements = statements,
            Ok(None) => self.miss("pg_stat_statements is not there: load it with shared_preload_libraries and create the extension"),
            Err(error) => self.cannot_read("pg_stat_statements", &error)?,
        }
        let database = "SELECT pg_catalog.to_jsonb(s)::pg_catalog.text FROM pg_catalog.pg_stat_database s WHERE datname = $1";
        let row = self.client.query_opt(database, &[&self.database]).await?;
        counters.database = row.map(|row| json(row.get(0)));
        let wal = "SELECT pg_catalog.to_jsonb(s)::pg_catalog.text FROM pg_catalog.pg_stat_wal s";
        counters.wal = self.one_row(wal).await?;
        let position = "SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN 0 ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0') END)::pg_catalog.int8";
        counters.wal_position = self.client.query_one(position, &[]).await?.try_get(0)?;
        // From version 17 on checkpoints have a view of their own.
        let view = "SELECT coalesce(pg_catalog.to_regclass('pg_catalog.pg_stat_checkpointer'), 'pg_catalog.pg_stat_bgwriter'::pg_catalog.regclass)::pg_catalog.text";
        let view: String = self.client.query_one(view, &[]).await?.try_get(0)?;
        let checkpoints =
            format!("SELECT pg_catalog.to_jsonb(s)::pg_catalog.text FROM pg_catalog.{view} s");
        counters.checkpoints = self.one_row(&checkpoints).await?;
        Ok(counters)
    }

    async fn one_row(&mut self, sql: &str) -> Result<Option<Json>, Error> {
        match self.client.query_opt(sql, &[]).await {
            Ok(row) => Ok(row.map(|row| json(row.get(0)))),
            Err(error) => {
                self.cannot_read("a statistics view", &error)?;
                Ok(None)
            }
        }
    }

    /// What was counted of each statement, whoever ran it, and whether a client or a function did: all that has a row of
    /// its own.
    async fn statements(&self) -> Result<Option<HashMap<i64, StatementFacts>>, Error> {
        let Some(schema) = &self.statements_in else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT pg_catalog.to_jsonb(s)::pg_catalog.text \
             FROM {}.pg_stat_statements s JOIN pg_catalog.pg_database d ON d.oid = s.dbid \
             WHERE d.datname = $1",
            quote_ident(schema)
        );
        let rows = self.client.query(&sql, &[&self.database]).await?;
        let mut all: HashMap<i64, StatementFacts> = HashMap::new();
        for row in rows {
            let one = statement(&json(row.get(0)));
            all.entry(one.id)
                .and_modify(|known| known.add(&one))
                .or_insert(one);
        }
        Ok(Some(all))
    }

    fn miss(&mut self, why: &str) {
        if !self.missing.iter().any(|known| known == why) {
            self.missing.push(why.to_owned());
        }
    }

    /// What the server does not let us see is missing; a server that is gone is an error.
    fn cannot_read(&mut self, what: &str, error: &Error) -> Result<(), Error> {
        if let Some(said) = error.as_db_error() {
            let why = format!("{what}: {}", said.message());
            self.miss(&why);
        }
        Ok(())
    }
}

impl LoadWatch for PgLoadWatch {
    async fn meet(&mut self, barrier: &Barrier) -> Result<(), Breakage> {
        let met = Meeting::held(&self.client, barrier).await;
        self.meeting = Some(met.map_err(|error| {
            failure::breakage(
                "barrier",
                "cannot wait for the other parts of the load",
                &error,
            )
        })?);
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), Breakage> {
        self.began = self.count().await.map_err(unseen)?;
        self.waits = WaitFacts::default();
        Ok(())
    }

    async fn look(&mut self) -> Result<Look, Breakage> {
        let rows = self.client.query(&self.look, &[&self.database]).await;
        self.waits.looks += 1;
        let mut seen = Look::default();
        for row in rows.map_err(unseen)? {
            let text = |at| row.try_get::<_, Option<String>>(at).ok().flatten();
            let count: i64 = row.try_get(3).unwrap_or(0);
            let count = u64::try_from(count).unwrap_or(0);
            seen.sessions += count;
            match text(0).as_deref() {
                Some("active" | "fastpath function call") => {
                    self.waits.active += count;
                    if let (Some(kind), Some(event)) = (text(1), text(2)) {
                        let event = format!("{kind}:{event}");
                        *self.waits.waiting.entry(event).or_default() += count;
                    }
                }
                Some("idle in transaction" | "idle in transaction (aborted)") => {
                    self.waits.idle_in_transaction += count;
                    seen.idle_in_transaction += count;
                }
                Some("idle") => self.waits.idle += count,
                Some(_) | None => {}
            }
        }
        Ok(seen)
    }

    async fn end(&mut self) -> Result<LoadServer, Breakage> {
        self.until_ended().await.map_err(unseen)?;
        let ended = self.count().await.map_err(unseen)?;
        if let Some(meeting) = &self.meeting {
            meeting.left(&self.client).await.map_err(unseen)?;
        }
        let began = &self.began;
        Ok(LoadServer {
            statements: statements_between(began, &ended),
            waits: self.waits.clone(),
            buffers: between(&began.database, &ended.database, buffers),
            wal: between(&began.wal, &ended.wal, wal).map(|wal| WalFacts {
                bytes: u64::try_from(ended.wal_position - began.wal_position).unwrap_or(0),
                ..wal
            }),
            checkpoints: between(&began.checkpoints, &ended.checkpoints, checkpoints),
            missing: self.missing.clone(),
        })
    }

    async fn end_sessions(&mut self) {
        const END: &str = "\
            SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
            WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend' \
            AND application_name LIKE 'pgauge/%'";
        // A server that does not answer has nothing left to end.
        let _ = self.client.query(END, &[&self.database]).await;
    }
}

fn unseen(error: Error) -> Breakage {
    failure::breakage("watch", "cannot see what the server counts", &error)
}

fn json(text: &str) -> Json {
    // The server's own JSON is JSON.
    serde_json::from_str(text).unwrap_or_default()
}

fn integer(row: &Json, key: &str) -> i64 {
    let value = &row[key];
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|number| number as i64))
        .unwrap_or(0)
}

/// A count by the first of its names that the version knows.
fn count(row: &Json, keys: &[&str]) -> u64 {
    let known = keys.iter().find(|key| !row[**key].is_null());
    known.map_or(0, |key| u64::try_from(integer(row, key)).unwrap_or(0))
}

/// Milliseconds with a fraction.
fn span(row: &Json, keys: &[&str]) -> Micros {
    let known = keys.iter().find_map(|key| row[*key].as_f64());
    Micros((known.unwrap_or(0.0) * 1000.0).round() as u64)
}

fn statement(row: &Json) -> StatementFacts {
    StatementFacts {
        id: integer(row, "queryid"),
        sql: row["query"].as_str().unwrap_or_default().to_owned(),
        calls: count(row, &["calls"]),
        exec: span(row, &["total_exec_time"]),
        plan: span(row, &["total_plan_time"]),
        rows: count(row, &["rows"]),
        hit: count(row, &["shared_blks_hit"]),
        read: count(row, &["shared_blks_read"]),
        dirtied: count(row, &["shared_blks_dirtied"]),
        temp_written: count(row, &["temp_blks_written"]),
        wal_bytes: count(row, &["wal_bytes"]),
    }
}

/// The differences of what both ends know, the most expensive first.
fn statements_between(began: &Counters, ended: &Counters) -> Vec<StatementFacts> {
    let none = StatementFacts::default();
    let mut all: Vec<StatementFacts> = ended
        .statements
        .iter()
        .map(|(key, after)| {
            let before = began.statements.get(key).unwrap_or(&none);
            StatementFacts {
                id: after.id,
                sql: after.sql.clone(),
                calls: after.calls.saturating_sub(before.calls),
                exec: after.exec.since(before.exec),
                plan: after.plan.since(before.plan),
                rows: after.rows.saturating_sub(before.rows),
                hit: after.hit.saturating_sub(before.hit),
                read: after.read.saturating_sub(before.read),
                dirtied: after.dirtied.saturating_sub(before.dirtied),
                temp_written: after.temp_written.saturating_sub(before.temp_written),
                wal_bytes: after.wal_bytes.saturating_sub(before.wal_bytes),
            }
        })
        .filter(|facts| facts.calls > 0)
        .collect();
    all.sort_by_key(|one| (std::cmp::Reverse(one.exec.0 + one.plan.0), one.id));
    all.truncate(MOST_STATEMENTS);
    all
}

/// What lies between two states of one view.
fn between<T>(
    began: &Option<Json>,
    ended: &Option<Json>,
    read: impl Fn(&dyn Fn(&[&str]) -> u64, &dyn Fn(&[&str]) -> Micros) -> T,
) -> Option<T> {
    let (began, ended) = (began.as_ref()?, ended.as_ref()?);
    let counted = |keys: &[&str]| count(ended, keys).saturating_sub(count(began, keys));
    let spent = |keys: &[&str]| span(ended, keys).since(span(began, keys));
    Some(read(&counted, &spent))
}

fn buffers(count: &dyn Fn(&[&str]) -> u64, span: &dyn Fn(&[&str]) -> Micros) -> BufferFacts {
    BufferFacts {
        hit: count(&["blks_hit"]),
        read: count(&["blks_read"]),
        read_time: span(&["blk_read_time"]),
        temp_files: count(&["temp_files"]),
        temp_bytes: count(&["temp_bytes"]),
        deadlocks: count(&["deadlocks"]),
        commits: count(&["xact_commit"]),
        rollbacks: count(&["xact_rollback"]),
    }
}

fn wal(count: &dyn Fn(&[&str]) -> u64, _: &dyn Fn(&[&str]) -> Micros) -> WalFacts {
    WalFacts {
        bytes: 0,
        records: count(&["wal_records"]),
        full_pages: count(&["wal_fpi"]),
    }
}

fn checkpoints(count: &dyn Fn(&[&str]) -> u64, _: &dyn Fn(&[&str]) -> Micros) -> CheckpointFacts {
    CheckpointFacts {
        timed: count(&["num_timed", "checkpoints_timed"]),
        requested: count(&["num_requested", "checkpoints_req"]),
        written: count(&["buffers_written", "buffers_checkpoint"]),
    }
}
