//! Who waits for whom? Asked of the server by a session of its own, as PostgreSQL's isolation tester asks it.

use super::connect::{Connector, Login};
use super::deadlock_checks::DeadlockChecks;
use super::failure;
use super::line::{Line, drive};
use crate::record::{Breakage, LockFacts, Micros};
use crate::run::session::{Blocked, HeldRelation, LockWatch, Queued, WaitFacts};
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

/// `pg_isolation_test_session_is_blocked` sees waits for heavyweight locks (the holders and those ahead in the queue,
/// leaders for parallel workers) and for safe snapshots; the blockers of the latter are told by a function of their own.
const BLOCKED: &str = "\
SELECT pid, lockers || pg_catalog.pg_safe_snapshot_blocking_pids(pid), lockers <> '{}'
FROM (SELECT pid, pg_catalog.pg_blocking_pids(pid) AS lockers
      FROM pg_catalog.unnest($1::pg_catalog.int4[]) AS pid
      WHERE pg_catalog.pg_isolation_test_session_is_blocked(pid, $2::pg_catalog.int4[])
      OFFSET 0) AS blocked";

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

/// Everybody in the database who waits for a lock, with those ahead. A session whose wait has only just begun has no
/// `waitstart` yet.
const QUEUE: &str = "\
SELECT w.pid, w.by, ARRAY(SELECT b.pid FROM pg_catalog.pg_stat_activity b
                          WHERE b.pid = ANY (w.by) AND b.backend_type = 'client backend'
                            AND b.application_name NOT LIKE 'pgauge/%'),
       w.application_name, w.locktype, w.mode, w.relation::pg_catalog.regclass::pg_catalog.text, w.waited
FROM (SELECT l.pid, pg_catalog.pg_blocking_pids(l.pid) AS by, a.application_name, l.locktype, l.mode,
             coalesce(l.relation, t.relation) AS relation,
             coalesce(1000000 * extract(epoch FROM pg_catalog.clock_timestamp() - l.waitstart), 0)::pg_catalog.int8 AS waited
      FROM pg_catalog.pg_locks l
      JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
      LEFT JOIN LATERAL (
          SELECT t.relation FROM pg_catalog.pg_locks t
          WHERE l.locktype = 'transactionid' AND t.pid = l.pid AND t.locktype = 'tuple' AND t.granted
          LIMIT 1) t ON true
      WHERE NOT l.granted AND a.datname = pg_catalog.current_database()
        AND l.pid <> pg_catalog.pg_backend_pid()
      OFFSET 0) AS w";

/// What a session has locked: tables and what stands for them, not their indexes. A table that nobody else can see yet
/// has no kind.
const HELD: &str = "\
SELECT l.relation, pg_catalog.bool_and(l.mode = 'AccessShareLock')
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
WHERE l.pid = $1 AND l.locktype = 'relation' AND l.granted
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
  AND coalesce(c.relkind, 'r') IN ('r', 'p', 'v', 'm', 'f') AND l.relation >= 16384
GROUP BY 1";

/// The session that watches the locks of a case, one order after the other.
pub struct PgLockWatch {
    connection: Rc<Watching>,
}

/// Its connection.
#[derive(Debug)]
pub(super) struct Watching {
    client: Client,
    blocked: Statement,
    /// Prepared when they are asked for first, which most cases never do.
    wait_facts: OnceCell<Statement>,
    held: OnceCell<Statement>,
    /// Whose search for a deadlock is over, where one waits for that.
    checks: Option<Arc<DeadlockChecks>>,
}

impl PgLockWatch {
    /// Opens it; it must be in the database of the case to know the names of its tables.
    ///
    /// # Errors
    ///
    /// What kept the server from giving a session.
    pub(super) async fn open(
        connector: &Connector,
        login: &Login,
        checks: Option<Arc<DeadlockChecks>>,
    ) -> Result<Self, Breakage> {
        let opened = Watching::open(connector, login, checks).await;
        match opened {
            Ok(connection) => Ok(Self::over(Rc::new(connection))),
            Err(error) => {
                let message = "no session for watching locks";
                Err(failure::breakage("connect", message, &error))
            }
        }
    }

    /// Watches over a connection that there is.
    pub(super) fn over(connection: Rc<Watching>) -> Self {
        Self { connection }
    }

    /// Its connection, for the next order.
    pub(super) fn connection(&self) -> Rc<Watching> {
        Rc::clone(&self.connection)
    }
}

impl Watching {
    async fn open(
        connector: &Connector,
        login: &Login,
        checks: Option<Arc<DeadlockChecks>>,
    ) -> Result<Self, Error> {
        let (client, wire) = connector.open(login).await?;
        tokio::spawn(drive(wire, Arc::new(Line::default())));
        let blocked = client.prepare(BLOCKED).await?;
        Ok(Self {
            client,
            blocked,
            wait_facts: OnceCell::new(),
            held: OnceCell::new(),
            checks,
        })
    }

    async fn ask(
        &self,
        statement: &OnceCell<Statement>,
        sql: &str,
        param: &(dyn ToSql + Sync),
    ) -> Result<Vec<Row>, Error> {
        let prepare = || self.client.prepare(sql);
        let statement = statement.get_or_try_init(prepare).await?;
        self.client.query(statement, &[param]).await
    }
}

impl LockWatch for PgLockWatch {
    async fn blocked(&mut self, asked: &[i32], sessions: &[i32]) -> Result<Vec<Blocked>, Breakage> {
        let own = &self.connection;
        let answer = own.client.query(&own.blocked, &[&asked, &sessions]).await;
        // What the server has said by now is read first.
        tokio::task::yield_now().await;
        let searches = |pid: i32| {
            own.checks
                .as_ref()
                .is_some_and(|checks| !checks.is_over(pid))
        };
        let blocked = answer.and_then(|rows| {
            let settled = rows.iter().filter(|row| {
                // Who waits for a safe snapshot is in no cycle and searches for none.
                let waits_for_lock = row.try_get(2).unwrap_or(false);
                !waits_for_lock || row.try_get(0).is_ok_and(|pid| !searches(pid))
            });
            let blocked = settled.map(|row| {
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
        let own = &self.connection;
        let answer = own.ask(&own.wait_facts, WAIT_FACTS, &asked).await;
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

    async fn queue(&mut self) -> Result<Vec<Queued>, Breakage> {
        // Asked by few cases: it is not prepared for the others.
        let answer = self.connection.client.query_typed(QUEUE, &[]).await;
        let queued = answer.and_then(|rows| {
            let queued = rows.iter().map(|row| {
                let micros: i64 = row.try_get(7)?;
                Ok(Queued {
                    pid: row.try_get(0)?,
                    by: row.try_get(1)?,
                    strangers: row.try_get(2)?,
                    application: row.try_get(3)?,
                    lock: LockFacts {
                        kind: row.try_get(4)?,
                        mode: row.try_get(5)?,
                        relation: row.try_get(6)?,
                    },
                    waited: Micros(u64::try_from(micros).unwrap_or(0)),
                })
            });
            queued.collect()
        });
        queued.map_err(|error| broken(&error))
    }

    async fn held(&mut self, pid: i32) -> Result<Vec<HeldRelation>, Breakage> {
        let own = &self.connection;
        let answer = own.ask(&own.held, HELD, &pid).await;
        let held = answer.and_then(|rows| {
            let held = rows.iter().map(|row| {
                Ok(HeldRelation {
                    relation: row.try_get(0)?,
                    only_read: row.try_get(1)?,
                })
            });
            held.collect()
        });
        held.map_err(|error| broken(&error))
    }
}

fn broken(error: &Error) -> Breakage {
    failure::breakage("lock-watch", "the session that watches locks broke", error)
}
