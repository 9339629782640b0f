//! What the server told of itself over the span of a load.

use super::super::Micros;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the server counted while a load was measured. Where one of its views is not there, or not ours to see, the part
/// is missing and `missing` says why.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadServer {
    /// Statements by the server's own fingerprint, the most expensive first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementFacts>,
    /// What sessions were seen doing.
    pub waits: WaitFacts,
    /// Buffers and temporary files of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers: Option<BufferFacts>,
    /// Write-ahead log of the whole server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal: Option<WalFacts>,
    /// Checkpoints of the whole server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<CheckpointFacts>,
    /// What could not be told, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// One statement, as `pg_stat_statements` counted it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StatementFacts {
    /// `queryid`.
    pub id: i64,
    /// The text, its constants as `$1` …
    pub sql: String,
    /// How often it ran.
    pub calls: u64,
    /// Executing it, all calls together.
    pub exec: Micros,
    /// Planning it, all calls together; zero where the server does not count it.
    pub plan: Micros,
    /// Rows returned or changed.
    pub rows: u64,
    /// Pages found in the server's own memory.
    pub hit: u64,
    /// Pages read from outside of it.
    pub read: u64,
    /// Pages changed.
    pub dirtied: u64,
    /// Temporary pages written.
    pub temp_written: u64,
    /// Bytes of write-ahead log.
    pub wal_bytes: u64,
}

/// What the load's sessions were seen doing in `pg_stat_activity`, look by look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitFacts {
    /// How often somebody looked.
    pub looks: u64,
    /// Sessions seen in the middle of a statement, over all looks.
    pub active: u64,
    /// Those of them that waited, by `type:event`, such as `Lock:transactionid`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waiting: BTreeMap<String, u64>,
    /// Sessions seen idle in a transaction, over all looks.
    pub idle_in_transaction: u64,
    /// Sessions seen idle, over all looks.
    pub idle: u64,
}

impl WaitFacts {
    /// Sessions seen waiting for something of this type, over all looks.
    pub fn of_type(&self, kind: &str) -> u64 {
        let of_type = self.waiting.iter().filter(|(event, _)| {
            event
                .split_once(':')
                .is_some_and(|(known, _)| known == kind)
        });
        of_type.map(|(_, count)| count).sum()
    }
}

/// Buffers and temporary files of one database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BufferFacts {
    /// Pages found in the server's own memory.
    pub hit: u64,
    /// Pages read from outside of it.
    pub read: u64,
    /// Reading them, where the server takes the time.
    pub read_time: Micros,
    /// Temporary files made.
    pub temp_files: u64,
    /// Bytes written to them.
    pub temp_bytes: u64,
    /// Deadlocks.
    pub deadlocks: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions rolled back.
    pub rollbacks: u64,
}

/// Write-ahead log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalFacts {
    /// Bytes, by its position at both ends.
    pub bytes: u64,
    /// Records.
    pub records: u64,
    /// Whole pages.
    pub full_pages: u64,
}

/// Checkpoints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointFacts {
    /// Because their time had come.
    pub timed: u64,
    /// Because the log was full, or somebody asked.
    pub requested: u64,
    /// Pages that they wrote.
    pub written: u64,
}
