//! The server of a run, from its start to its end.

use crate::{
    cli::{
        server::{ServerAddress, ServerChoice},
        settings::Keeping,
    },
    pg::{
        binaries::{Asked, Inventory, Surroundings},
        embedded::{EmbeddedOptions, Listen},
        error::ServerError,
        install::System,
        server::{PgServer, Retain, Retention},
    },
    record::Breakage,
    report::{style::shown, terminal::say},
};
use std::io::{BufRead, IsTerminal};
use tokio::runtime::{Builder, Runtime};

/// A server that answers, and the runtime on which it was started.
#[derive(Debug)]
pub struct Running {
    server: PgServer,
    runtime: Runtime,
    /// Whether it goes away with pgauge.
    own: bool,
}

impl Running {
    /// Starts or reaches the server that is meant.
    ///
    /// # Errors
    ///
    /// Why there is no server to work with.
    pub fn start(choice: &ServerChoice, keeping: Keeping) -> Result<Self, Box<Breakage>> {
        let retention = |keep| {
            if keep {
                Retention::Keep
            } else {
                Retention::Drop
            }
        };
        let retain = Retain {
            databases: retention(keeping.databases),
            templates: retention(keeping.templates),
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Breakage {
            code: "runtime".to_owned(),
            message: format!("no runtime for the server: {error}"),
            ..Breakage::default()
        })?;
        let server = match &choice.server {
            ServerAddress::Url(conninfo) => {
                runtime.block_on(PgServer::at((**conninfo).clone(), retain))
            }
            ServerAddress::Embedded(asked) => {
                let options = embedded(asked)?;
                runtime.block_on(PgServer::embedded(options, retain))
            }
        };
        Ok(Self {
            server: server?,
            runtime,
            own: matches!(choice.server, ServerAddress::Embedded(_)),
        })
    }

    /// What is worth a word before the first case: limits that somebody's server sets, a password file passed over.
    pub fn remarks(&self) -> Vec<String> {
        let limits = self.server.limits().iter();
        let limits = limits.map(|limit| format!("{}; {}", limit.told(), limit.advice()));
        self.server
            .remarks()
            .iter()
            .cloned()
            .chain(limits)
            .collect()
    }

    /// The server itself.
    pub fn server(&self) -> &PgServer {
        &self.server
    }

    /// Removes what the run made there and does not keep. Databases that are kept are named, and on a server of our
    /// own they stay until somebody at the terminal has seen them.
    ///
    /// # Errors
    ///
    /// What could not be removed; the next run tries again.
    pub fn end(self) -> Result<(), Box<Breakage>> {
        let kept = self.server.kept();
        for (case, address) in &kept {
            say(&format!(
                "kept of {}: psql '{address}'\n",
                shown(&case.to_string())
            ));
        }
        if self.own && !kept.is_empty() && std::io::stdin().is_terminal() {
            say("the server ends with pgauge; press Enter when you have seen enough\n");
            // Whatever comes, it is an answer.
            let _ = std::io::stdin().lock().read_line(&mut String::new());
        }
        Ok(self.runtime.block_on(self.server.clear())?)
    }
}

fn embedded(asked: &Asked) -> Result<EmbeddedOptions, Box<Breakage>> {
    let inventory = Inventory::take(&Surroundings::here());
    let binaries = inventory
        .choose(asked, &System::here())
        .map_err(not_found)?;
    Ok(EmbeddedOptions {
        binaries,
        settings: Vec::new(),
        listen: Listen::UnixSocket,
    })
}

fn not_found(error: ServerError) -> Breakage {
    Breakage {
        code: "server".to_owned(),
        message: error.primary,
        detail: error.detail,
        hint: error.hint,
        ..Breakage::default()
    }
}
