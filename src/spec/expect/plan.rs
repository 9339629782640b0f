//! What the plan of a query must be like: properties, not the name of one index.

use super::{
    super::{
        quantity::{ByteSize, Factor},
        reading::given,
    },
    bound::{Bound, NoneWord},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Properties of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanExpectation {
    /// Whose plan, and what it must be like.
    #[schemars(example = json!({ "of": "orders_of_user", "uses": { "index": { "on": "orders", "columns": ["user_id"] } }, "buffers": 50 }))]
    pub plan: PlanProperties,
}

/// What the plan of a query must be like. Every property must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanProperties {
    /// The query.
    #[schemars(example = json!("orders_of_user"))]
    pub of: String,
    /// Before or after the migration; both if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("after"))]
    pub on: Option<PlanMoment>,
    /// What it must use.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "index": { "on": "orders", "columns": ["user_id"] } }))]
    pub uses: Option<PlanUses>,
    /// What it must never do.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "seq_scan": { "on": "orders" } }))]
    pub never: Option<PlanNever>,
    /// How many pages of tables and indexes it reads, found in the cache or not, those of planning left out; at most.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(50))]
    pub buffers: Option<Bound<u64>>,
    /// How many bytes it writes to the write-ahead log; at most.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("8kB"))]
    pub wal: Option<Bound<ByteSize>>,
    /// How many times the planner's estimate of a node's rows may be too large or too small.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("10x"))]
    pub estimate_off: Option<Factor>,
    /// That no sort and no hash spills to disk.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("none"))]
    pub spills: Option<NoneWord>,
    /// That no parallel worker is asked for.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("none"))]
    pub workers: Option<NoneWord>,
}

/// A point of the case at which plans are captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanMoment {
    /// The database as it was seeded; before the migration, where there is one.
    Before,
    /// The database after the migration.
    After,
}

/// What a plan must use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanUses {
    /// An index of this table whose first keys are these columns.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "on": "orders", "columns": ["user_id"] }))]
    pub index: Option<IndexUse>,
    /// This way of joining, at least once.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("hash"))]
    pub join: Option<JoinStrategy>,
}

/// An index by what it is good for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexUse {
    /// The table.
    #[schemars(example = json!("orders"))]
    pub on: String,
    /// The columns that its keys begin with, in any order; an expression as the server tells it, such as
    /// `lower(email)`.
    #[schemars(example = json!(["user_id"]), length(min = 1))]
    #[serde(deserialize_with = "super::super::reading::not_empty")]
    pub columns: Vec<String>,
}

/// What a plan must never do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanNever {
    /// Read a table from its beginning to its end.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "on": "orders" }))]
    pub seq_scan: Option<ScanOf>,
    /// Join in this way.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("nested_loop"))]
    pub join: Option<JoinStrategy>,
}

/// Which table is scanned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanOf {
    /// The table; its partitions are part of it. Any table if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("orders"))]
    pub on: Option<String>,
}

/// A way of joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinStrategy {
    /// Hash Join.
    Hash,
    /// Merge Join.
    Merge,
    /// Nested Loop.
    NestedLoop,
}

impl JoinStrategy {
    /// The node's name in EXPLAIN.
    pub fn node(self) -> &'static str {
        match self {
            Self::Hash => "Hash Join",
            Self::Merge => "Merge Join",
            Self::NestedLoop => "Nested Loop",
        }
    }
}
