//! Numbers for the closing notes; run by hand, in no test run.

use crate::world::{ask, case, connect, generated, on_a_runtime, options, sql};
use pgauge::pg::embedded::EmbeddedServer;
use pgauge::pg::server::{PgServer, Retain};
use pgauge::run::session::{Database, Server};
use std::process::Command;
use std::time::Instant;

const ROWS: u64 = 2_000_000;
const TABLE: &str = "CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84)) \
    WITH (fillfactor = 100)";

/// `cargo test --release --test pg -- --ignored --nocapture of_pgbench`
#[test]
#[ignore = "measures, does not test"]
fn rows_of_pgbench_generated() {
    let options = options().unwrap();
    let columns = serde_json::json!({
        "aid": { "sequence": 1 }, "bid": { "uniform": { "from": 1, "to": 20 } }, "abalance": 0, "filler": ""
    });
    on_a_runtime(async {
        let server = PgServer::embedded(options.clone(), Retain::default())
            .await
            .unwrap();
        for round in 0..3 {
            let empty = case("empty", vec![sql(TABLE), sql(&format!("SELECT {round}"))]);
            let since = Instant::now();
            server
                .database(&empty)
                .await
                .unwrap()
                .close()
                .await
                .unwrap();
            let without = since.elapsed();
            let full = case(
                "full",
                vec![
                    sql(TABLE),
                    generated("pgbench_accounts", ROWS, columns.clone()),
                    sql(&format!(
                        "ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid); SELECT {round}"
                    )),
                ],
            );
            let since = Instant::now();
            let database = server.database(&full).await.unwrap();
            println!(
                "generated with key and vacuum: {:?} (and the clone)",
                since.elapsed() - without
            );
            let (mut session, _heard) = connect(&database, "alice").await;
            println!(
                "{} rows",
                ask(&mut session, "SELECT count(*) FROM pgbench_accounts").await
            );
            drop(session);
            database.close().await.unwrap();
        }
    });
}

/// The same rows, for comparison.
#[test]
#[ignore = "measures, does not test"]
fn rows_of_pgbench_by_pgbench_and_by_copy() {
    let options = options().unwrap();
    let bindir = options.binaries.bindir.clone();
    let server = EmbeddedServer::start(&options).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let since = Instant::now();
        let output = Command::new(bindir.join(program))
            .args([
                "-h",
                &server.socket_dir().display().to_string(),
                "-U",
                "postgres",
            ])
            .args(["-p", &server.port().to_string()])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        (
            since.elapsed(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    for _ in 0..3 {
        let (took, said) = run("pgbench", &["-i", "-s", "20", "-q", "postgres"]);
        println!(
            "pgbench -i: {took:?}: {}",
            said.lines().last().unwrap_or_default()
        );
    }
    let file = std::env::temp_dir().join(format!("pgauge-rows-{}", std::process::id()));
    let file = file.display().to_string();
    run(
        "psql",
        &[
            "-c",
            &format!("\\copy pgbench_accounts to {file}"),
            "postgres",
        ],
    );
    for _ in 0..3 {
        run(
            "psql",
            &["-c", "drop table pgbench_accounts", "-c", TABLE, "postgres"],
        );
        let copy = format!("\\copy pgbench_accounts from {file}");
        let (took, _) = run(
            "psql",
            &[
                "-c",
                &copy,
                "-c",
                "vacuum (freeze, analyze) pgbench_accounts",
                "-c",
                "alter table pgbench_accounts add primary key (aid)",
                "postgres",
            ],
        );
        println!("psql \\copy with key and vacuum: {took:?}");
    }
    let _ = std::fs::remove_file(file);
}

/// `cargo test --test pg -- --ignored --nocapture clone_and_drop`
#[test]
#[ignore = "measures, does not test"]
fn clone_and_drop_of_a_small_database() {
    on_a_runtime(async {
        let server = PgServer::embedded(options().unwrap(), Retain::default())
            .await
            .unwrap();
        let mut spans = Vec::new();
        for round in 0..30 {
            // A template of its own for each, as 100 different scenarios have.
            let case = case(
                "small",
                vec![sql(&format!("CREATE TABLE t AS SELECT {round} AS a"))],
            );
            let mut laps = vec![Instant::now()];
            let database = server.database(&case).await.unwrap();
            laps.push(Instant::now());
            let again = server.database(&case).await.unwrap();
            laps.push(Instant::now());
            let (mut session, _heard) = connect(&again, "alice").await;
            ask(&mut session, "SELECT * FROM t").await;
            laps.push(Instant::now());
            drop(session);
            again.close().await.unwrap();
            laps.push(Instant::now());
            database.close().await.unwrap();
            laps.push(Instant::now());
            spans.push(
                laps.windows(2)
                    .map(|lap| lap[1] - lap[0])
                    .collect::<Vec<_>>(),
            );
        }
        for (at, what) in [
            "template and clone",
            "clone",
            "first session and answer",
            "drop after use",
            "drop",
        ]
        .iter()
        .enumerate()
        {
            let mut column: Vec<_> = spans.iter().map(|row| row[at]).collect();
            column.sort();
            println!("{what}: median {:?}, worst {:?}", column[15], column[29]);
        }
    });
}
