//! Which table takes the rows, and of which types are its columns?

use super::Trouble;
use crate::pg::admin::quote_ident;
use crate::text::did_you_mean;
use tokio_postgres::Client;
use tokio_postgres::Error;
use tokio_postgres::types::Type;

/// A table and those of its columns that get values.
#[derive(Debug)]
pub(super) struct Target {
    /// Its name, quoted where needed, as `regclass` prints it.
    pub(super) table: String,
    /// The names of the columns as the catalog has them.
    columns: Vec<String>,
    /// Their types; that of a domain is the one it is over.
    pub(super) types: Vec<Type>,
}

impl Target {
    /// Finds a table, named as in SQL, and columns of it.
    pub(super) async fn find(
        client: &Client,
        table: &str,
        columns: &[&str],
    ) -> Result<Self, Trouble> {
        let (table, known) = catalog(client, table).await?;
        let columns: Vec<String> = columns
            .iter()
            .map(|column| find_column(&table, column, &known))
            .collect::<Result<_, _>>()?;
        let list = list(&columns);
        // A cast would do, but this tells the types in the driver's own terms.
        let statement = client.prepare(&format!("SELECT {list} FROM {table}")).await;
        let statement = statement.map_err(|error| {
            Trouble::refused(format!("cannot read the table \"{table}\""), &error)
        })?;
        let types = statement
            .columns()
            .iter()
            .map(|column| column.type_().clone());
        Ok(Self {
            types: types.collect(),
            table,
            columns,
        })
    }

    /// Whether it can be emptied without anybody noticing: it is empty, nothing refers to it or listens.
    pub(super) async fn takes_frozen_rows(&self, client: &Client) -> Result<bool, Trouble> {
        const EMPTIED_UNNOTICED: &str = "\
            SELECT c.relkind = 'r' \
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k \
                    WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.conrelid <> c.oid) \
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t \
                    WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) \
            FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)";
        let answer = async {
            let rows = client.query(EMPTIED_UNNOTICED, &[&self.table]).await?;
            if !rows.first().map_or(Ok(false), |row| row.try_get(0))? {
                return Ok(false);
            }
            let row = format!("SELECT 1 FROM ONLY {} LIMIT 1", self.table);
            Ok(client.query(&row, &[]).await?.is_empty())
        };
        let message = || format!("cannot read the table \"{}\"", self.table);
        answer
            .await
            .map_err(|error: Error| Trouble::refused(message(), &error))
    }

    /// The name of its column as the catalog has it.
    pub(super) fn only_column(&self) -> &str {
        self.columns.first().map_or("", String::as_str)
    }

    /// The table with its columns, as COPY wants it.
    pub(super) fn sql(&self) -> String {
        format!("{} ({})", self.table, list(&self.columns))
    }
}

fn list(columns: &[String]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| quote_ident(column)).collect();
    quoted.join(", ")
}

/// The table's printed name and the names of its columns.
async fn catalog(client: &Client, table: &str) -> Result<(String, Vec<String>), Trouble> {
    const COLUMNS: &str = "\
        SELECT a.attrelid::pg_catalog.regclass::pg_catalog.text, a.attname::pg_catalog.text \
        FROM pg_catalog.pg_attribute a \
        WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped \
        ORDER BY a.attnum";
    let refused = |error| Trouble::refused(format!("cannot find the table \"{table}\""), &error);
    let rows = client.query(COLUMNS, &[&table]).await.map_err(refused)?;
    let mut names = Vec::new();
    let mut printed = String::new();
    for row in &rows {
        printed = row.try_get(0).map_err(refused)?;
        names.push(row.try_get(1).map_err(refused)?);
    }
    if rows.is_empty() {
        return Err(no_table(client, table).await);
    }
    Ok((printed, names))
}

async fn no_table(client: &Client, table: &str) -> Trouble {
    const TABLES: &str = "\
        SELECT c.oid::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_class c \
        WHERE c.relkind IN ('r', 'p', 'f') AND c.relnamespace::pg_catalog.regnamespace::pg_catalog.text \
            NOT IN ('pg_catalog', 'information_schema')";
    let rows = client.query(TABLES, &[]).await.unwrap_or_default();
    let tables: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    Trouble::new(format!("the table \"{table}\" does not exist")).hint(
        did_you_mean(table, &tables)
            .or_else(|| Some("create it by an earlier item of the seed".to_owned())),
    )
}

/// A column by the name that the author wrote; in lower case, if there is none of exactly that name.
fn find_column(table: &str, name: &str, known: &[String]) -> Result<String, Trouble> {
    let lower = name.to_lowercase();
    let found = known
        .iter()
        .find(|known| *known == name)
        .or_else(|| known.iter().find(|known| **known == lower));
    found.cloned().ok_or_else(|| {
        Trouble::new(format!("the table \"{table}\" has no column \"{name}\""))
            .detail(format!("it has {}", known.join(", ")))
            .hint(did_you_mean(name, known))
    })
}
