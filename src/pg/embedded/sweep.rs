//! What did earlier runs leave behind? Folders of servers whose pgauge and watchdog are both gone, and the servers in them.
//!
//! A folder in use is locked by its pgauge (`flock` on the folder itself: it ends with the process, and holds across
//! containers that share `/tmp`). A folder is ours to remove only when the server's user owns it, nobody else may look
//! into it, its name is of our form, and nobody holds the lock.

use super::account::Account;
use super::place::Place;
use super::watchdog;
use nix::fcntl::{Flock, FlockArg, OFlag};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the names of all server folders begin with.
pub(super) const PREFIX: &str = "pgauge-server-";

/// Letters and digits after [`PREFIX`].
pub(super) const SUFFIX_LENGTH: usize = 8;

/// A folder is named `….new` for the moment between its making and its locking.
const NEWBORN: Duration = Duration::from_secs(60);

/// The lock that says that a folder is in use.
pub(super) type FolderLock = Flock<File>;

/// Locks a folder; none when another process has it.
pub(super) fn lock(folder: &Path) -> io::Result<Option<FolderLock>> {
    let directory = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits())
        .open(folder)?;
    match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(errno.into()),
    }
}

/// Ends and removes the servers that earlier runs left in any place they may have used, and names their folders.
/// What cannot be looked at or removed is left for another time.
pub fn sweep(account: &Account) -> Vec<PathBuf> {
    let mut swept = Vec::new();
    for place in Place::all() {
        let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
        for folder in entries.map(|entry| entry.path()) {
            if is_stale(&folder, account) && remove(&folder, account) {
                swept.push(folder);
            }
        }
    }
    swept
}

/// Ends and removes the server in one folder unless it is in use; whether it is gone.
pub(super) fn remove(folder: &Path, account: &Account) -> bool {
    match lock(folder) {
        Ok(Some(_held_meanwhile)) => {
            let _ = watchdog::sweep(account, folder);
            !folder.exists()
        }
        Ok(None) => false,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn is_stale(folder: &Path, account: &Account) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let Some(suffix) = name.strip_prefix(PREFIX) else {
        return false;
    };
    let (suffix, newborn) = match suffix.strip_suffix(".new") {
        Some(suffix) => (suffix, true),
        None => (suffix, false),
    };
    if suffix.len() != SUFFIX_LENGTH || !suffix.chars().all(|c| c.is_ascii_alphanumeric()) {
        return false;
    }
    let Ok(metadata) = folder.symlink_metadata() else {
        return false;
    };
    let age = metadata.modified().ok().and_then(|at| at.elapsed().ok());
    metadata.is_dir()
        && metadata.uid() == account.uid.as_raw()
        && metadata.mode() & 0o777 == 0o700
        && (!newborn || age.is_some_and(|age| age > NEWBORN))
}
