//! Who acts: the scripts of the clients and their steps.

use super::{
    quantity::SqlState,
    scenario::Settings,
    value::{Argument, Literal},
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One client: a session, or several alike, that goes through a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// How many sessions go through the script; they are named `shopper[1]`, `shopper[2]` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub count: Option<u32>,
    /// The isolation level of the client's transactions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// Settings of the client's sessions, over those of `database`.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
    /// Statements sent once on each connection, before the first step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub setup: Vec<String>,
    /// Start the whole script again after certain errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// What to do after an error.
    #[serde(default, skip_serializing_if = "OnError::is_default")]
    pub on_error: OnError,
    /// How often the script is gone through when no order is forced.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 1000000))]
    pub iterations: u32,
    /// A rhai hook that runs before every pass through the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// A rhai hook that runs after every pass through the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The script.
    #[schemars(length(min = 1))]
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
    #[schemars(length(min = 1))]
    pub errors: Vec<SqlState>,
    /// How many tries in all.
    #[schemars(range(min = 1, max = 1000))]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// One statement with `:name` parameters, or several without any, sent as one message.
    pub sql: String,
    /// The parameters: bound, never spliced into the text. A saved value needs no entry.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub with: IndexMap<String, Argument>,
    /// Variables to keep: each the named column of the first row.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub save: IndexMap<String, String>,
    /// Run once per row of an earlier step of the script, whose columns `{ ref: step.column }` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<String>,
    /// A rhai expression; the step is left out when it is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// A rhai hook that runs before the statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// A rhai hook that runs after the statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The rows that it must return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Vec<Literal>>>,
    /// Whether the order of `rows` counts; it does where the statement has an ORDER BY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<bool>,
    /// How many rows it must return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_count: Option<u64>,
    /// How many rows it must change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<u64>,
    /// The error that it must end with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<SqlState>,
}
