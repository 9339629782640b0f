//! What does a database hold? Its objects with their definitions, and of every column a number that changes when a value
//! does, so that two databases can be compared without moving a row.

use crate::pg::admin::{quote_ident, quote_literal};
use crate::pg::failure;
use crate::record::{Breakage, ColumnContent, DatabaseState, RelationName, TableContent};
use std::collections::BTreeMap;
use tokio_postgres::{Client, Error, types::ToSql};

const SCHEMA: &str = include_str!("schema.sql");

/// The most rows of a database whose keys are kept, eight bytes each.
const MOST_KEYS: u64 = 2_000_000;

/// Columns of tables with rows of their own, partitions included.
const COLUMNS: &str = "\
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, a.attname::pg_catalog.text,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       CASE WHEN a.attcollation <> 0 THEN (SELECT CASE l.collprovider WHEN 'd' THEN
           (SELECT d.datcollate::pg_catalog.text FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
           ELSE l.collname::pg_catalog.text END
         FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation) END,
       EXISTS (SELECT FROM pg_catalog.pg_constraint k
               WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attnum = ANY (k.conkey))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgauge_trace') AND n.nspname !~ '^pg_'
ORDER BY 1, 2, a.attnum";

/// Reads all of it; of columns that have another type or collation than before, also what is needed to compare them, and
/// of tables that have more rows what those hold that were there before.
pub(in crate::pg) async fn read(
    client: &Client,
    before: Option<&DatabaseState>,
) -> Result<DatabaseState, Breakage> {
    let state = async {
        let mut tables = tables(client).await?;
        let mut room = MOST_KEYS;
        for table in &mut tables {
            fill(client, table).await?;
            match before {
                None => keep_keys(client, table, &mut room).await?,
                Some(before) => {
                    if let Some(earlier) = same_table(before, table) {
                        let rows = only_old_rows(client, table, earlier).await?;
                        compare_types(client, table, earlier, &rows).await?;
                    }
                }
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
            if row.try_get(5)? {
                let keys = table.keys.get_or_insert_default();
                keys.columns.push(name.clone());
            }
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
    table.rows = fill_columns(client, table, &Rows::All).await?;
    Ok(())
}

/// What the columns hold in these rows, and how many those are.
async fn fill_columns(
    client: &Client,
    table: &mut TableContent,
    rows: &Rows<'_>,
) -> Result<u64, Error> {
    let columns = table.columns.iter().map(|column| {
        let name = quote_ident(&column.name);
        format!(", pg_catalog.count({name}), {}", fingerprint(&name))
    });
    let columns: String = columns.collect();
    let sql = format!(
        "SELECT pg_catalog.count(*){columns} FROM ONLY {}{}",
        from(&table.table),
        rows.condition()
    );
    let row = client.query_one(&sql, &rows.params()).await?;
    for (index, column) in table.columns.iter_mut().enumerate() {
        column.values = count(row.try_get(1 + 2 * index)?);
        column.fingerprint = row.try_get(2 + 2 * index)?;
    }
    Ok(count(row.try_get(0)?))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Which rows of a table are looked at.
enum Rows<'a> {
    All,
    /// Those whose key is one of these.
    Of {
        columns: &'a [String],
        hashes: &'a [i64],
    },
}

impl Rows<'_> {
    fn condition(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Of { columns, .. } => format!(
                " WHERE {} IN (SELECT pg_catalog.unnest($1::pg_catalog.int8[]))",
                key_hash(columns)
            ),
        }
    }

    fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        match self {
            Self::All => Vec::new(),
            Self::Of { hashes, .. } => vec![hashes],
        }
    }
}

/// A key is known by its text, which is the same for 1 of any type of integer.
fn key_hash(columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|name| quote_ident(name)).collect();
    format!(
        "pg_catalog.hashtextextended(ROW({})::pg_catalog.text COLLATE \"C\", 0)",
        names.join(", ")
    )
}

/// Notes the key of every row, as long as there is room.
async fn keep_keys(client: &Client, table: &mut TableContent, room: &mut u64) -> Result<(), Error> {
    let Some(keys) = &mut table.keys else {
        return Ok(());
    };
    if table.rows > *room {
        table.keys = None;
        return Ok(());
    }
    *room -= table.rows;
    let sql = format!(
        "SELECT coalesce(pg_catalog.array_agg({}), '{{}}') FROM ONLY {}",
        key_hash(&keys.columns),
        from(&table.table)
    );
    let hashes: Vec<i64> = client.query_one(&sql, &[]).await?.try_get(0)?;
    keys.hashes = hashes.into();
    Ok(())
}

/// Where there are more rows than before, what the columns hold in those that were there already.
async fn only_old_rows<'a>(
    client: &Client,
    table: &mut TableContent,
    earlier: &'a TableContent,
) -> Result<Rows<'a>, Error> {
    table.keys = None;
    if table.rows <= earlier.rows || earlier.rows == 0 {
        return Ok(Rows::All);
    }
    let has = |name: &String| table.columns.iter().any(|column| column.name == *name);
    let keys = earlier.keys.as_ref();
    let Some(keys) = keys.filter(|keys| keys.columns.iter().all(has)) else {
        return Ok(Rows::All);
    };
    let rows = Rows::Of {
        columns: &keys.columns,
        hashes: &keys.hashes,
    };
    table.old_rows = Some(fill_columns(client, table, &rows).await?);
    Ok(rows)
}

async fn compare_types(
    client: &Client,
    table: &mut TableContent,
    earlier: &TableContent,
    rows: &Rows<'_>,
) -> Result<(), Error> {
    let from = from(&table.table);
    for column in &mut table.columns {
        let then = earlier.columns.iter().find(|then| then.name == column.name);
        let Some(then) = then else { continue };
        let name = quote_ident(&column.name);
        if then.type_name != column.type_name {
            let back = format!("{name}::{}", then.type_name);
            let sql = format!(
                "SELECT {} FROM ONLY {from}{}",
                fingerprint(&back),
                rows.condition()
            );
            // A value that does not fit into its old type any more, or a type that is gone: it was changed.
            column.as_before = match client.query_one(&sql, &rows.params()).await {
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
