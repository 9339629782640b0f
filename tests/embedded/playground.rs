//! Folders of a test's own, and this test program run again in them.

use crate::machine::{
    orphaned_segments, processes_below, signal, watchdogs_of, within, within_three_seconds,
};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A process that was told to stop for a while, in `/proc`, and the files that stand for its shared memory.
pub struct Stopped {
    pub process: PathBuf,
    pub memory: Vec<PathBuf>,
}

/// A place for servers and a cache of its own, so that what is left over can only be this test's.
pub struct Playground {
    folder: tempfile::TempDir,
    orphans: Vec<String>,
}

impl Playground {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("pgt-")
            .tempdir_in("/tmp")
            .unwrap();
        for name in ["", "servers", "cache"] {
            let folder = folder.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        }
        Self {
            folder,
            orphans: orphaned_segments(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub fn servers(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join("servers")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// This test program, running only [`helper`].
    pub fn helper(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "helper", "--ignored", "--nocapture"])
            .env("PGAUGE_TMPDIR", self.path().join("servers"))
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }

    /// Waits until initdb runs a postgres that has made its shared memory, and stops it with SIGSTOP.
    pub fn stop_a_postgres_of_initdb(&self) -> Stopped {
        let mut stopped = None;
        within(Duration::from_secs(20), "a postgres of initdb", || {
            stopped = self.servers().iter().find_map(|folder| {
                let pid_file = fs::read_to_string(folder.join("data/postmaster.pid")).ok()?;
                // Below initdb the process id is negative; the seventh line names the segment.
                let pid = pid_file.lines().next()?.strip_prefix('-')?;
                pid_file.lines().nth(6)?;
                signal("STOP", pid);
                let process = Path::new("/proc").join(pid);
                let maps = fs::read_to_string(process.join("maps")).ok()?;
                let files = maps
                    .lines()
                    .filter_map(|line| line.split_whitespace().nth(5));
                let memory: Vec<_> = files
                    .filter(|file| file.starts_with("/dev/shm/PostgreSQL"))
                    .map(PathBuf::from)
                    .collect();
                if memory.is_empty() {
                    // Too early for it.
                    signal("CONT", pid);
                    return None;
                }
                process.exists().then_some(Stopped { process, memory })
            });
            stopped.is_some()
        });
        stopped.unwrap()
    }

    /// No folder, no process of this playground, watchdogs included, and no shared memory without a user.
    pub fn assert_nothing_is_left(&self) {
        let path = self.path();
        within_three_seconds("every process gone", || {
            processes_below(&path).is_empty() && watchdogs_of(&path).is_empty()
        });
        within_three_seconds("every folder gone", || self.servers().is_empty());
        within_three_seconds("all shared memory gone", || {
            orphaned_segments()
                .iter()
                .all(|id| self.orphans.contains(id))
        });
    }
}

/// Reads the helper's lines up to one that begins with `word`, and answers the rest of it.
pub fn hear(helper: &mut Child, word: &str) -> String {
    let lines = BufReader::new(helper.stdout.as_mut().unwrap());
    for line in lines.lines() {
        let line = line.unwrap();
        if let Some(rest) = line.strip_prefix(word) {
            return rest.trim().to_owned();
        }
        assert!(!line.starts_with("error"), "{line}");
    }
    panic!("the helper ended without saying {word}");
}
