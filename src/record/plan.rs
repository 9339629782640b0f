//! How did the server carry out a statement? Execution plans with what was measured at every node, and the tables,
//! statistics and settings that they come from.
//!
//! A [`PlanSnapshot`] holds everything that was asked at one [`PlanPoint`] of a case, so that any two of them can be
//! compared later without a server.

mod facts;

pub use facts::{NodeFacts, PlanFacts};

use super::{Catalog, Micros, ServerError, Value};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// All plans of a case at one point of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanSnapshot {
    /// When in the case.
    pub point: PlanPoint,
    /// When it was taken, RFC 3339 with offset.
    pub taken_at: String,
    /// `server_version_num`, such as 150018.
    pub version_num: u32,
    /// Settings that decide about plans, among them those of parallel queries and of JIT, with the values in force.
    pub settings: BTreeMap<String, String>,
    /// What tables and indexes there were, and what the planner knew of them.
    pub catalog: Catalog,
    /// One entry per watched statement, in the order of the file.
    pub plans: Vec<CapturedPlan>,
}

/// A point in the life of a case at which plans are captured.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PlanPoint {
    /// The database as it was seeded; before the migration, where there is one.
    #[default]
    Before,
    /// The database after the migration.
    After,
}

impl fmt::Display for PlanPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// What came of capturing the plan of one watched statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapturedPlan {
    /// The statement's name under `queries`.
    pub query: String,
    /// The text as sent, parameters as `$1`.
    pub sql: String,
    /// The parameters, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Value>,
    /// The plan, or why there is none.
    #[serde(flatten)]
    pub outcome: PlanOutcome,
}

impl CapturedPlan {
    /// The plan with its measurements, if there is one.
    pub fn measured(&self) -> Option<&MeasuredPlan> {
        match &self.outcome {
            PlanOutcome::Measured(plan) => Some(plan),
            PlanOutcome::Refused { .. } | PlanOutcome::NoPlan => None,
        }
    }
}

/// The plan of a statement, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanOutcome {
    /// It was executed and measured.
    Measured(Box<MeasuredPlan>),
    /// The server refused the statement.
    Refused {
        /// What it said.
        error: ServerError,
    },
    /// The server makes no plan for such a statement.
    NoPlan,
}

/// A plan that was executed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasuredPlan {
    /// What EXPLAIN told of the last execution.
    pub explained: Explained,
    /// How often it was executed until two executions in a row agreed in all that does not depend on the machine.
    pub executions: u32,
    /// Whether two executions in a row agreed.
    pub steady: bool,
    /// What other samples of the tables would have made the planner do; empty where ANALYZE read every row, so that
    /// there is only one sample.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_samples: Vec<PlanNode>,
    /// What the planner would do without one of the hints that correct an estimate by what it would be, by the hint's text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_hint: BTreeMap<String, PlanNode>,
}

/// What `EXPLAIN (ANALYZE, BUFFERS, WAL, SETTINGS, FORMAT JSON)` tells of one execution.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// The top of the plan.
    pub root: PlanNode,
    /// Time that the planner took; none where the statement was not executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planning: Option<Micros>,
    /// Time that the execution took, triggers included; none where the statement was not executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Micros>,
    /// Settings that differ from the server's default and matter to the planner, as EXPLAIN names them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// Triggers that ran, those of foreign keys included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<TriggerUse>,
    /// How many functions were compiled by JIT; 0 where it stayed off.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub jit_functions: u64,
}

/// What one trigger cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TriggerUse {
    /// The trigger's name, or that of the constraint it checks.
    pub name: String,
    /// The table whose rows fired it.
    pub relation: String,
    /// Time in all calls.
    pub time: Micros,
    /// How many calls.
    pub calls: u64,
}

/// One node of a plan. What EXPLAIN counts over a node's children as well is kept so.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanNode {
    /// `Index Scan`, `Hash Join` …, as EXPLAIN calls it.
    pub kind: String,
    /// What makes it different from others of its kind.
    pub shape: NodeShape,
    /// What the planner expected.
    pub estimate: Estimate,
    /// What happened; none where the statement was not executed, or the node never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Actual>,
    /// The nodes below, outer one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<PlanNode>,
}

/// What a node reads and how, from the plan alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeShape {
    /// How it belongs to the node above: `Outer`, `Inner`, `InitPlan`, `SubPlan`, `Member` …; none at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The name of an InitPlan, SubPlan or CTE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subplan: Option<String>,
    /// The table that it reads or changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// The table's name in the statement, where that is another one; also of a function or a CTE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The index that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Words that say which form of its kind it is: `Left`, `Backward`, `Hashed`, `Partial`, `Insert` …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<String>,
    /// Whether it takes part in a parallel query as one of several.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parallel: bool,
    /// Conditions by their name in EXPLAIN: `Index Cond`, `Filter`, `Hash Cond` …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, String>,
    /// What it sorts or groups by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Whether a join stops looking at the first match of an outer row, because there can be no other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inner_unique: bool,
    /// Workers that a Gather asks for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub workers_planned: u64,
}

/// What the planner expected of a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Cost until the first row, in the planner's unit.
    pub startup_cost: f64,
    /// Cost until the last row.
    pub total_cost: f64,
    /// Rows in each loop.
    pub rows: f64,
    /// Bytes of a row.
    pub width: u64,
}

/// What happened at a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Actual {
    /// Mean time of a loop until its first row.
    pub startup: Micros,
    /// Mean time of a loop, its children included.
    pub total: Micros,
    /// Mean rows of a loop; whole numbers before PostgreSQL 18.
    pub rows: f64,
    /// How often it was executed, over all workers.
    pub loops: u64,
    /// Rows that were read and thrown away, by the name of the reason in EXPLAIN; mean of a loop.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<String, f64>,
    /// Rows of an index-only scan that had to be looked at in the table.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub heap_fetches: u64,
    /// How a sort or hash used memory and disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<Space>,
    /// Workers that a Gather got.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub workers_launched: u64,
    /// Pages, its children's included.
    pub buffers: Buffers,
    /// What was written to the log, its children's included.
    #[serde(default, skip_serializing_if = "Wal::is_empty")]
    pub wal: Wal,
}

/// How a sort, hash or hashed aggregate used memory and disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// The method of a sort, such as `quicksort` or `external merge`; empty for a hash.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// Memory at its peak, in bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub memory: u64,
    /// Disk, in bytes; more than 0 means that it spilled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub disk: u64,
    /// Batches of a hash; more than 1 means that it spilled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub batches: u64,
}

impl Space {
    /// Whether `work_mem` was too small.
    pub fn spilled(&self) -> bool {
        self.disk > 0 || self.batches > 1
    }
}

/// Pages (of 8 kB, as PostgreSQL is built everywhere) that a node touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buffers {
    /// Pages of tables and indexes found in the server's cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hit: u64,
    /// Pages of tables and indexes that were not there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub read: u64,
    /// Pages changed that were clean before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dirtied: u64,
    /// Pages of temporary tables.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub local: u64,
    /// Pages of temporary files read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub temp_read: u64,
    /// Pages of temporary files written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub temp_written: u64,
}

impl Buffers {
    /// Pages of tables and indexes: what does not depend on how warm the cache is.
    pub fn shared(&self) -> u64 {
        self.hit + self.read
    }

    /// Pages of temporary files.
    pub fn temp(&self) -> u64 {
        self.temp_read + self.temp_written
    }
}

/// What was written to the write-ahead log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wal {
    /// Records.
    pub records: u64,
    /// Full page images, which depend on when the last checkpoint was.
    pub images: u64,
    /// Bytes, those of full page images included.
    pub bytes: u64,
}

impl Wal {
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl PlanNode {
    /// The node and all below it, in the order in which EXPLAIN lists them.
    pub fn nodes(&self) -> impl Iterator<Item = &PlanNode> {
        let mut stack = vec![self];
        std::iter::from_fn(move || {
            let node = stack.pop()?;
            stack.extend(node.children.iter().rev());
            Some(node)
        })
    }

    /// Rows over all loops.
    pub fn rows(&self) -> Option<f64> {
        let actual = self.actual.as_ref()?;
        Some(actual.rows * actual.loops as f64)
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
