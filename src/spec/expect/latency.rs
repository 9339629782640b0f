//! How long something may take, percentile by percentile.

use super::{
    super::{quantity::TimeSpan, reading::given},
    bound::Bound,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Percentiles of latency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyExpectation {
    /// What is measured and its bounds.
    #[schemars(example = json!({ "of": "shopper.pick", "p50": "2ms", "p99": "20ms", "max": "1s" }))]
    pub latency: LatencyOf,
}

/// Bounds of one latency.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyOf {
    /// A step (`shopper.pick`), a client (one pass through its script), or a query.
    #[schemars(example = json!("shopper.pick"))]
    pub of: String,
    /// The median.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("2ms"))]
    pub p50: Option<Bound<TimeSpan>>,
    /// The 90th percentile.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("5ms"))]
    pub p90: Option<Bound<TimeSpan>>,
    /// The 95th percentile.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("10ms"))]
    pub p95: Option<Bound<TimeSpan>>,
    /// The 99th percentile; needs 100 samples.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("20ms"))]
    pub p99: Option<Bound<TimeSpan>>,
    /// The 99.9th percentile; needs 1000 samples.
    #[serde(
        default,
        rename = "p99.9",
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("50ms"))]
    pub p999: Option<Bound<TimeSpan>>,
    /// The largest.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("1s"))]
    pub max: Option<Bound<TimeSpan>>,
}

/// Bounds of a latency whose subject is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyBounds {
    /// The median.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("2ms"))]
    pub p50: Option<Bound<TimeSpan>>,
    /// The 90th percentile.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("5ms"))]
    pub p90: Option<Bound<TimeSpan>>,
    /// The 95th percentile.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("10ms"))]
    pub p95: Option<Bound<TimeSpan>>,
    /// The 99th percentile; needs 100 samples.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("20ms"))]
    pub p99: Option<Bound<TimeSpan>>,
    /// The 99.9th percentile; needs 1000 samples.
    #[serde(
        default,
        rename = "p99.9",
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("50ms"))]
    pub p999: Option<Bound<TimeSpan>>,
    /// The largest.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("1s"))]
    pub max: Option<Bound<TimeSpan>>,
}

impl LatencyOf {
    /// The bounds alone.
    pub fn bounds(&self) -> LatencyBounds {
        LatencyBounds {
            p50: self.p50.clone(),
            p90: self.p90.clone(),
            p95: self.p95.clone(),
            p99: self.p99.clone(),
            p999: self.p999.clone(),
            max: self.max.clone(),
        }
    }
}
