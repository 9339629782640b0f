//! Loads against pgbench and sysbench: same server, same SQL, rounds in turn, medians of the ratios with their spread.
//!
//! ```text
//! cargo bench --profile dist --bench load              all of the table
//! cargo bench --profile dist --bench load -- select    only what has this word in its name
//! ```
//!
//! The loads with several clients come twice, the second time on one processor: see [`on_one_processor`].
//!
//! Needs PostgreSQL's server, pgbench, and for one line sysbench. `PGAUGE_ROUNDS` says how many rounds (5), and
//! `PGAUGE_SECONDS` how long each run is (5).

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod idle;
mod peers;
mod seeding;
mod stall;
mod world;

use peers::{Figure, Peer};
use world::World;

type Any = Box<dyn std::error::Error>;

/// What has to be reached.
enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// As far as this from 1, either way.
    Within(f64),
}

fn main() -> Result<(), Any> {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let takes =
        |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    on_all_processors(&takes)?;
    on_one_processor(&takes)
}

/// A closed load, and the built-in of pgbench that does the same.
struct Closed {
    name: &'static str,
    workload: &'static Workload,
    builtin: &'static str,
    clients: u32,
    /// What part of pgbench's throughput has to be reached.
    least: f64,
}

const CLOSED: [Closed; 5] = [
    Closed {
        name: "select-only, prepared, 1 client",
        workload: &SELECT_ONLY,
        builtin: "select-only",
        clients: 1,
        least: 1.0,
    },
    Closed {
        name: "select-only, prepared, 8 clients",
        workload: &SELECT_ONLY,
        builtin: "select-only",
        clients: 8,
        least: 1.0,
    },
    Closed {
        name: "select-only, prepared, 32 clients",
        workload: &SELECT_ONLY,
        builtin: "select-only",
        clients: 32,
        least: 1.0,
    },
    Closed {
        name: "tpcb-like, 8 clients",
        workload: &TPCB_LIKE,
        builtin: "tpcb-like",
        clients: 8,
        least: 1.0,
    },
    Closed {
        name: "select-only with one hook per transaction, 8 clients",
        workload: &WITH_HOOK,
        builtin: "select-only",
        clients: 8,
        least: 0.85,
    },
];

impl Closed {
    fn compare(&self, world: &World) -> Result<(), Any> {
        let Self { name, clients, .. } = *self;
        let pgbench = Peer::Pgbench {
            builtin: self.builtin,
            clients,
        };
        let rounds = world.rounds(
            || world.pgauge(self.workload, clients),
            || pgbench.run(world),
        )?;
        let rate = format!("{name}: per second");
        tell(&rate, &rounds, |f| f.rate, &Goal::AtLeast(self.least));
        // A hook is more than pgbench does.
        if self.least >= 1.0 {
            let cpu = format!("{name}: client CPU, µs each");
            tell(&cpu, &rounds, |f| f.cpu, &Goal::AtMost(1.0));
        }
        Ok(())
    }
}

fn on_all_processors(takes: &impl Fn(&str) -> bool) -> Result<(), Any> {
    let world = World::start()?;
    head(&world);
    for load in CLOSED.iter().filter(|load| takes(load.name)) {
        load.compare(&world)?;
    }
    let name = "point select of sysbench, 8 clients";
    if takes(name) && Peer::Sysbench.prepare(&world)? {
        let rounds = world.rounds(
            || world.pgauge(&POINT_SELECT, 8),
            || Peer::Sysbench.run(&world),
        )?;
        tell(
            &format!("{name}: per second"),
            &rounds,
            |f| f.rate,
            &Goal::AtLeast(1.0),
        );
    }
    let name = "rate 2000/s with a stall of 1 s: p99 from the intended start";
    if takes(name) {
        stall::compare(&world, name)?;
    }
    let name = "seeding 1,000,000 rows of pgbench_accounts";
    if takes(name) {
        seeding::compare(&world, name)?;
    }
    let name = "1000 connected idle clients: memory";
    if takes(name) {
        idle::compare(&world, name)?;
    }
    Ok(())
}

/// The loads with several clients once more, clients and server on one processor; the last that is done, since it stays so.
/// With more processors the kernel decides for each session whether it runs on that of its client or on another, and keeps
/// to that. On two this alone decided between 50,000 and 80,000 transactions a second of one and the same client (threads
/// and sessions bound by hand). Here it has no choice: what is compared is what a transaction costs client and server
/// together.
fn on_one_processor(takes: &impl Fn(&str) -> bool) -> Result<(), Any> {
    let several = CLOSED.iter().filter(|load| load.clients > 1);
    let several: Vec<_> = several.filter(|load| takes(load.name)).collect();
    if several.is_empty() {
        return Ok(());
    }
    world::confine_to_one_processor()?;
    let world = World::start()?;
    head(&world);
    several.iter().try_for_each(|load| load.compare(&world))
}

/// Names the server, and begins a table.
fn head(world: &World) {
    println!("\n{}\n", world.describe());
    println!("| workload | pgauge | peer | ratio, median (spread) | goal |");
    println!("|---|---|---|---|---|");
}

/// A line of the table.
fn tell(name: &str, rounds: &[(Figure, Figure)], of: impl Fn(&Figure) -> f64, goal: &Goal) {
    println!(
        "| {name} | {:.1} | {:.1} | {} |",
        median(rounds.iter().map(|(ours, _)| of(ours))),
        median(rounds.iter().map(|(_, peer)| of(peer))),
        judged(rounds.iter().map(|(ours, peer)| of(ours) / of(peer)), goal)
    );
}

/// The end of a line: the median of the ratios with their spread, and the goal, marked where it is missed.
fn judged(ratios: impl Iterator<Item = f64>, goal: &Goal) -> String {
    let ratios = sorted(ratios);
    let ratio = median_of(&ratios);
    let (goal, reached) = match goal {
        Goal::AtLeast(least) => (format!("at least {least:.2}"), ratio >= *least),
        Goal::AtMost(most) => (format!("at most {most:.2}"), ratio <= *most),
        Goal::Within(part) => (
            format!("within {:.0}%", part * 100.0),
            (1.0 - part..=1.0 + part).contains(&ratio),
        ),
    };
    let mark = if reached { "" } else { " **missed**" };
    let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
    format!("{ratio:.3} ({least:.3} to {most:.3}) | {goal}{mark}")
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    median_of(&sorted(figures))
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// The middle one of sorted figures; of an even number, the mean of the two in the middle.
fn median_of(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// A scenario with everything but its load.
pub struct Workload {
    name: &'static str,
    seed: &'static str,
    clients: &'static str,
}

const ACCOUNTS: &str = "seed: [{ pgbench: { scale: 10 } }]";

const SELECT_ONLY: Workload = Workload {
    name: "select only",
    seed: ACCOUNTS,
    clients: "
  reader:
    steps:
      - step: read
        sql: SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
        with: { aid: { uniform: { from: 1, to: 1000000 } } }
",
};

const WITH_HOOK: Workload = Workload {
    name: "select only with a hook",
    seed: ACCOUNTS,
    clients: "
  reader:
    steps:
      - step: read
        sql: SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
        with: { aid: { uniform: { from: 1, to: 1000000 } } }
        after: assert(rows.len == 1, \"one account\")
",
};

const TPCB_LIKE: Workload = Workload {
    name: "tpcb like",
    seed: ACCOUNTS,
    clients: "
  teller:
    with:
      aid: { uniform: { from: 1, to: 1000000 } }
      bid: { uniform: { from: 1, to: 10 } }
      tid: { uniform: { from: 1, to: 100 } }
      delta: { uniform: { from: -5000, to: 5000 } }
    steps:
      - begin
      - { step: account, sql: 'UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;' }
      - { step: read, sql: 'SELECT abalance FROM pgbench_accounts WHERE aid = :aid;' }
      - { step: teller, sql: 'UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;' }
      - { step: branch, sql: 'UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;' }
      - { step: history, sql: 'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);' }
      - commit
",
};

const POINT_SELECT: Workload = Workload {
    name: "point select",
    seed: "seed:
  - sql: |
      CREATE TABLE sbtest1 (id serial PRIMARY KEY, k integer NOT NULL DEFAULT 0, c char(120) NOT NULL DEFAULT '', pad char(60) NOT NULL DEFAULT '');
      INSERT INTO sbtest1 (k, c, pad) SELECT i, repeat('c', 119), repeat('p', 59) FROM generate_series(1, 100000) AS i;
      CREATE INDEX k_1 ON sbtest1 (k)",
    clients: "
  reader:
    steps:
      - step: read
        sql: SELECT c FROM sbtest1 WHERE id = :id
        with: { id: { uniform: { from: 1, to: 100000 } } }
",
};
