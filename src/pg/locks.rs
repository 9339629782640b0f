//! Who waits for whom? Asked of the server by a session of its own, as PostgreSQL's isolation tester asks it.

use super::connect::{Connector, Login};
use super::failure;
use super::line::{Line, drive};
use crate::record::{Breakage, LockFacts, Micros};
use crate::run::session::{Blocked, LockWatch, WaitFacts};
use std::sync::Arc;
use tokio_postgres::{Client, Error, Statement};

/// `pg_isolation_test_session_is_blocked` sees waits for heavyweight locks (the holders and those ahead in the queue,
/// leaders for parallel workers) and for safe snapshots; the blockers of the latter are told by a function of their own.
const BLOCKED: &str = "\
SELECT pid, pg_catalog.pg_blocking_pids(pid) || pg_catalog.pg_safe_snapshot_blocking_pids(pid)
FROM pg_catalog.unnest($1::pg_catalog.int4[]) AS pid
WHERE pg_catalog.pg_isolation_test_session_is_blocked(pid, $2::pg_catalog.int4[])";

/// One row per wait. Who waits for the end of another's transaction to change a row has that row locked as a `tuple`,
/// which tells the table.
const WAIT_FACTS: &str = "\
SELECT w.pid, w.locktype, w.mode,
       coalesce(w.relation, t.relation)::pg_catalog.regclass::pg_catalog.text,
       (1000000 * extract(epoch FROM pg_catalog.clock_timestamp() - w.waitstart))::pg_catalog.int8
FROM pg_catalog.pg_locks w
LEFT JOIN LATERAL (
    SELECT l.relation FROM pg_catalog.pg_locks l
    WHERE w.locktype = 'transactionid' AND l.pid = w.pid AND l.locktype = 'tuple' AND l.granted
    LIMIT 1) t ON true
WHERE NOT w.granted AND w.pid = ANY ($1::pg_catalog.int4[])
UNION ALL
SELECT a.pid, 'safe snapshot', '', NULL,
       (1000000 * extract(epoch FROM pg_catalog.clock_timestamp() - a.query_start))::pg_catalog.int8
FROM pg_catalog.pg_stat_activity a
WHERE a.wait_event = 'SafeSnapshot' AND a.pid = ANY ($1::pg_catalog.int4[])";

/// The session that watches the locks of a case.
pub struct PgLockWatch {
    client: Client,
    blocked: Statement,
    wait_facts: Statement,
}

impl PgLockWatch {
    /// Opens it; it must be in the database of the case to know the names of its tables.
    ///
    /// # Errors
    ///
    /// What kept the server from giving a session.
    pub(super) async fn open(connector: &Connector, login: &Login) -> Result<Self, Breakage> {
        let opened = Self::try_open(connector, login).await;
        opened
            .map_err(|error| failure::breakage("connect", "no session for watching locks", &error))
    }

    async fn try_open(connector: &Connector, login: &Login) -> Result<Self, Error> {
        let (client, wire) = connector.open(login).await?;
        tokio::spawn(drive(wire, Arc::new(Line::default())));
        let blocked = client.prepare(BLOCKED).await?;
        let wait_facts = client.prepare(WAIT_FACTS).await?;
        Ok(Self {
            client,
            blocked,
            wait_facts,
        })
    }
}

impl LockWatch for PgLockWatch {
    async fn blocked(&mut self, asked: &[i32], sessions: &[i32]) -> Result<Vec<Blocked>, Breakage> {
        let answer = self.client.query(&self.blocked, &[&asked, &sessions]).await;
        let blocked = answer.and_then(|rows| {
            let blocked = rows.iter().map(|row| {
                let mut by: Vec<i32> = row.try_get(1)?;
                let mut seen = Vec::new();
                // A session blocked by a parallel query is told once for every worker.
                by.retain(|pid| {
                    !seen.contains(pid) && {
                        seen.push(*pid);
                        true
                    }
                });
                Ok(Blocked {
                    pid: row.try_get(0)?,
                    by,
                })
            });
            blocked.collect()
        });
        blocked.map_err(|error| broken(&error))
    }

    async fn wait_facts(&mut self, asked: &[i32]) -> Result<Vec<WaitFacts>, Breakage> {
        let answer = self.client.query(&self.wait_facts, &[&asked]).await;
        let facts = answer.and_then(|rows| {
            let facts = rows.iter().map(|row| {
                let micros: Option<i64> = row.try_get(4)?;
                let lock = LockFacts {
                    kind: row.try_get(1)?,
                    mode: row.try_get(2)?,
                    relation: row.try_get(3)?,
                };
                Ok(WaitFacts {
                    pid: row.try_get(0)?,
                    lock,
                    for_: micros.map(|micros| Micros(u64::try_from(micros).unwrap_or(0))),
                })
            });
            facts.collect()
        });
        facts.map_err(|error| broken(&error))
    }
}

fn broken(error: &Error) -> Breakage {
    failure::breakage("lock-watch", "the session that watches locks broke", error)
}
