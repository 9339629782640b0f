//! Which folders are looked at? Those that are named, and those that packages and installers use.

use super::super::download;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

/// The environment variable that names a folder of server binaries.
pub const BINARIES_VARIABLE: &str = "PGAUGE_POSTGRES";

/// Folders that packages and installers use, as globs; relative to the root folder.
const USUAL_PLACES: &[(&str, Origin)] = &[
    ("usr/lib/postgresql/*/bin", Origin::Package),
    ("usr/lib/postgresql*/bin", Origin::Package),
    ("usr/libexec/postgresql*", Origin::Package),
    ("usr/pgsql-*/bin", Origin::Package),
    ("usr/local/pgsql/bin", Origin::Package),
    ("opt/homebrew/opt/postgresql*/bin", Origin::Homebrew),
    ("usr/local/opt/postgresql*/bin", Origin::Homebrew),
    (
        "home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
        Origin::Homebrew,
    ),
    (
        "Applications/Postgres.app/Contents/Versions/*/bin",
        Origin::PostgresApp,
    ),
];

/// How a folder of binaries came to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Named by the user on the command line.
    Asked,
    /// Named by [`BINARIES_VARIABLE`].
    Variable,
    /// Named by `pg_config --bindir`.
    PgConfig,
    /// A folder in `PATH`, symbolic links followed.
    Path,
    /// Where a package of the system puts it.
    Package,
    /// Where Homebrew puts it.
    Homebrew,
    /// Inside Postgres.app.
    PostgresApp,
    /// Downloaded by pgauge.
    Downloaded,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Asked => "--server",
            Origin::Variable => BINARIES_VARIABLE,
            Origin::PgConfig => "pg_config --bindir",
            Origin::Path => "PATH",
            Origin::Package => "usual folder",
            Origin::Homebrew => "Homebrew",
            Origin::PostgresApp => "Postgres.app",
            Origin::Downloaded => "downloaded by pgauge",
        })
    }
}

/// What the search starts from; [`Surroundings::here`] for this process.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The value of [`BINARIES_VARIABLE`], if set and not empty.
    pub variable: Option<PathBuf>,
    /// The value of `PATH`.
    pub path: OsString,
    /// The folder that stands for `/`.
    pub root: PathBuf,
    /// Folders of binaries that were downloaded.
    pub downloads: Vec<PathBuf>,
}

impl Surroundings {
    /// This process's environment and file system.
    pub fn here() -> Self {
        Self {
            variable: std::env::var_os(BINARIES_VARIABLE)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from),
            path: std::env::var_os("PATH").unwrap_or_default(),
            root: PathBuf::from("/"),
            downloads: download::kept(),
        }
    }

    /// The folders to look at, in the order of search; a folder may come twice.
    pub(super) fn folders(&self) -> Vec<(PathBuf, Origin)> {
        let mut places: Vec<_> = self
            .variable
            .iter()
            .map(|folder| (folder.clone(), Origin::Variable))
            .collect();
        places.extend(self.pg_config_bindir().map(|dir| (dir, Origin::PgConfig)));
        places.extend(
            std::env::split_paths(&self.path)
                .filter(|folder| folder.join("postgres").is_file())
                .map(|folder| (folder, Origin::Path)),
        );
        for (pattern, origin) in USUAL_PLACES {
            let pattern = self.root.join(pattern);
            let found = glob::glob(&pattern.to_string_lossy()).into_iter().flatten();
            places.extend(
                found
                    .flatten()
                    .filter(|folder| folder.join("postgres").is_file())
                    .map(|folder| (folder, *origin)),
            );
        }
        let downloads = self.downloads.iter().cloned();
        places.extend(downloads.map(|folder| (folder, Origin::Downloaded)));
        places
    }

    fn pg_config_bindir(&self) -> Option<PathBuf> {
        let program = std::env::split_paths(&self.path)
            .map(|folder| folder.join("pg_config"))
            .find(|file| file.is_file())?;
        let output = Command::new(program).arg("--bindir").output().ok()?;
        let bindir = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        // A client-only installation has pg_config without a server: nothing to report.
        bindir.join("postgres").is_file().then_some(bindir)
    }
}
