//! Where does a server come from when none is installed? A build is downloaded, checked, unpacked and kept, so that it
//! happens once per machine and version.
//!
//! What is kept is complete: an archive gets its name when its checksum is right, a folder when it is unpacked. What was
//! cut off goes on where it ended.

mod pins;
mod transfer;
mod unpack;

pub use pins::{PINS, Pin, target};
pub use transfer::Watch;

use super::binaries::{Asked, Binaries, Inventory, Origin};
use super::embedded::Account;
use super::error::ServerError;
use nix::unistd::geteuid;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Where the builds are.
pub const BASE: &str = "https://github.com/theseus-rs/postgresql-binaries/releases/download";

/// The environment variable that names the folder for what is downloaded.
pub const FOLDER_VARIABLE: &str = "PGAUGE_DOWNLOADS";

/// How downloads are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloads {
    /// Whether they are.
    pub leave: Leave,
    /// The address under which releases are; none for [`BASE`].
    pub base: Option<String>,
    /// The checksum of the archive, where somebody serves one of their own.
    pub checksum: Option<String>,
    /// Where they are kept; none for what [`FOLDER_VARIABLE`] says.
    pub folder: Option<PathBuf>,
}

/// Whether anything may be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Yes.
    Online,
    /// No: `--offline`.
    Offline,
}

/// A build that would be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The major version that was asked for; none where any will do.
    asked: Option<u32>,
    pin: &'static Pin,
    target: &'static str,
    base: String,
    checksum: Option<String>,
    folder: PathBuf,
}

impl Offer {
    /// What there is for what was asked; none where it is not for us to find, or nobody builds it.
    pub fn of(asked: &Asked, downloads: &Downloads) -> Option<Self> {
        let major = match asked {
            Asked::Newest => None,
            Asked::Major(major) => Some(*major),
            Asked::At(_) => return None,
        };
        let (pin, target) = (Pin::of(major)?, target()?);
        let base = downloads.base.as_deref().unwrap_or(BASE);
        let given = downloads
            .checksum
            .as_ref()
            .map(|sum| sum.to_ascii_lowercase());
        Some(Self {
            asked: major,
            pin,
            target,
            base: base.trim_end_matches('/').to_owned(),
            checksum: given.or_else(|| pin.checksum(target).map(str::to_owned)),
            folder: downloads.folder.clone().or_else(folder)?,
        })
    }

    /// What will be done, before it is.
    pub fn told(&self) -> String {
        let checked = match self.checksum {
            Some(_) => "checked against a pinned checksum",
            None => "checked against the checksum that is published beside it",
        };
        let version = self.asked.map(|major| format!("{major} "));
        format!(
            "no PostgreSQL {}server is installed: downloading {} ({checked}) into {}",
            version.unwrap_or_default(),
            self.address(),
            self.folder.display()
        )
    }

    fn address(&self) -> String {
        let (release, name) = (self.pin.release, self.pin.name(self.target));
        format!("{}/{release}/{name}.tar.gz", self.base)
    }

    /// Downloads, checks and unpacks it; what is there already is used. Others who want the same wait meanwhile.
    ///
    /// # Errors
    ///
    /// The archive cannot be had, is not what it should be, or cannot run here.
    pub fn take(&self, watch: &dyn Watch) -> Result<Binaries, ServerError> {
        let name = self.pin.name(self.target);
        let cannot = |error: std::io::Error| {
            ServerError::new(format!(
                "cannot keep a download in {}",
                self.folder.display()
            ))
            .detail(error.to_string())
            .hint(format!("{FOLDER_VARIABLE} names another folder for it"))
        };
        fs::create_dir_all(&self.folder).map_err(cannot)?;
        let lock = File::create(self.folder.join(".lock")).map_err(cannot)?;
        lock.lock().map_err(cannot)?;
        let unpacked = self.folder.join(&name);
        if !unpacked.is_dir() {
            let archive = self.folder.join(format!("{name}.tar.gz"));
            let checksum = match &self.checksum {
                Some(checksum) => checksum.clone(),
                None => transfer::published(&format!("{}.sha256", self.address()))?,
            };
            transfer::fetch(&self.address(), &archive, &checksum, watch)?;
            let done = unpack::unpack(&archive, &unpacked);
            // Whatever came of it, the archive has done its duty.
            let _ = fs::remove_file(&archive);
            done?;
        }
        self.inspected(&unpacked)
    }

    /// Whether it runs here, as the user that the server will have.
    fn inspected(&self, unpacked: &Path) -> Result<Binaries, ServerError> {
        let inventory = Inventory::of_folder(unpacked, Origin::Downloaded);
        let binaries = inventory.map_err(|why| {
            ServerError::new(format!("the downloaded PostgreSQL {} does not run here", self.pin.release))
                .detail(why)
                .hint(
                    "the builds for Linux take glibc 2.36 or newer, or musl; install PostgreSQL with the system's \
                     packages, or name a server with --server",
                )
        })?;
        if binaries.version.major != self.pin.major {
            let _ = fs::remove_dir_all(unpacked);
            return Err(ServerError::new(format!(
                "the archive {} holds PostgreSQL {}",
                self.address(),
                binaries.version
            ))
            .hint("is the address that was given for downloads right?"));
        }
        readable(&binaries)?;
        Ok(binaries)
    }
}

/// Whether the user of an embedded server can run what is in there.
fn readable(binaries: &Binaries) -> Result<(), ServerError> {
    let account = Account::of_this_process()?;
    match account.can_run(&binaries.bindir.join("postgres")) {
        true => Ok(()),
        false => Err(ServerError::new(format!(
            "user {} cannot run what was downloaded into {}",
            account.name,
            binaries.bindir.display()
        ))
        .hint(format!(
            "{FOLDER_VARIABLE} names another folder for it, which everybody may read"
        ))),
    }
}

/// Folders of downloaded binaries.
pub fn kept() -> Vec<PathBuf> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path().join("bin"));
    let mut folders: Vec<PathBuf> = folders
        .filter(|bin| bin.join("postgres").is_file())
        .collect();
    folders.sort();
    folders
}

/// The folder for downloads: what [`FOLDER_VARIABLE`] names, else a part of the user's cache. Root's own cache is closed to
/// the user that a server of root's runs as, so root has one that everybody may read.
fn folder() -> Option<PathBuf> {
    let named = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    named(FOLDER_VARIABLE).or_else(|| match geteuid().is_root() {
        true => Some(PathBuf::from("/var/cache/pgauge")),
        false => {
            let home = || Some(named("HOME")?.join(".cache"));
            Some(
                named("XDG_CACHE_HOME")
                    .or_else(home)?
                    .join("pgauge/postgresql"),
            )
        }
    })
}
