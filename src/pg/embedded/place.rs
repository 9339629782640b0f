//! Where does a server's folder go? Into memory where there is plenty, else into `/tmp`.
//!
//! Cloning and dropping databases is what a run does most, and both are far quicker on a memory file system. Sockets
//! live in the same folder, and the kernel limits their path to about 100 bytes, so the place must be short; it must
//! also be open to the server's user, which rules out a `TMPDIR` below root's home.

use super::super::error::ServerError;
use super::account::Account;
use nix::sys::statvfs::statvfs;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The environment variable that names the place for server folders.
pub const PLACE_VARIABLE: &str = "PGAUGE_TMPDIR";

/// The file system in memory that Linux systems have.
const MEMORY: &str = "/dev/shm";

/// Bytes that must be free, in the memory file system and in memory, before a server goes there.
const PLENTY: u64 = 4 << 30;

/// The longest place that leaves room for the folder and the socket in a socket's path, in bytes.
const LONGEST: usize = 60;

/// A directory that server folders are made in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The directory, symbolic links followed.
    pub directory: PathBuf,
    /// Why this one.
    pub reason: Reason,
}

/// Why a place was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// [`PLACE_VARIABLE`] names it.
    Variable,
    /// It is in memory and there is plenty.
    Memory,
    /// Memory cannot be had, for the reason given.
    NotMemory(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Variable => write!(f, "{PLACE_VARIABLE} names it"),
            Reason::Memory => f.write_str("it is in memory, where databases are cloned quickest"),
            Reason::NotMemory(why) => f.write_str(why),
        }
    }
}

impl Place {
    /// The place for a server that runs as `account`.
    ///
    /// # Errors
    /// [`PLACE_VARIABLE`] names one that cannot serve.
    pub fn choose(account: &Account) -> Result<Self, ServerError> {
        if let Some(named) = named() {
            return Self::check(&named, account);
        }
        let temporary = |why| Self {
            directory: real(Path::new("/tmp")),
            reason: Reason::NotMemory(why),
        };
        Ok(match memory_is_plenty() {
            Ok(()) => Self {
                directory: PathBuf::from(MEMORY),
                reason: Reason::Memory,
            },
            Err(why) => temporary(why),
        })
    }

    /// Every place that an earlier run may have used.
    pub fn all() -> Vec<PathBuf> {
        let mut places: Vec<PathBuf> = [PathBuf::from(MEMORY), PathBuf::from("/tmp")]
            .into_iter()
            .chain(named())
            .filter_map(|place| place.canonicalize().ok())
            .collect();
        places.dedup();
        places
    }

    fn check(named: &Path, account: &Account) -> Result<Self, ServerError> {
        let refuse = |why: String| {
            ServerError::new(format!("{PLACE_VARIABLE} names a folder that cannot hold a server: {}", named.display()))
                .detail(why)
                .hint("name a folder with a short path that everybody may write to, such as /tmp, or unset it")
        };
        let directory = named
            .canonicalize()
            .map_err(|error| refuse(error.to_string()))?;
        let length = directory.as_os_str().len();
        if length > LONGEST {
            return Err(refuse(format!(
                "its path has {length} bytes; at most {LONGEST} leave room for a Unix socket"
            )));
        }
        let mut test = Command::new("/bin/sh");
        let script = r#"cd / && [ -d "$0" ] && [ -w "$0" ] && [ -x "$0" ]"#;
        account.apply(test.arg("-c").arg(script).arg(&directory));
        let writable = test.current_dir("/").stderr(Stdio::null()).status();
        match writable {
            Ok(status) if status.success() => Ok(Self {
                directory,
                reason: Reason::Variable,
            }),
            Ok(_) => Err(refuse(format!(
                "user {} may not make folders in it",
                account.name
            ))),
            Err(error) => Err(refuse(error.to_string())),
        }
    }
}

fn named() -> Option<PathBuf> {
    std::env::var_os(PLACE_VARIABLE)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// On macOS `/tmp` is a link, and a server's folder is found again by its real path.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn memory_is_plenty() -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("this system has no file system in memory".to_owned());
    }
    let stat = statvfs(MEMORY).map_err(|error| format!("{MEMORY} cannot be used: {error}"))?;
    let free = stat.blocks_available() as u64 * stat.fragment_size() as u64;
    enough(free, &format!("{MEMORY} has only"))?;
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = available_memory(&meminfo).unwrap_or(0);
    enough(available, "memory has only")?;
    match container_room() {
        Some(room) => enough(room, "this container's memory limit leaves only"),
        None => Ok(()),
    }
}

fn enough(bytes: u64, what: &str) -> Result<(), String> {
    match bytes >= PLENTY {
        true => Ok(()),
        false => Err(format!(
            "{what} {} MiB free of the {} that a server in memory should have",
            bytes >> 20,
            PLENTY >> 20
        )),
    }
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn available_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// What a memory limit of control groups (version 2) leaves this container, in bytes; none where there is no limit.
fn container_room() -> Option<u64> {
    let read = |name: &str| -> Option<u64> {
        let text = std::fs::read_to_string(Path::new("/sys/fs/cgroup").join(name)).ok()?;
        text.trim().parse().ok()
    };
    let limit = read("memory.max")?;
    Some(limit.saturating_sub(read("memory.current").unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_memory_is_read_in_bytes() {
        let meminfo =
            "MemTotal:       49368184 kB\nMemFree:        100 kB\nMemAvailable:   2048 kB\n";
        assert_eq!(available_memory(meminfo), Some(2 << 20));
        assert_eq!(available_memory("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn too_little_room_is_told_in_numbers() {
        assert_eq!(
            enough(64 << 20, "/dev/shm has only").unwrap_err(),
            "/dev/shm has only 64 MiB free of the 4096 that a server in memory should have"
        );
        assert_eq!(enough(PLENTY, ""), Ok(()));
    }

    #[test]
    fn a_named_place_must_be_there_and_leave_room_for_a_socket() {
        let account = Account::of_this_process().unwrap();
        let refused = |place: &Path| Place::check(place, &account).unwrap_err();
        let missing = refused(Path::new("/tmp/not/there"));
        assert!(
            missing.primary.starts_with("PGAUGE_TMPDIR names"),
            "{missing}"
        );
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let long = folder.path().join("x".repeat(LONGEST));
        std::fs::create_dir(&long).unwrap();
        assert!(
            refused(&long)
                .detail
                .unwrap()
                .contains("at most 60 leave room")
        );
    }
}
