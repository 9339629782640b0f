//! What does the server hold against sessions on its own? Limits of time that an administrator set, and that may end what a
//! scenario means to wait for.

use super::connect::{Connector, Login};
use super::failure;
use super::line::{Line, drive};
use crate::record::Breakage;
use std::sync::Arc;
use tokio_postgres::Error;

/// What ends a statement, a transaction or a session by the clock, or keeps it from writing; off where nobody sets it.
const LIMITS: &str = "\
    SELECT name, setting || coalesce(unit, ''), source \
    FROM pg_catalog.pg_settings \
    WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', \
        'idle_session_timeout', 'transaction_timeout', 'default_transaction_read_only') \
    AND setting NOT IN ('0', 'off') \
    OR name = 'standard_conforming_strings' AND setting = 'off' ORDER BY name";

/// What changes how the server reads SQL.
pub(super) const READING: &str = "standard_conforming_strings";

/// A limit that is in force for every session that does not set it itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The setting.
    pub name: String,
    /// Its value with its unit, such as `5000ms`.
    pub value: String,
    /// Where it comes from: `pg_settings.source`.
    pub source: String,
}

impl Limit {
    /// What it does to a scenario, as one sentence.
    pub fn told(&self) -> String {
        let effect = match self.name.as_str() {
            "statement_timeout" => {
                "a statement that takes longer, waiting included, is canceled (query_canceled)"
            }
            "lock_timeout" => "a statement that waits longer for a lock fails (lock_not_available)",
            "idle_in_transaction_session_timeout" => {
                "a client that does nothing for longer in its transaction loses its session"
            }
            "idle_session_timeout" => "a client that does nothing for longer loses its session",
            "transaction_timeout" => "a client whose transaction takes longer loses its session",
            READING => {
                "a backslash in a text escapes, so that SQL does not say what it seems to say"
            }
            _ => "clients cannot write unless they say so",
        };
        format!(
            "the server sets {} = {} ({}): {effect}",
            self.name, self.value, self.source
        )
    }

    /// How a scenario does without it.
    pub fn advice(&self) -> String {
        let off = match self.name.as_str() {
            "default_transaction_read_only" => "off",
            READING => "on",
            _ => "0",
        };
        format!(
            "a scenario is free of it with database: {{ settings: {{ {}: {off} }} }}",
            self.name
        )
    }
}

/// Asks a session as clients have it, without anything that pgauge sets for itself.
pub(super) async fn limits(connector: &Connector) -> Result<Vec<Limit>, Breakage> {
    let asked = ask(connector).await;
    asked.map_err(|error| {
        failure::breakage("connect", "cannot ask for the limits of a session", &error)
    })
}

async fn ask(connector: &Connector) -> Result<Vec<Limit>, Error> {
    let login = Login {
        database: connector.database().to_owned(),
        application: "pgauge".to_owned(),
        ..Login::default()
    };
    let (client, wire) = connector.open(&login).await?;
    tokio::spawn(drive(wire, Arc::new(Line::default())));
    let rows = client.query_typed(LIMITS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Limit {
                name: row.try_get(0)?,
                value: row.try_get(1)?,
                source: row.try_get(2)?,
            })
        })
        .collect()
}
