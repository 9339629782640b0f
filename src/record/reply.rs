//! What the server answered to one statement or one batch of them.

use super::Value;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// The answer to what was sent in one message, read up to ReadyForQuery.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// One entry per statement that completed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ResultSet>,
    /// The error that ended the message, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ServerError>,
}

impl Reply {
    /// The result that counts: the last one.
    pub fn last(&self) -> Option<&ResultSet> {
        self.results.last()
    }

    /// Rows of the last result; empty where there is none.
    pub fn rows(&self) -> &[Vec<Value>] {
        self.last().map_or(&[], |result| &result.rows)
    }

    /// Rows returned or changed by the last statement, as its command tag says; 0 without a result.
    pub fn row_count(&self) -> u64 {
        self.last().map_or(0, |result| result.row_count)
    }
}

/// What one completed statement returned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultSet {
    /// The columns, in order; empty for a statement that returns no rows. Shared: a load asks for the same ones again
    /// and again.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub columns: Arc<[Column]>,
    /// The rows, each as long as `columns`. A log keeps the first ones only where nobody asked for
    /// them all: `row_count` is always whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<Value>>,
    /// Rows returned, or changed by a write.
    pub row_count: u64,
    /// The word of the command tag, such as `UPDATE`; with the count it reads `UPDATE 1`.
    pub command: Cow<'static, str>,
}

impl ResultSet {
    /// The position of a column by its name; the first of several.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name as the server gave it.
    pub name: String,
    /// The name of its type; `text` where a batch was sent in the simple protocol.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// An error as PostgreSQL reports it (protocol "Error and Notice Message Fields").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerError {
    /// `ERROR`, `FATAL` or `PANIC`.
    pub severity: String,
    /// The SQLSTATE, five characters; empty where the connection broke and none was sent.
    pub code: String,
    /// The primary message.
    pub message: String,
    /// The secondary message; for a deadlock, who waited for whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The server's own advice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in the text that was sent, counted in characters from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// The call stack of the error inside the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The constraint, where one was violated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
}

/// One wait that the detail of a deadlock tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldWait {
    /// The backend that waited.
    pub waiter: i32,
    /// The backend that it waited for.
    pub blocker: i32,
    /// On what, in the server's words: `ShareLock on transaction 731`.
    pub lock: String,
}

impl ServerError {
    /// Who waited for whom by the detail of a deadlock; empty for other errors, and where the server
    /// speaks another language than English.
    pub fn told_waits(&self) -> Vec<ToldWait> {
        let lines = self.detail.iter().flat_map(|detail| detail.lines());
        let waits = lines.filter_map(|line| {
            let rest = line.strip_prefix("Process ")?;
            let (waiter, rest) = rest.split_once(" waits for ")?;
            let (lock, blocker) = rest.split_once("; blocked by process ")?;
            Some(ToldWait {
                waiter: waiter.parse().ok()?,
                blocker: blocker.trim_end_matches('.').parse().ok()?,
                lock: lock.to_owned(),
            })
        });
        waits.collect()
    }

    /// Whether the session is gone with this error.
    pub fn ends_session(&self) -> bool {
        self.code.is_empty() || self.severity == "FATAL" || self.severity == "PANIC"
    }
}
