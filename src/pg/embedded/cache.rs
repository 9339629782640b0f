//! Has this cluster been initialised before? A fresh cluster is kept as one tar file per build and options.
//!
//! `initdb` takes half a second, unpacking its result some 30 ms. A single file makes the rest simple: it appears whole
//! by a rename, a reader keeps what it opened, discarding is an unlink, and root may open one in its own home and hand
//! the open file to a process of the server's user. Nothing in the file depends on that user.

use super::super::binaries::Binaries;
use nix::unistd::{User, geteuid};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Options of every `initdb`, besides the folder and `--lc-ctype`, which is C.UTF-8 where the system has it.
/// Anything may connect through the socket, whose folder is private; over TCP only with a password.
pub const INITDB_OPTIONS: &[&str] = &[
    "--username=postgres",
    "--auth-local=trust",
    "--auth-host=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
    "--no-instructions",
];

/// Changes when clusters kept by earlier versions of pgauge must not be used any more.
const FORMAT: &str = "pgauge cluster 1";

/// A kept cluster that nobody has used for this long is removed.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// Half-written files older than this belong to nobody.
const WRITING_TAKES_AT_MOST: Duration = Duration::from_secs(3600);

/// The place in the cache of the cluster that some binaries make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    file: PathBuf,
}

/// What the cache has for some binaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheState {
    /// A cluster, in this file.
    Kept(PathBuf),
    /// Nothing yet; the next start will keep one in this file.
    Empty(PathBuf),
    /// There is no folder to keep anything in, so that every start runs `initdb`.
    Nowhere,
}

impl CacheEntry {
    /// The entry for these binaries; none where there is no cache folder.
    pub fn of(binaries: &Binaries) -> Option<Self> {
        Some(Self::within(&cache_folder()?, binaries))
    }

    fn within(folder: &Path, binaries: &Binaries) -> Self {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(FORMAT.as_bytes());
        add(binaries.bindir.as_os_str().as_encoded_bytes());
        add(binaries.version.full().as_bytes());
        // A rebuilt server of the same version may have another catalog.
        for program in ["postgres", "initdb"] {
            if let Ok(metadata) = fs::metadata(binaries.bindir.join(program)) {
                add(&metadata.size().to_le_bytes());
                add(&metadata.mtime().to_le_bytes());
            }
        }
        INITDB_OPTIONS
            .iter()
            .for_each(|option| add(option.as_bytes()));
        let digest = hash.finalize();
        let name: String = digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            file: folder.join(format!("cluster-{}-{name}.tar", binaries.version.major)),
        }
    }

    /// The kept cluster, opened for reading, and marked as used.
    pub fn open(&self) -> Option<File> {
        let file = File::open(&self.file).ok()?;
        // Only so that it is not removed as unused.
        let _ = file.set_modified(SystemTime::now());
        Some(file)
    }

    /// Keeps the cluster in `tar`, whole or not at all, and removes those that nobody uses any more.
    ///
    /// # Errors
    /// The cache folder cannot be made or written; a server runs as well without.
    pub fn keep(&self, tar: &Path) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        let mut whole = tempfile::Builder::new()
            .prefix(".writing-")
            .tempfile_in(folder)?;
        io::copy(&mut File::open(tar)?, &mut whole)?;
        whole.persist(&self.file).map_err(|error| error.error)?;
        remove_unused(folder);
        Ok(())
    }

    /// Forgets the kept cluster.
    pub fn discard(&self) {
        // Somebody else may have been quicker; and if it cannot be removed, the next start fails to use it again.
        let _ = fs::remove_file(&self.file);
    }

    /// What is there now.
    pub fn state(entry: Option<&Self>) -> CacheState {
        match entry {
            Some(entry) if entry.file.is_file() => CacheState::Kept(entry.file.clone()),
            Some(entry) => CacheState::Empty(entry.file.clone()),
            None => CacheState::Nowhere,
        }
    }
}

/// `$XDG_CACHE_HOME/pgauge` or `~/.cache/pgauge`. Root uses its own home whatever `HOME` says: under `sudo` that may be
/// somebody else's, who could not write there afterwards.
fn cache_folder() -> Option<PathBuf> {
    let variable = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let home = || match geteuid().is_root() {
        true => User::from_uid(geteuid())
            .ok()
            .flatten()
            .map(|user| user.dir),
        false => variable("HOME"),
    };
    let base = variable("XDG_CACHE_HOME").or_else(|| Some(home()?.join(".cache")))?;
    Some(base.join("pgauge"))
}

fn remove_unused(folder: &Path) {
    let old = |path: &Path, age: Duration| {
        let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
        modified.is_ok_and(|at| at.elapsed().is_ok_and(|elapsed| elapsed > age))
    };
    for path in fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let age = match () {
            () if name.starts_with(".writing-") => WRITING_TAKES_AT_MOST,
            () if name.starts_with("cluster-") && name.ends_with(".tar") => KEPT_FOR,
            () => continue,
        };
        if old(&path, age) {
            let _ = fs::remove_file(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::binaries::Origin;
    use super::super::super::version::ServerVersion;
    use super::*;

    fn binaries(bindir: &Path, version: &str) -> Binaries {
        Binaries {
            bindir: bindir.to_owned(),
            version: ServerVersion::parse(&format!("postgres (PostgreSQL) {version}")).unwrap(),
            origin: Origin::Path,
        }
    }

    #[test]
    fn another_build_of_the_same_version_is_another_entry() {
        let folder = tempfile::tempdir().unwrap();
        let entry =
            |version: &str| CacheEntry::within(folder.path(), &binaries(folder.path(), version));
        let before = entry("16.1");
        assert_eq!(before, entry("16.1"));
        assert_ne!(before, entry("16.1 (Debian)"));
        fs::write(folder.path().join("postgres"), "rebuilt").unwrap();
        assert_ne!(before, entry("16.1"));
    }

    #[test]
    fn a_kept_cluster_can_be_opened_and_discarded_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("not/yet/there");
        let entry = CacheEntry::within(&cache, &binaries(folder.path(), "16.1"));
        let tar = folder.path().join("cluster.tar");
        fs::write(&tar, "cluster").unwrap();
        assert!(matches!(
            CacheEntry::state(Some(&entry)),
            CacheState::Empty(_)
        ));
        entry.keep(&tar).unwrap();
        let old = cache.join("cluster-13-00.tar");
        let long_ago = SystemTime::now() - 2 * KEPT_FOR;
        File::create(&old).unwrap().set_modified(long_ago).unwrap();
        entry.keep(&tar).unwrap();
        assert!(!old.exists());
        assert_eq!(
            io::read_to_string(entry.open().unwrap()).unwrap(),
            "cluster"
        );
        entry.discard();
        assert!(entry.open().is_none());
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);
    }
}
