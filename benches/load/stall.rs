//! Does a stall show? A schedule of 2000 beginnings in a second, and in the middle the table is locked for a second.

use super::{
    Any, Goal, SELECT_ONLY, judged, median,
    world::{DATABASE, World, read},
};
use std::{
    process::Stdio,
    time::{Duration, Instant},
};

const RATE: u32 = 2000;
const SECONDS: u64 = 6;
const STALL: &str =
    "BEGIN; LOCK TABLE pgbench_accounts IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT";

pub fn compare(world: &World, name: &str) -> Result<(), Any> {
    let rounds = world.rounds(|| ours(world), || theirs(world))?;
    println!(
        "| {name} | {:.0} ms | {:.0} ms | {} |",
        median(rounds.iter().map(|(ours, _)| *ours)),
        median(rounds.iter().map(|(_, theirs)| *theirs)),
        judged(
            rounds.iter().map(|(ours, theirs)| ours / theirs),
            &Goal::Within(0.1)
        )
    );
    Ok(())
}

/// The p99 of pgauge, in milliseconds.
fn ours(world: &World) -> Result<f64, Any> {
    let load = format!("{{ duration: {SECONDS}s, users: 32, rate: {RATE}/s }}");
    let (mut child, results) = world.start_pgauge(&SELECT_ONLY, &load)?;
    let asked = "SELECT datname FROM pg_stat_activity WHERE application_name LIKE 'pgauge/select only/reader' LIMIT 1";
    let began = Instant::now();
    let database = loop {
        let database = world.psql("postgres", asked)?;
        if !database.is_empty() {
            break database;
        }
        if began.elapsed() > Duration::from_secs(60) {
            return Err("pgauge did not connect".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    std::thread::sleep(Duration::from_secs(2));
    world.psql(&database, STALL)?;
    child.wait()?;
    let log = read(&results)?;
    Ok(log.clients[0].latency.at(0.99).0 as f64 / 1000.0)
}

/// The p99 of pgbench from its log of every transaction, in milliseconds.
fn theirs(world: &World) -> Result<f64, Any> {
    world.renew()?;
    let prefix = world.folder().join("stall");
    let mut child = world
        .program("pgbench")
        .args([
            "-n",
            "-M",
            "prepared",
            "-b",
            "select-only",
            "-c",
            "32",
            "-j",
            "2",
        ])
        .args(["-R", &RATE.to_string(), "-T", &SECONDS.to_string(), "-l"])
        .arg(format!("--log-prefix={}", prefix.display()))
        .arg(DATABASE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    std::thread::sleep(Duration::from_secs(2));
    world.psql(DATABASE, STALL)?;
    child.wait()?;
    let mut spans: Vec<f64> = Vec::new();
    for file in std::fs::read_dir(world.folder())? {
        let file = file?.path();
        if file
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("stall."))
        {
            let log = std::fs::read_to_string(&file)?;
            let third = |line: &str| line.split(' ').nth(2)?.parse::<f64>().ok();
            spans.extend(log.lines().filter_map(third));
            std::fs::remove_file(file)?;
        }
    }
    spans.sort_by(f64::total_cmp);
    let at = spans.len() * 99 / 100;
    let micros = spans.get(at).ok_or("pgbench logged nothing")?;
    Ok(micros / 1000.0)
}
