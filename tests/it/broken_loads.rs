//! Loads that lose their sessions, or their server.

use crate::folder::Playground;
use crate::program;
use pgauge::record::load::LoadEnd;
use pgauge::report::results::Outcome;
use std::time::Duration;

#[test]
fn a_load_whose_server_dies_tells_what_was_measured_by_then() {
    let suite = Playground::new();
    suite.add(
        "loads",
        "killed.yaml",
        "\
name: Killed
database: { role: postgres }
seed: [{ sql: CREATE TABLE nothing (line text) }]
clients:
  reader:
    steps:
      - { step: read, sql: SELECT 1 }
      - step: kill
        sql: COPY nothing FROM PROGRAM 'kill -9 $(head -n 1 postmaster.pid)'
        when: iteration == 100
load: { duration: 10m, users: 2 }
expect:
  - errors: none
",
    );
    let ran = program::run(suite.root(), &["scenarios/loads"]);
    let said = ran.said.stdout;
    assert_eq!(ran.said.status, 4, "{said}");
    let case = &ran.results.cases[0];
    let code = case.bad_findings().next().map(|finding| &*finding.code);
    assert_eq!(
        (case.outcome, code),
        (Outcome::Errored, Some("server-lost"))
    );
    let load = case.log.load.as_ref().unwrap();
    let count = load.clients[0].latency.count();
    assert!(count >= 99, "{said}");
    assert_eq!(load.end, LoadEnd::CutShort);
    // A rate is told over what it took, and not over what it should have taken.
    assert!(
        load.measured.duration() < Duration::from_secs(600),
        "{said}"
    );
}

#[test]
fn a_constraint_that_is_checked_at_the_commit_is_an_error_of_the_statement() {
    let suite = Playground::new();
    suite.add(
        "loads",
        "deferred.yaml",
        "\
name: Deferred
seed:
  - sql: |
      CREATE TABLE parents (id integer PRIMARY KEY);
      CREATE TABLE children (parent integer REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
clients:
  writer: { steps: [{ step: write, sql: INSERT INTO children VALUES (7) }] }
load: { transactions: 5, users: 1 }
expect:
  - errors: { of: writer.write, count: 5, only: [foreign_key_violation] }
  - sql: SELECT count(*) FROM children
    value: 0
",
    );
    let ran = program::run(suite.root(), &["scenarios/loads"]);
    assert_eq!(ran.said.status, 0, "{}", ran.said.stdout);
    let load = ran.results.cases[0].log.load.as_ref().unwrap();
    assert_eq!(load.clients[0].failed.count(), 5);
}

#[test]
fn a_session_that_the_server_ends_fails_the_load_with_the_servers_reason() {
    let suite = Playground::new();
    suite.add(
        "loads",
        "ended.yaml",
        "\
name: Ended
clients:
  # It is told in time that its next statement is not heard any more.
  idler:
    settings: { idle_in_transaction_session_timeout: 1ms }
    steps:
      - begin
      - { step: read, sql: SELECT 1 }
      - step: on
        sql: SELECT 2
        before: |
          let n = 0;
          while n < 100000 { n += 1; }
      - commit
  killed: { steps: [{ step: end, sql: SELECT pg_terminate_backend(pg_backend_pid()) }] }
load: { transactions: 20, users: 1 }
expect:
  - { sql: SELECT 1, value: 1 }
",
    );
    let ran = program::run(suite.root(), &["scenarios/loads"]);
    let said = ran.said.stdout;
    assert_eq!(ran.said.status, 1, "{said}");
    let told = ran.results.cases[0].bad_findings();
    let told: Vec<&str> = told.map(|finding| &*finding.primary).collect();
    for (told, code) in told
        .iter()
        .zip(["idle_in_transaction_session_timeout", "admin_shutdown"])
    {
        assert!(told.starts_with(code) && told.contains(" ended "), "{said}");
    }
    assert_eq!(told.len(), 2, "{said}");
    let load = ran.results.cases[0].log.load.as_ref().unwrap();
    assert_eq!(load.connections.lost, 20);
}
