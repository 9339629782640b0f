//! Against folders of stand-in programs.

use super::*;
use std::ffi::OsString;
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
            downloads: Vec::new(),
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
fn what_was_downloaded_comes_after_what_is_installed() {
    let machine = Machine::new()
        .install("usr/lib/postgresql/15/bin", "15.14")
        .install("cache/postgresql-18.6.0/bin", "18.6");
    let inventory = Inventory::take(&Surroundings {
        downloads: vec![machine.root().join("cache/postgresql-18.6.0/bin")],
        ..machine.surroundings()
    });
    let major = |asked| inventory.choose(&asked, &system()).unwrap().version.major;
    assert_eq!(major(Asked::Newest), 15);
    assert_eq!(major(Asked::Major(18)), 18);
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
