//! What must hold of measured traffic: how much of it there was, and how it came by its connections.

use super::{
    super::{
        quantity::{Rate, TimeSpan},
        reading::given,
    },
    bound::Bound,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How many transactions were completed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThroughputExpectation {
    /// Whose, and how many.
    #[schemars(example = json!({ "of": "shopper", "rate": "500/s" }))]
    pub throughput: ThroughputFacts,
}

/// How many transactions of a load were completed without an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThroughputFacts {
    /// A client; all of them together if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("shopper"))]
    pub of: Option<String>,
    /// So many transactions in a second, minute or hour, on average; at least.
    #[schemars(example = json!("500/s"))]
    pub rate: Bound<Rate>,
}

/// How a load came by its connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionsExpectation {
    /// What is right of them.
    #[schemars(example = json!({ "wait_p99": "50ms", "refused": 0 }))]
    pub connections: ConnectionsFacts,
}

/// What is right of the connections of a load. Waiting is for a free connection of the pool, or for the server to
/// accept a new one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionsFacts {
    /// The median wait for a connection.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("1ms"))]
    pub wait_p50: Option<Bound<TimeSpan>>,
    /// The 95th percentile of the wait for a connection.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("20ms"))]
    pub wait_p95: Option<Bound<TimeSpan>>,
    /// The 99th percentile of the wait for a connection; needs 100 samples.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("50ms"))]
    pub wait_p99: Option<Bound<TimeSpan>>,
    /// The longest wait for a connection.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("1s"))]
    pub wait_max: Option<Bound<TimeSpan>>,
    /// How long a crowd is felt after a stage with fewer users has begun: until the last connection was refused, and until
    /// the last transaction from before has ended.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("2s"))]
    pub recovery: Option<Bound<TimeSpan>>,
    /// How many attempts to connect the server refused, or did not answer.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(0))]
    pub refused: Option<Bound<u64>>,
}
