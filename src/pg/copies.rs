//! Which columns say again what a row of another table says? Asked of the rows of both.
//!
//! Rows belong together by a foreign key; where there is none, by a column of the same name that has another value in
//! every row of one of the tables. A column repeats another one where nearly all rows that belong together agree in them, and
//! both have many values: neither chance nor a constant looks like a copy.

use super::admin::quote_ident;
use super::dependencies::{determined, different, is_text};
use super::failure;
use crate::record::{Breakage, Catalog, CopiedColumns, ForeignKey, Table, TableColumn, TableKind};
use tokio_postgres::Client;

/// Rows of a table that are looked at, from its beginning.
const MOST_ROWS: u32 = 200_000;

/// Rows that must belong to a row of the other table.
const FEWEST_ROWS: u64 = 20;

/// The share of rows that may differ, as copies do that an update forgot.
const CONTRADICTED: f64 = 0.02;

/// Pairs of columns that are looked at for one pair of tables.
const MOST_PAIRS: usize = 64;

/// How rows of two tables belong together.
struct Link<'a> {
    table: &'a Table,
    column: &'a TableColumn,
    of: &'a Table,
    to: &'a TableColumn,
    /// What may be a copy of what.
    pairs: Vec<(&'a TableColumn, &'a TableColumn)>,
    /// Whether a foreign key says so.
    is_stated: bool,
}

/// Looks at every pair of tables whose rows belong together.
pub(super) async fn find(
    client: &Client,
    catalog: &Catalog,
) -> Result<Vec<CopiedColumns>, Breakage> {
    let mut found = Vec::new();
    for link in links(catalog) {
        found.extend(of_link(client, &link).await?);
    }
    Ok(found)
}

fn links(catalog: &Catalog) -> Vec<Link<'_>> {
    let tables: Vec<&Table> = catalog
        .tables
        .iter()
        .filter(|table| {
            table.parent.is_none()
                && table.kind != TableKind::MaterializedView
                && table.rows >= FEWEST_ROWS as f64
        })
        .collect();
    let mut links = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        for (other_at, of) in tables.iter().enumerate() {
            if at != other_at {
                let refer = refers(table, of).next().is_some();
                links.extend(stated(table, of));
                if !refer && refers(of, table).next().is_none() {
                    links.extend(by_name(table, of, at < other_at));
                }
            }
        }
    }
    links.retain(|link| !link.pairs.is_empty());
    links
}

fn refers<'a>(table: &'a Table, of: &Table) -> impl Iterator<Item = &'a ForeignKey> {
    let (schema, name) = (of.schema.clone(), of.name.clone());
    let keys = table.foreign_keys.iter();
    keys.filter(move |key| key.to_schema == schema && key.to_table == name)
}

/// The foreign keys of one column from a table to another.
fn stated<'a>(table: &'a Table, of: &'a Table) -> Vec<Link<'a>> {
    let keys = refers(table, of).filter_map(|key| {
        let ([column], [to]) = (&key.columns[..], &key.to_columns[..]) else {
            return None;
        };
        let (column, to) = (table.column(column)?, of.column(to)?);
        Some(Link {
            table,
            column,
            of,
            to,
            pairs: pairs(table, column, of, to, |_, _| true),
            is_stated: true,
        })
    });
    keys.collect()
}

/// The link by a column of the same name whose values are all different in the other table. Where they are in both, one
/// of the two is enough.
fn by_name<'a>(table: &'a Table, of: &'a Table, is_first: bool) -> Option<Link<'a>> {
    let key = |table: &Table, column: &TableColumn| {
        let values = different(column, table.rows).unwrap_or_default();
        is_text(column) && values >= 0.99 * table.rows
    };
    let column = of.columns.iter().find_map(|to| {
        let column = table.column(&to.name)?;
        let both = key(table, column);
        (key(of, to) && is_text(column) && !(both && is_first)).then_some((column, to))
    });
    let (column, to) = column?;
    let same = |one: &TableColumn, other: &TableColumn| one.name == other.name;
    Some(Link {
        table,
        column,
        of,
        to,
        pairs: pairs(table, column, of, to, same),
        is_stated: false,
    })
}

/// Columns of text with many values, of which one may repeat the other; parts of foreign keys are no copies.
fn pairs<'a>(
    table: &'a Table,
    column: &TableColumn,
    of: &'a Table,
    to: &TableColumn,
    may_be: impl Fn(&TableColumn, &TableColumn) -> bool,
) -> Vec<(&'a TableColumn, &'a TableColumn)> {
    let refers = |one: &TableColumn| {
        let mut keys = table.foreign_keys.iter();
        keys.any(|key| key.columns.contains(&one.name))
    };
    let own = determined(table, column);
    let others = determined(of, to);
    let all = own
        .iter()
        .filter(|one| !refers(one))
        .flat_map(|one| others.iter().map(move |other| (*one, *other)));
    all.filter(|(one, other)| may_be(one, other))
        .take(MOST_PAIRS)
        .collect()
}

async fn of_link(client: &Client, link: &Link<'_>) -> Result<Option<CopiedColumns>, Breakage> {
    let row = client.query_one(&question(link), &[]).await;
    let message = format!(
        "the rows of {} and {} cannot be compared",
        link.table.title(),
        link.of.title()
    );
    let broke = |error| failure::breakage("dependencies", message.clone(), &error);
    let row = row.map_err(broke)?;
    let number = |at: usize| {
        row.try_get::<_, i64>(at)
            .map(|n| u64::try_from(n).unwrap_or(0))
    };
    let (rows, values, largest) = (
        number(0).map_err(broke)?,
        number(1).map_err(broke)?,
        number(2).map_err(broke)?,
    );
    let seen = link.table.rows.min(f64::from(MOST_ROWS));
    if rows < FEWEST_ROWS || (!link.is_stated && (rows as f64) < seen / 2.0) {
        return Ok(None);
    }
    let mut columns = Vec::new();
    let mut contradicted = 0;
    for (at, (one, other)) in link.pairs.iter().enumerate() {
        let given = number(3 + 2 * at).map_err(broke)?;
        let same = number(4 + 2 * at).map_err(broke)?;
        let torn = given.saturating_sub(same);
        let enough = given >= FEWEST_ROWS && given * 2 >= rows;
        if enough && torn as f64 <= CONTRADICTED * given as f64 {
            columns.push([one.name.clone(), other.name.clone()]);
            contradicted = contradicted.max(torn);
        }
    }
    Ok((!columns.is_empty()).then(|| CopiedColumns {
        table: link.table.title(),
        column: link.column.name.clone(),
        of: link.of.title(),
        to: link.to.name.clone(),
        columns,
        rows,
        values,
        largest,
        contradicted,
    }))
}

/// One row: rows that belong to one of the other table, of how many of those, the rows of the most common; then for each
/// pair how many have a value, and how many of these have the same one.
fn question(link: &Link<'_>) -> String {
    let pairs = link.pairs.iter().enumerate().map(|(at, (one, other))| {
        let (one, other) = (quote_ident(&one.name), quote_ident(&other.name));
        format!(
            ", pg_catalog.count(part.{one}) AS given_{at}, pg_catalog.count(*) FILTER \
             (WHERE part.{one}::pg_catalog.text = whole.{other}::pg_catalog.text) AS same_{at}"
        )
    });
    let sums = (0..link.pairs.len()).map(|at| {
        format!(
            ", coalesce(pg_catalog.sum(given_{at}), 0)::pg_catalog.int8, \
             coalesce(pg_catalog.sum(same_{at}), 0)::pg_catalog.int8"
        )
    });
    let title = |table: &Table| {
        format!(
            "{}.{}",
            quote_ident(&table.schema),
            quote_ident(&table.name)
        )
    };
    let (column, to) = (quote_ident(&link.column.name), quote_ident(&link.to.name));
    format!(
        "SELECT coalesce(pg_catalog.sum(rows), 0)::pg_catalog.int8, pg_catalog.count(*), \
         coalesce(pg_catalog.max(rows), 0){} \
         FROM (SELECT pg_catalog.count(*) AS rows{} \
         FROM (SELECT * FROM {} LIMIT {MOST_ROWS}) AS part JOIN {} AS whole ON part.{column} = whole.{to} \
         GROUP BY part.{column}) AS value",
        sums.collect::<String>(),
        pairs.collect::<String>(),
        title(link.table),
        title(link.of),
    )
}
