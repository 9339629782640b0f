//! Statements that are watched one by one.

use super::{expect::LatencyBounds, quantity::TimeSpan, value::Argument};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A statement that is run on its own session and held to a budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// One statement with `:name` parameters.
    pub sql: String,
    /// The parameters; a generator gives a new value for each repetition.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub with: IndexMap<String, Argument>,
    /// How often it is run; a p99 needs at least 100.
    #[serde(default = "default_repeat")]
    #[schemars(range(min = 1, max = 1000000))]
    pub repeat: u32,
    /// How long it may take; the suite's `slow_query` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
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
