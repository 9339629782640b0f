//! The scenario file as the author writes it: its keys, nothing resolved.

use super::{
    client::Client,
    expect::Expectation,
    order::{NamedOrder, Order, StepRef},
    quantity::TimeSpan,
    query::Query,
    seed::SeedItem,
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A scenario: what there is, who acts in which order, and what must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// A sentence that says what is shown; unique in the suite.
    pub name: String,
    /// Why this matters, in Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words to select scenarios by, with `--tag`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What the server must have; without it the scenario is skipped, with the reason.
    #[serde(default, skip_serializing_if = "Requires::is_empty")]
    pub requires: Requires,
    /// The longest time that one case may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<TimeSpan>,
    /// The seed of everything random; the command line's or a fixed one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_seed: Option<u64>,
    /// The database that every case starts from.
    #[serde(default, skip_serializing_if = "Database::is_default")]
    pub database: Database,
    /// What fills it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seed: Vec<SeedItem>,
    /// Who acts: a script per client, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub clients: IndexMap<String, Client>,
    /// The launch list: which client takes its next step when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Several launch lists by name, each a case of its own.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub orders: IndexMap<String, NamedOrder>,
    /// Steps that are left out of the order on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<StepRef>,
    /// Statements watched one by one, by name; they run before the clients.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub queries: IndexMap<String, Query>,
    /// Overlays of any of the blocks, by name, each a case of its own: maps are merged, lists and
    /// values replaced, `null` removes a key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub variants: IndexMap<String, Overlay>,
    /// A rhai hook that runs once before the clients start, on a session of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// A rhai hook that runs once after the clients ended, on a session of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expectation>,
    /// What the baseline leaves out, and how much it tolerates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineOptions>,
}

/// An overlay of a scenario: any of its blocks except `name` and `variants`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Overlay(pub serde_json::Map<String, serde_json::Value>);

/// What the server must have for a scenario to make sense.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requires {
    /// At least this major version of PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 14))]
    pub postgres: Option<u32>,
    /// Extensions that must be available.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
}

impl Requires {
    /// Whether nothing is required.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The database that every case starts from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Extensions to create before the seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    /// The collation of the database; the server's `C.UTF-8` or `C` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// The role that owns the database and that clients act as; an ordinary role unless the role
    /// named here is a superuser, such as `postgres` on an embedded server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Settings for every session of a case. What needs a superuser or a restart works on an embedded
    /// server; elsewhere the case is skipped.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
}

impl Database {
    /// Whether nothing was asked for.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Settings of PostgreSQL by name.
pub type Settings = IndexMap<String, Setting>;

/// The value of a setting: `4MB`, `100`, `1.5`, `on`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Setting {
    /// `true` and `false`, said to the server as `on` and `off`.
    Switch(bool),
    /// A whole number, in the setting's own unit.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// Anything else, with its unit.
    Text(String),
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Switch(true) => f.write_str("on"),
            Self::Switch(false) => f.write_str("off"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// What the baseline leaves out, and how much it tolerates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineOptions {
    /// Facts that are not remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<BaselineFact>,
    /// How far a fact may move before it counts as changed.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub tolerance: IndexMap<BaselineFact, super::quantity::Percent>,
}

/// A kind of fact that a baseline remembers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BaselineFact {
    /// How many statements each client sent per iteration.
    Statements,
    /// How many rows each step returned or changed.
    Rows,
    /// Which errors each step met.
    Errors,
    /// Who was seen waiting for whom.
    Waits,
    /// Summaries of latency.
    Latency,
}
