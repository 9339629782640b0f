//! Who acts: the scripts of the clients and their steps.

use super::{
    migration::{Point, both, is_both},
    quantity::SqlState,
    reading::{given, given_within, not_empty, within},
    scenario::Settings,
    value::{Argument, Literal},
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// One client: a session, or several alike, that goes through a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// How many sessions go through the script; they are named `shopper[1]`, `shopper[2]` …
    #[serde(
        default,
        deserialize_with = "given_within::<1, 10_000, _, _>",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 10000))]
    #[schemars(example = json!(8), extend("default" = 1))]
    pub count: Option<u32>,
    /// The isolation level of the client's transactions.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("repeatable read"), extend("default" = "read committed"))]
    pub isolation: Option<Isolation>,
    /// Settings of the client's sessions, over those of `database`.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    #[schemars(example = json!({ "deadlock_timeout": "10s" }))]
    pub settings: Settings,
    /// What isolationtester's text form calls its session, where that is no name for a client.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("session 1"))]
    pub printed_as: Option<String>,
    /// Statements sent once on each connection, before the first step; where orders share their sessions, before
    /// each order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["SET lock_timeout = '5s'"]))]
    pub setup: Vec<String>,
    /// Statements sent after an order, on the client's own session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["DISCARD TEMP"]))]
    pub teardown: Vec<String>,
    /// Start the whole script again after certain errors.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "errors": ["serialization_failure", "deadlock_detected"], "tries": 5 }))]
    pub retry: Option<Retry>,
    /// What to do after an error.
    #[serde(default, skip_serializing_if = "OnError::is_default")]
    #[schemars(example = json!("rollback"), extend("default" = "stop"))]
    pub on_error: OnError,
    /// How often the script is gone through when no order is forced.
    #[serde(
        default = "one",
        deserialize_with = "within::<1, 1_000_000, _, _>",
        skip_serializing_if = "is_one"
    )]
    #[schemars(range(min = 1, max = 1000000))]
    #[schemars(example = json!(100), extend("default" = 1))]
    pub iterations: u32,
    /// When it works: before a migration, after it, or both, and then while it runs too.
    #[serde(
        default = "both",
        deserialize_with = "not_empty",
        skip_serializing_if = "is_both"
    )]
    #[schemars(length(min = 1))]
    #[schemars(example = json!(["before"]), extend("default" = ["before", "after"]))]
    pub on: Vec<Point>,
    /// Variables of the script: drawn anew for every pass, and the same in all its steps as `:name`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "account": { "uniform": { "from": 1, "to": 1000 } } }))]
    pub with: IndexMap<String, Argument>,
    /// A rhai hook that runs before every pass through the script.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("save(\"total\", 0)"))]
    pub before: Option<String>,
    /// A rhai hook that runs after every pass through the script.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("measure(\"total\", total)"))]
    pub after: Option<String>,
    /// The script.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(length(min = 1))]
    #[schemars(example = json!(["begin", { "step": "debit", "sql": "UPDATE accounts SET balance = balance - 10 WHERE id = 1" }, "commit"]))]
    pub steps: Vec<Step>,
}

fn one() -> u32 {
    1
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_one(number: &u32) -> bool {
    *number == 1
}

/// A transaction isolation level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// PostgreSQL treats it as read committed.
    #[serde(rename = "read uncommitted")]
    ReadUncommitted,
    /// PostgreSQL's default.
    #[serde(rename = "read committed")]
    ReadCommitted,
    /// Snapshot isolation.
    #[serde(rename = "repeatable read")]
    RepeatableRead,
    /// Serializable snapshot isolation.
    Serializable,
}

impl Isolation {
    /// The level as PostgreSQL writes it.
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "read uncommitted",
            Self::ReadCommitted => "read committed",
            Self::RepeatableRead => "repeatable read",
            Self::Serializable => "serializable",
        }
    }
}

/// Start the whole script again after certain errors, after a ROLLBACK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The errors that are worth another try, by condition name or SQLSTATE.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(length(min = 1))]
    #[schemars(example = json!(["serialization_failure"]))]
    pub errors: Vec<SqlState>,
    /// How many tries in all.
    #[serde(deserialize_with = "within::<1, 1_000, _, _>")]
    #[schemars(range(min = 1, max = 1000))]
    #[schemars(example = json!(5))]
    pub tries: u32,
}

/// What a client does after an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// Ends the script; an open transaction is rolled back.
    #[default]
    Stop,
    /// Goes on with the next step.
    Continue,
    /// Sends ROLLBACK and goes on with the next step.
    Rollback,
}

impl OnError {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A step of a script: one of the words, or a statement with its hooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Step {
    /// `begin`, `commit` or `rollback`.
    Control(Control),
    /// A statement.
    Statement(Box<Statement>),
}

/// The names of the steps of a script: the author's; the word of a control step, `begin_2` for the second
/// of that word; else the step's number in the script, from 1.
pub fn step_names(steps: &[Step]) -> Vec<String> {
    let mut seen: IndexMap<Control, u32> = IndexMap::new();
    let numbered = steps.iter().enumerate();
    numbered
        .map(|(index, step)| match step {
            Step::Control(control) => {
                let count = seen.entry(*control).or_insert(0);
                *count += 1;
                match *count {
                    1 => control.word().to_owned(),
                    count => format!("{}_{count}", control.word()),
                }
            }
            Step::Statement(statement) => {
                let number = || (index + 1).to_string();
                statement.step.clone().unwrap_or_else(number)
            }
        })
        .collect()
}

/// A step that only controls the transaction; it is a step of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Control {
    /// BEGIN, at the client's isolation level.
    Begin,
    /// COMMIT.
    Commit,
    /// ROLLBACK.
    Rollback,
}

impl Control {
    /// The word, which is also the step's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Commit => "commit",
            Self::Rollback => "rollback",
        }
    }
}

/// A statement with its parameters, hooks and what it must return.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The step's name, unique in the script; needed to name it in an order or an expectation.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("debit"))]
    pub step: Option<String>,
    /// What isolationtester's text form calls it, where that is no name for a step.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("s1.debit"))]
    pub printed_as: Option<String>,
    /// One statement with `:name` parameters, or several without any, sent as one message.
    #[schemars(example = json!("SELECT balance FROM accounts WHERE id = :id"))]
    pub sql: String,
    /// The parameters: bound, never spliced into the text. A saved value needs no entry.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "id": 1, "amount": { "uniform": { "from": 1, "to": 100 } } }))]
    pub with: IndexMap<String, Argument>,
    /// Variables to keep: each the named column of the first row.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "before": "balance" }))]
    pub save: IndexMap<String, String>,
    /// Run once per row of an earlier step of the script, whose columns `{ ref: step.column }` names.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("pick"))]
    pub for_each: Option<String>,
    /// A rhai expression; the step is left out when it is false.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("rows(\"pick\").len > 0"))]
    pub when: Option<String>,
    /// A rhai hook that runs before the statement.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("log(\"about to read\")"))]
    pub before: Option<String>,
    /// A rhai hook that runs after the statement.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("assert(rows.len == 1, \"one row expected\")"))]
    pub after: Option<String>,
    /// The rows that it must return.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!([[100, "open"]]))]
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
    pub row_count: Option<u64>,
    /// How many rows it must change.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(1))]
    pub affected: Option<u64>,
    /// The error that it must end with.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("unique_violation"))]
    pub error: Option<SqlState>,
}
