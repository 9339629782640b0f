//! A PostgreSQL server of pgauge's own: started in a fraction of a second, disturbed by nothing, gone without a trace.
//!
//! [`EmbeddedServer::start`] makes a private folder, puts a cluster into it (a kept one where there is one), runs
//! `postgres` there, and answers when the server does. A watchdog removes all of it when the server is
//! stopped or dropped, and also when pgauge is killed. What a killed watchdog leaves is swept by the next start.
//!
//! Everything here blocks, for tens of milliseconds as a rule; asynchronous callers use `spawn_blocking`. It is not tied
//! to the thread that starts it.

mod account;
mod cache;
mod failure;
mod launch;
mod place;
mod probe;
mod settings;
mod sweep;
pub mod temp_config;
mod watchdog;

pub use account::{Account, Relation};
pub use cache::{CacheEntry, CacheState, INITDB_OPTIONS};
pub use place::{PLACE_VARIABLE, Place, Reason};
pub use settings::{Preload, SETTINGS, STATEMENT_STATISTICS, Setting};
pub use sweep::sweep;

use super::binaries::Binaries;
use super::error::ServerError;
use super::version::ServerVersion;
use launch::Launch;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::TryRecvError;
use watchdog::{Report, Source, Watchdog};

/// The superuser of every embedded server.
pub const SUPERUSER: &str = "postgres";

/// How to start a server.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// The binaries to run.
    pub binaries: Binaries,
    /// Settings for `postgresql.conf`, name and unquoted value; they win over [`SETTINGS`].
    pub settings: Vec<(String, String)>,
    /// What to listen on.
    pub listen: Listen,
}

/// What a server listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Listen {
    /// A Unix socket in its private folder, without passwords.
    #[default]
    UnixSocket,
    /// That, and a free port on 127.0.0.1, with SCRAM passwords.
    Loopback,
}

/// A running server. Dropping it stops it and removes everything.
pub struct EmbeddedServer {
    watchdog: Watchdog,
    account: Account,
    version: ServerVersion,
    port: u16,
    password: Option<String>,
    // The exit status once it has ended; none inside when nobody could tell.
    status: OnceLock<Option<i32>>,
    // Dropped last: nobody shall take the folder for a stale one while it is being removed.
    _in_use: sweep::FolderLock,
}

/// How a server ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit status of `postgres`, 128 and more meaning a signal; none when nobody was left to tell.
    pub status: Option<i32>,
    /// The last lines of its log.
    pub log: String,
}

impl EmbeddedServer {
    /// Sweeps what earlier runs left, starts a server and waits until it answers.
    ///
    /// # Errors
    /// There is no user or no place to run it as and in, `initdb` or `postgres` failed (the end of its log is the
    /// detail), or it did not answer in time. Nothing is left behind then.
    pub fn start(options: &EmbeddedOptions) -> Result<Self, ServerError> {
        let account = Account::of_this_process()?;
        let place = Place::choose(&account)?;
        sweep(&account);
        let launch = Launch {
            options,
            account: &account,
            place: &place,
        };
        let entry = CacheEntry::of(&options.binaries);
        if let Some((entry, file)) = entry
            .as_ref()
            .and_then(|entry| Some((entry, entry.open()?)))
        {
            match launch.run(Source::Cached(file)) {
                Ok(server) => return Ok(server),
                Err(failure) if failure.may_be_the_cluster() => entry.discard(),
                Err(failure) => return Err(failure.explain(options, &account)),
            }
        }
        let server = launch
            .run(Source::Fresh)
            .map_err(|failure| failure.explain(options, &account))?;
        server.keep_cluster(entry.as_ref());
        Ok(server)
    }

    /// The folder of its Unix socket, as `host` in a connection string.
    pub fn socket_dir(&self) -> &Path {
        self.watchdog.folder()
    }

    /// Its port: part of the socket's name, and the TCP port on 127.0.0.1 with [`Listen::Loopback`].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name of its superuser, who may connect through the socket without a password.
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// The superuser's password over TCP; only with [`Listen::Loopback`].
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Its version.
    pub fn version(&self) -> &ServerVersion {
        &self.version
    }

    /// The last `lines` lines of its log.
    pub fn log_tail(&self, lines: usize) -> String {
        failure::log_tail(self.socket_dir(), lines)
    }

    /// How it ended, if it did without being stopped.
    pub fn ended(&self) -> Option<Ended> {
        while self.status.get().is_none() {
            match self.watchdog.told() {
                Ok(Report::Exited(status)) => self.status.set(Some(status)),
                Err(TryRecvError::Disconnected) => self.status.set(None),
                Err(TryRecvError::Empty) => return None,
                Ok(_) => continue,
            }
            .ok();
        }
        Some(Ended {
            status: *self.status.get()?,
            log: self.log_tail(failure::LOG_LINES),
        })
    }

    /// Waits until it ends without being stopped.
    pub async fn until_ended(&self) {
        let mut news = self.watchdog.news();
        while self.ended().is_none() && news.changed().await.is_ok() {}
    }

    /// Stops it at once, without a checkpoint, and removes everything. Dropping it does the same, silently.
    ///
    /// # Errors
    /// Something is left; the error names the folder.
    pub fn stop(mut self) -> Result<(), ServerError> {
        let folder = self.end();
        match folder.exists() {
            false => Ok(()),
            true => Err(ServerError::new(format!(
                "the embedded server's folder could not be removed: {}",
                folder.display()
            ))
            .hint("the next start tries again")),
        }
    }

    fn end(&mut self) -> PathBuf {
        self.watchdog.end();
        let folder = self.watchdog.folder().to_owned();
        if folder.exists() {
            // Somebody killed the watchdog. The lock is this process's own.
            let _ = watchdog::sweep(&self.account, &folder);
        }
        folder
    }

    fn keep_cluster(&self, entry: Option<&CacheEntry>) {
        let tar = self.socket_dir().join("cluster.tar");
        if let Some(entry) = entry {
            // Without a cache the next start takes half a second more; `doctor` shows what it has.
            let _ = entry.keep(&tar);
        }
        let _ = std::fs::remove_file(tar);
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        self.end();
    }
}
