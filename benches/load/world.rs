//! The server that all of them use, and pgauge itself.

use super::{Any, Workload, peers::Figure};
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use pgauge::{
    pg::{
        binaries::{Asked, Binaries, Inventory, Surroundings},
        embedded::{EmbeddedOptions, EmbeddedServer, Listen},
        install::System,
    },
    record::LoadLog,
    report::results::{Outcome, Results},
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The database of the peers.
pub const DATABASE: &str = "peers";

/// What it is a copy of.
pub const ORIGINAL: &str = "peers_original";

/// From now on this thread, and everything that it starts, stays on one processor.
pub fn confine_to_one_processor() -> Result<(), Any> {
    let me = Pid::from_raw(0);
    let allowed = sched_getaffinity(me)?;
    let first = (0..CpuSet::count()).find(|number| allowed.is_set(*number).unwrap_or(false));
    let mut one = CpuSet::new();
    one.set(first.ok_or("no processor is allowed")?)?;
    Ok(sched_setaffinity(me, &one)?)
}

/// A number that a variable of the environment asks for; nothing can be said of no rounds, or of no time.
fn asked(name: &str, usual: u64) -> Result<u64, Any> {
    match std::env::var(name) {
        Ok(text) => match text.parse() {
            Ok(0) | Err(_) => Err(format!("{name} is a number from 1 on, not {text:?}").into()),
            Ok(number) => Ok(number),
        },
        Err(_) => Ok(usual),
    }
}

/// A server with the tables of pgbench at scale 10 in a database of the peers; pgauge makes its own.
pub struct World {
    binaries: Binaries,
    server: EmbeddedServer,
    folder: tempfile::TempDir,
    pub seconds: u64,
    rounds: usize,
}

impl World {
    pub fn start() -> Result<Self, Any> {
        let (seconds, rounds) = (asked("PGAUGE_SECONDS", 5)?, asked("PGAUGE_ROUNDS", 5)?);
        let inventory = Inventory::take(&Surroundings::here());
        let binaries = inventory
            .choose(&Asked::Newest, &System::here())
            .map_err(|error| error.primary)?;
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let options = EmbeddedOptions {
            binaries: binaries.clone(),
            settings: vec![
                setting("shared_buffers", "512MB"),
                setting("max_connections", "1100"),
                setting("max_wal_size", "8GB"),
            ],
            listen: Listen::UnixSocket,
        };
        let server = EmbeddedServer::start(&options).map_err(|error| error.primary)?;
        let world = Self {
            binaries,
            server,
            folder: tempfile::tempdir()?,
            seconds,
            rounds: usize::try_from(rounds)?,
        };
        world.psql("postgres", &format!("CREATE DATABASE {ORIGINAL}"))?;
        let made = world
            .program("pgbench")
            .args(["-i", "-q", "-s", "10", ORIGINAL])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        match made.success() {
            true => Ok(world),
            false => Err("pgbench -i failed".into()),
        }
    }

    /// Gives the peers a new copy of their database, as every case of pgauge has one: with the pages that nobody has
    /// written to since the last checkpoint, and without what earlier rounds left.
    pub fn renew(&self) -> Result<(), Any> {
        self.settle()?;
        let copy = format!("CREATE DATABASE {DATABASE} TEMPLATE {ORIGINAL}");
        self.psql("postgres", &copy).map(drop)
    }

    /// Leaves nothing of what was done before for the server to write.
    fn settle(&self) -> Result<(), Any> {
        self.psql("postgres", &format!("DROP DATABASE IF EXISTS {DATABASE}"))?;
        self.psql("postgres", "CHECKPOINT").map(drop)
    }

    pub fn describe(&self) -> String {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        format!(
            "PostgreSQL {} on {}, {} rounds of {} s, over its Unix socket",
            self.binaries.version,
            pgauge::text::plural(processors as u64, "processor"),
            self.rounds,
            self.seconds
        )
    }

    /// Both sides, in turn, and now the one first and now the other: what the server still has to write, and how busy the
    /// machine is, is on neither's side.
    pub fn rounds<T>(
        &self,
        ours: impl Fn() -> Result<T, Any>,
        peer: impl Fn() -> Result<T, Any>,
    ) -> Result<Vec<(T, T)>, Any> {
        let alone = |side: &dyn Fn() -> Result<T, Any>| {
            self.settle()?;
            side()
        };
        let round = |number: usize| match number % 2 {
            0 => Ok((alone(&ours)?, alone(&peer)?)),
            _ => {
                let peer = alone(&peer)?;
                Ok((alone(&ours)?, peer))
            }
        };
        (0..self.rounds).map(round).collect()
    }

    /// A client program that finds the server.
    pub fn program(&self, name: &str) -> Command {
        let beside = self.binaries.bindir.join(name);
        let mut command = Command::new(if beside.exists() {
            beside
        } else {
            PathBuf::from(name)
        });
        command
            .env("PGHOST", self.socket())
            .env("PGPORT", self.server.port().to_string())
            .env("PGUSER", self.server.superuser());
        command
    }

    pub fn socket(&self) -> &Path {
        self.server.socket_dir()
    }

    pub fn port(&self) -> u16 {
        self.server.port()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn psql(&self, database: &str, sql: &str) -> Result<String, Any> {
        let output = self
            .program("psql")
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                database,
                "-c",
                sql,
            ])
            .output()?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }

    /// Drops the seeds that pgauge has built, so that the next run builds its own.
    pub fn forget_templates(&self) -> Result<(), Any> {
        let named = "SELECT datname FROM pg_database WHERE datname LIKE 'pgauge%'";
        for database in self.psql("postgres", named)?.lines() {
            self.psql(
                "postgres",
                &format!("ALTER DATABASE \"{database}\" IS_TEMPLATE false"),
            )?;
            self.psql("postgres", &format!("DROP DATABASE \"{database}\""))?;
        }
        Ok(())
    }

    /// Starts pgauge with a workload.
    pub fn start_pgauge(&self, workload: &Workload, load: &str) -> Result<(Child, PathBuf), Any> {
        let Workload {
            name,
            seed,
            clients,
        } = workload;
        let text = format!(
            "name: {name}\n{seed}\nclients:{clients}load: {load}\nexpect: [{{ throughput: {{ rate: 1/h }} }}]\n"
        );
        let scenario = self.folder.path().join("bench.yaml");
        let results = self.folder.path().join("bench.json");
        std::fs::write(&scenario, text)?;
        let socket = self.socket().display().to_string().replace('/', "%2F");
        let user = self.server.superuser();
        let url = format!("postgres://{user}@{socket}:{}/postgres", self.port());
        let child = Command::new(env!("CARGO_BIN_EXE_pgauge"))
            .args(["run", "--keep-templates", "--server", &url, "--json"])
            .arg(&results)
            .arg(&scenario)
            .env_remove("DATABASE_URL")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok((child, results))
    }

    /// Runs pgauge with a workload to its end.
    pub fn load(&self, workload: &Workload, load: &str) -> Result<LoadLog, Any> {
        let (mut child, results) = self.start_pgauge(workload, load)?;
        child.wait()?;
        read(&results)
    }

    /// A closed load of so many users.
    pub fn pgauge(&self, workload: &Workload, users: u32) -> Result<Figure, Any> {
        let seconds = self.seconds;
        // Without a warmup, which pgbench has not either.
        let load = format!("{{ duration: {seconds}s, users: {users} }}");
        let log = self.load(workload, &load)?;
        let count: u64 = log.clients.iter().map(|tally| tally.latency.count()).sum();
        Ok(Figure {
            rate: count as f64 / log.measured.duration().as_secs_f64(),
            cpu: log.cpu.0 as f64 / count as f64,
        })
    }
}

/// The load of a run that passed.
pub fn read(results: &Path) -> Result<LoadLog, Any> {
    let results =
        Results::from_json(&std::fs::read(results)?).map_err(|_| "pgauge wrote no results")?;
    let case = results.cases.into_iter().next().ok_or("no case")?;
    match (case.outcome, case.log.load) {
        (Outcome::Passed, Some(load)) => Ok(*load),
        (outcome, _) => Err(format!("{outcome:?}: {:?}", case.findings).into()),
    }
}
