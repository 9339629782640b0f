//! Where are server binaries? Every place they are commonly installed in, each looked at and its version asked.
//!
//! A folder counts when it holds both `postgres` and `initdb` and the version is one that pgauge works with; what was
//! seen but does not count is kept with the reason, since "I did install it" deserves an answer.

use super::error::ServerError;
use super::install::System;
use super::version::ServerVersion;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

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
        })
    }
}

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

/// What the search starts from; [`Surroundings::here`] for this process.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The value of [`BINARIES_VARIABLE`], if set and not empty.
    pub variable: Option<PathBuf>,
    /// The value of `PATH`.
    pub path: OsString,
    /// The folder that stands for `/`.
    pub root: PathBuf,
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
        }
    }

    fn places(&self) -> Vec<(PathBuf, Origin)> {
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
        for (folder, origin) in surroundings.places() {
            inventory.look_at(folder, origin);
        }
        inventory.usable.sort_by(|a, b| {
            let key = |binaries: &Binaries| binaries.origin == Origin::Variable;
            key(b)
                .cmp(&key(a))
                .then_with(|| b.version.cmp(&a.version))
                .then_with(|| a.origin.cmp(&b.origin))
        });
        inventory
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
    let output = Command::new(&postgres)
        .arg("--version")
        .output()
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A root folder with stand-ins for servers: scripts that print a version.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn install(self, bindir: &str, version: &str) -> Self {
            let folder = self.0.path().join(bindir);
            std::fs::create_dir_all(&folder).unwrap();
            let script = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n");
            for program in ["postgres", "initdb"] {
                let file = folder.join(program);
                std::fs::write(&file, &script).unwrap();
                std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
            }
            self
        }

        fn root(&self) -> PathBuf {
            self.0.path().canonicalize().unwrap()
        }

        fn surroundings(&self) -> Surroundings {
            Surroundings {
                variable: None,
                path: OsString::new(),
                root: self.root(),
            }
        }

        fn inventory(&self) -> Inventory {
            Inventory::take(&self.surroundings())
        }
    }

    fn system() -> System {
        System::from_os_release("ID=debian\nPRETTY_NAME=Debian\n", "sudo ")
    }

    #[test]
    fn the_newest_is_chosen_unless_another_is_asked_for() {
        let machine = Machine::new()
            .install("usr/lib/postgresql/15/bin", "15.14")
            .install("usr/lib/postgresql/17/bin", "17.2")
            .install("usr/pgsql-16/bin", "16.10")
            .install("opt/homebrew/opt/postgresql@14/bin", "14.9");
        let inventory = machine.inventory();
        let majors: Vec<_> = inventory.usable.iter().map(|b| b.version.major).collect();
        assert_eq!(majors, [17, 16, 15, 14]);
        let newest = inventory.choose(&Asked::Newest, &system()).unwrap();
        assert_eq!(newest.version.major, 17);
        let asked = inventory.choose(&Asked::Major(16), &system()).unwrap();
        assert_eq!(asked.bindir, machine.root().join("usr/pgsql-16/bin"));
        let prefix = Asked::At(machine.root().join("usr/lib/postgresql/15"));
        let asked = inventory.choose(&prefix, &system()).unwrap();
        assert_eq!((asked.version.minor, asked.origin), (14, Origin::Asked));
    }

    #[test]
    fn links_in_path_lead_to_the_folder_that_also_holds_initdb() {
        let machine = Machine::new().install("srv/pg/bin", "16.1");
        let links = machine.root().join("links");
        std::fs::create_dir(&links).unwrap();
        std::os::unix::fs::symlink(
            machine.root().join("srv/pg/bin/postgres"),
            links.join("postgres"),
        )
        .unwrap();
        let inventory = Inventory::take(&Surroundings {
            path: links.into(),
            ..machine.surroundings()
        });
        assert_eq!(
            inventory.usable[0].bindir,
            machine.root().join("srv/pg/bin")
        );
        assert_eq!(inventory.usable[0].origin, Origin::Path);
    }

    #[test]
    fn the_variable_goes_before_newer_ones_and_is_never_passed_over() {
        let machine = Machine::new()
            .install("usr/lib/postgresql/17/bin", "17.2")
            .install("mine/bin", "15.3");
        let with = |folder: &str| {
            Inventory::take(&Surroundings {
                variable: Some(machine.root().join(folder)),
                ..machine.surroundings()
            })
            .choose(&Asked::Newest, &system())
        };
        assert_eq!(with("mine").unwrap().version.major, 15);
        let error = with("elsewhere").unwrap_err();
        assert!(
            error.primary.starts_with("PGAUGE_POSTGRES names no usable"),
            "{error}"
        );
        assert_eq!(error.detail.as_deref(), Some("there is no such folder"));
    }

    #[test]
    fn a_machine_without_a_server_is_told_how_to_get_one() {
        let error = Machine::new()
            .inventory()
            .choose(&Asked::Newest, &system())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "no PostgreSQL server is installed on this machine\n\
             detail: looked at PGAUGE_POSTGRES, pg_config, PATH, /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, \
             Homebrew and Postgres.app\n\
             hint: install PostgreSQL on Debian with `sudo apt-get install postgresql`, or name a server that runs \
             already with `--server postgres://user@host/database`"
        );
    }

    #[test]
    fn what_is_there_but_unusable_is_named_with_the_reason() {
        let machine = Machine::new()
            .install("usr/lib/postgresql/13/bin", "13.9")
            .install("usr/lib/postgresql/16/bin", "16.1");
        let error = machine
            .inventory()
            .choose(&Asked::Major(18), &system())
            .unwrap_err();
        assert_eq!(
            error.primary,
            "no PostgreSQL 18 server is installed on this machine"
        );
        let detail = error.detail.unwrap();
        assert!(detail.contains("postgresql/16/bin is 16.1"), "{detail}");
        assert!(detail.contains("13.9 is older than 14"), "{detail}");
    }

    #[test]
    fn the_server_option_names_a_major_version_or_a_folder() {
        assert_eq!("embedded".parse(), Ok(Asked::Newest));
        assert_eq!("16".parse(), Ok(Asked::Major(16)));
        assert_eq!("./pg/bin".parse(), Ok(Asked::At("./pg/bin".into())));
        assert!("sixteen".parse::<Asked>().is_err());
    }
}
