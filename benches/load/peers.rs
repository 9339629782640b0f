//! pgbench and sysbench, and what they say of themselves.

use super::{
    Any,
    world::{DATABASE, ORIGINAL, World},
};
use std::process::{Command, Output, Stdio};

/// What one run came to.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Transactions in a second.
    pub rate: f64,
    /// Processor time of the client, user and system, in microseconds for each transaction.
    pub cpu: f64,
}

/// Who is compared with.
pub enum Peer {
    Pgbench { builtin: &'static str, clients: u32 },
    Sysbench,
}

impl Peer {
    /// Makes its tables; whether it is there at all.
    pub fn prepare(&self, world: &World) -> Result<bool, Any> {
        match self {
            Self::Pgbench { .. } => Ok(true),
            Self::Sysbench => {
                let there = Command::new("sysbench")
                    .arg("--version")
                    .stdout(Stdio::null())
                    .status();
                if !there.is_ok_and(|status| status.success()) {
                    println!(
                        "| point select of sysbench | - | sysbench is not installed | - | - |"
                    );
                    return Ok(false);
                }
                sysbench(world, ORIGINAL, "prepare", 0)?;
                world.psql(ORIGINAL, "VACUUM (FREEZE, ANALYZE) sbtest1")?;
                Ok(true)
            }
        }
    }

    pub fn run(&self, world: &World) -> Result<Figure, Any> {
        world.renew()?;
        match self {
            Self::Pgbench { builtin, clients } => pgbench(world, builtin, *clients),
            Self::Sysbench => {
                let output = sysbench(world, DATABASE, "run", world.seconds)?;
                // queries: 123456 (24691.12 per sec.)
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                let line = said.lines().find(|line| line.contains("transactions:"));
                let rate =
                    line.and_then(|line| line.split('(').nth(1)?.split(' ').next()?.parse().ok());
                Ok(Figure {
                    rate: rate.ok_or("sysbench said no rate")?,
                    cpu: f64::NAN,
                })
            }
        }
    }
}

fn sysbench(world: &World, database: &str, what: &str, seconds: u64) -> Result<Output, Any> {
    let output = Command::new("sysbench")
        .args([
            "oltp_point_select",
            "--db-driver=pgsql",
            "--tables=1",
            "--table-size=100000",
            "--threads=8",
            // As pgauge draws them. By itself sysbench goes to a few rows most of the time, which stay in the processor's
            // caches.
            "--rand-type=uniform",
        ])
        .arg(format!("--pgsql-host={}", world.socket().display()))
        .arg(format!("--pgsql-port={}", world.port()))
        .args([
            "--pgsql-user=postgres",
            &format!("--pgsql-db={database}"),
            &format!("--time={seconds}"),
            what,
        ])
        .output()?;
    match output.status.success() {
        true => Ok(output),
        false => Err(String::from_utf8_lossy(&output.stdout).into_owned().into()),
    }
}

fn pgbench(world: &World, builtin: &str, clients: u32) -> Result<Figure, Any> {
    // Like pgauge: a thread for each processor.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(clients as usize);
    let inner = world.program("pgbench");
    let mut timed = Command::new("bash");
    // The shell takes the processor time of its child.
    timed
        .args(["-c", "TIMEFORMAT='cpu %U %S'; time \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(["-n", "-M", "prepared", "-b", builtin])
        .args(["-c", &clients.to_string(), "-j", &threads.to_string()])
        .args(["-T", &world.seconds.to_string(), DATABASE]);
    for (name, value) in inner.get_envs() {
        timed.env(name, value.unwrap_or_default());
    }
    let output = timed.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let number =
        |line: &str| -> Option<f64> { line.split_whitespace().find_map(|word| word.parse().ok()) };
    let rate = said
        .lines()
        .find(|line| line.starts_with("tps ="))
        .and_then(number);
    let count = said
        .lines()
        .find(|line| line.starts_with("number of transactions actually processed"))
        .and_then(|line| {
            line.split(':')
                .nth(1)?
                .trim()
                .split('/')
                .next()?
                .trim()
                .parse::<f64>()
                .ok()
        });
    let errors = String::from_utf8_lossy(&output.stderr);
    let cpu: Option<f64> = errors
        .lines()
        .find_map(|line| line.strip_prefix("cpu "))
        .map(|line| {
            line.split(' ')
                .filter_map(|word| word.parse::<f64>().ok())
                .sum()
        });
    let (rate, count, cpu) = rate
        .zip(count)
        .zip(cpu)
        .map(|((rate, count), cpu)| (rate, count, cpu))
        .ok_or_else(|| format!("pgbench said {said}{errors}"))?;
    Ok(Figure {
        rate,
        cpu: cpu * 1e6 / count,
    })
}
