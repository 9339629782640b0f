//! Why did a server not start? What was seen, put into words with a cause and a remedy.

use super::super::error::ServerError;
use super::account::Account;
use super::{EmbeddedOptions, PLACE_VARIABLE};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// How many lines of a log an error shows.
pub(super) const LOG_LINES: usize = 12;

/// Bytes from the end of a log among which its last lines are looked for.
const LOG_BYTES: i64 = 16 << 10;

/// What went wrong between asking for a server and its first answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// It could not even be tried.
    Refused(ServerError),
    /// The watchdog could not be started or reached.
    NoWatchdog(io::Error),
    /// The watchdog ended early, saying this.
    Lost(String),
    /// A step before `postgres` failed; the log says why.
    Step { step: String, log: String },
    /// `postgres` ended instead of answering.
    Exited { status: i32, log: String },
    /// It did not answer within this many seconds.
    Silent { seconds: u64, log: String },
}

impl Failure {
    /// Whether another cluster may cure it.
    pub(super) fn may_be_the_cluster(&self) -> bool {
        match self {
            Failure::Step { .. } => true,
            Failure::Exited { log, .. } => !is_about_settings(log) && !is_about_the_port(log),
            Failure::Refused(_)
            | Failure::NoWatchdog(_)
            | Failure::Lost(_)
            | Failure::Silent { .. } => false,
        }
    }

    /// Whether somebody else took the TCP port between its choice and its use.
    pub(super) fn is_a_taken_port(&self) -> bool {
        matches!(self, Failure::Exited { log, .. } if is_about_the_port(log))
    }

    /// The message for it.
    pub(super) fn explain(self, options: &EmbeddedOptions, account: &Account) -> ServerError {
        let version = &options.binaries.version;
        let bindir = options.binaries.bindir.display();
        match self {
            Failure::Refused(error) => error,
            Failure::NoWatchdog(error) => ServerError::new("the embedded server's watchdog cannot be started")
                .detail(format!("/bin/sh as user {}: {error}", account.name))
                .hint("run pgauge as an ordinary user, or name a server that runs already with `--server`"),
            Failure::Lost(said) => ServerError::new("the embedded server's folder cannot be made")
                .detail(said)
                .hint(format!("{PLACE_VARIABLE} names another place for it")),
            Failure::Step { step, log } => ServerError::new(match step.as_str() {
                "initdb" => format!("PostgreSQL {version} cannot initialise a cluster"),
                _ => "the embedded server's folder cannot be filled".to_owned(),
            })
            .hint(remedy(&log, &format!("can user {} run {bindir}/initdb?", account.name)))
            .detail(log),
            Failure::Exited { status, log } => {
                ServerError::new(format!("PostgreSQL {version} does not start: it ended with status {status}"))
                    .hint(remedy(&log, &format!("{bindir}/postgres wrote this; other binaries can be named with `--server`")))
                    .detail(log)
            }
            Failure::Silent { seconds, log } => {
                ServerError::new(format!("PostgreSQL {version} does not answer after {seconds} s"))
                    .hint("the machine may be overloaded: run again with fewer `--jobs`")
                    .detail(log)
            }
        }
    }
}

fn is_about_settings(log: &str) -> bool {
    [
        "contains errors",
        "configuration parameter",
        "invalid value for parameter",
        "could not access file",
        "could not map anonymous shared memory",
    ]
    .iter()
    .any(|words| log.contains(words))
}

fn is_about_the_port(log: &str) -> bool {
    log.contains("Address already in use")
}

fn remedy(log: &str, otherwise: &str) -> String {
    let known = [
        ("No space left on device", format!("make room there, or name another place with {PLACE_VARIABLE}")),
        ("could not create shared memory segment", "the system's limits for shared memory are too low, see https://www.postgresql.org/docs/current/kernel-resources.html".to_owned()),
        ("Cannot allocate memory", "free some memory, or give the server a smaller `shared_buffers`".to_owned()),
    ];
    known
        .into_iter()
        .find(|(words, _)| log.contains(words))
        .map(|(_, remedy)| remedy)
        .unwrap_or_else(|| match is_about_settings(log) {
            true => "a setting given for this server is not one that it takes".to_owned(),
            false => otherwise.to_owned(),
        })
}

/// The last lines of a server's log.
pub(super) fn log_tail(folder: &Path, lines: usize) -> String {
    let read = || -> io::Result<String> {
        let mut file = File::open(folder.join("log"))?;
        let length = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
        file.seek(SeekFrom::End(-length.min(LOG_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failure_that_another_cluster_may_cure_costs_the_kept_one() {
        let exited = |log: &str| Failure::Exited {
            status: 1,
            log: log.to_owned(),
        };
        assert!(exited("PANIC: could not locate a valid checkpoint record").may_be_the_cluster());
        let setting = exited("FATAL:  configuration file \"/x/postgresql.conf\" contains errors");
        assert!(!setting.may_be_the_cluster());
        let port =
            exited("LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use");
        assert!(!port.may_be_the_cluster() && port.is_a_taken_port());
    }

    #[test]
    fn the_end_of_a_log_is_told_and_a_missing_log_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(log_tail(folder.path(), 3), "");
        std::fs::write(folder.path().join("log"), "a\nb\nc\n").unwrap();
        assert_eq!(log_tail(folder.path(), 2), "b\nc");
        assert_eq!(log_tail(folder.path(), 9), "a\nb\nc");
    }
}
