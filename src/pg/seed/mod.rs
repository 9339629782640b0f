//! How does a database get its tables and rows? By the items of its seed, one after the other, on one session of the role
//! that will own it all.

mod csv;
mod generate;
mod pgbench;
mod read;
mod script;
mod settle;
mod table;
mod text;
mod wire;

use super::admin::quote_ident;
use super::connect::{Connector, Login};
use super::failure;
use super::line::{Line, drive};
use crate::record::{Breakage, ServerError};
use crate::run::session::NotReady;
use crate::schedule::generate::ReadColumn;
use crate::schedule::{SeedAction, SeedPlan};
use std::sync::Arc;
use tokio_postgres::{Client, Error};

/// Bytes of COPY data sent at once.
const CHUNK: usize = 128 * 1024;

/// A session on the database that is being seeded.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) client: Client,
}

impl Ground {
    /// Connects; the connection ends when this is dropped.
    pub(super) async fn open(connector: &Connector, login: &Login) -> Result<Self, Error> {
        let (client, wire) = connector.open(login).await?;
        tokio::spawn(drive(wire, Arc::new(Line::default())));
        Ok(Self { client })
    }
}

/// Creates the extensions that a scenario asks for.
pub(super) async fn extensions(ground: &Ground, names: &[String]) -> Result<(), NotReady> {
    for name in names {
        let sql = format!(
            "CREATE EXTENSION IF NOT EXISTS {} CASCADE",
            quote_ident(name)
        );
        if let Err(error) = ground.client.batch_execute(&sql).await {
            return Err(no_extension(name, &error));
        }
    }
    Ok(())
}

fn no_extension(name: &str, error: &Error) -> NotReady {
    let reported = failure::server_error(error);
    match reported.code.as_str() {
        // insufficient_privilege: not for us.
        "42501" => NotReady::Skip {
            reason: format!(
                "the extension \"{name}\" cannot be created: {}",
                reported.message
            ),
        },
        _ => NotReady::Broke(Box::new(failure::breakage(
            "seed",
            format!("the extension \"{name}\" cannot be created"),
            error,
        ))),
    }
}

/// Carries out every item of a seed, in order; afterwards the tables are vacuumed, frozen and analyzed, with the statistics
/// target that the case's sessions have.
pub(super) async fn sow(
    ground: &Ground,
    plan: &SeedPlan,
    target: Option<u32>,
) -> Result<(), Box<Breakage>> {
    for action in &plan.actions {
        let done = carry_out(&ground.client, action).await;
        done.map_err(|trouble| Box::new(trouble.at(action.path())))?;
    }
    let settled = settle::vacuum(&ground.client, target).await;
    settled.map_err(|trouble| Box::new(trouble.at("/seed")))
}

/// Vacuums, freezes and analyzes the tables of a database again, after it was changed.
pub(super) async fn settle(client: &Client, target: Option<u32>) -> Result<(), Breakage> {
    let settled = settle::vacuum(client, target).await;
    settled.map_err(|trouble| trouble.at("/seed"))
}

/// Reads the columns that parameters refer to, from the database of a case.
pub(super) async fn read_columns(
    ground: &Ground,
    columns: &[Arc<ReadColumn>],
) -> Result<(), Box<Breakage>> {
    for column in columns {
        let done = read::fill(&ground.client, column).await;
        done.map_err(|trouble| {
            Box::new(Breakage {
                path: None,
                ..trouble.at("")
            })
        })?;
    }
    Ok(())
}

async fn carry_out(client: &Client, action: &SeedAction) -> Result<(), Trouble> {
    match action {
        SeedAction::Sql { text, file, .. } => {
            script::run(client, text, file.as_ref()).await?;
            settle::leave(client).await
        }
        SeedAction::Csv { table, text, .. } => csv::load(client, table, text).await,
        SeedAction::Generate {
            generator, reads, ..
        } => {
            for column in reads {
                read::fill(client, column).await?;
            }
            generate::fill(client, generator).await
        }
        SeedAction::Pgbench { scale, .. } => pgbench::initialise(client, *scale).await,
    }
}

/// What is wrong with an item of a seed.
#[derive(Debug, Default)]
struct Trouble {
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    // Boxed: troubles travel in results.
    error: Option<Box<ServerError>>,
}

impl Trouble {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// The server refused something; its own words follow.
    fn refused(message: impl Into<String>, error: &Error) -> Self {
        Self {
            error: Some(Box::new(failure::server_error(error))),
            ..Self::new(message)
        }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    fn at(self, path: &str) -> Breakage {
        let lost = self
            .error
            .as_ref()
            .is_some_and(|error| error.code.is_empty());
        Breakage {
            code: if lost { "server-lost" } else { "seed" }.to_owned(),
            message: self.message,
            detail: self.detail,
            hint: self.hint,
            path: Some(path.to_owned()),
            error: self.error.map(|error| *error),
        }
    }
}
