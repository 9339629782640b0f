//! What must hold.
//!
//! Counts are exact, measures are bounds in their natural direction; any other meaning is written out
//! as a [`Bound`].

mod bound;
mod explored;
mod latency;
mod migration;
mod plan;
mod schema;
mod settings;
mod traffic;

pub use bound::{AtLeast, AtMost, Between, Bound, Exactly, NoneOr, NoneWord};
pub use explored::{
    ExploreExpectation, ExploreFacts, InvariantExpectation, SerializableExpectation, Violation,
};
pub use latency::{LatencyBounds, LatencyExpectation, LatencyOf};
pub use migration::{
    CompatibleException, CompatibleExpectation, CompatibleFacts, ImprovedMeasure,
    ImprovesExpectation, ImprovesFacts, LockWord, MigrationExpectation, MigrationFacts,
    RequiredWord, TimeoutRule,
};
pub use plan::{
    IndexUse, JoinStrategy, PlanExpectation, PlanMoment, PlanNever, PlanProperties, PlanUses,
    ScanOf,
};
pub use traffic::{
    ConnectionsExpectation, ConnectionsFacts, ThroughputExpectation, ThroughputFacts,
};

pub use schema::{Breaches, IgnoredRule, SchemaExpectation, SchemaRules};
pub use settings::{Contains, SettingValue, SettingsExpectation, SettingsFacts};

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
    /// How many transactions of a load were completed.
    Throughput(ThroughputExpectation),
    /// How a load came by its connections.
    Connections(ConnectionsExpectation),
    /// The share and kinds of errors.
    Errors(ErrorsExpectation),
    /// Repeated statements that one statement could replace.
    NPlusOne(NPlusOneExpectation),
    /// How many statements were sent.
    Statements(StatementsExpectation),
    /// What the plan of a query must be like.
    Plan(PlanExpectation),
    /// What a migration does while it runs.
    Migration(MigrationExpectation),
    /// Who can live with a migration.
    Compatible(CompatibleExpectation),
    /// What a migration makes better.
    Improves(ImprovesExpectation),
    /// A statement and what it returns after every order.
    Invariant(InvariantExpectation),
    /// That every order equals one in which the transactions come one after the other.
    Serializable(SerializableExpectation),
    /// What the exploration must find.
    Explore(ExploreExpectation),
    /// What the schema must be like.
    Schema(Box<SchemaExpectation>),
    /// Which settings must be in force.
    Settings(SettingsExpectation),
    /// A rhai expression over the measurements.
    Check(CheckExpectation),
    /// All that happened, as isolationtester would tell it.
    Outcome(OutcomeExpectation),
}

/// All that happened in all orders, beside what isolationtester has printed or would print. Errors of steps are then
/// part of what is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeExpectation {
    /// What it is like.
    #[schemars(example = json!({ "like": "expected/deadlock-hard.out" }))]
    pub outcome: OutcomeFacts,
}

/// What happened, by an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeFacts {
    /// A file in isolationtester's text form, `x.out`; or one of its alternatives beside it, `x_1.out` to `x_9.out`.
    #[schemars(example = json!("expected/deadlock-hard.out"))]
    pub like: String,
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
    /// Passes through the script (or executions of the step) that met an error, of all; at most.
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
    /// The only kinds that may happen; a retry that makes an error good does not change its kind.
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
