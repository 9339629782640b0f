//! The time of a whole migration under test: thirty queries on a million rows, before and after it.
//!
//! ```text
//! cargo bench --bench migration
//! ```
//!
//! The floor is what the server alone needs: the same statements by psql on one database, each query once to be run and
//! once to be explained on either side. What pgauge does besides is copies for what writes, the trace, and the comparison
//! of all that the tables hold. Needs PostgreSQL's server and client programs.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use pgauge::pg::{
    binaries::{Asked, Binaries, Inventory, Surroundings},
    embedded::{EmbeddedOptions, EmbeddedServer, Listen},
    install::System,
};
use std::{
    fmt::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

type Any = Box<dyn std::error::Error>;

/// Rounds of each, one after the other.
const ROUNDS: usize = 3;

/// Rows of the largest table.
const ROWS: u32 = 1_000_000;

/// A shop in which few customers buy most.
fn seed() -> String {
    format!(
        "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, city text NOT NULL);\n\
         CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, total integer NOT NULL, \
             status text NOT NULL, placed_at date NOT NULL);\n\
         INSERT INTO customers SELECT n, 'customer ' || n, 'city ' || n % 100 FROM generate_series(1, 10000) AS n;\n\
         INSERT INTO orders SELECT n, 1 + (10000 * power(n::float8 / {ROWS}, 3))::integer % 10000, n % 500, \
             (ARRAY['open', 'paid', 'paid', 'paid', 'sent'])[1 + n % 5], date '2024-01-01' + n % 700 \
         FROM generate_series(1, {ROWS}) AS n;\n"
    )
}

const MIGRATION: &str = "CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);\n";

/// Thirty queries: points, ranges, aggregates, joins, sorts and writes.
fn queries() -> Vec<String> {
    let mut queries = Vec::new();
    for number in 1..=5 {
        let customer = 1000 * number;
        queries.push(format!(
            "SELECT id, total FROM orders WHERE customer_id = {customer}"
        ));
        queries.push(format!(
            "SELECT status, total FROM orders WHERE id = {customer}"
        ));
        queries.push(format!(
            "SELECT count(*), sum(total) FROM orders WHERE placed_at BETWEEN date '2024-0{number}-01' AND date '2024-0{number}-20'"
        ));
        queries.push(format!(
            "SELECT c.name, sum(o.total) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.city = 'city {number}' GROUP BY c.name"
        ));
        queries.push(format!(
            "SELECT id, total FROM orders WHERE customer_id = {customer} ORDER BY total DESC, id LIMIT 10"
        ));
        queries.push(format!(
            "UPDATE orders SET total = total + 1 WHERE customer_id = {customer}"
        ));
    }
    queries
}

fn main() -> Result<(), Any> {
    let inventory = Inventory::take(&Surroundings::here());
    let binaries = inventory
        .choose(&Asked::Newest, &System::here())
        .map_err(|error| error.primary)?;
    println!("PostgreSQL {}\n", binaries.version);
    let folder = tempfile::tempdir()?;
    let scenario = folder.path().join("million.yaml");
    std::fs::write(&scenario, spelled_out())?;
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let ran = Command::new(env!("CARGO_BIN_EXE_pgauge"))
            .args(["run", "--server", "embedded"])
            .arg(&scenario)
            .stdout(Stdio::piped())
            .output()?;
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stdout).into_owned().into());
        }
        ours.push(began.elapsed());
        floors.push(floor(&binaries)?);
    }
    println!(
        "{} queries on {ROWS} rows, before and after CREATE INDEX CONCURRENTLY, seed included: {:?}; floor, the same statements by psql: {:?}",
        queries().len(),
        median(&mut ours),
        median(&mut floors)
    );
    Ok(())
}

/// The scenario.
fn spelled_out() -> String {
    let mut text =
        String::from("name: Thirty queries on a million rows\ntimeout: 300s\nseed:\n  - sql: |\n");
    for line in seed().lines() {
        let _ = writeln!(text, "      {line}");
    }
    text.push_str("queries:\n");
    for (number, sql) in queries().iter().enumerate() {
        let _ = writeln!(text, "  q{number}:\n    sql: |\n      {sql}");
    }
    let _ = write!(text, "migrate:\n  - sql: {MIGRATION}");
    text.push_str("expect:\n  - migration: { rewrites: none, blocks: none, data_loss: none }\n");
    text
}

/// What the server alone needs.
fn floor(binaries: &Binaries) -> Result<Duration, Any> {
    let mut each = String::new();
    for sql in queries() {
        let _ = writeln!(
            each,
            "BEGIN; {sql}; ROLLBACK; BEGIN; EXPLAIN (ANALYZE, BUFFERS, WAL) {sql}; ROLLBACK;"
        );
    }
    let settle = "VACUUM (FREEZE, ANALYZE);\n";
    let script = [&seed(), settle, &each, MIGRATION, settle, &each].concat();
    let began = Instant::now();
    let options = EmbeddedOptions {
        binaries: binaries.clone(),
        settings: Vec::new(),
        listen: Listen::UnixSocket,
    };
    let server = EmbeddedServer::start(&options).map_err(|error| error.primary)?;
    let file = server.socket_dir().join("floor.sql");
    std::fs::write(&file, script)?;
    psql(binaries, &server, &file)?;
    let span = began.elapsed();
    server.stop().map_err(|error| error.primary)?;
    Ok(span)
}

fn psql(binaries: &Binaries, server: &EmbeddedServer, file: &Path) -> Result<(), Any> {
    let beside = binaries.bindir.join("psql");
    // Where the client programs are packaged apart it is on PATH.
    let program = if beside.exists() {
        beside
    } else {
        "psql".into()
    };
    let output = Command::new(program)
        .args([
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            "postgres",
            "-h",
        ])
        .arg(server.socket_dir())
        .args(["-p", &server.port().to_string(), "-f"])
        .arg(file)
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

fn median(spans: &mut [Duration]) -> Duration {
    spans.sort();
    spans[spans.len() / 2]
}
