//! What is there in a database? The catalog, read in one statement.

use super::failure;
use crate::record::{Breakage, Catalog};
use tokio_postgres::Client;

const CATALOG: &str = include_str!("catalog.sql");

/// Reads the catalog; changes nothing.
pub(super) async fn read(client: &Client) -> Result<Catalog, Breakage> {
    let message = "the catalog of the database cannot be read";
    let rows = client.query(CATALOG, &[]).await;
    let rows = rows.map_err(|error| failure::breakage("catalog", message, &error))?;
    let text: &str = match rows.first().map(|row| row.try_get(0)) {
        Some(Ok(text)) => text,
        Some(Err(error)) => return Err(failure::breakage("catalog", message, &error)),
        None => "[]",
    };
    serde_json::from_str(text).map_err(|error| Breakage {
        code: "catalog".to_owned(),
        message: message.to_owned(),
        detail: Some(error.to_string()),
        ..Breakage::default()
    })
}
