//! What is left to do after an item of a seed, and after the last one.

use super::Trouble;
use tokio_postgres::{Client, SimpleQueryMessage};

/// Makes the session as it was before a script, so that what one file sets (pg_dump empties `search_path`) does not reach
/// the next one, as it would not in psql.
pub(super) async fn leave(client: &Client) -> Result<(), Trouble> {
    // Inside a transaction that an earlier message began, its time is older than that of the message; only the simple
    // protocol has one message to a statement.
    const OUTSIDE: &str = "SELECT WHERE pg_catalog.now() = pg_catalog.statement_timestamp()";
    const RESET: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL";
    let messages = client.simple_query(OUTSIDE).await;
    let is_row = |message: &SimpleQueryMessage| matches!(message, SimpleQueryMessage::Row(_));
    match messages.map(|messages| messages.iter().any(is_row)) {
        Ok(true) => {}
        Ok(false) => {
            return Err(Trouble::new("the SQL leaves a transaction open").hint(Some(
                "end it by COMMIT; what it did would be lost".to_owned(),
            )));
        }
        Err(error) => return Err(Trouble::refused("the session of the seed broke", &error)),
    }
    let reset = client.batch_execute(RESET).await;
    reset.map_err(|error| Trouble::refused("the session of the seed broke", &error))
}

/// Vacuums, freezes and analyzes all tables of the database. Those of the system have no part in a scenario and would
/// take forty milliseconds.
pub(super) async fn vacuum(client: &Client, target: Option<u32>) -> Result<(), Trouble> {
    const TABLES: &str = "\
        SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) \
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' \
            AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
        ORDER BY 1";
    let vacuumed = async {
        let rows = client.query(TABLES, &[]).await?;
        let tables: Vec<String> = rows
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?;
        if tables.is_empty() {
            return Ok(());
        }
        if let Some(target) = target {
            let set = format!("SET default_statistics_target = {target}");
            client.batch_execute(&set).await?;
        }
        let sql = format!("VACUUM (FREEZE, ANALYZE) {}", tables.join(", "));
        client.batch_execute(&sql).await
    };
    let vacuumed = vacuumed.await;
    vacuumed.map_err(|error| Trouble::refused("the seeded tables cannot be vacuumed", &error))
}
