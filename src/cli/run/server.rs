//! The server of a run, from its start to its end.

use crate::{
    cli::{server::ServerAddress, settings::RunSettings},
    pg::{
        binaries::{Asked, BINARIES_VARIABLE, Binaries, Inventory, Surroundings},
        download::{Downloads, Leave, Offer, Watch},
        embedded::{EmbeddedOptions, Listen},
        error::ServerError,
        install::System,
        server::{PgServer, Retain, Retention},
    },
    record::Breakage,
    report::{
        style::shown,
        terminal::{Progress, Transfer, say},
    },
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
    pub fn start(settings: &RunSettings, progress: &Progress) -> Result<Self, Box<Breakage>> {
        let (choice, keeping) = (&settings.server, settings.keeping);
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
                let guard = settings.scope.guard();
                runtime.block_on(PgServer::at((**conninfo).clone(), retain, guard))
            }
            ServerAddress::Embedded(asked) => {
                let options = embedded(asked, settings, progress)?;
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

fn embedded(
    asked: &Asked,
    settings: &RunSettings,
    progress: &Progress,
) -> Result<EmbeddedOptions, Box<Breakage>> {
    let inventory = Inventory::take(&Surroundings::here());
    let chosen = inventory.choose(asked, &System::here());
    let binaries = match chosen {
        Ok(binaries) => binaries,
        Err(missing) => {
            downloaded(asked, &settings.downloads, progress, missing).map_err(not_found)?
        }
    };
    Ok(EmbeddedOptions {
        binaries,
        settings: settings.server_settings.clone(),
        listen: Listen::UnixSocket,
    })
}

/// Binaries from elsewhere, where none are installed.
fn downloaded(
    asked: &Asked,
    downloads: &Downloads,
    progress: &Progress,
    missing: ServerError,
) -> Result<Binaries, ServerError> {
    // What the user names by a folder or a variable is not for us to replace.
    let variable = std::env::var_os(BINARIES_VARIABLE).is_some_and(|value| !value.is_empty());
    let Some(offer) = Offer::of(asked, downloads).filter(|_| !variable) else {
        return Err(missing);
    };
    if downloads.leave == Leave::Offline {
        let hint = missing.hint.clone().unwrap_or_default();
        return Err(missing.hint(format!("{hint}; without --offline one is downloaded")));
    }
    progress.note(&offer.told());
    let transfer = progress.transfer();
    offer.take(&Shown(&transfer))
}

/// A download, as far as it is to be seen.
struct Shown<'a>(&'a Transfer);

impl Watch for Shown<'_> {
    fn at(&self, done: u64, all: Option<u64>) {
        self.0.at(done, all);
    }
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
