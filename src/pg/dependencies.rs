//! Which columns repeat, row after row, what another one determines? Asked of the rows themselves.
//!
//! A column determines others where all rows of one value of it agree in them. Candidates come from the statistics:
//! a column with several rows to a value on the one side, columns of text with many values on the other. So that
//! neither chance nor a constant looks like a dependency, a value must occur often enough and the repeated columns must
//! have many values themselves.

use super::admin::quote_ident;
use super::failure;
use crate::record::{Breakage, Catalog, Dependency, Table, TableColumn, TableKind};
use tokio_postgres::Client;

/// Rows of a table that are looked at, from its beginning.
const MOST_ROWS: u32 = 200_000;

/// Values that must occur more than once.
const FEWEST_VALUES: f64 = 10.0;

/// Rows to a value, on average, from which on it is repeated.
const FEWEST_ROWS_EACH: f64 = 2.0;

/// The share of values that may contradict themselves, as mistakes do.
const CONTRADICTED: f64 = 0.02;

/// The different values of a repeated column, as a share of the values that determine it.
const MANY_VALUES: f64 = 0.3;

/// Looks at every table that has statistics.
pub(super) async fn find(client: &Client, catalog: &Catalog) -> Result<Vec<Dependency>, Breakage> {
    let mut found = Vec::new();
    let tables = catalog.tables.iter().filter(|table| {
        table.parent.is_none() && table.kind != TableKind::MaterializedView && table.rows > 0.0
    });
    for table in tables {
        let mut of_table = Vec::new();
        for column in determining(table) {
            of_table.extend(of_column(client, table, column).await?);
        }
        found.extend(strongest(of_table));
    }
    Ok(found)
}

/// The columns that may determine others: several rows to a value, and not a key.
fn determining(table: &Table) -> Vec<&TableColumn> {
    let key = |column: &&TableColumn| {
        let mut indexes = table.indexes.iter().filter(|index| index.unique);
        indexes.any(|index| index.keys == [column.name.clone()])
    };
    let columns = table.columns.iter().filter(|column| {
        let repeated = different(column, table.rows).is_some_and(|values| {
            values >= FEWEST_VALUES && values * FEWEST_ROWS_EACH <= table.rows
        });
        repeated && (is_text(column) || is_identifier(column))
    });
    columns.filter(|column| !key(column)).collect()
}

/// The columns that may be determined: text with many values.
pub(super) fn determined<'a>(table: &'a Table, by: &TableColumn) -> Vec<&'a TableColumn> {
    let columns = table.columns.iter().filter(|column| {
        let values = different(column, table.rows).unwrap_or_default();
        let common = column.statistics.and_then(|known| known.most_common);
        column.name != by.name
            && is_text(column)
            && values >= FEWEST_VALUES / 2.0
            && common.unwrap_or_default() < 0.5
    });
    columns.collect()
}

/// How many different values a column has.
pub(super) fn different(column: &TableColumn, rows: f64) -> Option<f64> {
    let distinct = column.statistics?.distinct;
    Some(if distinct < 0.0 {
        -distinct * rows
    } else {
        distinct
    })
}

pub(super) fn is_text(column: &TableColumn) -> bool {
    let name = column.type_name.as_str();
    name == "text" || name == "citext" || name.starts_with("character")
}

fn is_identifier(column: &TableColumn) -> bool {
    matches!(column.type_name.as_str(), "integer" | "bigint" | "uuid")
}

async fn of_column(
    client: &Client,
    table: &Table,
    by: &TableColumn,
) -> Result<Option<Dependency>, Breakage> {
    let candidates = determined(table, by);
    if candidates.is_empty() {
        return Ok(None);
    }
    let row = client
        .query_one(&question(table, by, &candidates), &[])
        .await;
    let message = format!("the rows of {} cannot be looked at", table.title());
    let broke = |error| failure::breakage("dependencies", message.clone(), &error);
    let row = row.map_err(broke)?;
    let number = |at: usize| {
        row.try_get::<_, i64>(at)
            .map(|n| u64::try_from(n).unwrap_or(0))
    };
    let (values, rows, largest) = (
        number(0).map_err(broke)?,
        number(1).map_err(broke)?,
        number(2).map_err(broke)?,
    );
    if (values as f64) < FEWEST_VALUES || (rows as f64) < FEWEST_ROWS_EACH * values as f64 {
        return Ok(None);
    }
    let mut dependents = Vec::new();
    let mut strong = false;
    let mut contradicted = 0;
    for (at, column) in candidates.iter().enumerate() {
        let torn = number(3 + at).map_err(broke)?;
        if torn as f64 <= CONTRADICTED * values as f64 {
            dependents.push(column.name.clone());
            contradicted = contradicted.max(torn);
            let own = different(column, table.rows).unwrap_or_default();
            let most = different(by, table.rows).unwrap_or_default();
            strong |= own >= MANY_VALUES * most;
        }
    }
    let refers = table
        .foreign_keys
        .iter()
        .any(|key| key.columns == [by.name.clone()]);
    let enough = dependents.len() >= 2 || (refers && dependents.len() == 1);
    Ok((strong && enough).then(|| Dependency {
        table: table.title(),
        determinant: by.name.clone(),
        dependents,
        rows,
        values,
        copies: rows - values,
        largest,
        contradicted,
    }))
}

/// One row: values that occur more than once, their rows, the rows of the most common; then for each candidate how many
/// values do not agree in it.
fn question(table: &Table, by: &TableColumn, candidates: &[&TableColumn]) -> String {
    let agree = candidates.iter().enumerate().map(|(at, column)| {
        let name = quote_ident(&column.name);
        format!(
            "pg_catalog.min({name}::pg_catalog.text) IS NOT DISTINCT FROM pg_catalog.max({name}::pg_catalog.text) \
             AND pg_catalog.count({name}) IN (0, pg_catalog.count(*)) AS agrees_{at}"
        )
    });
    let torn = (0..candidates.len())
        .map(|at| format!("pg_catalog.count(*) FILTER (WHERE NOT agrees_{at})"));
    let name = quote_ident(&by.name);
    format!(
        "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(rows), 0)::pg_catalog.int8, \
         coalesce(pg_catalog.max(rows), 0), {} \
         FROM (SELECT pg_catalog.count(*) AS rows, {} \
         FROM (SELECT * FROM {}.{} LIMIT {MOST_ROWS}) AS part \
         WHERE {name} IS NOT NULL GROUP BY {name}) AS value WHERE rows > 1",
        torn.collect::<Vec<_>>().join(", "),
        agree.collect::<Vec<_>>().join(", "),
        quote_ident(&table.schema),
        quote_ident(&table.name),
    )
}

/// Of columns that determine each other, the one that determines most.
fn strongest(mut found: Vec<Dependency>) -> Vec<Dependency> {
    found.sort_by_key(|dependency| std::cmp::Reverse(dependency.dependents.len()));
    let mut kept: Vec<Dependency> = Vec::new();
    for dependency in found {
        let told = kept.iter().any(|earlier| {
            earlier.dependents.contains(&dependency.determinant)
                || dependency
                    .dependents
                    .iter()
                    .all(|column| earlier.dependents.contains(column))
        });
        if !told {
            kept.push(dependency);
        }
    }
    kept
}
