//! Migrations that a program carries out: it is given the database's URL, and what it does is traced and judged as what
//! pgauge sends itself. The program is psql; where it is not installed these tests say so and skip.

use crate::{
    folder::Playground,
    program::{self, Ran},
};
use pgauge::record::{LockMode, StatementTrace};
use std::process::Command;

const SHOP: &str = "\
seed:
  - sql: |
      CREATE TABLE orders (id integer PRIMARY KEY, total integer NOT NULL, note text);
      INSERT INTO orders SELECT n, n, 'note ' || n FROM generate_series(1, 1000) AS n;
";

fn run(name: &str, rest: &str) -> Option<Ran> {
    if Command::new("psql").arg("--version").output().is_err() {
        eprintln!("skipped: psql is not installed");
        return None;
    }
    let playground = Playground::new();
    let text = format!("name: {name}\n{SHOP}{rest}");
    playground.add("migrated", "program.yaml", &text);
    Some(program::run(playground.root(), &["scenarios"]))
}

fn traces(ran: &Ran) -> &[StatementTrace] {
    let migration = ran.results.cases[0].log.migration.as_ref();
    migration.map_or(&[], |log| &log.statements)
}

#[test]
fn the_statements_of_a_program_are_traced_with_their_locks_rewrites_and_timeouts() {
    let Some(ran) = run(
        "A program migrates",
        r#"
migrate:
  - command: [sh, -c, 'psql -X -q -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "SET lock_timeout = 2000" -c "ALTER TABLE orders ALTER COLUMN total TYPE bigint" -c "CREATE INDEX CONCURRENTLY orders_note ON orders (note)"']
rollback:
  - command: [psql, -X, -q, -v, ON_ERROR_STOP=1, -c, DROP INDEX orders_note, -c, ALTER TABLE orders ALTER COLUMN total TYPE integer]
expect:
  - migration: { locks: { orders: access_exclusive }, rewrites: [orders], data_loss: none, lock_timeout: required }
"#,
    ) else {
        return;
    };
    assert_eq!(ran.said.status, 0, "{}", ran.said.stdout);
    let altered = traces(&ran)
        .iter()
        .find(|trace| trace.sql.starts_with("ALTER"));
    let altered = altered.unwrap();
    let modes: Vec<LockMode> = altered.locks.iter().map(|lock| lock.mode).collect();
    assert!(modes.contains(&LockMode::AccessExclusive), "{altered:?}");
    assert_eq!(altered.lock_timeout.0, 2_000_000);
}

#[test]
fn what_a_program_that_fails_said_is_told_without_its_password() {
    let Some(ran) = run(
        "A program fails",
        r#"
migrate:
  - command: [psql, -X, -v, ON_ERROR_STOP=1, -c, ALTER TABLE orders ADD COLUMN total text]
expect:
  - migration: { rewrites: none }
"#,
    ) else {
        return;
    };
    assert_eq!(ran.said.status, 1, "{}", ran.said.stdout);
    let said = &ran.said.stdout;
    assert!(said.contains("failed[migration-failed]"), "{said}");
    assert!(
        said.contains("column \"total\" of relation \"orders\" already exists"),
        "{said}"
    );
}
