//! What is told of a load, against what its server really did.

use crate::folder::Playground;
use crate::program::run;
use pgauge::record::LoadLog;

/// The load of a scenario that passes, on a server with these settings besides its own.
fn load(scenario: &str, settings: &str) -> LoadLog {
    let playground = Playground::new();
    playground.add("loads", "load.yaml", scenario);
    std::fs::write(playground.root().join("server.conf"), settings).unwrap();
    let words = ["scenarios", "--temp-config", "server.conf"];
    let ran = run(playground.root(), &words);
    assert_eq!(ran.said.status, 0, "{}{}", ran.said.stdout, ran.said.stderr);
    let case = ran.results.cases.into_iter().next().unwrap();
    *case.log.load.unwrap()
}

const PLANNED: &str = "\
name: Planned
seed:
  - sql: |
      CREATE FUNCTION planned_only(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
      $$ BEGIN IF $1 IS NULL THEN RAISE 'this is the plan for NULL'; END IF; RETURN $1; END $$
clients:
  reader:
    steps:
      - step: read
        sql: SELECT planned_only(:number)
        with: { number: { uniform: { from: 1, to: 10 } } }
load: { users: 1, transactions: 3 }
expect: [{ errors: none }]
";

#[test]
fn a_statement_with_parameters_is_planned_for_any_values_and_not_for_null() {
    let log = load(PLANNED, "");
    assert!(log.clients[0].steps[0].planning.is_some());
}

const SHORT: &str = "\
name: Short
clients:
  sorter:
    settings: { work_mem: 64kB }
    steps:
      - step: sort
        sql: SELECT count(*) FROM (SELECT n FROM generate_series(1, 2000) AS n ORDER BY -n OFFSET 0) AS sorted
load: { users: 64, transactions: 64, protocol: simple }
expect: [{ errors: none }]
";

#[test]
fn everything_that_a_short_load_did_is_counted() {
    let log = load(SHORT, "");
    let server = log.server.unwrap();
    let buffers = server.buffers.unwrap();
    assert!(buffers.commits >= 64, "{buffers:?}");
    assert!(buffers.temp_files >= 64, "{buffers:?}");
    assert_eq!(buffers.temp_files % 64, 0, "{buffers:?}");
    let kept_waiting = server.missing.iter().any(|why| why.contains("session"));
    assert!(!kept_waiting, "{:?}", server.missing);
}

const NESTED: &str = "\
name: Nested
seed:
  - sql: |
      CREATE TABLE counted AS SELECT 1 AS one;
      CREATE FUNCTION inside() RETURNS bigint LANGUAGE plpgsql AS
      $$ DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM counted' INTO n; RETURN n; END $$
clients:
  reader:
    steps:
      - { step: outside, sql: SELECT count(*) FROM counted }
      - { step: inside, sql: SELECT inside() }
      - { step: again, sql: SELECT inside() }
load: { users: 2, transactions: 50 }
expect: [{ errors: none }]
";

#[test]
fn a_statement_that_functions_run_too_is_counted_wherever_it_ran() {
    let log = load(NESTED, "pg_stat_statements.track = all\n");
    let server = log.server.unwrap();
    let mut missing = server.missing.iter();
    if let Some(why) = missing.find(|why| why.contains("pg_stat_statements")) {
        eprintln!("skipped: {why}");
        return;
    }
    let calls = server
        .statements
        .iter()
        .filter(|one| one.sql == "SELECT count(*) FROM counted")
        .map(|one| one.calls);
    assert_eq!(calls.collect::<Vec<_>>(), [150]);
}

const LONG: &str = "\
name: A load with a migration in its midst that has so long a name that its sessions could all be called alike
seed: [{ sql: CREATE TABLE parts AS SELECT 1 AS id }]
clients:
  reader: { steps: [{ step: read, sql: SELECT id FROM parts }] }
load: { users: 2, transactions: 200, think: 1ms }
migrate: [{ sql: ALTER TABLE parts ADD COLUMN weight integer }]
expect: [{ errors: none }]
";

#[test]
fn sessions_of_others_are_not_waited_for_however_long_the_name_of_the_scenario_is() {
    let server = load(LONG, "").server.unwrap();
    let kept_waiting = server.missing.iter().any(|why| why.contains("session"));
    assert!(!kept_waiting, "{:?}", server.missing);
}
