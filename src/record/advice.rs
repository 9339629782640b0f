//! What would have helped? Indexes that were built on a copy of the database, and made a query cheaper there.

use super::Micros;
use serde::{Deserialize, Serialize};

/// An index that was tried and helped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenIndex {
    /// The query that it helps.
    pub query: String,
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
