//! What a run needs of a server: databases, sessions, and who is blocked by whom.
//!
//! The traits have no `Send` bound: a session lives and dies on the single-threaded runtime of the case
//! or of the load worker that opened it.

use crate::{
    record::{
        Breakage, Catalog, ClientId, Explained, LockFacts, Micros, Reply, ServerError, ServerFacts,
        Timing, Value,
    },
    run::load::{Dialer, LoadWatch},
    schedule::{Case, StatementForm},
    spec::workload::Protocol,
};
use std::{collections::BTreeMap, future::Future};
use tokio::sync::mpsc::UnboundedSender;

/// A server on which cases get databases.
pub trait Server {
    /// A database that one case has for itself.
    type Database: Database;

    /// Gives a case a fresh clone of its seeded database, building the template where there is none.
    ///
    /// # Errors
    ///
    /// [`NotReady`] with the reason: the case is skipped, or the world is broken.
    fn database(&self, case: &Case) -> impl Future<Output = Result<Self::Database, NotReady>>;

    /// What the server is.
    fn facts(&self) -> &ServerFacts;
}

/// Why a case got no database.
#[derive(Debug, Clone, PartialEq)]
pub enum NotReady {
    /// The server lacks what the scenario requires.
    Skip {
        /// What it lacks.
        reason: String,
    },
    /// The world is broken.
    Broke(Box<Breakage>),
}

/// A database that one case has for itself.
pub trait Database {
    /// A session on it.
    type Session: Session;
    /// Who watches its locks.
    type Watch: LockWatch;

    /// Takes a session from the case's pool.
    ///
    /// # Errors
    ///
    /// What kept the server from giving one.
    fn connect(
        &self,
        as_: &SessionPlan,
    ) -> impl Future<Output = Result<Connected<Self::Session>, Breakage>>;

    /// Where the connections of a load come from.
    type Dialer: Dialer;
    /// Who looks at the server while a load runs.
    type LoadWatch: LoadWatch;

    /// What opens connections of a load that are alike, from any thread. `client` names them to the server.
    fn dialer(
        &self,
        client: &ClientId,
        settings: Vec<(String, String)>,
        protocol: Protocol,
    ) -> Self::Dialer;

    /// Opens the session that looks at the server while a load runs.
    ///
    /// # Errors
    ///
    /// What kept the server from giving one.
    fn load_watch(&self) -> impl Future<Output = Result<Self::LoadWatch, Breakage>>;

    /// Opens the session that watches locks; it has the rights to see every session of the case.
    ///
    /// # Errors
    ///
    /// What kept the server from giving one.
    fn watch(&self) -> impl Future<Output = Result<Self::Watch, Breakage>>;

    /// Makes a copy of the database as it is now, with sessions of its own. All sessions of this one must have been given
    /// up; their connections are closed.
    ///
    /// # Errors
    ///
    /// What kept the server from copying it.
    fn fork(&self) -> impl Future<Output = Result<Self, Breakage>>
    where
        Self: Sized;

    /// Reads what tables and indexes there are, and what the planner knows of them.
    ///
    /// # Errors
    ///
    /// What kept the server from telling.
    fn catalog(&self) -> impl Future<Output = Result<Catalog, Breakage>>;

    /// Brings tables to rest, or takes a new sample of them.
    ///
    /// # Errors
    ///
    /// What kept the server from doing it.
    fn tidy(&self, how: Tidying<'_>) -> impl Future<Output = Result<(), Breakage>>;

    /// Gives the database back: its sessions are closed and it is dropped, or kept if asked for.
    ///
    /// # Errors
    ///
    /// What kept it from being dropped.
    fn close(self) -> impl Future<Output = Result<(), Breakage>>;
}

/// What is done to tables so that plans are worth looking at.
#[derive(Debug, Clone, Copy)]
pub enum Tidying<'a> {
    /// `VACUUM (FREEZE, ANALYZE)` of all tables.
    Settle,
    /// `ANALYZE` of these, by schema and name.
    Analyze(&'a [(String, String)]),
}

/// Whether a statement is carried out to be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainMode {
    /// It is, and measured.
    Execute,
    /// It is only planned.
    PlanOnly,
}

/// How a session is opened.
#[derive(Debug, Clone)]
pub struct SessionPlan {
    /// Whose it is; `application_name` names it, with the scenario.
    pub client: ClientId,
    /// Settings in force from the start, over those of the database.
    pub settings: Vec<(String, String)>,
    /// Where its notices and notifications go.
    pub notes: UnboundedSender<SessionNote>,
}

/// A session and what it cost to get it.
#[derive(Debug)]
pub struct Connected<S> {
    /// The session.
    pub session: S,
    /// From asking the pool to holding it.
    pub pool_wait: Micros,
}

/// What the server says on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionNote {
    /// A NOTICE, WARNING or the like.
    Notice {
        /// To whom.
        client: ClientId,
        /// `NOTICE`, `WARNING` …
        severity: String,
        /// The SQLSTATE.
        code: String,
        /// The primary message.
        message: String,
    },
    /// A NOTIFY.
    Notified {
        /// To whom.
        client: ClientId,
        /// The channel.
        channel: String,
        /// The payload.
        payload: String,
        /// The sender's backend.
        from_pid: i32,
    },
}

/// One message to the server.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The text, with `$1` … for the parameters.
    pub sql: &'a str,
    /// The parameters; empty for a batch.
    pub params: &'a [Value],
    /// One statement or several.
    pub form: StatementForm,
    /// How many rows of each result are kept; all are read and counted.
    pub keep_rows: usize,
}

/// A connection to the server.
pub trait Session {
    /// Cancels what the session does, from outside of it.
    type Canceller: Canceller;

    /// The backend's process id.
    fn pid(&self) -> i32;

    /// Sends one message and reads its answer up to ReadyForQuery, after an error too. A lost
    /// connection is an answer as well: its error [ends the session](crate::record::ServerError::ends_session).
    fn execute(&mut self, message: Message<'_>) -> impl Future<Output = (Reply, Timing)>;

    /// Explains one statement, its parameters bound as in [`execute`](Self::execute).
    ///
    /// # Errors
    ///
    /// What the server says; a position counts in the statement itself.
    fn explain(
        &mut self,
        message: Message<'_>,
        mode: ExplainMode,
    ) -> impl Future<Output = Result<Explained, ServerError>>;

    /// Reads the settings in force that decide about plans.
    ///
    /// # Errors
    ///
    /// What the server says.
    fn planner_settings(
        &mut self,
    ) -> impl Future<Output = Result<BTreeMap<String, String>, ServerError>>;

    /// A handle that cancels what the session does.
    fn canceller(&self) -> Self::Canceller;
}

/// Cancels what a session does.
pub trait Canceller: Clone {
    /// Asks the server to cancel; the session's own `execute` still has to be awaited.
    fn cancel(&self) -> impl Future<Output = ()>;
}

/// Who watches the locks of a case.
pub trait LockWatch {
    /// Which of `asked` wait for a heavyweight lock or a safe snapshot held up by one of `sessions`, all
    /// by backend pid. One round trip.
    ///
    /// # Errors
    ///
    /// The watching session broke.
    fn blocked(
        &mut self,
        asked: &[i32],
        sessions: &[i32],
    ) -> impl Future<Output = Result<Vec<Blocked>, Breakage>>;

    /// What those sessions wait for, in detail; asked once per wait, as it costs more. Sessions that do
    /// not wait (any more) are left out.
    ///
    /// # Errors
    ///
    /// The watching session broke.
    fn wait_facts(
        &mut self,
        asked: &[i32],
    ) -> impl Future<Output = Result<Vec<WaitFacts>, Breakage>>;
}

/// A session that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Its backend.
    pub pid: i32,
    /// The backends ahead of it (`pg_blocking_pids`), holders and those earlier in the queue.
    pub by: Vec<i32>,
}

/// What a session waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitFacts {
    /// Its backend.
    pub pid: i32,
    /// The lock.
    pub lock: LockFacts,
    /// How long it has been waiting by the server's own clock (`pg_locks.waitstart`).
    pub for_: Option<Micros>,
}
