//! What must hold after every order that is tried, or be found in one of them.

use super::SqlExpectation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A statement that is sent on a session of its own after every order, when all clients ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvariantExpectation {
    /// The statement, and what it must return.
    #[schemars(example = json!({ "sql": "SELECT sum(balance) FROM accounts", "value": 2000 }))]
    pub invariant: SqlExpectation,
}

/// That every order comes to what some serial order of its committed transactions comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SerializableExpectation {
    /// `true`: all tables at the end, and every value that was read, must be as after one of the serial orders.
    #[schemars(example = json!(true))]
    pub serializable: bool,
}

/// What the exploration must come to, for a scenario that shows a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExploreExpectation {
    /// What it must find.
    #[schemars(example = json!({ "found": "invariant" }))]
    pub explore: ExploreFacts,
}

/// What the exploration must find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExploreFacts {
    /// The kind of expectation that must break in one of the orders; any other kind still fails the case.
    #[schemars(example = json!("invariant"))]
    pub found: Violation,
}

/// What may break in an order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Violation {
    /// An `invariant` or `sql` expectation.
    Invariant,
    /// `serializable`.
    Serializable,
    /// `deadlock`.
    Deadlock,
    /// An error that nobody expected.
    Error,
    /// What a step returned, by its own words or a `step` expectation.
    Step,
    /// A hook, or a `check`.
    Hook,
}

impl Violation {
    /// The word, as it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invariant => "invariant",
            Self::Serializable => "serializable",
            Self::Deadlock => "deadlock",
            Self::Error => "error",
            Self::Step => "step",
            Self::Hook => "hook",
        }
    }
}
