//! What fills the database.

use super::{
    generator::Column,
    quantity::{Count, Percent},
    reading::{given, within},
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// One item of the seed, known by the key that it has. Items are carried out in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SeedItem {
    /// A shared list of seed items.
    Use(UseSeed),
    /// A file of SQL.
    File(FileSeed),
    /// SQL in place.
    Sql(SqlSeed),
    /// Rows from a CSV file.
    Csv(CsvSeed),
    /// Generated rows.
    Table(TableSeed),
    /// Rows like those of production.
    Like(LikeSeed),
    /// The tables of pgbench.
    Pgbench(PgbenchSeed),
}

/// A shared list of seed items, of the same form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseSeed {
    /// The YAML file, relative to this one.
    #[serde(rename = "use")]
    #[schemars(example = json!("../seeds/shop.yaml"))]
    pub file: String,
}

/// A file of SQL; COPY with inline data works in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSeed {
    /// The file, relative to this one.
    #[schemars(example = json!("../seeds/bank.sql"))]
    pub file: String,
}

/// SQL in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlSeed {
    /// One or more statements.
    #[schemars(example = json!("CREATE INDEX ON accounts (owner)"))]
    pub sql: String,
}

/// Rows from a CSV file, whose first line names the columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvSeed {
    /// The file, relative to this one.
    #[schemars(example = json!("../seeds/users.csv"))]
    pub csv: String,
    /// The table that takes the rows.
    #[schemars(example = json!("users"))]
    pub table: String,
}

/// Generated rows for a table that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSeed {
    /// The table that takes the rows.
    #[schemars(example = json!("orders"))]
    pub table: String,
    /// How many.
    #[schemars(example = json!("100k"))]
    pub rows: Count,
    /// How the value of each column comes about; others take their default.
    #[schemars(example = json!({ "id": { "sequence": 1 }, "user_id": { "zipf": { "max": 1000 } }, "status": "open" }))]
    pub columns: IndexMap<String, Column>,
}

/// Rows for tables that exist, spread as production's are: as many of them, as often each value, as many NULLs, each
/// reference to rows as unevenly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LikeSeed {
    /// A file that the query of `pgauge export statistics` gave in production, relative to this one.
    #[schemars(example = json!("../seeds/production-statistics.json"))]
    pub like: String,
    /// How many rows each table gets, as a share of those that it has in production; `100%` if absent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("10%"))]
    pub scale: Option<Percent>,
    /// The tables that get rows; all if absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["users", "orders"]))]
    pub tables: Vec<String>,
}

/// The tables of pgbench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PgbenchSeed {
    /// How large.
    #[schemars(example = json!({ "scale": 10 }))]
    pub pgbench: PgbenchScale,
}

/// How large the tables of pgbench are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PgbenchScale {
    /// 100,000 accounts each.
    #[serde(deserialize_with = "within::<1, 10_000, _, _>")]
    #[schemars(range(min = 1, max = 10000))]
    #[schemars(example = json!(10))]
    pub scale: u32,
}
