//! How are production's rows spread? What `pgauge export statistics` takes out of it: how many rows each table has, how
//! often the common values occur, how the others are spread, which columns are keys and which refer to others.

use serde::Deserialize;

/// An export of statistics.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Statistics {
    /// Tables and partitioned tables, without partitions.
    pub tables: Vec<TableStatistics>,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TableStatistics {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its rows; none where it was never analyzed.
    pub rows: Option<f64>,
    /// Its columns, without those that the server computes.
    pub columns: Vec<ColumnStatistics>,
    /// The columns of each primary key and unique constraint.
    pub unique: Vec<Vec<String>>,
    /// Its foreign keys.
    pub references: Vec<ReferenceStatistics>,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ColumnStatistics {
    /// Its name.
    pub name: String,
    /// Its type without length and precision; that of a domain is the one it is over.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The most characters that it takes.
    pub length: Option<u32>,
    /// Whether it may not be NULL.
    pub not_null: bool,
    /// Whether the server knows a value where none is given.
    pub has_default: bool,
    /// The share of NULL, from 0 to 1; none where nothing is known of the column.
    pub nulls: Option<f64>,
    /// How many different values it has; below zero, minus their share of the rows.
    pub distinct: Option<f64>,
    /// Bytes of a value in the mean.
    pub width: Option<f64>,
    /// How far the order of the values is that of the rows, from -1 to 1.
    pub correlation: Option<f64>,
    /// Its most common values; none in place of one that was masked and left out.
    #[serde(default)]
    pub common: Vec<Option<String>>,
    /// How often each of them occurs, as a share of all rows.
    #[serde(default)]
    pub shares: Vec<f64>,
    /// Values between which equally many of the others lie.
    #[serde(default)]
    pub histogram: Vec<String>,
}

/// One foreign key.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ReferenceStatistics {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The schema of the table that they refer to.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// The columns that they refer to.
    pub to: Vec<String>,
}

impl TableStatistics {
    /// The table as it is named in SQL and in `reference`: without the schema that everybody has.
    pub fn title(&self) -> String {
        title(&self.schema, &self.name)
    }

    /// How many rows it has at a scale: at least one, where it has any.
    pub fn rows_at(&self, scale: f64) -> u64 {
        match self.rows {
            Some(rows) if rows >= 1.0 => (rows * scale).round().max(1.0) as u64,
            _ => 0,
        }
    }
}

impl ReferenceStatistics {
    /// The table that is referred to, as [`TableStatistics::title`] has it.
    pub fn title(&self) -> String {
        title(&self.schema, &self.table)
    }
}

fn title(schema: &str, name: &str) -> String {
    match schema {
        "public" => name.to_owned(),
        schema => format!("{schema}.{name}"),
    }
}

/// The tables in an order in which each comes after those that it refers to; the names of those that refer to each other
/// in a circle, where there is no such order. What a table refers to in itself does not count.
///
/// # Errors
///
/// The circle.
pub fn in_order<'a>(
    tables: &[&'a TableStatistics],
) -> Result<Vec<&'a TableStatistics>, Vec<String>> {
    let mut left = tables.to_vec();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let waits = |table: &TableStatistics| {
            let mut others = table.references.iter().map(ReferenceStatistics::title);
            others.any(|other| {
                other != table.title() && left.iter().any(|left| left.title() == other)
            })
        };
        let Some(next) = left.iter().position(|table| !waits(table)) else {
            return Err(left.iter().map(|table| table.title()).collect());
        };
        ordered.push(left.remove(next));
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, refers_to: &[&str]) -> TableStatistics {
        let references = refers_to.iter().map(|to| ReferenceStatistics {
            columns: vec!["other".into()],
            schema: "public".into(),
            table: (*to).into(),
            to: vec!["id".into()],
        });
        TableStatistics {
            schema: "public".into(),
            name: name.into(),
            rows: Some(10.0),
            columns: Vec::new(),
            unique: Vec::new(),
            references: references.collect(),
        }
    }

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        let tables = [
            table("items", &["orders", "products"]),
            table("orders", &["users"]),
            table("users", &["users"]),
            table("products", &[]),
        ];
        let tables: Vec<&TableStatistics> = tables.iter().collect();
        let ordered = in_order(&tables).unwrap();
        let names: Vec<&str> = ordered.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["users", "orders", "products", "items"]);
    }

    #[test]
    fn a_circle_is_named() {
        let tables = [table("a", &["b"]), table("b", &["a"]), table("c", &[])];
        let tables: Vec<&TableStatistics> = tables.iter().collect();
        assert_eq!(in_order(&tables).unwrap_err(), ["a", "b"]);
    }
}
