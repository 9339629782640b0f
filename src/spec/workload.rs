//! The `load` block: measured traffic of the same client scripts.

use super::{
    client::Retry,
    quantity::{Count, Rate, TimeSpan},
    reading::{given, given_within, not_negative, within},
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use std::time::Duration;

/// The most users that a load may have.
pub const MAX_USERS: u64 = 100_000;

/// Measured traffic: how many users, how often, over which connections, for how long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Traffic before the measurement, which is not counted.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("2s"), extend("default" = "0s"))]
    pub warmup: Option<TimeSpan>,
    /// How long is measured.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("30s"))]
    pub duration: Option<TimeSpan>,
    /// How many transactions are measured, those of all users together.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("100k"))]
    pub transactions: Option<Count>,
    /// How many act at the same time; as many as the clients' `count` says if absent.
    #[serde(
        default,
        deserialize_with = "given_within::<1, MAX_USERS, _, _>",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 100000))]
    #[schemars(example = json!(32))]
    pub users: Option<u32>,
    /// Which scripts, and how often each, by weight; drawn anew for every transaction. All clients, by their `count`,
    /// if absent.
    #[serde(
        default,
        deserialize_with = "weights",
        skip_serializing_if = "IndexMap::is_empty"
    )]
    #[schemars(example = json!({ "shopper": 80, "alice": 20 }))]
    #[schemars(extend("additionalProperties" = { "type": "number", "minimum": 0 }))]
    pub mix: IndexMap<String, f64>,
    /// How many transactions begin in a second, however slow the server is: latency counts from the moment at which
    /// one should have begun. Without it the next one begins when the last one ended.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("500/s"))]
    pub rate: Option<Rate>,
    /// How the beginnings that `rate` counts are spaced.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("uniform"), extend("default" = "poisson"))]
    pub arrivals: Option<Arrivals>,
    /// Parts of the measurement with users or a rate of their own, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!([{ "duration": "10s", "users": 8 }, { "duration": "10s", "users": 64 }]))]
    pub stages: Vec<Stage>,
    /// Over which connections.
    #[serde(default, skip_serializing_if = "Connections::is_default")]
    #[schemars(example = json!({ "pool": 10 }), extend("default" = "per_user"))]
    pub connections: Connections,
    /// Start a transaction again after certain errors; over the `retry` of the clients.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "errors": ["serialization_failure", "deadlock_detected"], "tries": 5 }))]
    pub retry: Option<Retry>,
    /// How long a user pauses after a transaction.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("100ms"))]
    pub think: Option<Think>,
    /// By which protocol statements are sent.
    #[serde(default, skip_serializing_if = "Protocol::is_default")]
    #[schemars(example = json!("simple"), extend("default" = "prepared"))]
    pub protocol: Protocol,
    /// Whether statements that need nothing of each other are sent together, without waiting for each answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(example = json!(true))]
    pub pipeline: bool,
    /// Whether an error that nobody expected ends the load.
    #[serde(default, skip_serializing_if = "AfterError::is_default")]
    #[schemars(example = json!("end"), extend("default" = "go_on"))]
    pub on_error: AfterError,
}

impl Load {
    /// How long it takes at least: warmup and what is measured, as far as spans say it.
    pub fn least_length(&self) -> Duration {
        let stages = self.stages.iter().map(|stage| stage.duration.0);
        let own = [self.warmup, self.duration].into_iter().flatten();
        own.map(|span| span.0).chain(stages).sum()
    }
}

fn weights<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IndexMap<String, f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Weight(#[serde(deserialize_with = "not_negative")] f64);
    let weights = IndexMap::<String, Weight>::deserialize(deserializer)?;
    Ok(weights
        .into_iter()
        .map(|(client, weight)| (client, weight.0))
        .collect())
}

/// How the beginnings of transactions are spaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// As those of many users who know nothing of each other: exponential gaps.
    #[default]
    Poisson,
    /// All gaps alike.
    Uniform,
}

/// A part of the measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// How long it is.
    #[schemars(example = json!("10s"))]
    pub duration: TimeSpan,
    /// How many act at the same time; as in the stage before if absent.
    #[serde(
        default,
        deserialize_with = "given_within::<1, MAX_USERS, _, _>",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 100000))]
    #[schemars(example = json!(8))]
    pub users: Option<u32>,
    /// How many transactions begin in a second; as in the stage before if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("500/s"))]
    pub rate: Option<Rate>,
}

/// Over which connections the users reach the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connections {
    /// Each user keeps one of its own.
    #[default]
    PerUser,
    /// A new one for each transaction.
    PerTransaction,
    /// So many, which the users share: a transaction waits until one is free.
    #[schemars(example = json!({ "pool": 10 }))]
    Pool(
        #[serde(deserialize_with = "within::<1, MAX_USERS, _, _>")]
        #[schemars(range(min = 1, max = 100000))]
        u32,
    ),
}

impl Connections {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How long a user pauses after a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Think {
    /// Always the same.
    Fixed(TimeSpan),
    /// Anything between two spans, each equally often.
    Between(ThinkBetween),
    /// Mostly short and sometimes long: exponential around a mean.
    Around(ThinkAround),
}

/// Anything between two spans.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThinkBetween {
    /// The shortest and the longest.
    #[schemars(example = json!(["50ms", "200ms"]))]
    pub between: (TimeSpan, TimeSpan),
}

/// Exponential around a mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThinkAround {
    /// The mean.
    #[schemars(example = json!("100ms"))]
    pub mean: TimeSpan,
}

/// By which protocol statements are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Parsed once per connection, then bound and executed.
    #[default]
    Prepared,
    /// Parsed, bound and executed each time.
    Extended,
    /// As text, the parameters written into it as literals.
    Simple,
}

impl Protocol {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What an error that nobody expected does to the load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterError {
    /// It is counted, and the user begins the next transaction.
    #[default]
    GoOn,
    /// It ends the load for all users.
    End,
}

impl AfterError {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
