//! The real program, and what it said.

use crate::folder::repository;
use pgauge::report::results::Results;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Runs measure time, so that no two of them go on at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What a run of the program came to.
pub struct Said {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// What `pgauge run` came to, with its reports.
pub struct Ran {
    pub said: Said,
    pub results: Results,
    pub junit: String,
}

/// The program in a folder, without the settings of whoever runs the tests.
pub fn pgauge(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgauge"));
    let inherited = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        let about_the_machine = ["PGAUGE_POSTGRES", "PGAUGE_TMPDIR"].contains(&&*name);
        (name.starts_with("PG") && !about_the_machine) || name == "DATABASE_URL"
    });
    for (name, _) in inherited {
        command.env_remove(name);
    }
    // What is shown is compared, and would be spelled in ASCII elsewhere.
    command.env("LC_ALL", "C.UTF-8");
    let output = command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        status: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

/// `pgauge run` with both reports, on a server of its own.
pub fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let reports = tempfile::tempdir().unwrap();
    let json = reports.path().join("results.json");
    let junit = reports.path().join("junit.xml");
    let (json_path, junit_path) = (json.to_string_lossy(), junit.to_string_lossy());
    let fixed = [
        "run",
        "--server",
        "embedded",
        "--json",
        &json_path,
        "--junit",
        &junit_path,
    ];
    let said = pgauge(folder, &[&fixed[..], arguments].concat());
    let read = |path: &Path| {
        std::fs::read_to_string(path).unwrap_or_else(|error| {
            let Said { stdout, stderr, .. } = &said;
            panic!("no report: {error}\n{stdout}\n{stderr}")
        })
    };
    Ran {
        results: Results::from_json(read(&json).as_bytes()).unwrap(),
        junit: read(&junit),
        said,
    }
}

/// The repository's own folder, from which users run the program.
pub fn in_repository(arguments: &[&str]) -> Ran {
    run(&repository(), arguments)
}
