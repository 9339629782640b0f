//! What must hold.
//!
//! Counts are exact, measures are bounds in their natural direction; any other meaning is written out
//! as a [`Bound`].

use super::{
    order::StepRef,
    quantity::{Percent, SqlState, TimeSpan},
    reading::given,
    value::{Argument, Literal},
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// One thing that must hold, known by the key that it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Expectation {
    /// A statement and what it returns after the clients ended.
    Sql(SqlExpectation),
    /// What a step came to.
    Step(StepExpectation),
    /// Deadlocks.
    Deadlock(DeadlockExpectation),
    /// Percentiles of latency.
    Latency(LatencyExpectation),
    /// The share and kinds of errors.
    Errors(ErrorsExpectation),
    /// Repeated statements that one statement could replace.
    NPlusOne(NPlusOneExpectation),
    /// How many statements were sent.
    Statements(StatementsExpectation),
    /// A rhai expression over the measurements.
    Check(CheckExpectation),
}

/// A bound that is a plain value, read as the key says, or a direction written out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Bound_of_{T}")]
pub enum Bound<T> {
    /// The natural direction of the key.
    Natural(T),
    /// This or more.
    AtLeast(AtLeast<T>),
    /// This or less.
    AtMost(AtMost<T>),
    /// This and nothing else.
    Exactly(Exactly<T>),
    /// From the first to the second, both included.
    Between(Between<T>),
}

/// This or more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AtLeast_of_{T}")]
pub struct AtLeast<T> {
    /// The least that is right.
    pub at_least: T,
}

/// This or less.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AtMost_of_{T}")]
pub struct AtMost<T> {
    /// The most that is right.
    pub at_most: T,
}

/// This and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Exactly_of_{T}")]
pub struct Exactly<T> {
    /// The only value that is right.
    pub exactly: T,
}

/// From the first to the second, both included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Between_of_{T}")]
pub struct Between<T> {
    /// The least and the most that are right.
    pub between: (T, T),
}

/// A statement that is sent on a session of its own after the clients ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlExpectation {
    /// The statement.
    #[schemars(example = json!("SELECT sum(balance) FROM accounts"))]
    pub sql: String,
    /// Its parameters.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "id": 1 }))]
    pub with: IndexMap<String, Argument>,
    /// The one value that it must return.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    #[schemars(example = json!(2000))]
    pub value: Option<Literal>,
    /// The rows that it must return.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!([[1, "open"]]))]
    pub rows: Option<Vec<Vec<Literal>>>,
    /// Whether the order of `rows` counts; it does where the statement has an ORDER BY.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(true))]
    pub ordered: Option<bool>,
    /// How many rows it must return.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(3))]
    pub row_count: Option<Bound<u64>>,
    /// Whether it must return no row (`true`), or at least one (`false`).
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(true))]
    pub empty: Option<bool>,
}

/// What a step came to, in its last execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepExpectation {
    /// The step.
    #[schemars(example = json!("alice.credit"))]
    pub step: StepRef,
    /// That it waited, for whom and how long.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "for": "bob", "at_most": "200ms" }))]
    pub waited: Option<Waited>,
    /// The rows that it returned.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!([[100]]))]
    pub rows: Option<Vec<Vec<Literal>>>,
    /// How many rows it changed.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(1))]
    pub affected: Option<Bound<u64>>,
    /// How many rows it returned.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(3))]
    pub row_count: Option<Bound<u64>>,
    /// The error that it ended with.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("unique_violation"))]
    pub error: Option<SqlState>,
}

/// That a step waited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Waited {
    /// Whether it waited at all.
    AtAll(bool),
    /// For whom and how long.
    Facts(WaitedFacts),
}

/// For whom a step waited and how long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitedFacts {
    /// The client that it waited for.
    #[serde(
        default,
        rename = "for",
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("bob"))]
    pub client: Option<String>,
    /// The longest wait that is right.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("200ms"))]
    pub at_most: Option<TimeSpan>,
    /// The shortest wait that is right.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("5ms"))]
    pub at_least: Option<TimeSpan>,
}

/// Deadlocks that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadlockExpectation {
    /// `none`, or what must be seen of them.
    #[schemars(example = json!({ "victims": 1, "recovery": "300ms" }))]
    pub deadlock: NoneOr<DeadlockFacts>,
}

/// What must be seen of the deadlocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadlockFacts {
    /// How many sessions were cancelled.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(1))]
    pub victims: Option<Bound<u64>>,
    /// The client that was cancelled.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("bob"))]
    pub victim: Option<String>,
    /// From the victim's start of waiting to its error, its `deadlock_timeout` included; at most.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("100ms"))]
    pub detection: Option<Bound<TimeSpan>>,
    /// From the victim's error until every survivor went on and, where the victim retries, its retry
    /// succeeded; at most.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("300ms"))]
    pub recovery: Option<Bound<TimeSpan>>,
}

/// The word `none`, or something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "NoneOr_of_{T}")]
pub enum NoneOr<T> {
    /// Nothing of the kind.
    None(NoneWord),
    /// Something.
    Some(T),
}

/// The word `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoneWord {
    /// Nothing of the kind.
    None,
}

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
            max: self.max.clone(),
        }
    }
}

/// The share and kinds of errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorsExpectation {
    /// `none`, or what is right of them.
    #[schemars(example = json!({ "of": "shopper", "rate": "1%", "only": ["deadlock_detected"] }))]
    pub errors: NoneOr<ErrorsFacts>,
}

/// What is right of the errors that happened. Errors of the kinds in `only` are then expected ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorsFacts {
    /// A client, or a step; all of them if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("shopper"))]
    pub of: Option<String>,
    /// Passes through the script (or executions of the step) that ended with an error, of all; at most.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("1%"))]
    pub rate: Option<Bound<Percent>>,
    /// How many errors.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(2))]
    pub count: Option<Bound<u64>>,
    /// The only kinds that may happen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["deadlock_detected"]))]
    pub only: Vec<SqlState>,
}

/// Repeated statements that one statement could replace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NPlusOneExpectation {
    /// `none`, or whose and how many are allowed.
    #[schemars(example = json!("none"))]
    pub n_plus_one: NoneOr<NPlusOneFacts>,
}

/// Which repetitions are allowed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NPlusOneFacts {
    /// A client; all of them if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("page"))]
    pub of: Option<String>,
    /// How many such findings are allowed at most; 0 if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(1), extend("default" = 0))]
    pub allow: Option<u64>,
    /// How many such findings there must be: for a scenario that shows the failure.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(1))]
    pub found: Option<u64>,
    /// The multiplier that must be seen in all of them together: statements beyond the parent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(100))]
    pub multiplier: Option<Bound<u64>>,
}

/// How many statements were sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementsExpectation {
    /// Whose, per what, how many.
    #[schemars(example = json!({ "of": "page", "per": "iteration", "count": 3 }))]
    pub statements: StatementsFacts,
}

/// How many statements a client sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementsFacts {
    /// The client (each of its sessions), or a step of it.
    #[schemars(example = json!("page"))]
    pub of: String,
    /// Counted per pass through the script, or over the whole case. BEGIN, COMMIT and ROLLBACK are not
    /// counted.
    #[serde(default)]
    #[schemars(example = json!("case"), extend("default" = "iteration"))]
    pub per: Per,
    /// How many.
    #[schemars(example = json!(3))]
    pub count: Bound<u64>,
}

/// What a count is taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// One pass through the script; every pass must hold.
    #[default]
    Iteration,
    /// The whole case, all sessions of the client together.
    Case,
}

/// A rhai expression over the measurements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckExpectation {
    /// The expression; it must be true.
    #[schemars(example = json!("latency(\"shopper.pick\").p99 < 3 * latency(\"shopper.pick\").p50"))]
    pub check: String,
    /// What to say when it is not.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("the tail is longer than three medians"))]
    pub message: Option<String>,
}
