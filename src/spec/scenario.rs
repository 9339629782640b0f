//! The scenario file as the author writes it: its keys, nothing resolved.

use super::{
    client::Client,
    expect::Expectation,
    explore::Explore,
    migration::MigrationItem,
    order::{Order, Orders, OrdersShare, StepRef},
    quantity::TimeSpan,
    query::Query,
    reading::{given, given_within},
    seed::SeedItem,
    workload::Load,
};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::json;
use std::borrow::Cow;

/// A scenario: what there is, who acts in which order, and what must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// A sentence that says what is shown; unique in the suite.
    #[schemars(example = json!("Transfers in opposite order deadlock"))]
    pub name: String,
    /// Why this matters, in Markdown.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("Why this matters, in **Markdown**."))]
    pub description: Option<String>,
    /// Words to select scenarios by, with `--tag`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["deadlock", "bank"]))]
    pub tags: Vec<String>,
    /// What the server must have; without it the scenario is skipped, with the reason.
    #[serde(default, skip_serializing_if = "Requires::is_empty")]
    #[schemars(example = json!({ "postgres": 15, "extensions": ["pg_trgm"] }))]
    pub requires: Requires,
    /// The longest time that one case may take.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("30s"), extend("default" = "1m"))]
    pub timeout: Option<TimeSpan>,
    /// How long a step of an order may take: then it is cancelled, and after twice that time the case is given up.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("300s"))]
    pub step_timeout: Option<TimeSpan>,
    /// The seed of everything random; the command line's or a fixed one if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(42), extend("default" = 1))]
    pub random_seed: Option<u64>,
    /// The database that every case starts from.
    #[serde(default, skip_serializing_if = "Database::is_default")]
    #[schemars(example = json!({ "extensions": ["pg_trgm"], "settings": { "work_mem": "4MB" } }))]
    pub database: Database,
    /// What fills it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!([{ "file": "../seeds/bank.sql" }, { "sql": "CREATE INDEX ON accounts (owner)" }]))]
    pub seed: Vec<SeedItem>,
    /// What is done before each order, on a session that no client has: each entry is one message. Unlike `seed` it
    /// is part of what happens, and nothing is vacuumed after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["CREATE TABLE t (a int); INSERT INTO t VALUES (1)"]))]
    pub setup: Vec<String>,
    /// What is done after each order, on the same session as `setup`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["DROP TABLE t"]))]
    pub teardown: Vec<String>,
    /// Who acts: a script per client, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "alice": { "steps": ["begin", { "step": "read", "sql": "SELECT 1" }, "commit"] } }))]
    pub clients: IndexMap<String, Client>,
    /// The launch list: which client takes its next step when.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(["alice.begin", { "bob.update": { "waits_for": "alice" } }, "alice.commit"]))]
    pub order: Option<Order>,
    /// Several launch lists by name, each a case of its own; or `all`, every interleaving of the scripts, with
    /// `orders_share`.
    #[serde(default, skip_serializing_if = "Orders::is_empty")]
    #[schemars(example = json!({ "alice_first": { "order": ["alice.read", "bob.read"] } }), extend("default" = {}))]
    pub orders: Orders,
    /// What the orders have in common: with `sessions` they are one case, and come one after the other in one database
    /// and on the same sessions.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("sessions"))]
    pub orders_share: Option<OrdersShare>,
    /// Steps that are left out of the order on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["bob.commit"]))]
    pub unused: Vec<StepRef>,
    /// Every order of the clients' steps is tried, or a sample of them; a case of its own.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "strategy": "all", "limit": 500 }))]
    pub explore: Option<Explore>,
    /// The scripts as measured traffic, a case of its own.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "duration": "30s", "users": 32 }))]
    pub load: Option<Load>,
    /// Statements watched one by one, by name; they run before the clients.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "orders_of_user": { "sql": "SELECT * FROM orders WHERE user_id = :user", "with": { "user": 42 }, "budget": "20ms" } }))]
    pub queries: IndexMap<String, Query>,
    /// A change under test, in order. The clients run before, during and after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!([{ "file": "../../seeds/migrations/002_orders_user_idx.sql" }]))]
    pub migrate: Vec<MigrationItem>,
    /// What undoes the migration; it is run on a copy, and must bring back the schema and every result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!([{ "sql": "DROP INDEX CONCURRENTLY orders_user_idx" }]))]
    pub rollback: Vec<MigrationItem>,
    /// Overlays of any of the blocks, by name, each a case of its own: maps are merged, lists and
    /// values replaced, `null` removes a key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "lazy": {}, "eager": { "clients": { "page": { "count": 2 } } } }))]
    pub variants: IndexMap<String, Overlay>,
    /// A rhai hook that runs once before the clients start, on a session of its own.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("log(\"the clients start\")"))]
    pub before: Option<String>,
    /// A rhai hook that runs once after the clients ended, on a session of its own.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("log(\"the clients ended\")"))]
    pub after: Option<String>,
    /// What must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!([{ "sql": "SELECT sum(balance) FROM accounts", "value": 2000 }, { "deadlock": "none" }]))]
    pub expect: Vec<Expectation>,
    /// What the baseline leaves out, and how much it tolerates.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "ignore": ["latency"], "tolerance": { "rows": "5%" } }))]
    pub baseline: Option<BaselineOptions>,
}

impl Scenario {
    /// Whether it runs as PostgreSQL's isolation tester would run it: a step is one message of the simple protocol,
    /// whatever it says.
    pub fn is_for_tester(&self) -> bool {
        self.database.preset == Some(Preset::Isolationtester)
    }

    /// How many cases its orders come to.
    pub fn cases_of_orders(&self) -> usize {
        match (&self.orders, self.orders_share) {
            (Orders::Named(orders), None) => orders.len().max(1),
            (Orders::Named(_) | Orders::All(_), Some(OrdersShare::Sessions))
            | (Orders::All(_), None) => 1,
        }
    }
}

/// An overlay of a scenario: any of its blocks except `name` and `variants`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Overlay(pub serde_json::Map<String, serde_json::Value>);

/// What an overlay may change: every block of a scenario except `name` and `variants`.
pub const OVERLAID: &[&str] = &[
    "description",
    "tags",
    "requires",
    "timeout",
    "step_timeout",
    "random_seed",
    "database",
    "seed",
    "setup",
    "teardown",
    "clients",
    "order",
    "orders",
    "orders_share",
    "unused",
    "explore",
    "load",
    "queries",
    "migrate",
    "rollback",
    "before",
    "after",
    "expect",
    "baseline",
];

impl<'de> Deserialize<'de> for Overlay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = serde_json::Map::deserialize(deserializer)?;
        match keys.keys().find(|key| !OVERLAID.contains(&key.as_str())) {
            Some(key) => Err(D::Error::unknown_field(key, OVERLAID)),
            None => Ok(Self(keys)),
        }
    }
}

impl JsonSchema for Overlay {
    fn schema_name() -> Cow<'static, str> {
        "Overlay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "An overlay of a scenario: any of its blocks except `name` and `variants`.",
            "propertyNames": { "enum": OVERLAID },
            "examples": [{ "clients": { "page": { "count": 2 } } }],
        })
    }
}

/// What the server must have for a scenario to make sense.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requires {
    /// At least this major version of PostgreSQL.
    #[serde(
        default,
        deserialize_with = "given_within::<14, 99, _, _>",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 14, max = 99))]
    #[schemars(example = json!(15))]
    pub postgres: Option<u32>,
    /// Extensions that must be available.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["pg_trgm"]))]
    pub extensions: Vec<String>,
    /// Settings of the server that must be at least this; a server that pgauge starts is given them.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "max_prepared_transactions": 2 }))]
    pub settings: IndexMap<String, u64>,
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
    /// Conditions that somebody else's tests expect. `isolationtester`: those of PostgreSQL's isolation tester, which
    /// are a superuser, its settings of messages and formats, its `application_name`, and every step as one message.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("isolationtester"))]
    pub preset: Option<Preset>,
    /// The name that the database must have, where the statements say it; pgauge chooses one if absent. Cases with
    /// the same name run one after the other.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("isolation_regression"))]
    pub name: Option<String>,
    /// Extensions to create before the seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["pg_trgm"]))]
    pub extensions: Vec<String>,
    /// The collation of the database; the server's `C.UTF-8` or `C` if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("C.UTF-8"))]
    pub collation: Option<String>,
    /// The role that owns the database and that clients act as; an ordinary role unless the role
    /// named here is a superuser, such as `postgres` on an embedded server.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("app"))]
    pub role: Option<String>,
    /// How the sessions of a case reach a server that pgauge starts.
    #[serde(default, skip_serializing_if = "Connect::is_default")]
    #[schemars(example = json!("tcp"))]
    pub connect: Connect,
    /// Settings for every session of a case. What needs a superuser or a restart works on an embedded
    /// server; elsewhere the case is skipped. `like` names an export of production's settings: those that decide about
    /// plans, time limits and isolation are applied, and what is named here besides wins.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    #[schemars(example = json!({ "like": "../../seeds/production-settings.json", "work_mem": "4MB", "jit": false }))]
    pub settings: Settings,
}

impl Database {
    /// Whether nothing was asked for.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Conditions that somebody else's tests expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Those of PostgreSQL's isolation tester.
    Isolationtester,
}

/// How the sessions of a case reach a server that pgauge starts; one named by its URL is reached as that says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(example = json!("tcp"))]
pub enum Connect {
    /// Through a Unix socket in its private folder, without a password.
    #[default]
    Socket,
    /// Over 127.0.0.1, with SCRAM, as from another machine.
    Tcp,
}

impl Connect {
    fn is_default(&self) -> bool {
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
    #[schemars(example = json!(["latency"]))]
    pub ignore: Vec<BaselineFact>,
    /// How far a fact may move before it counts as changed.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "rows": "5%" }))]
    #[schemars(extend("propertyNames" = { "enum": ["statements", "rows", "errors", "waits", "plan", "estimates", "buffers", "wal", "latency"] }))]
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
    /// Which plans the queries have: kinds of nodes, tables, indexes, join order and strategy.
    Plan,
    /// How many rows the planner expected at each node.
    Estimates,
    /// How many pages the queries read, in tables, indexes and temporary files.
    Buffers,
    /// How much the queries write to the log.
    Wal,
    /// Summaries of latency.
    Latency,
}
