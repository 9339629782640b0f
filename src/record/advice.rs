//! What would have helped? Indexes that were built on a copy of the database, and made a query cheaper there; statements
//! that do there what many did.

use super::{ClientId, Explained, Micros, Value};
use serde::{Deserialize, Serialize};

/// Whose statement it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementOf {
    /// A watched query's, by its name.
    Query(String),
    /// One that was sent.
    Sent(Sender),
}

/// Who sent a statement, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Who: the first of several sessions.
    pub client: ClientId,
    /// The step; none for a hook of the client itself, or of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Whether a hook sent it by `sql()`.
    #[serde(default)]
    pub by_hook: bool,
    /// The event of its first sending; none in a load, which is counted and not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
    /// How often it was sent in all, whatever its values.
    #[serde(default)]
    pub times: u64,
}

/// An index that was tried and helped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenIndex {
    /// The statement that it helps.
    #[serde(flatten)]
    pub of: StatementOf,
    /// The text of that statement.
    #[serde(default)]
    pub asked: String,
    /// The statement that builds it.
    pub sql: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What the query took without it.
    pub before: QueryCost,
    /// What it took with it.
    pub after: QueryCost,
    /// What writing costs with it; none where that could not be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<WriteCost>,
}

/// What an execution of a query took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryCost {
    /// Pages of tables and indexes.
    pub buffers: u64,
    /// Time of the execution.
    pub execution: Micros,
}

/// What writing the same rows takes without and with an index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteCost {
    /// How many rows were updated.
    pub rows: u64,
    /// Bytes of the log without it.
    pub wal_before: u64,
    /// Bytes of the log with it.
    pub wal_after: u64,
    /// Pages without it.
    pub buffers_before: u64,
    /// Pages with it.
    pub buffers_after: u64,
}

/// A statement that gave, on a copy of the database, the rows of one statement for each row of an earlier one, and took
/// less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenRewrite {
    /// Who repeated a statement.
    #[serde(flatten)]
    pub sender: Sender,
    /// Rows that the repeated statements gave together: all of them are the same.
    pub rows: u64,
    /// What the statements took that were sent, with the earlier one unless it wrote or locked its rows.
    pub before: SequenceCost,
    /// What could be sent instead, the best first.
    pub instead: Vec<Rewrite>,
}

/// What could be sent instead of one statement for each row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewrite {
    /// How it asks.
    pub form: RewriteForm,
    /// The statement.
    pub sql: String,
    /// What it takes, with the earlier statement where that is still needed.
    pub after: SequenceCost,
}

/// How one statement asks for what many did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RewriteForm {
    /// It is the earlier statement, to which the repeated one is joined.
    Join,
    /// It follows the earlier statement, and has all values in an array.
    Array,
}

/// What statements took, one after another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceCost {
    /// How often somebody waited for the server.
    pub round_trips: u64,
    /// Pages of tables and indexes.
    pub buffers: u64,
    /// From the first statement to the last answer, without a network between; the shortest of several times.
    pub time: Micros,
}

/// What the statements that were sent do on a copy of the database, each different one once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SentStatements {
    /// How many were looked at.
    pub looked_at: u64,
    /// How many the server refused there: they need what only their own session had.
    #[serde(default)]
    pub refused: u64,
    /// The plans of those that join tables, or read one from beginning to end.
    pub plans: Vec<SentPlan>,
}

/// The plan of a statement that was sent, executed on a copy of the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SentPlan {
    /// Whose statement it was.
    #[serde(flatten)]
    pub sender: Sender,
    /// The statement.
    pub sql: String,
    /// Its plan.
    pub explained: Explained,
}

/// What clients asked that is worth trying again on a copy of the database.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Statements that were sent for each row of an earlier one.
    pub lookups: Vec<Lookups>,
    /// Statements that read or write, one of each fingerprint, with the values of its first sending.
    pub statements: Vec<ObservedStatement>,
}

/// A statement that was sent for each row of an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookups {
    /// Who sent the first of them.
    pub sender: Sender,
    /// The statements whose rows they were sent for; none where one of them wrote or locked rows, which only happens once.
    pub parents: Vec<SentStatement>,
    /// Every one of them.
    pub repeated: Vec<SentStatement>,
    /// The binds that differ: parameters, counted from 0, and literals of the text, counted on after them.
    pub varying: Vec<usize>,
    /// The values of those binds as text, for each of `repeated`.
    pub values: Vec<Vec<Option<String>>>,
}

/// A statement that somebody sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedStatement {
    /// Who.
    pub sender: Sender,
    /// What was sent.
    pub sent: SentStatement,
}

/// A statement as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct SentStatement {
    /// The text.
    pub sql: String,
    /// The parameters.
    pub params: Vec<Value>,
}
