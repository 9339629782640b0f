//! What is there in a database that is not ours? Read without changing anything.

use super::connect::{Connector, Login};
use super::conninfo::Conninfo;
use super::line::{Line, drive};
use super::{catalog, copies, dependencies, failure};
use crate::record::{Breakage, SchemaFacts};
use std::sync::Arc;

/// Settings that keep a look at somebody's database from doing harm: nothing is written, nothing is waited for, nothing
/// takes long.
const HARMLESS: [(&str, &str); 3] = [
    ("default_transaction_read_only", "on"),
    ("lock_timeout", "2s"),
    ("statement_timeout", "60s"),
];

/// Reads the schema of a database, and looks at its rows for columns that determine others.
///
/// # Errors
///
/// The server cannot be reached, or refuses.
pub async fn schema_at(conninfo: Conninfo) -> Result<SchemaFacts, Breakage> {
    let connector = Connector::new(conninfo).map_err(|error| Breakage {
        code: "connect".to_owned(),
        message: error.primary,
        detail: error.detail,
        hint: error.hint,
        ..Breakage::default()
    })?;
    let settings = HARMLESS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let login = Login {
        database: connector.database().to_owned(),
        user: None,
        application: "pgauge/lint".to_owned(),
        settings: settings.into(),
    };
    let opened = connector.open(&login).await;
    let (client, wire) = opened.map_err(|error| {
        let message = format!("cannot connect to {}", connector.url());
        failure::breakage("connect", message, &error)
    })?;
    tokio::spawn(drive(wire, Arc::new(Line::default())));
    if let Some(settings) = login.statement().filter(|_| connector.options_are_lost()) {
        let set = client.batch_execute(&settings).await;
        set.map_err(|error| {
            failure::breakage("connect", "the session cannot be made harmless", &error)
        })?;
    }
    let catalog = catalog::read(&client).await?;
    let dependencies = dependencies::find(&client, &catalog).await?;
    let copies = copies::find(&client, &catalog).await?;
    Ok(SchemaFacts {
        catalog,
        dependencies,
        copies,
    })
}
