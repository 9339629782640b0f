//! What is there in a database? Tables, columns, indexes, foreign keys, and what the planner knows of them.

use serde::{Deserialize, Serialize};

/// The tables of a database, by schema and name; the system's own are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Catalog {
    /// Sorted by schema and name.
    pub tables: Vec<Table>,
}

/// A table, partitioned table or materialized view.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What kind of relation it is.
    pub kind: TableKind,
    /// The partitioned table that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Rows as of the last VACUUM or ANALYZE; below 0 where there was none.
    pub rows: f64,
    /// Pages of the table itself as of then.
    pub pages: i64,
    /// Bytes with its indexes and what is stored out of line.
    pub bytes: i64,
    /// Its columns, in order.
    pub columns: Vec<TableColumn>,
    /// Its indexes, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Its foreign keys, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// Its check constraints, by name, as `pg_get_constraintdef` tells them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// What kind of relation holds rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// An ordinary table.
    #[default]
    Table,
    /// A table whose rows are in its partitions.
    Partitioned,
    /// A materialized view.
    MaterializedView,
}

/// A column of a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type as `format_type` tells it: `bigint`, `character varying(20)`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether NULL is forbidden.
    pub not_null: bool,
    /// Its default, or the expression that generates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The statistics target of its own, if it has one (`SET STATISTICS`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics_target: Option<u32>,
    /// How far its sequence has got and how far it can go, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<SequenceState>,
    /// What the planner knows of its values; none where it was never analyzed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<ColumnStatistics>,
}

/// How far a sequence has got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceState {
    /// Its name.
    pub name: String,
    /// The last value that it gave; none where it gave none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
    /// The largest value that it can give.
    pub max: i64,
}

/// What `pg_stats` says of a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnStatistics {
    /// The share of NULLs.
    pub nulls: f64,
    /// How many different values there are; below 0 it is minus their share of all rows.
    pub distinct: f64,
    /// How far the order of the values is that of the rows on disk, from -1 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
    /// The share of the most common value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_common: Option<f64>,
    /// Mean bytes of a value.
    pub width: i64,
}

/// An index.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its access method, such as `btree`.
    pub method: String,
    /// What it is ordered by: columns by name, expressions as the server tells them.
    pub keys: Vec<String>,
    /// The operator class, collation and order of each key, where they tell two indexes apart.
    pub options: Vec<String>,
    /// Columns that it holds besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included: Vec<String>,
    /// Whether it forbids duplicates.
    pub unique: bool,
    /// Whether it is the primary key's.
    pub primary: bool,
    /// Whether a constraint owns it.
    pub constraint: bool,
    /// Whether it may be used; an index that CREATE INDEX CONCURRENTLY left half built may not.
    pub valid: bool,
    /// The condition that its rows meet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// The statement that would build it.
    pub definition: String,
    /// Its size in bytes.
    pub bytes: i64,
    /// How often it was scanned since the statistics were reset.
    pub scans: i64,
}

/// A foreign key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The schema of the table that they refer to.
    pub to_schema: String,
    /// The table that they refer to.
    pub to_table: String,
    /// The columns that they refer to.
    pub to_columns: Vec<String>,
    /// Whether all rows were checked.
    pub validated: bool,
    /// As `pg_get_constraintdef` tells it.
    pub definition: String,
}

/// A check constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// As `pg_get_constraintdef` tells it.
    pub definition: String,
    /// Whether all rows were checked.
    pub validated: bool,
}

impl Catalog {
    /// The table of this name, in whatever schema; the first of several.
    pub fn table(&self, name: &str) -> Option<&Table> {
        let bare = name.rsplit_once('.');
        self.tables.iter().find(|table| {
            table.name == name
                || bare.is_some_and(|(schema, name)| table.schema == schema && table.name == name)
        })
    }

    /// The index of this name with its table.
    pub fn index(&self, name: &str) -> Option<(&Table, &Index)> {
        let mut tables = self.tables.iter();
        tables.find_map(|table| {
            let mut indexes = table.indexes.iter();
            Some((table, indexes.find(|index| index.name == name)?))
        })
    }

    /// Whether rows of the table `name` are rows of `of`: it is that table, or a partition of it.
    pub fn is_part_of(&self, name: &str, of: &str) -> bool {
        let bare = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
        let (mut name, of) = (bare(name), bare(of));
        for _ in 0..self.tables.len() + 1 {
            if name == of {
                return true;
            }
            match self.table(&name).and_then(|table| table.parent.clone()) {
                Some(parent) => name = parent,
                None => return false,
            }
        }
        false
    }
}

impl Table {
    /// `public.orders` as people say it: without the schema that everybody has.
    pub fn title(&self) -> String {
        match self.schema.as_str() {
            "public" => self.name.clone(),
            schema => format!("{schema}.{}", self.name),
        }
    }

    /// `public.orders`, whatever its schema.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The index of the primary key.
    pub fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.primary)
    }
}

impl Index {
    /// Whether its first keys are these columns, in any order.
    pub fn leads_with(&self, columns: &[String]) -> bool {
        columns.len() <= self.keys.len()
            && self.keys[..columns.len()]
                .iter()
                .all(|key| columns.contains(key))
    }
}

/// Columns that another one determines, found in the rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The table.
    pub table: String,
    /// The column that determines the others.
    pub determinant: String,
    /// The columns that are the same wherever it is.
    pub dependents: Vec<String>,
    /// Rows of values that occur more than once.
    pub rows: u64,
    /// Values that occur more than once.
    pub values: u64,
    /// Rows that say again what another row says.
    pub copies: u64,
    /// Rows of the most common value.
    pub largest: u64,
    /// Values whose rows do not agree: what an update forgot.
    pub contradicted: u64,
}

/// Columns of a table that say again what a row of another table says, found in the rows of both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedColumns {
    /// The table with the copies.
    pub table: String,
    /// Its column that tells the row of the other table.
    pub column: String,
    /// The other table.
    pub of: String,
    /// The column there.
    pub to: String,
    /// Each copy with the column that it repeats.
    pub columns: Vec<[String; 2]>,
    /// Rows that belong to a row of the other table.
    pub rows: u64,
    /// Rows of the other table that they belong to.
    pub values: u64,
    /// Rows of the one that most belong to.
    pub largest: u64,
    /// Rows that say something else than the row they belong to: what an update forgot.
    pub contradicted: u64,
}

/// What is there in a database, and what its rows tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SchemaFacts {
    /// Tables, columns, indexes.
    pub catalog: Catalog,
    /// Columns that others determine.
    pub dependencies: Vec<Dependency>,
    /// Columns that repeat those of other tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<CopiedColumns>,
}
