//! All interleavings: which orders of the clients' steps are tried.

use super::reading::{given, given_within};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Every order of the clients' steps, or a sample of them, instead of one that somebody thought of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explore {
    /// `all` goes through the orders one by one, `sample` draws some of them at random.
    #[serde(default)]
    #[schemars(example = json!("sample"), extend("default" = "all"))]
    pub strategy: Strategy,
    /// The most orders that are run with `all`; what is left out is said.
    #[serde(
        default,
        deserialize_with = "given_within::<1, 1_000_000, _, _>",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 1000000))]
    #[schemars(example = json!(500), extend("default" = 5000))]
    pub limit: Option<u32>,
    /// How many orders are drawn with `sample`.
    #[serde(
        default,
        deserialize_with = "given_within::<1, 1_000_000, _, _>",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 1000000))]
    #[schemars(example = json!(2000), extend("default" = 500))]
    pub count: Option<u32>,
    /// Only orders in which a client that could go on is interrupted so many times at most. Most races
    /// need one or two.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(2))]
    pub preemptions: Option<u32>,
    /// Whether orders that are proven to come to the same as one that ran are run too.
    #[serde(default, skip_serializing_if = "EqualOrders::is_default")]
    #[schemars(example = json!("run"), extend("default" = "skip"))]
    pub equal_orders: EqualOrders,
    /// Whether an order that fails is made as short as it can be before it is told.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    #[schemars(example = json!(false), extend("default" = true))]
    pub minimise: bool,
}

fn yes() -> bool {
    true
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_yes(value: &bool) -> bool {
    *value
}

/// How orders are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// One by one, until none is left or the limit is reached.
    #[default]
    All,
    /// At random, by the scenario's seed.
    Sample,
}

/// What is done with an order that cannot differ from one that ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EqualOrders {
    /// It is counted and not run.
    #[default]
    Skip,
    /// It is run like any other.
    Run,
}

impl EqualOrders {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
