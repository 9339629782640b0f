//! How long does it take until there is a database with a million accounts, with their key, vacuumed? `CREATE DATABASE` and
//! a `pgbench -i` that sends the rows itself, against a case that does nothing but start from such a seed; what the same case
//! takes from the finished seed is taken off, which is the copy that every case starts from. Both end with a checkpoint, which
//! writes the seed's pages: dropping the database of the case makes one.

use super::{Any, Goal, Workload, judged, median, world::World};
use std::{process::Stdio, time::Instant};

const CLIENT: &str = "
  one: { steps: [{ step: once, sql: SELECT 1 }] }
";

const SEEDED: Workload = Workload {
    name: "seeded",
    seed: "seed: [{ pgbench: { scale: 10 } }]",
    clients: CLIENT,
};

pub fn compare(world: &World, name: &str) -> Result<(), Any> {
    let rounds = world.rounds(|| ours(world), || theirs(world))?;
    println!(
        "| {name}: seconds | {:.2} | {:.2} | {} |",
        median(rounds.iter().map(|(ours, _)| *ours)),
        median(rounds.iter().map(|(_, theirs)| *theirs)),
        judged(
            rounds.iter().map(|(ours, theirs)| theirs / ours),
            &Goal::AtLeast(1.0)
        )
    );
    Ok(())
}

/// Seconds of building the seed: a run that builds it, less one that finds it built.
fn ours(world: &World) -> Result<f64, Any> {
    let run = || -> Result<f64, Any> {
        let began = Instant::now();
        world.load(&SEEDED, "{ transactions: 1, users: 1 }")?;
        Ok(began.elapsed().as_secs_f64())
    };
    world.forget_templates()?;
    let built = run()?;
    let found = run()?;
    Ok(built - found)
}

/// Seconds of `pgbench -i`, whose rows come from the client, in a database of its own.
fn theirs(world: &World) -> Result<f64, Any> {
    world.psql("postgres", "DROP DATABASE IF EXISTS seeded_by_pgbench")?;
    let began = Instant::now();
    world.psql("postgres", "CREATE DATABASE seeded_by_pgbench")?;
    let status = world
        .program("pgbench")
        .args(["-i", "-q", "-I", "dtgvp", "-s", "10", "seeded_by_pgbench"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    world.psql("postgres", "CHECKPOINT")?;
    let took = began.elapsed().as_secs_f64();
    world.psql("postgres", "DROP DATABASE seeded_by_pgbench")?;
    match status.success() {
        true => Ok(took),
        false => Err("pgbench -i failed".into()),
    }
}
