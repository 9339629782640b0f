//! What fills the database.

use super::{generator::Column, quantity::Count};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// The tables of pgbench.
    Pgbench(PgbenchSeed),
}

/// A shared list of seed items, of the same form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseSeed {
    /// The YAML file, relative to this one.
    #[serde(rename = "use")]
    pub file: String,
}

/// A file of SQL; COPY with inline data works in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSeed {
    /// The file, relative to this one.
    pub file: String,
}

/// SQL in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlSeed {
    /// One or more statements.
    pub sql: String,
}

/// Rows from a CSV file, whose first line names the columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvSeed {
    /// The file, relative to this one.
    pub csv: String,
    /// The table that takes the rows.
    pub table: String,
}

/// Generated rows for a table that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSeed {
    /// The table that takes the rows.
    pub table: String,
    /// How many.
    pub rows: Count,
    /// How the value of each column comes about; others take their default.
    pub columns: IndexMap<String, Column>,
}

/// The tables of pgbench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PgbenchSeed {
    /// How large.
    pub pgbench: PgbenchScale,
}

/// How large the tables of pgbench are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PgbenchScale {
    /// 100,000 accounts each.
    #[schemars(range(min = 1, max = 10000))]
    pub scale: u32,
}
