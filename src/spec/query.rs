//! Statements that are watched one by one.

use super::{
    expect::LatencyBounds,
    migration::{Point, ResultRule, both, is_both},
    quantity::TimeSpan,
    reading::{given, not_empty, within},
    value::Argument,
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A statement that is run on its own session and held to a budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// One statement with `:name` parameters.
    #[schemars(example = json!("SELECT * FROM orders WHERE user_id = :user"))]
    pub sql: String,
    /// The parameters; a generator gives a new value for each repetition.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "user": 42 }))]
    pub with: IndexMap<String, Argument>,
    /// How often it is run; a p99 needs at least 100.
    #[serde(
        default = "default_repeat",
        deserialize_with = "within::<1, 1_000_000, _, _>"
    )]
    #[schemars(range(min = 1, max = 1000000))]
    #[schemars(example = json!(100), extend("default" = 1))]
    pub repeat: u32,
    /// How long it may take; the suite's `slow_query` if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("20ms"))]
    pub budget: Option<Budget>,
    /// When it works: before the migration, after it, or both. At the other time it must fail.
    #[serde(
        default = "both",
        deserialize_with = "not_empty",
        skip_serializing_if = "is_both"
    )]
    #[schemars(length(min = 1))]
    #[schemars(example = json!(["before"]), extend("default" = ["before", "after"]))]
    pub on: Vec<Point>,
    /// What the migration does to its result.
    #[serde(default, skip_serializing_if = "ResultRule::is_default")]
    #[schemars(example = json!("changes"), extend("default" = "same"))]
    pub result: ResultRule,
}

fn default_repeat() -> u32 {
    1
}

/// How long a query may take: in every repetition, or percentile by percentile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Budget {
    /// No repetition may take longer.
    Max(TimeSpan),
    /// By percentile.
    Percentiles(LatencyBounds),
}
