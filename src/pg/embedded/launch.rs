//! One try at a server: from an empty place to its first answer.

use super::super::error::ServerError;
use super::account::Account;
use super::failure::{Failure, LOG_LINES, log_tail};
use super::place::Place;
use super::settings::{self, ListenAt, Preload};
use super::sweep::{self, FolderLock, PREFIX, SUFFIX_LENGTH};
use super::watchdog::{Report, Source, Watchdog};
use super::{EmbeddedOptions, EmbeddedServer, Listen, SUPERUSER, probe};
use postgres_protocol::password::scram_sha_256;
use rand::TryRng;
use rand::rngs::SysRng;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// A step of the start that takes longer than this has gone wrong, however slow the machine.
const STEP_LIMIT: Duration = Duration::from_secs(120);

/// Between two looks at whether the server is ready; a look reads one small file.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// The port of a server without TCP; it only names the socket in a folder of its own.
const SOCKET_PORT: u16 = 5432;

/// Tries at a TCP port that somebody else takes between its choice and its use.
const PORT_TRIES: usize = 5;

/// What a try needs to know.
pub(super) struct Launch<'a> {
    pub(super) options: &'a EmbeddedOptions,
    pub(super) account: &'a Account,
    pub(super) place: &'a Place,
}

impl Launch<'_> {
    /// Starts the server with a cluster from `source`.
    pub(super) fn run(&self, source: Source) -> Result<EmbeddedServer, Failure> {
        let mut source = source;
        for _ in 1..PORT_TRIES {
            let again = match &source {
                Source::Cached(file) => {
                    Source::Cached(file.try_clone().map_err(Failure::NoWatchdog)?)
                }
                Source::Fresh => Source::Fresh,
            };
            match self.try_once(source) {
                Err(failure) if failure.is_a_taken_port() => source = again,
                result => return result,
            }
        }
        self.try_once(source)
    }

    fn try_once(&self, source: Source) -> Result<EmbeddedServer, Failure> {
        let listen = ListenAt {
            listen: self.options.listen,
            port: free_port(self.options.listen).map_err(Failure::NoWatchdog)?,
        };
        let folder = self.new_folder()?;
        let bindir = &self.options.binaries.bindir;
        let preload = Preload::available(bindir);
        let settings = settings::render(&self.options.settings, preload, &folder, listen)
            .map_err(Failure::Refused)?;
        let watchdog = Watchdog::start(
            self.account,
            &folder,
            bindir,
            &settings,
            listen.port,
            source,
        )
        .map_err(Failure::NoWatchdog)?;
        // Dropped after the attempt: the folder stays locked while a failed one is being removed.
        let in_use;
        let mut attempt = Attempt {
            watchdog,
            remarks: Vec::new(),
        };
        in_use = attempt.take_folder()?;
        attempt.until_serving()?;
        let password = attempt.until_answering(listen)?;
        Ok(EmbeddedServer {
            watchdog: attempt.watchdog,
            account: self.account.clone(),
            version: self.options.binaries.version.clone(),
            port: listen.port,
            password,
            status: OnceLock::new(),
            _in_use: in_use,
        })
    }

    fn new_folder(&self) -> Result<PathBuf, Failure> {
        let suffix = &random_hex().map_err(Failure::NoWatchdog)?[..SUFFIX_LENGTH];
        Ok(self.place.directory.join(format!("{PREFIX}{suffix}")))
    }
}

/// A server on its way; dropping it on an error removes what there is.
struct Attempt {
    watchdog: Watchdog,
    remarks: Vec<String>,
}

impl Attempt {
    fn folder(&self) -> &Path {
        self.watchdog.folder()
    }

    fn log(&self) -> String {
        log_tail(self.folder(), LOG_LINES)
    }

    fn lost(&mut self) -> Failure {
        Failure::Lost(std::mem::take(&mut self.remarks).join("\n"))
    }

    /// Locks the folder before it gets the name under which others look for stale ones.
    fn take_folder(&mut self) -> Result<FolderLock, Failure> {
        self.next_but(Report::Made, STEP_LIMIT)?;
        let newborn = self.folder().with_extension("new");
        let lock = sweep::lock(&newborn).map_err(Failure::NoWatchdog)?;
        let lock = lock.ok_or_else(|| {
            Failure::Lost(format!("{} is locked by somebody else", newborn.display()))
        })?;
        self.watchdog.go().map_err(Failure::NoWatchdog)?;
        Ok(lock)
    }

    fn until_serving(&mut self) -> Result<(), Failure> {
        self.next_but(Report::Serving, STEP_LIMIT)
    }

    /// Waits until PostgreSQL calls itself ready, then for its first answer; sets the password that TCP needs.
    fn until_answering(&mut self, listen: ListenAt) -> Result<Option<String>, Failure> {
        let since = Instant::now();
        let socket = self.folder().join(format!(".s.PGSQL.{}", listen.port));
        let pid_file = self.folder().join("data/postmaster.pid");
        while since.elapsed() < STEP_LIMIT {
            if is_ready(&pid_file)
                && let Ok(mut probe) = probe::connect(&socket, SUPERUSER)
            {
                return match listen.listen {
                    Listen::UnixSocket => Ok(None),
                    Listen::Loopback => set_password(&mut probe)
                        .map(Some)
                        .map_err(Failure::NoWatchdog),
                };
            }
            match self.watchdog.next(LOOK_EVERY) {
                Ok(report) => self.note(report)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(self.lost()),
            }
        }
        Err(self.silent())
    }

    fn next_but(&mut self, wanted: Report, limit: Duration) -> Result<(), Failure> {
        loop {
            match self.watchdog.next(limit) {
                Ok(report) if report == wanted => return Ok(()),
                Ok(report) => self.note(report)?,
                Err(RecvTimeoutError::Timeout) => return Err(self.silent()),
                Err(RecvTimeoutError::Disconnected) => return Err(self.lost()),
            }
        }
    }

    fn note(&mut self, report: Report) -> Result<(), Failure> {
        match report {
            Report::Made | Report::Serving => Ok(()),
            Report::Remark(text) => {
                self.remarks.push(text);
                Ok(())
            }
            Report::Failed(step) => Err(Failure::Step {
                step,
                log: self.log(),
            }),
            Report::Exited(status) => Err(Failure::Exited {
                status,
                log: self.log(),
            }),
        }
    }

    fn silent(&self) -> Failure {
        Failure::Silent {
            seconds: STEP_LIMIT.as_secs(),
            log: self.log(),
        }
    }
}

/// The eighth line of `postmaster.pid` is the server's state (PostgreSQL's `pidfile.h`). Connecting before it is
/// ready would make it start a process only to refuse.
fn is_ready(pid_file: &Path) -> bool {
    let text = std::fs::read_to_string(pid_file).unwrap_or_default();
    text.lines()
        .nth(7)
        .is_some_and(|state| state.trim() == "ready")
}

/// Sent as a SCRAM verifier, so that the password itself is in no log and no statistics.
fn set_password(probe: &mut probe::Probe) -> io::Result<String> {
    let password = random_hex()?;
    let verifier = scram_sha_256(password.as_bytes());
    probe.execute(&format!("ALTER ROLE {SUPERUSER} PASSWORD '{verifier}'"))?;
    Ok(password)
}

fn free_port(listen: Listen) -> io::Result<u16> {
    match listen {
        Listen::UnixSocket => Ok(SOCKET_PORT),
        Listen::Loopback => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port()),
    }
}

/// 128 random bits from the operating system.
fn random_hex() -> io::Result<String> {
    let mut bytes = [0; 16];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

// A refusal before anything was tried.
impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        Failure::Refused(error)
    }
}
