//! What do a thousand users cost who do nothing? Resident memory, once all are connected.

use super::{
    Any, Workload,
    world::{DATABASE, World},
};
use std::{process::Stdio, time::Duration};

const USERS: u32 = 1000;

const NOTHING: Workload = Workload {
    name: "idle",
    seed: "",
    clients: "
  sleeper:
    steps:
      - { step: once, sql: SELECT 1 }
",
};

pub fn compare(world: &World, name: &str) -> Result<(), Any> {
    let ours = ours(world)?;
    let theirs = theirs(world)?;
    let ratio = ours / theirs;
    let mark = if ratio <= 2.0 { "" } else { " **missed**" };
    println!("| {name} | {ours:.1} MB | {theirs:.1} MB | {ratio:.2} | at most 2.00{mark} |");
    Ok(())
}

fn connected(world: &World, application: &str) -> Result<u32, Any> {
    let asked = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '{application}'"
    );
    Ok(world.psql("postgres", &asked)?.parse()?)
}

/// Waits until all are connected, and gives the resident memory of a process in MB.
fn memory(world: &World, process: u32, application: &str) -> Result<f64, Any> {
    while connected(world, application)? < USERS {
        std::thread::sleep(Duration::from_millis(100));
        // A process that is gone has no memory to be read.
        std::fs::metadata(format!("/proc/{process}"))?;
    }
    std::thread::sleep(Duration::from_secs(1));
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes: f64 = line
        .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .ok_or("no VmRSS")?;
    Ok(kilobytes / 1024.0)
}

fn ours(world: &World) -> Result<f64, Any> {
    let load = format!("{{ duration: 20s, users: {USERS}, think: 60s }}");
    let (mut child, _) = world.start_pgauge(&NOTHING, &load)?;
    let memory = memory(world, child.id(), "pgauge/idle/sleeper");
    child.kill()?;
    child.wait()?;
    memory
}

fn theirs(world: &World) -> Result<f64, Any> {
    world.renew()?;
    let script = world.folder().join("sleep.sql");
    std::fs::write(&script, "SELECT 1;\n\\sleep 60 s\n")?;
    let mut child = world
        .program("pgbench")
        .args([
            "-n",
            "-M",
            "prepared",
            "-c",
            &USERS.to_string(),
            "-j",
            "2",
            "-T",
            "20",
            "-f",
        ])
        .arg(&script)
        .arg(DATABASE)
        .env("PGAPPNAME", "idle pgbench")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let memory = memory(world, child.id(), "idle pgbench");
    child.kill()?;
    child.wait()?;
    memory
}
