//! Which values does a column have that pgauge did not generate, for others to refer to?

use super::Trouble;
use super::table::Target;
use crate::pg::admin::quote_ident;
use crate::pg::session::values;
use crate::record::Value;
use crate::schedule::generate::ReadColumn;
use tokio_postgres::Client;

/// The most different values that are read; they are held in memory.
const MOST_VALUES: usize = 1_000_000;

/// Reads the different values of a column that are not NULL, in the order of their texts, byte by byte: it depends on no
/// collation, and so is the same on every machine.
pub(in crate::pg) async fn fill(client: &Client, column: &ReadColumn) -> Result<(), Trouble> {
    let (table, name) = column.parts();
    let name = name.trim_matches('"');
    let target = Target::find(client, table, &[name]).await?;
    let value = target.only_column();
    let sql = format!(
        "SELECT value FROM (SELECT DISTINCT {value} AS value FROM {table} WHERE {value} IS NOT NULL) AS different \
         ORDER BY value::pg_catalog.text COLLATE pg_catalog.\"C\" LIMIT {limit}",
        value = quote_ident(value),
        table = target.table,
        limit = MOST_VALUES + 1,
    );
    let unreadable = |error| {
        let message = format!(
            "the values of \"{}\" cannot be read, to be referred to",
            column.name()
        );
        Trouble::refused(message, &error)
    };
    let rows = client.query(&sql, &[]).await.map_err(unreadable)?;
    if rows.is_empty() {
        let message = format!("\"{}\" has no rows to refer to", column.name());
        let hint = "fill it by an earlier item of the seed";
        return Err(Trouble::new(message).hint(Some(hint.to_owned())));
    }
    if rows.len() > MOST_VALUES {
        let message = format!(
            "\"{}\" has too many different values to refer to",
            column.name()
        );
        return Err(Trouble::new(message)
            .detail(format!("at most {MOST_VALUES} are held in memory"))
            .hint(Some(
                "draw them: uniform or zipf from the smallest to the largest".to_owned(),
            )));
    }
    let read: Result<Vec<Vec<Value>>, _> = rows.iter().map(values).collect();
    let read = read.map_err(unreadable)?;
    column.fill(read.into_iter().flatten().collect());
    Ok(())
}
