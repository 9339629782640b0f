//! Total wall time over PostgreSQL's own isolation specs, pgauge against isolationtester, on one server in one run:
//!
//! ```text
//! cargo bench --bench isolation [FOLDER]
//! ```
//!
//! FOLDER has `specs/` and `expected/`; without it, the one beside the repository. Needs PostgreSQL 15 and isolationtester, which
//! Debian has in `postgresql-server-dev-15`. Rounds are interleaved; the ratios of each round are printed with their
//! median and spread.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use pgauge::pg::{
    binaries::{Asked, Binaries, Inventory, Surroundings},
    embedded::{EmbeddedOptions, EmbeddedServer, Listen},
    install::System,
};
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

type Any = Box<dyn std::error::Error>;

/// Rounds of each comparison.
const ROUNDS: usize = 5;

/// The database that the suite expects.
const DATABASE: &str = "isolation_regression";

/// What `pg_isolation_regress` makes of it.
const SETTINGS: [&str; 6] = [
    "lc_messages TO 'C'",
    "lc_monetary TO 'C'",
    "lc_numeric TO 'C'",
    "lc_time TO 'C'",
    "bytea_output TO 'hex'",
    "timezone_abbreviations TO 'Default'",
];

fn main() -> Result<(), Any> {
    let named = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/isolation");
    let folder = std::path::absolute(named.map_or(beside, PathBuf::from))?;
    let specs = specs(&folder)?;
    if specs.is_empty() {
        println!("skipped: there are no specs in {}", folder.display());
        return Ok(());
    }
    let inventory = Inventory::take(&Surroundings::here());
    let Ok(binaries) = inventory.choose(&Asked::Major(15), &System::here()) else {
        println!("skipped: there is no PostgreSQL 15 here");
        return Ok(());
    };
    let Some(tester) = tester(&binaries) else {
        println!("skipped: there is no isolationtester here (Debian: postgresql-server-dev-15)");
        return Ok(());
    };
    let server = EmbeddedServer::start(&EmbeddedOptions {
        binaries: binaries.clone(),
        settings: vec![("max_prepared_transactions".to_owned(), "10".to_owned())],
        listen: Listen::UnixSocket,
    })
    .map_err(|error| error.primary)?;
    let suite = tempfile::tempdir()?;
    // The suite makes roles and ends sessions, on a server that runs already.
    let allowed = "allow_outside_database: [roles, databases, backends, server_control, server_settings, shared_catalogs, \
        dynamic_sql, replication]\n";
    std::fs::write(suite.path().join("pgauge.yaml"), allowed)?;
    for part in ["specs", "expected"] {
        let to = suite.path().join(part);
        std::fs::create_dir(&to)?;
        for file in glob::glob(&folder.join(part).join("*").to_string_lossy())? {
            let file = file?;
            std::fs::copy(&file, to.join(file.file_name().unwrap_or_default()))?;
        }
    }
    let bench = Bench {
        suite,
        binaries,
        server,
        tester,
        specs,
    };
    println!(
        "{} specs, PostgreSQL {}",
        bench.specs.len(),
        bench.binaries.version
    );
    bench.compare()
}

fn specs(folder: &Path) -> Result<Vec<PathBuf>, Any> {
    let found = glob::glob(&folder.join("specs/*.spec").to_string_lossy())?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The tester stands beside the libraries of the server.
fn tester(binaries: &Binaries) -> Option<PathBuf> {
    let below = "lib/pgxs/src/test/isolation/isolationtester";
    let tester = binaries.bindir.parent()?.join(below);
    tester.is_file().then_some(tester)
}

struct Bench {
    /// A copy of the folder, with settings of pgauge beside it.
    suite: tempfile::TempDir,
    binaries: Binaries,
    server: EmbeddedServer,
    tester: PathBuf,
    specs: Vec<PathBuf>,
}

impl Bench {
    fn compare(&self) -> Result<(), Any> {
        let (mut serial, mut four) = (Vec::new(), Vec::new());
        // The first round warms caches of the machine and of the server.
        for round in 0..=ROUNDS {
            let tester = self.isolationtester()?;
            let one = self.pgauge("1")?;
            let jobs = self.pgauge("4")?;
            let (one_ratio, jobs_ratio) = (ratio(one, tester), ratio(jobs, tester));
            println!(
                "round {round}: isolationtester {:.2} s, pgauge {:.2} s ({one_ratio:.2}), with --jobs 4 {:.2} s ({jobs_ratio:.2})",
                tester.as_secs_f64(),
                one.as_secs_f64(),
                jobs.as_secs_f64(),
            );
            if round > 0 {
                serial.push(one_ratio);
                four.push(jobs_ratio);
            }
        }
        println!("pgauge / isolationtester, serial: {}", spread(&mut serial));
        println!("pgauge / isolationtester, --jobs 4: {}", spread(&mut four));
        Ok(())
    }

    fn isolationtester(&self) -> Result<Duration, Any> {
        self.sql(
            "postgres",
            &format!("CREATE DATABASE {DATABASE} TEMPLATE template0"),
        )?;
        for setting in SETTINGS {
            self.sql(
                "postgres",
                &format!("ALTER DATABASE {DATABASE} SET {setting}"),
            )?;
        }
        let began = Instant::now();
        for spec in &self.specs {
            let name = spec.file_stem().unwrap_or_default().to_string_lossy();
            let status = self
                .command(&self.tester)
                .arg(format!("dbname={DATABASE}"))
                .env("PGAPPNAME", format!("isolation/{name}"))
                .env("PGTZ", "America/Los_Angeles")
                .env("PGDATESTYLE", "Postgres, MDY")
                .env("PGOPTIONS", "-c intervalstyle=postgres_verbose")
                .stdin(File::open(spec)?)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            if !status.success() {
                return Err(format!("isolationtester failed at {name}").into());
            }
        }
        let span = began.elapsed();
        self.sql("postgres", &format!("DROP DATABASE {DATABASE}"))?;
        Ok(span)
    }

    fn pgauge(&self, jobs: &str) -> Result<Duration, Any> {
        let socket = self.server.socket_dir().display().to_string();
        let url = format!(
            "postgres://{}@{}:{}/postgres",
            self.server.superuser(),
            socket.replace('/', "%2F"),
            self.server.port()
        );
        let began = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_pgauge"))
            .args([
                "run",
                "--quiet",
                "--no-skips",
                "--jobs",
                jobs,
                "--server",
                &url,
            ])
            .arg("specs")
            .current_dir(self.suite.path())
            .output()?;
        let span = began.elapsed();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stdout).into_owned().into());
        }
        Ok(span)
    }

    fn sql(&self, database: &str, sql: &str) -> Result<(), Any> {
        let psql = self.binaries.bindir.join("psql");
        let output = self
            .command(&psql)
            .args(["-X", "-q", "-d", database, "-c", sql])
            .output()?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("PGHOST", self.server.socket_dir())
            .env("PGPORT", self.server.port().to_string())
            .env("PGUSER", self.server.superuser());
        command
    }
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}

/// `0.55 (0.52 to 0.58)`
fn spread(ratios: &mut [f64]) -> String {
    ratios.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (ratios.first(), ratios.last()) else {
        return "no round".to_owned();
    };
    format!("{:.2} ({first:.2} to {last:.2})", ratios[ratios.len() / 2])
}
