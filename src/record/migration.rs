//! What did a migration do? Every statement of it with its locks, rewrites and costs; the database before and after.
//!
//! The statements are traced on a copy that nobody else uses, so that what is counted there is theirs alone. What
//! clients felt is in the events: there the migration is a client itself.

use super::{Column, LockFacts, LockMode, Micros, ServerError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the session that migrates, as a client beside the others.
pub const MIGRATION: &str = "migration";

/// All that was noted of a migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MigrationLog {
    /// Every statement that was run, in order, as it was traced on a quiet copy.
    pub statements: Vec<StatementTrace>,
    /// How it ended where a program ran it, and ended badly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<CommandFailure>,
    /// The database before it.
    pub before: DatabaseState,
    /// The database after it.
    pub after: DatabaseState,
    /// What every watched query returned before and after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ResultComparison>,
    /// What undoing it came to; none where nobody says how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Undone>,
    /// How the members of two versions got on, if that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compatible: Vec<MemberRun>,
    /// Who was seen waiting for it, where it ran in the midst of a load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_load: Option<UnderLoad>,
}

/// A migration in the midst of a load, as the server's locks were seen again and again meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnderLoad {
    /// When its first statement was sent, since the end of the warmup.
    pub began: Micros,
    /// When its last statement was answered, on the same clock.
    pub ended: Micros,
    /// When that clock began, on the clock of the events.
    #[serde(default)]
    pub clock: Micros,
    /// How often the locks were looked at.
    pub looks: u64,
    /// The most sessions that waited for it at the same time.
    pub queue: u64,
    /// The waits, those of one client for one lock together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<QueuedWaits>,
}

/// Waits of a client's sessions for the same lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueuedWaits {
    /// Whose, by the name of the script.
    pub client: String,
    /// For what.
    pub lock: LockFacts,
    /// How many.
    pub count: u64,
    /// The longest that was seen; it may have been longer by the time between two looks.
    pub longest: Micros,
}

impl MigrationLog {
    /// The statement that failed, if one did.
    pub fn failed(&self) -> Option<&StatementTrace> {
        self.statements.iter().find(|trace| trace.error.is_some())
    }

    /// Whether all of it succeeded.
    pub fn succeeded(&self) -> bool {
        self.failed().is_none() && self.failure.is_none()
    }
}

/// How a program ended that should have migrated the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandFailure {
    /// JSON pointer of the entry in the scenario.
    pub path: String,
    /// How it ended, such as `exit status: 1`.
    pub end: String,
    /// The last of what it wrote to standard error and output.
    pub output: String,
}

/// One statement of a migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StatementTrace {
    /// JSON pointer of the entry in the scenario that it belongs to.
    pub path: String,
    /// The character of that entry's text at which it begins, from 1; 0 for the statement of a program.
    #[serde(default)]
    pub position: u32,
    /// The statement.
    pub sql: String,
    /// From sending it to its answer, with the end of its transaction where that is its own.
    pub duration: Micros,
    /// From sending it to the end of its transaction, which is how long its locks were held.
    pub held: Micros,
    /// What transaction it ran in.
    pub scope: TransactionScope,
    /// How well its locks were seen.
    pub seen: LockSight,
    /// The locks on relations that it added to those its transaction held before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<RelationLock>,
    /// The tables and indexes that it wrote anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewrites: Vec<RelationName>,
    /// The tables that it read from end to end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scans: Vec<TableScan>,
    /// What it wrote and left.
    pub costs: StatementCosts,
    /// `lock_timeout` in force; 0 is none.
    pub lock_timeout: Micros,
    /// `statement_timeout` in force; 0 is none.
    pub statement_timeout: Micros,
    /// The error, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ServerError>,
}

impl StatementTrace {
    /// Whether a program sent it whose work as a whole is `program`.
    pub fn is_of_program(&self, program: &Self) -> bool {
        self.position == 0 && program.position > 0 && self.path == program.path
    }
}

/// What transaction a statement ran in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionScope {
    /// One of its own.
    #[default]
    Own,
    /// One with others.
    Shared,
    /// None: it cannot run in one, or ends its own, as CREATE INDEX CONCURRENTLY does.
    Outside,
}

/// How well the locks of a statement were seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockSight {
    /// The lock table was read before its transaction ended: nothing was missed.
    #[default]
    Complete,
    /// The lock table was read again and again while it ran: what it held only between two looks was missed.
    Sampled {
        /// How many looks; of a program as a whole, in how many somebody was seen doing more than reading.
        looks: u32,
    },
}

/// A relation by its schema and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RelationName {
    /// The schema.
    pub schema: String,
    /// The name.
    pub name: String,
    /// The table that it belongs to, if it is an index or the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

impl RelationName {
    /// Whether an author means it: by its name, or with its schema.
    pub fn is(&self, name: &str) -> bool {
        match name.split_once('.') {
            Some((schema, name)) => self.schema == schema && self.name == name,
            None => self.name == name,
        }
    }
}

impl std::fmt::Display for RelationName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.schema.as_str() {
            "public" | "" => f.write_str(&self.name),
            schema => write!(f, "{schema}.{}", self.name),
        }
    }
}

/// A lock on a relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RelationLock {
    /// On what.
    pub relation: RelationName,
    /// The mode.
    pub mode: LockMode,
    /// Whether the relation was there before the migration, so that somebody may want it.
    pub existed: bool,
}

/// A table that was read from end to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableScan {
    /// Which table.
    pub table: RelationName,
    /// How many rows were read.
    pub rows: u64,
}

/// What a statement wrote and left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementCosts {
    /// Bytes written to the write-ahead log, by the whole server meanwhile.
    pub wal: u64,
    /// Rows that it updated or deleted, each dead until VACUUM comes and locked until its transaction ended.
    pub dead_rows: u64,
    /// Bytes that the database is larger by afterwards.
    pub disk: i64,
    /// Bytes that it was larger by at the end of the statement, when old and new files were both there.
    pub disk_peak: i64,
}

/// What a database holds at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DatabaseState {
    /// The definition of every object by its kind and name, as in `table public.orders`.
    pub schema: BTreeMap<String, String>,
    /// The settings of a new session, as the role of the case.
    pub settings: BTreeMap<String, String>,
    /// What the tables hold.
    pub tables: Vec<TableContent>,
}

/// What a table holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContent {
    /// Which table.
    pub table: RelationName,
    /// How many rows.
    pub rows: u64,
    /// What the columns hold, in order; where [`old_rows`](Self::old_rows) is known, in those rows alone.
    pub columns: Vec<ColumnContent>,
    /// Where there are more rows than before, how many of them have a key that was there before; none where that cannot
    /// be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_rows: Option<u64>,
    /// By what its rows are known again; none where it has no primary key, or there are too many.
    #[serde(skip)]
    pub keys: Option<RowKeys>,
}

/// The primary keys of all rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowKeys {
    /// The columns of the key.
    pub columns: Vec<String>,
    /// A hash of each key.
    pub hashes: Arc<[i64]>,
}

/// What a column holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnContent {
    /// Its name.
    pub name: String,
    /// Its type, as `numeric(10,2)`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The collation of its text; none where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// How many values are not NULL.
    pub values: u64,
    /// A number that is the same where the values are the same, whatever the order of the rows.
    pub fingerprint: String,
    /// The fingerprint of the values brought back to the type that they had before, where that was another one; none
    /// where that cannot be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_before: Option<String>,
    /// Whether the values sort in another order than before; none where that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sorts_differently: Option<bool>,
}

/// What a watched query returned before and after a migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultComparison {
    /// The query's name.
    pub query: String,
    /// Before.
    pub before: ResultSummary,
    /// After.
    pub after: ResultSummary,
    /// How the rows differ, line by line; none where they are the same, or one side has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// Whether two runs before the migration, one after the other, gave the same rows; if not, nothing can be compared.
    pub steady: bool,
}

impl ResultComparison {
    /// Whether both sides have rows and they are the same under the same names.
    pub fn is_same(&self) -> bool {
        let names = |summary: &ResultSummary| -> Vec<String> {
            let columns = summary.columns.iter();
            columns.map(|column| column.name.clone()).collect()
        };
        self.difference.is_none()
            && self.before.error.is_none()
            && self.after.error.is_none()
            && names(&self.before) == names(&self.after)
    }
}

/// What a query returned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultSummary {
    /// How many rows.
    pub rows: u64,
    /// The columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// The error, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ServerError>,
}

/// What undoing a migration came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Undone {
    /// Every statement that was run, in order.
    pub statements: Vec<StatementTrace>,
    /// How it ended where a program ran it, and ended badly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<CommandFailure>,
    /// The database then.
    pub state: DatabaseState,
    /// What every watched query returned before the migration and after it was undone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ResultComparison>,
}

/// How a member of a version got on at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberRun {
    /// The query or client.
    pub member: String,
    /// When.
    pub phase: Phase,
    /// How often it ran.
    pub runs: u64,
    /// The first error, if it met one; a client's assertion that failed is told as its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ServerError>,
}

/// A part of the time around a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before it.
    Before,
    /// While it ran.
    During,
    /// After it.
    After,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        })
    }
}
