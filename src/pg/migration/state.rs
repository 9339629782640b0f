//! What does a database hold? Its objects with their definitions, and of every column a number that changes when a value
//! does, so that two databases can be compared without moving a row.

use crate::pg::admin::{quote_ident, quote_literal};
use crate::pg::failure;
use crate::record::{Breakage, ColumnContent, DatabaseState, RelationName, TableContent};
use std::collections::BTreeMap;
use tokio_postgres::{Client, Error};

const SCHEMA: &str = include_str!("schema.sql");

/// Columns of tables with rows of their own, partitions included.
const COLUMNS: &str = "\
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, a.attname::pg_catalog.text,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       CASE WHEN a.attcollation <> 0 THEN (SELECT CASE l.collprovider WHEN 'd' THEN
           (SELECT d.datcollate::pg_catalog.text FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
           ELSE l.collname::pg_catalog.text END
         FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation) END
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgauge_trace') AND n.nspname !~ '^pg_'
ORDER BY 1, 2, a.attnum";

/// Reads all of it; of columns that have another type or collation than before, also what is needed to compare them.
pub(in crate::pg) async fn read(
    client: &Client,
    before: Option<&DatabaseState>,
) -> Result<DatabaseState, Breakage> {
    let state = async {
        let mut tables = tables(client).await?;
        for table in &mut tables {
            fill(client, table).await?;
            if let Some(earlier) = before.and_then(|state| same_table(state, table)) {
                compare_types(client, table, earlier).await?;
            }
        }
        Ok(DatabaseState {
            schema: schema(client).await?,
            settings: BTreeMap::new(),
            tables,
        })
    };
    let message = "what the database holds cannot be read";
    state
        .await
        .map_err(|error: Error| failure::breakage("state", message, &error))
}

fn same_table<'a>(state: &'a DatabaseState, table: &TableContent) -> Option<&'a TableContent> {
    let mut tables = state.tables.iter();
    tables.find(|earlier| earlier.table == table.table)
}

async fn schema(client: &Client) -> Result<BTreeMap<String, String>, Error> {
    let rows = client.query(SCHEMA, &[]).await?;
    let entries = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    entries.collect()
}

async fn tables(client: &Client) -> Result<Vec<TableContent>, Error> {
    let mut tables: Vec<TableContent> = Vec::new();
    for row in &client.query(COLUMNS, &[]).await? {
        let table = RelationName {
            schema: row.try_get(0)?,
            name: row.try_get(1)?,
            of: None,
        };
        if tables.last().is_none_or(|last| last.table != table) {
            tables.push(TableContent {
                table,
                ..TableContent::default()
            });
        }
        let name: Option<String> = row.try_get(2)?;
        if let (Some(table), Some(name)) = (tables.last_mut(), name) {
            table.columns.push(ColumnContent {
                name,
                type_name: row.try_get(3)?,
                collation: row.try_get(4)?,
                ..ColumnContent::default()
            });
        }
    }
    Ok(tables)
}

/// The sum of the hashes of all values: the same whatever the order of the rows.
fn fingerprint(value: &str) -> String {
    format!(
        "coalesce(pg_catalog.sum(pg_catalog.hashtextextended(({value})::pg_catalog.text COLLATE \"C\", 0)), 0)::pg_catalog.text"
    )
}

fn from(table: &RelationName) -> String {
    format!(
        "{}.{}",
        quote_ident(&table.schema),
        quote_ident(&table.name)
    )
}

async fn fill(client: &Client, table: &mut TableContent) -> Result<(), Error> {
    let columns = table.columns.iter().map(|column| {
        let name = quote_ident(&column.name);
        format!(", pg_catalog.count({name}), {}", fingerprint(&name))
    });
    let columns: String = columns.collect();
    let sql = format!(
        "SELECT pg_catalog.count(*){columns} FROM ONLY {}",
        from(&table.table)
    );
    let row = client.query_one(&sql, &[]).await?;
    table.rows = count(row.try_get(0)?);
    for (index, column) in table.columns.iter_mut().enumerate() {
        column.values = count(row.try_get(1 + 2 * index)?);
        column.fingerprint = row.try_get(2 + 2 * index)?;
    }
    Ok(())
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

async fn compare_types(
    client: &Client,
    table: &mut TableContent,
    earlier: &TableContent,
) -> Result<(), Error> {
    let from = from(&table.table);
    for column in &mut table.columns {
        let then = earlier.columns.iter().find(|then| then.name == column.name);
        let Some(then) = then else { continue };
        let name = quote_ident(&column.name);
        if then.type_name != column.type_name {
            let back = format!("{name}::{}", then.type_name);
            let sql = format!("SELECT {} FROM ONLY {from}", fingerprint(&back));
            // A value that does not fit into its old type any more, or a type that is gone: it was changed.
            column.as_before = match client.query_one(&sql, &[]).await {
                Ok(row) => Some(row.try_get(0)?),
                Err(error) if error.as_db_error().is_some() => None,
                Err(error) => return Err(error),
            };
        }
        if let (Some(old), Some(new)) = (&then.collation, &column.collation)
            && old != new
        {
            column.sorts_differently = sorts_differently(client, &from, &name, [old, new]).await?;
        }
    }
    Ok(())
}

/// Whether two neighbours in the one order stand the other way round in the other one; none where the server knows one
/// of the collations no more.
async fn sorts_differently(
    client: &Client,
    from: &str,
    name: &str,
    collations: [&String; 2],
) -> Result<Option<bool>, Error> {
    let mut known = Vec::new();
    for collation in collations {
        let sql = format!(
            "SELECT pg_catalog.quote_ident(collname) FROM pg_catalog.pg_collation \
             WHERE collname = {0} OR collcollate = {0} ORDER BY collname = {0} DESC LIMIT 1",
            quote_literal(collation)
        );
        match client.query_opt(&sql, &[]).await? {
            Some(row) => known.push(row.try_get::<_, String>(0)?),
            None => return Ok(None),
        }
    }
    let sql = format!(
        "SELECT coalesce(pg_catalog.bool_or(earlier > value COLLATE {new}), false) FROM \
         (SELECT v AS value, pg_catalog.lag(v) OVER (ORDER BY v COLLATE {old}) AS earlier \
          FROM (SELECT DISTINCT {name}::pg_catalog.text AS v FROM ONLY {from}) AS d) AS pairs",
        old = known[0],
        new = known[1]
    );
    match client.query_one(&sql, &[]).await {
        Ok(row) => Ok(Some(row.try_get(0)?)),
        Err(error) if error.as_db_error().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}
