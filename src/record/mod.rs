//! What happened? Inert data: who acted, what was said to the server, what it answered, in which order.
//!
//! Everything that pgauge learns while a case runs becomes an [`Event`] with a sequence number that the
//! coordinator gives out; judging and reporting read nothing else. So a report can be made again, at
//! any later time, from the stored events alone. Nothing in here computes, waits or prints.
//!
//! The types derive serde themselves: they are inert, the JSON results file is their list, and its
//! envelope carries the version ([`FORMAT`]).

mod advice;
mod catalog;
mod event;
mod exploration;
mod histogram;
pub mod load;
mod lock_mode;
mod migration;
mod plan;
mod reply;
mod run_log;
mod shard;

pub mod value;

pub use advice::{
    Lookups, Observed, ObservedStatement, ProvenIndex, ProvenRewrite, QueryCost, Rewrite,
    RewriteForm, Sender, SentPlan, SentStatement, SentStatements, SequenceCost, StatementOf,
    WriteCost,
};
pub use catalog::{
    Catalog, Check, ColumnStatistics, CopiedColumns, Dependency, ForeignKey, Index, SchemaFacts,
    SequenceState, Table, TableColumn, TableKind,
};
pub use event::{
    Blocker, ClientEnd, Event, EventKind, Hold, HookProblem, LockFacts, RunNo, SentBy, SkipCause,
    StatementNo, StepEnd, Timing, Witness,
};
pub use exploration::{
    ChosenOrders, Exploration, FailedOrder, LaunchedStep, Others, SerialCheck, SerialDifference,
};
pub use histogram::Histogram;
pub use load::LoadLog;
pub use lock_mode::{LockMode, TableUse};
pub use migration::{
    ColumnContent, CommandFailure, DatabaseState, LockSight, MIGRATION, MemberRun, MigrationLog,
    Phase, QueuedWaits, RelationLock, RelationName, ResultComparison, ResultSummary, RowKeys,
    StatementCosts, StatementTrace, TableContent, TableScan, TransactionScope, UnderLoad, Undone,
};
pub use plan::{
    Actual, Buffers, CapturedPlan, Estimate, Explained, MeasuredPlan, NodeFacts, NodeShape,
    PlanFacts, PlanNode, PlanOutcome, PlanPoint, PlanSnapshot, Space, TriggerUse, Wal,
};
pub use reply::{Column, Reply, ResultSet, ServerError, ToldWait};
pub use run_log::{
    Breakage, CaseEnd, CaseId, CaseLog, FORMAT, ProbeReply, QueryRun, RunFacts, RunLog,
    SeenLockWait, ServerFacts,
};
pub use shard::Shard;
pub use value::{Numeric, Row, RowOrder, RowsDifference, Value, compare_rows, same};

use serde::{Deserialize, Serialize};
use std::fmt;

/// One session's script in one case: `alice`, or the third of eight, `shopper[3]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId {
    /// The name under `clients` in the scenario.
    pub script: String,
    /// Which of the script's sessions, from 1; `None` where the scenario gives no `count`.
    pub number: Option<u32>,
}

impl ClientId {
    /// The only session of a script.
    pub fn single(script: impl Into<String>) -> Self {
        Self {
            script: script.into(),
            number: None,
        }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "{}[{number}]", self.script),
            None => f.write_str(&self.script),
        }
    }
}

impl std::str::FromStr for ClientId {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((script, rest)) = text.split_once('[') else {
            return Ok(Self::single(text));
        };
        let number = rest
            .strip_suffix(']')
            .and_then(|digits| digits.parse().ok());
        match number {
            Some(number) => Ok(Self {
                script: script.to_owned(),
                number: Some(number),
            }),
            None => Err(format!(
                "\"{text}\" is not a client such as alice or shopper[3]"
            )),
        }
    }
}

impl Serialize for ClientId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Time since the case began, or a span of it, in whole microseconds of the monotonic clock.
///
/// For people and for latency figures; order comes from [`Event::seq`] alone.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl Micros {
    /// The span as a standard duration.
    pub fn duration(self) -> std::time::Duration {
        std::time::Duration::from_micros(self.0)
    }

    /// The span from `earlier` to this moment; zero if it lies before.
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl From<std::time::Duration> for Micros {
    fn from(duration: std::time::Duration) -> Self {
        Self(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }
}
