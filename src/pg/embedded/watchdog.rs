//! Who ends a server when pgauge cannot? A shell process that outlives it, whatever happens to it.
//!
//! Everything a server consists of is made by this process (`watchdog.sh`), as the server's user: the folder, the
//! cluster, `initdb`, `postgres`. pgauge only holds one end of a socket. When that end closes, because pgauge is done or
//! because it was killed, be it in the middle of `initdb`, the watchdog ends whatever works in the folder, removes it,
//! and ends itself.
//!
//! `PR_SET_PDEATHSIG` would not do: it fires when the spawning *thread* ends, knows no folders, and needs `unsafe`. The
//! watchdog has a process group of its own, so that Ctrl-C on the terminal reaches neither it nor the server.

use super::SUPERUSER;
use super::account::Account;
use super::cache::INITDB_OPTIONS;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;

const SCRIPT: &str = include_str!("watchdog.sh");

/// What a watchdog tells of its work, in this order but for [`Report::Remark`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Report {
    /// The folder is there, under the name with `.new`; it waits for leave to go on.
    Made,
    /// `postgres` starts now.
    Serving,
    /// One of the steps before that failed: `unpack`, `initdb`, `settings`.
    Failed(String),
    /// `postgres` ended with this status, 128 and more meaning a signal.
    Exited(i32),
    /// Something a program it uses had to say.
    Remark(String),
}

impl Report {
    fn parse(line: &str) -> Self {
        let remark = || Report::Remark(line.to_owned());
        match line.split_once(' ') {
            None if line == "made" => Report::Made,
            None if line == "serving" => Report::Serving,
            Some(("failed", step)) => Report::Failed(step.to_owned()),
            Some(("exited", status)) => status.parse().map_or_else(|_| remark(), Report::Exited),
            _ => remark(),
        }
    }
}

/// Where the cluster comes from.
pub(super) enum Source {
    /// A tar file.
    Cached(File),
    /// `initdb`.
    Fresh,
}

/// A running watchdog. Dropping it ends the server and waits until nothing is left.
pub(super) struct Watchdog {
    process: Child,
    control: UnixStream,
    // A receiver alone would keep a server from being shared between threads.
    reports: Mutex<Receiver<Report>>,
    /// Changes with every report, and is closed with the last.
    news: watch::Receiver<u64>,
    folder: PathBuf,
}

impl Watchdog {
    /// Starts a watchdog that makes `folder`, and in it a server with these lines of settings, which name this port. Like
    /// a server that pg_regress starts, it finds itself by libpq's variables: postgres_fdw and dblink connect to it where
    /// they are not told where to.
    pub(super) fn start(
        account: &Account,
        folder: &Path,
        bindir: &Path,
        settings: &str,
        port: u16,
        source: Source,
    ) -> io::Result<Self> {
        let (control, theirs) = UnixStream::pair()?;
        let mut command = shell(account);
        command.args([Path::new("start"), folder, bindir]);
        match source {
            Source::Cached(mut file) => {
                // An earlier try may have read it.
                file.rewind()?;
                command.arg("cached").stdin(file)
            }
            Source::Fresh => command.arg("fresh").stdin(Stdio::null()),
        };
        command
            .env("PGAUGE_SETTINGS", settings)
            .env("PGHOST", folder)
            .env("PGPORT", port.to_string())
            .env("PGUSER", SUPERUSER)
            .stdout(OwnedFd::from(theirs.try_clone()?))
            .stderr(OwnedFd::from(theirs));
        let process = command.spawn()?;
        // Until the command goes, this process holds the watchdog's end of the socket too.
        drop(command);
        let lines = BufReader::new(control.try_clone()?).lines();
        let (sender, reports) = mpsc::channel();
        let (tell, news) = watch::channel(0);
        thread::Builder::new()
            .name("pgauge-watchdog".to_owned())
            .spawn(move || {
                for line in lines.map_while(Result::ok) {
                    if sender.send(Report::parse(&line)).is_err() {
                        break;
                    }
                    tell.send_modify(|count| *count += 1);
                }
                // Who hears that there will be no more must find it so.
                drop(sender);
                drop(tell);
            })?;
        Ok(Self {
            process,
            control,
            reports: Mutex::new(reports),
            news,
            folder: folder.to_owned(),
        })
    }

    /// Gives leave to go on after [`Report::Made`].
    pub(super) fn go(&self) -> io::Result<()> {
        (&self.control).write_all(b"go\n")
    }

    /// What it tells next, waiting for at most `limit`.
    pub(super) fn next(&mut self, limit: Duration) -> Result<Report, RecvTimeoutError> {
        let reports = self
            .reports
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        reports.recv_timeout(limit)
    }

    /// What it has told already.
    pub(super) fn told(&self) -> Result<Report, TryRecvError> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.try_recv()
    }

    /// Hears of every report from now on, which [`told`](Self::told) then gives.
    pub(super) fn news(&self) -> watch::Receiver<u64> {
        let mut news = self.news.clone();
        news.mark_unchanged();
        news
    }

    /// Ends the server; afterwards nothing of it is left, unless somebody killed the watchdog.
    pub(super) fn end(&mut self) {
        let _ = self.control.shutdown(Shutdown::Both);
        let _ = self.process.wait();
    }

    /// The folder it makes and removes.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.end();
    }
}

/// Ends whatever works in a folder that an earlier run left, and removes it.
pub(super) fn sweep(account: &Account, folder: &Path) -> io::Result<()> {
    shell(account)
        .args([Path::new("sweep"), folder, Path::new("/"), Path::new("-")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map(drop)
}

/// The script comes by the environment so that `ps` shows one short line. Nothing else of pgauge's environment goes to
/// the server but where to find programs and libraries: `PG*` variables of the user's would change what it does.
fn shell(account: &Account) -> Command {
    let mut command = Command::new("/bin/sh");
    let inherited = std::env::var("PATH").unwrap_or_default();
    command
        .args(["-c", "eval \"$PGAUGE_WATCHDOG\"", "pgauge-watchdog"])
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with("LD_")
                || name.starts_with("DYLD_")
                || name == "LOCPATH"
                || name == "NIX_LD"
        }))
        .env("PATH", format!("/usr/bin:/bin:/usr/sbin:/sbin:{inherited}"))
        .env("LC_ALL", "C")
        .env("PGAUGE_WATCHDOG", SCRIPT)
        .env("PGAUGE_INITDB", INITDB_OPTIONS.join("\n"))
        .env("PGAUGE_SETTINGS", "")
        .current_dir("/")
        .process_group(0);
    account.apply(&mut command);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_watchdog_are_told_from_remarks_of_its_programs() {
        assert_eq!(Report::parse("serving"), Report::Serving);
        assert_eq!(
            Report::parse("failed unpack"),
            Report::Failed("unpack".into())
        );
        assert_eq!(Report::parse("exited 137"), Report::Exited(137));
        for remark in ["exited", "exited early", "mkdir: cannot create directory"] {
            assert_eq!(Report::parse(remark), Report::Remark(remark.into()));
        }
    }
}
