//! Is a pooler in between, and does it leave sessions whole? Locks, settings and transactions belong to a session; a pooler
//! that gives each transaction to whichever server process is free takes them apart.

use super::greeting::{knock, turned_away};
use super::presence::in_time;
use crate::pg::connect::{Connector, Login};
use crate::pg::name::random_name;
use crate::pg::pool::backend_pid;
use crate::record::Breakage;
use crate::text::format_duration;
use std::time::Duration;
use tokio_postgres::{Client, Error};

/// A setting of nobody's, by which one sees whether settings arrive.
const PROBE: &str = "pgauge.probe";

/// How long a second session may take to come, next to one that is open already.
const SECOND_LIMIT: Duration = Duration::from_secs(10);

/// Rounds of looking: a pooler with several free server processes may by chance give each session its own.
const ROUNDS: usize = 3;

/// Connects for the first time, and finds out what is in between.
///
/// # Errors
///
/// Nobody lets us in, or a pooler does not leave sessions whole.
pub(super) async fn look(connector: &Connector) -> Result<(), Breakage> {
    let lost = |error: Error| turned_away(connector, &error);
    let value = random_name().unwrap_or_default();
    let mut login = Login::own(connector.database(), "pgauge");
    login.settings.push((PROBE.to_owned(), value.clone()));
    let mut first = match knock(connector, &login).await {
        Err(error) if refuses_options(&error) => {
            connector.lose_options();
            knock(connector, &login).await.map_err(lost)?
        }
        opened => opened.map_err(lost)?,
    };
    if !connector.options_are_lost()
        && in_time(connector, async { probe(&first).await.map_err(lost) }).await? != value
    {
        connector.lose_options();
        first = knock(connector, &login).await.map_err(lost)?;
    }
    let second = tokio::time::timeout(SECOND_LIMIT, knock(connector, &login)).await;
    let second = second.map_err(|_| no_room(connector))?.map_err(lost)?;
    for _ in 0..ROUNDS {
        let looked = async { sessions_mix(&first, &second).await.map_err(lost) };
        if let Some(seen) = in_time(connector, looked).await? {
            return Err(in_pieces(connector, seen));
        }
    }
    Ok(())
}

/// Whether a server, or what stands for it, takes no startup options. PgBouncer and its kin know a few parameters only.
fn refuses_options(error: &Error) -> bool {
    let Some(said) = error.as_db_error() else {
        return false;
    };
    let message = said.message().to_lowercase();
    matches!(said.code().code(), "08P01" | "0A000")
        && ["startup parameter", "options", "command-line"]
            .iter()
            .any(|words| message.contains(words))
}

async fn probe(client: &Client) -> Result<String, Error> {
    const VALUE: &str = "SELECT coalesce(pg_catalog.current_setting('pgauge.probe', true), '')";
    let rows = client.query_typed(VALUE, &[]).await?;
    rows.first().map_or(Ok(String::new()), |row| row.try_get(0))
}

/// Both sessions are open; what shows that they have no server process of their own.
async fn sessions_mix(first: &Client, second: &Client) -> Result<Option<String>, Error> {
    let before = backend_pid(first).await?;
    if let Err(error) = second.batch_execute("BEGIN").await {
        return match error.as_db_error() {
            Some(said) if said.message().contains("statement pooling") => {
                Ok(Some(said.message().to_owned()))
            }
            _ => Err(error),
        };
    }
    let of_other = backend_pid(second).await?;
    // A pooler with no server process left would let the first one wait until the second is done.
    let seen = match of_other == before {
        true => Some(format!(
            "two sessions that were open at once had the same server process, {before}"
        )),
        false => {
            let after = backend_pid(first).await?;
            (after != before).then(|| {
                format!(
                    "two statements of one session ran in the server processes {before} and {after}"
                )
            })
        }
    };
    second.batch_execute("ROLLBACK").await?;
    Ok(seen)
}

fn in_pieces(connector: &Connector, seen: String) -> Breakage {
    Breakage {
        code: "pooler".to_owned(),
        message: format!(
            "the pooler at {} does not keep sessions whole: it is in transaction mode, or in statement mode",
            connector.url()
        ),
        detail: Some(seen),
        hint: Some(
            "connect to the server itself, or to a pooler in session mode (PgBouncer: pool_mode = session): what a \
             session locks and sets must stay with it"
                .to_owned(),
        ),
        ..Breakage::default()
    }
}

fn no_room(connector: &Connector) -> Breakage {
    Breakage {
        code: "pooler".to_owned(),
        message: format!(
            "the server at {} gave one session, and no second one within {}",
            connector.url(),
            format_duration(SECOND_LIMIT)
        ),
        hint: Some(
            "a pooler in between needs room for every client of a case (PgBouncer: default_pool_size), or connect past it"
                .to_owned(),
        ),
        ..Breakage::default()
    }
}
