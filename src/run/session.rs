//! What a run needs of a server: databases, sessions, and who is blocked by whom.
//!
//! The traits have no `Send` bound: a session lives and dies on the single-threaded runtime of the case
//! or of the load worker that opened it.

use crate::{
    record::{
        Breakage, Catalog, ClientId, DatabaseState, Explained, LockFacts, Micros, Reply,
        SchemaFacts, ServerError, ServerFacts, StatementTrace, Timing, Value,
    },
    run::load::{Company, Dialer, LoadWatch},
    schedule::{Case, MigrationCommand, StatementForm},
    spec::workload::Protocol,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};
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
    /// Who traces a migration on it.
    type Tracer: Tracer<Canceller = <Self::Session as Session>::Canceller>;

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
        company: Company,
    ) -> Self::Dialer;

    /// Opens the session that looks at the server while a load of these clients runs; none of their sessions is there yet.
    ///
    /// # Errors
    ///
    /// What kept the server from giving one.
    fn load_watch(
        &self,
        clients: &[&ClientId],
    ) -> impl Future<Output = Result<Self::LoadWatch, Breakage>>;

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

    /// What is behind it that something broke: where a session was lost, it may be that the server is gone.
    fn cause(&self, breakage: Breakage) -> impl Future<Output = Breakage> {
        std::future::ready(breakage)
    }

    /// Reads what tables and indexes there are, and what the planner knows of them.
    ///
    /// # Errors
    ///
    /// What kept the server from telling.
    fn catalog(&self) -> impl Future<Output = Result<Catalog, Breakage>>;

    /// Looks at what there is in the database, and at its rows for columns that determine others. All sessions of it must
    /// have been given up, so that what they used has been counted; their connections are closed.
    ///
    /// # Errors
    ///
    /// What kept the server from telling.
    fn schema(&self) -> impl Future<Output = Result<SchemaFacts, Breakage>>;

    /// Opens the sessions that run a migration and look at what it does.
    ///
    /// # Errors
    ///
    /// What kept the server from giving them.
    fn tracer(
        &self,
        settings: &[(String, String)],
    ) -> impl Future<Output = Result<Self::Tracer, Breakage>>;

    /// Runs a program that is told where the database is, to its end.
    fn program(&self, command: &MigrationCommand) -> impl Future<Output = ProgramEnd>;

    /// Reads what the database holds; where `before` is given, also what is needed to compare the two. Settings are not
    /// read: they depend on the session.
    ///
    /// # Errors
    ///
    /// What kept the server from telling.
    fn state(
        &self,
        before: Option<&DatabaseState>,
    ) -> impl Future<Output = Result<DatabaseState, Breakage>>;

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

/// How a program ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgramEnd {
    /// How it failed, such as `exit status: 1`, if it did.
    pub failure: Option<String>,
    /// The last of what it wrote, if it failed.
    pub output: String,
}

/// Runs the statements of a migration one by one, and looks at what each of them does before its transaction ends.
pub trait Tracer {
    /// Cancels the session that migrates, from outside of it.
    type Canceller: Canceller;

    /// Runs one statement as the migration would; its error is in the trace. Whose statement it is, is left open.
    ///
    /// # Errors
    ///
    /// What kept it from being traced.
    fn run(&mut self, sql: &str) -> impl Future<Output = Result<StatementTrace, Breakage>>;

    /// Begins a transaction for the statements that follow.
    ///
    /// # Errors
    ///
    /// What kept the server from beginning one.
    fn begin(&mut self) -> impl Future<Output = Result<(), Breakage>>;

    /// Ends that transaction, and tells how long it took.
    ///
    /// # Errors
    ///
    /// What the server says.
    fn end(&mut self, how: TransactionEnd) -> impl Future<Output = Result<Micros, ServerError>>;

    /// Looks on while a program migrates the database. The first trace is of the program as a whole; its statements
    /// follow.
    ///
    /// # Errors
    ///
    /// What kept it from being traced.
    fn watch(
        &mut self,
        program: impl Future<Output = ProgramEnd>,
    ) -> impl Future<Output = Result<(Vec<StatementTrace>, ProgramEnd), Breakage>>;

    /// A handle that cancels what the session that migrates does.
    fn canceller(&self) -> Self::Canceller;
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionEnd {
    /// COMMIT.
    Commit,
    /// ROLLBACK.
    Rollback,
}

/// How a session is opened.
#[derive(Debug, Clone)]
pub struct SessionPlan {
    /// Whose it is; `application_name` names it, with the scenario.
    pub client: ClientId,
    /// What `application_name` calls it under the conditions of somebody else's tests.
    pub printed_as: Option<String>,
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
        /// The secondary message.
        detail: Option<String>,
        /// The server's own advice.
        hint: Option<String>,
        /// How many results of the message that is being answered came before it.
        after_results: u32,
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

    /// Every session of the database that waits for a lock now, with those ahead of it. One round trip.
    ///
    /// # Errors
    ///
    /// The watching session broke.
    fn queue(&mut self) -> impl Future<Output = Result<Vec<Queued>, Breakage>>;

    /// The relations that a session holds locks on: all that its transaction has touched so far. Nothing
    /// outside of a transaction.
    ///
    /// # Errors
    ///
    /// The watching session broke.
    fn held(&mut self, pid: i32) -> impl Future<Output = Result<Vec<HeldRelation>, Breakage>>;
}

/// A relation on which a session holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeldRelation {
    /// Its OID.
    pub relation: u32,
    /// Whether the lock is one that only reading takes (`ACCESS SHARE`).
    pub only_read: bool,
}

/// A database that can be put back to how it was when the case got it, again and again.
pub trait Rewindable: Database {
    /// Who remembers how it was.
    type Keeper: Keeper;

    /// Looks at what there is; nothing may have changed it yet.
    ///
    /// # Errors
    ///
    /// The session that looks broke.
    fn keeper(&self) -> impl Future<Output = Result<Self::Keeper, Breakage>>;
}

/// Who remembers how a database was.
pub trait Keeper {
    /// What there was in the beginning.
    fn catalog(&self) -> &RelationCatalog;

    /// Remembers what may be changed, as far as it can be put back; nothing may have changed it yet.
    ///
    /// # Errors
    ///
    /// The session that remembers broke.
    fn remember(&mut self, what: &Changes) -> impl Future<Output = Result<(), Breakage>>;

    /// Puts back what may have changed since.
    ///
    /// # Errors
    ///
    /// The session that remembers broke.
    fn rewind(&mut self, changes: &Changes) -> impl Future<Output = Result<Rewound, Breakage>>;

    /// What stands in all tables now.
    ///
    /// # Errors
    ///
    /// The session that remembers broke.
    fn contents(&mut self) -> impl Future<Output = Result<Contents, Breakage>>;
}

/// What may have been changed in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// Rows of these relations, by OID, and nothing else.
    Rows(BTreeSet<u32>),
    /// Rows of any table, and sequences.
    Anything,
}

/// What became of putting a database back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewound {
    /// It was as it had been.
    Unchanged,
    /// It is again as it was.
    PutBack,
    /// Only a new clone will do.
    NeedsClone,
}

/// What stands in the tables of a database.
pub type Contents = Vec<TableContents>;

/// What stands in a table, without the columns that come from a sequence, a clock or chance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableContents {
    /// The table.
    pub table: String,
    /// Its rows as text, sorted, a line each; a digest of them where there are many.
    pub rows: String,
}

/// The relations and routines of a database, as far as it matters for what a statement touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelationCatalog {
    /// Tables, views and all else that a statement can name; without those of the system.
    pub relations: Vec<RelationFacts>,
    /// Names of the system's own relations, which show what others do.
    pub system_relations: Vec<String>,
    /// The system's own routines that write, or read what they do not name.
    pub system_routines: Vec<String>,
    /// Other routines that write, or may read what they do not name.
    pub own_routines: Vec<String>,
    /// Why nothing can be said about what a statement touches here, if so.
    pub opaque: Option<String>,
    /// Columns that come from a sequence, a clock or chance, and those that refer to them.
    pub moving_columns: Vec<String>,
}

/// What matters about a relation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelationFacts {
    /// Its OID.
    pub oid: u32,
    /// Its name without the schema.
    pub name: String,
    /// The relations that are read when it is: those of a view, partitions, parents.
    pub reads: Vec<u32>,
    /// The relations that are touched when it is written: those on either side of its foreign keys.
    pub touches: Vec<u32>,
    /// Whether reading it does more than its words say: a foreign table, row security.
    pub reading_is_opaque: bool,
    /// Whether writing it does more than its words say: triggers, rules, a sequence of its own.
    pub writing_is_opaque: bool,
    /// What runs along with a statement on it: defaults, checks, expressions of indexes; the query of a view.
    pub expressions: Vec<String>,
}

/// A session that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Its backend.
    pub pid: i32,
    /// The backends ahead of it (`pg_blocking_pids`), holders and those earlier in the queue.
    pub by: Vec<i32>,
}

/// A session in the queue for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Its backend.
    pub pid: i32,
    /// The backends ahead of it, holders and those earlier in the queue.
    pub by: Vec<i32>,
    /// Those of them that are no sessions of pgauge's, but of a program.
    pub strangers: Vec<i32>,
    /// What it calls itself (`application_name`).
    pub application: String,
    /// The lock.
    pub lock: LockFacts,
    /// How long it has been waiting by the server's own clock.
    pub waited: Micros,
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
