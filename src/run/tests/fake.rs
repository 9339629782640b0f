//! A server of one table of locks, for tests of the coordinator: no process, no socket, a held clock.
//!
//! Its SQL has four statements: `LOCK name` waits until nobody else holds that lock, `COMMIT` and
//! `ROLLBACK` give up all of the session's locks, `FAIL code` is an error that gives them up too, and
//! anything else succeeds at once.

use super::fake_load::{FakeDialer, FakeLoadWatch};
use crate::{
    record::{
        Breakage, Catalog, ClientId, DatabaseState, Explained, LockFacts, Micros, Reply, ResultSet,
        SchemaFacts, ServerError, ServerFacts, StatementTrace, Timing,
    },
    run::load::Company,
    run::session::{
        Blocked, Canceller, Connected, Database, ExplainMode, HeldRelation, LockWatch, Message,
        NotReady, ProgramEnd, Queued, Server, Session, SessionPlan, Tidying, Tracer,
        TransactionEnd, WaitFacts,
    },
    schedule::{Case, MigrationCommand},
    spec::workload::Protocol,
};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
};
use tokio::sync::Notify;

/// The server.
#[derive(Default)]
pub struct FakeServer {
    facts: ServerFacts,
}

impl Server for FakeServer {
    type Database = FakeDatabase;

    async fn database(&self, _: &Case) -> Result<FakeDatabase, NotReady> {
        Ok(FakeDatabase::default())
    }

    fn facts(&self) -> &ServerFacts {
        &self.facts
    }
}

/// Who holds and who waits for each lock, by backend, in the order of asking.
#[derive(Default)]
struct Locks {
    holders: BTreeMap<String, i32>,
    waiting: BTreeMap<i32, String>,
    cancelled: Vec<i32>,
}

/// A database of locks.
#[derive(Default)]
pub struct FakeDatabase {
    locks: Rc<RefCell<Locks>>,
    changed: Rc<Notify>,
    next_pid: AtomicI32,
    /// Whether the watch of a load does not see anything any more.
    blind: Arc<AtomicBool>,
}

impl Database for FakeDatabase {
    type Session = FakeSession;
    type Watch = FakeWatch;
    type Tracer = FakeTracer;

    type Dialer = FakeDialer;
    type LoadWatch = FakeLoadWatch;

    fn dialer(
        &self,
        _: &ClientId,
        _: Vec<(String, String)>,
        _: Protocol,
        _: Company,
    ) -> FakeDialer {
        FakeDialer(Arc::clone(&self.blind))
    }

    async fn load_watch(&self, _: &[&ClientId]) -> Result<FakeLoadWatch, Breakage> {
        Ok(FakeLoadWatch(Arc::clone(&self.blind)))
    }

    async fn connect(&self, _: &SessionPlan) -> Result<Connected<FakeSession>, Breakage> {
        let pid = 100 + self.next_pid.fetch_add(1, Ordering::Relaxed);
        let session = FakeSession {
            pid,
            locks: Rc::clone(&self.locks),
            changed: Rc::clone(&self.changed),
        };
        Ok(Connected {
            session,
            pool_wait: Micros(0),
        })
    }

    async fn watch(&self) -> Result<FakeWatch, Breakage> {
        Ok(FakeWatch(Rc::clone(&self.locks)))
    }

    async fn fork(&self) -> Result<Self, Breakage> {
        Ok(Self::default())
    }

    async fn catalog(&self) -> Result<Catalog, Breakage> {
        Ok(Catalog::default())
    }

    async fn schema(&self) -> Result<SchemaFacts, Breakage> {
        Ok(SchemaFacts::default())
    }

    async fn tracer(&self, _: &[(String, String)]) -> Result<FakeTracer, Breakage> {
        Ok(FakeTracer)
    }

    async fn program(&self, _: &MigrationCommand) -> ProgramEnd {
        ProgramEnd::default()
    }

    async fn state(&self, _: Option<&DatabaseState>) -> Result<DatabaseState, Breakage> {
        Ok(DatabaseState::default())
    }

    async fn tidy(&self, _: Tidying<'_>) -> Result<(), Breakage> {
        Ok(())
    }

    async fn close(self) -> Result<(), Breakage> {
        Ok(())
    }
}

/// A session; its locks are its own until COMMIT.
pub struct FakeSession {
    pid: i32,
    locks: Rc<RefCell<Locks>>,
    changed: Rc<Notify>,
}

impl FakeSession {
    fn release(&self) {
        self.locks
            .borrow_mut()
            .holders
            .retain(|_, holder| *holder != self.pid);
        self.changed.notify_waiters();
    }

    async fn lock(&self, name: &str) -> Reply {
        loop {
            let changed = self.changed.notified();
            {
                let locks = &mut *self.locks.borrow_mut();
                let holder = *locks.holders.entry(name.to_owned()).or_insert(self.pid);
                if holder == self.pid {
                    locks.waiting.remove(&self.pid);
                    return done("LOCK");
                }
                locks.waiting.insert(self.pid, name.to_owned());
                if locks.cancelled.contains(&self.pid) {
                    locks.waiting.remove(&self.pid);
                    locks.cancelled.retain(|pid| *pid != self.pid);
                    return failed("57014", None);
                }
                if in_a_circle(locks, self.pid) {
                    locks.waiting.remove(&self.pid);
                    return failed("40P01", Some(told(self.pid, name, holder)));
                }
            }
            changed.await;
        }
    }
}

/// Whether a backend waits for one that, in the end, waits for it.
fn in_a_circle(locks: &Locks, pid: i32) -> bool {
    let mut at = pid;
    for _ in 0..locks.waiting.len() {
        let Some(name) = locks.waiting.get(&at) else {
            return false;
        };
        let Some(holder) = locks.holders.get(name) else {
            return false;
        };
        at = *holder;
        if at == pid {
            return true;
        }
    }
    false
}

/// The detail of a deadlock, in the server's words.
fn told(waiter: i32, lock: &str, blocker: i32) -> String {
    format!("Process {waiter} waits for ExclusiveLock on {lock}; blocked by process {blocker}.")
}

fn failed(code: &str, detail: Option<String>) -> Reply {
    let error = ServerError {
        severity: "ERROR".to_owned(),
        code: code.to_owned(),
        message: format!("failed with {code}"),
        detail,
        ..ServerError::default()
    };
    Reply {
        results: Vec::new(),
        error: Some(error),
    }
}

fn done(command: &str) -> Reply {
    let result = ResultSet {
        command: command.to_owned().into(),
        row_count: 1,
        ..ResultSet::default()
    };
    Reply {
        results: vec![result],
        error: None,
    }
}

impl Session for FakeSession {
    type Canceller = FakeCanceller;

    fn pid(&self) -> i32 {
        self.pid
    }

    async fn execute(&mut self, message: Message<'_>) -> (Reply, Timing) {
        let words: Vec<&str> = message.sql.split_whitespace().collect();
        let reply = match words.as_slice() {
            ["LOCK", name] => self.lock(name).await,
            ["FAIL", code] => failed(code, None),
            _ => done(words[0]),
        };
        if reply.error.is_some() || matches!(words[0], "COMMIT" | "ROLLBACK") {
            self.release();
        }
        (reply, Timing::default())
    }

    async fn explain(&mut self, _: Message<'_>, _: ExplainMode) -> Result<Explained, ServerError> {
        Ok(Explained::default())
    }

    async fn planner_settings(&mut self) -> Result<BTreeMap<String, String>, ServerError> {
        Ok(BTreeMap::new())
    }

    fn canceller(&self) -> FakeCanceller {
        FakeCanceller {
            pid: self.pid,
            locks: Rc::clone(&self.locks),
            changed: Rc::clone(&self.changed),
        }
    }
}

/// Cancels a session's wait.
#[derive(Clone)]
pub struct FakeCanceller {
    pid: i32,
    locks: Rc<RefCell<Locks>>,
    changed: Rc<Notify>,
}

impl Canceller for FakeCanceller {
    async fn cancel(&self) {
        self.locks.borrow_mut().cancelled.push(self.pid);
        self.changed.notify_waiters();
    }
}

/// Reads the locks.
pub struct FakeWatch(Rc<RefCell<Locks>>);

impl LockWatch for FakeWatch {
    async fn blocked(&mut self, asked: &[i32], sessions: &[i32]) -> Result<Vec<Blocked>, Breakage> {
        let locks = self.0.borrow();
        let blocked = asked.iter().filter_map(|pid| {
            let holder = locks.holders.get(locks.waiting.get(pid)?)?;
            sessions.contains(holder).then(|| Blocked {
                pid: *pid,
                by: vec![*holder],
            })
        });
        Ok(blocked.collect())
    }

    async fn wait_facts(&mut self, asked: &[i32]) -> Result<Vec<WaitFacts>, Breakage> {
        let locks = self.0.borrow();
        let facts = asked.iter().filter_map(|pid| {
            let lock = LockFacts {
                kind: "fake".to_owned(),
                mode: "Exclusive".to_owned(),
                relation: Some(locks.waiting.get(pid)?.clone()),
            };
            Some(WaitFacts {
                pid: *pid,
                lock,
                for_: None,
            })
        });
        Ok(facts.collect())
    }

    async fn queue(&mut self) -> Result<Vec<Queued>, Breakage> {
        Ok(Vec::new())
    }

    async fn held(&mut self, _: i32) -> Result<Vec<HeldRelation>, Breakage> {
        Ok(Vec::new())
    }
}

/// Traces nothing: every statement succeeds at once.
pub struct FakeTracer;

impl Tracer for FakeTracer {
    type Canceller = FakeCanceller;

    async fn run(&mut self, sql: &str) -> Result<StatementTrace, Breakage> {
        Ok(StatementTrace {
            sql: sql.to_owned(),
            ..StatementTrace::default()
        })
    }

    async fn begin(&mut self) -> Result<(), Breakage> {
        Ok(())
    }

    async fn end(&mut self, _: TransactionEnd) -> Result<Micros, ServerError> {
        Ok(Micros(0))
    }

    async fn watch(
        &mut self,
        program: impl Future<Output = ProgramEnd>,
    ) -> Result<(Vec<StatementTrace>, ProgramEnd), Breakage> {
        Ok((vec![StatementTrace::default()], program.await))
    }

    fn canceller(&self) -> FakeCanceller {
        FakeCanceller {
            pid: 0,
            locks: Rc::default(),
            changed: Rc::default(),
        }
    }
}
