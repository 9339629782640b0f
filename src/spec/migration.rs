//! A change under test: what is run, in which order, and how it is undone.

use super::{
    reading::{given, not_empty},
    scenario::Settings,
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// One part of a migration, known by the key that it has. Parts are carried out in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MigrationItem {
    /// A file of SQL.
    File(FileMigration),
    /// SQL in place.
    Sql(SqlMigration),
    /// A program that migrates the database.
    Command(CommandMigration),
}

/// A file of SQL, run statement by statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileMigration {
    /// The file, relative to this one.
    #[schemars(example = json!("../../seeds/migrations/002_orders_user_idx.sql"))]
    pub file: String,
    /// Whether the whole file runs in one transaction, as many tools run it; else each statement is its own
    /// transaction unless the file says otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(example = json!(true))]
    pub transaction: bool,
    /// Settings of the session that runs it.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    #[schemars(example = json!({ "lock_timeout": "2s" }))]
    pub settings: Settings,
}

/// SQL in place, run statement by statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlMigration {
    /// One or more statements.
    #[schemars(example = json!("CREATE INDEX CONCURRENTLY orders_user_idx ON orders (user_id)"))]
    pub sql: String,
    /// Whether all of it runs in one transaction; else each statement is its own transaction unless the text says
    /// otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(example = json!(true))]
    pub transaction: bool,
    /// Settings of the session that runs it.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    #[schemars(example = json!({ "lock_timeout": "2s" }))]
    pub settings: Settings,
}

/// A program that migrates the database, such as `alembic upgrade head`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandMigration {
    /// The program and its arguments; no shell reads them.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(length(min = 1))]
    #[schemars(example = json!(["alembic", "upgrade", "head"]))]
    pub command: Vec<String>,
    /// Variables of its environment, in which `{url}` stands for the database's URL, and `{host}`, `{port}`, `{user}`,
    /// `{password}` and `{database}` for its parts. DATABASE_URL is set in any case.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = json!({ "SQLALCHEMY_URL": "{url}" }))]
    pub env: IndexMap<String, String>,
    /// The folder that it runs in, relative to this file; that of pgauge if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("../../app"))]
    pub folder: Option<String>,
}

/// A point in the life of a case with a migration.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// Before the migration.
    Before,
    /// After it.
    After,
}

/// Before and after the migration.
pub const BOTH: [Point; 2] = [Point::Before, Point::After];

/// [`BOTH`], where nothing else is said.
pub(super) fn both() -> Vec<Point> {
    BOTH.to_vec()
}

/// Whether nothing else than [`BOTH`] is said.
pub fn is_both(on: &[Point]) -> bool {
    BOTH.iter().all(|point| on.contains(point))
}

/// What a migration does to the result of a watched statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultRule {
    /// Nothing: the same rows before and after, in any order unless the statement has an ORDER BY.
    #[default]
    Same,
    /// It must change.
    Changes,
    /// Anything: it is not compared.
    Any,
}

impl ResultRule {
    /// Whether it is what holds where nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
