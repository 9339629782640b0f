//! Where are server binaries? Every place they are commonly installed in, each looked at and its version asked.
//!
//! A folder counts when it holds both `postgres` and `initdb` and the version is one that pgauge works with; what was
//! seen but does not count is kept with the reason, since "I did install it" deserves an answer.

mod places;
#[cfg(test)]
mod tests;

pub use places::{BINARIES_VARIABLE, Origin, Surroundings};

use super::error::ServerError;
use super::install::System;
use super::version::ServerVersion;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::str::FromStr;

/// A folder of server binaries that pgauge can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder with `postgres` and `initdb`, symbolic links followed.
    pub bindir: PathBuf,
    /// What `postgres --version` said.
    pub version: ServerVersion,
    /// How it was found.
    pub origin: Origin,
}

/// A folder that was looked at and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The folder, as it was named.
    pub folder: PathBuf,
    /// How it came to be looked at.
    pub origin: Origin,
    /// Why it cannot be used, to follow "because".
    pub reason: String,
}

/// Which binaries the user wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Asked {
    /// The newest release there is; those in [`BINARIES_VARIABLE`] go first.
    #[default]
    Newest,
    /// The newest of one major version.
    Major(u32),
    /// Those in this folder: the folder of the binaries, or the one above its `bin`.
    At(PathBuf),
}

impl FromStr for Asked {
    type Err = ServerError;

    /// `embedded`, a major version such as `16`, or a path with a slash in it.
    fn from_str(text: &str) -> Result<Self, ServerError> {
        match text {
            "embedded" => Ok(Asked::Newest),
            path if path.contains('/') => Ok(Asked::At(PathBuf::from(path))),
            number => number.parse().map(Asked::Major).map_err(|_| {
                ServerError::new(format!("\"{text}\" names no server")).hint(
                    "give `embedded`, a major version such as `16`, a folder of server binaries such as \
                     `/opt/pg17/bin`, or a URL",
                )
            }),
        }
    }
}

/// All server binaries of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Those that pgauge can use, in the order of preference.
    pub usable: Vec<Binaries>,
    /// Those it cannot.
    pub rejected: Vec<Rejected>,
}

impl Inventory {
    /// Looks everywhere. Runs `postgres --version` once per folder found, and `pg_config` once.
    pub fn take(surroundings: &Surroundings) -> Self {
        let mut inventory = Inventory::default();
        for (folder, origin) in surroundings.folders() {
            inventory.look_at(folder, origin);
        }
        inventory.usable.sort_by(|a, b| {
            let key = |binaries: &Binaries| match binaries.origin {
                Origin::Variable => 2,
                // What somebody installed is what they mean.
                Origin::Downloaded => 0,
                _ => 1,
            };
            key(b)
                .cmp(&key(a))
                .then_with(|| b.version.cmp(&a.version))
                .then_with(|| a.origin.cmp(&b.origin))
        });
        inventory
    }

    /// The binaries in one folder.
    ///
    /// # Errors
    /// Why they cannot be used, to follow "because".
    pub fn of_folder(folder: &Path, origin: Origin) -> Result<Binaries, String> {
        inspect(folder, origin)
    }

    fn look_at(&mut self, folder: PathBuf, origin: Origin) {
        match inspect(&folder, origin) {
            Ok(binaries) => {
                if !self.usable.iter().any(|b| b.bindir == binaries.bindir) {
                    self.usable.push(binaries);
                }
            }
            Err(reason) => self.rejected.push(Rejected {
                folder,
                origin,
                reason,
            }),
        }
    }

    /// The binaries to use for what was asked.
    ///
    /// # Errors
    /// None is there, or none as asked; the error says what was seen and how to install one on `system`.
    pub fn choose(&self, asked: &Asked, system: &System) -> Result<Binaries, ServerError> {
        let broken_variable = self
            .rejected
            .iter()
            .find(|rejected| rejected.origin == Origin::Variable);
        let chosen = match (asked, broken_variable) {
            (Asked::At(path), _) => {
                return inspect(path, Origin::Asked).map_err(|reason| {
                    ServerError::new(format!(
                        "no PostgreSQL server binaries in {}",
                        path.display()
                    ))
                    .detail(reason)
                    .hint("name the folder that holds both `postgres` and `initdb`")
                });
            }
            // What the user named counts: another one instead would surprise.
            (_, Some(rejected)) => {
                return Err(ServerError::new(format!(
                    "{BINARIES_VARIABLE} names no usable PostgreSQL server: {}",
                    rejected.folder.display()
                ))
                .detail(rejected.reason.clone())
                .hint(format!(
                    "name the folder that holds both `postgres` and `initdb`, or unset {BINARIES_VARIABLE}"
                )));
            }
            (Asked::Newest, None) => self.usable.first(),
            (Asked::Major(major), None) => self.usable.iter().find(|b| b.version.major == *major),
        };
        chosen
            .cloned()
            .ok_or_else(|| self.nothing_found(asked, system))
    }

    fn nothing_found(&self, asked: &Asked, system: &System) -> ServerError {
        let primary = match asked {
            Asked::Major(major) => {
                format!("no PostgreSQL {major} server is installed on this machine")
            }
            Asked::Newest | Asked::At(_) => {
                "no PostgreSQL server is installed on this machine".to_owned()
            }
        };
        let usable = self
            .usable
            .iter()
            .map(|b| format!("{} is {}", b.bindir.display(), b.version));
        let rejected = self
            .rejected
            .iter()
            .map(|r| format!("{} cannot be used because {}", r.folder.display(), r.reason));
        let seen: Vec<String> = usable.chain(rejected).collect();
        let detail = match seen.is_empty() {
            true => format!(
                "looked at {BINARIES_VARIABLE}, pg_config, PATH, /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, \
                 Homebrew and Postgres.app"
            ),
            false => seen.join("\n"),
        };
        ServerError::new(primary).detail(detail).hint(format!(
            "{}, or name a server that runs already with `--server postgres://user@host/database`",
            system.advice()
        ))
    }
}

/// Tries at a program that is being written, as the system has it, because some other thread began a process meanwhile.
const BUSY_TRIES: usize = 200;

fn version_of(program: &Path) -> io::Result<Output> {
    let ask = || Command::new(program).arg("--version").output();
    let busy = |answer: &io::Result<Output>| {
        let error = answer.as_ref().err().map(io::Error::kind);
        error == Some(io::ErrorKind::ExecutableFileBusy)
    };
    let mut answer = ask();
    for _ in 1..BUSY_TRIES {
        if !busy(&answer) {
            break;
        }
        std::thread::yield_now();
        answer = ask();
    }
    answer
}

/// The usable binaries in a folder, or why there are none.
fn inspect(folder: &Path, origin: Origin) -> Result<Binaries, String> {
    let postgres = [
        folder.join("postgres"),
        folder.join("bin/postgres"),
        folder.to_owned(),
    ]
    .into_iter()
    .find(|file| file.is_file())
    .ok_or_else(|| match folder.exists() {
        true => "it holds no `postgres`".to_owned(),
        false => "there is no such folder".to_owned(),
    })?;
    let postgres = postgres
        .canonicalize()
        .map_err(|error| format!("{} cannot be followed: {error}", postgres.display()))?;
    let bindir = postgres.parent().unwrap_or(folder).to_owned();
    if !bindir.join("initdb").is_file() {
        return Err(format!("there is no `initdb` in {}", bindir.display()));
    }
    let output = version_of(&postgres)
        .map_err(|error| format!("`{} --version` does not run: {error}", postgres.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = ServerVersion::parse(&said).ok_or_else(|| {
        format!(
            "`{} --version` says \"{}\"",
            postgres.display(),
            [said.trim(), String::from_utf8_lossy(&output.stderr).trim()].concat()
        )
    })?;
    if version.major < ServerVersion::OLDEST {
        return Err(format!(
            "PostgreSQL {version} is older than {}, the oldest that pgauge works with",
            ServerVersion::OLDEST
        ));
    }
    Ok(Binaries {
        bindir,
        version,
        origin,
    })
}
