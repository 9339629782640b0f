//! Sessions come over TCP where a scenario asks for it, and only there anybody listens.

use crate::{folder::Playground, program};

#[test]
fn sessions_come_over_tcp_with_scram_where_that_was_asked_for_and_nobody_listens_elsewhere() {
    let playground = Playground::new();
    let scenarios = [
        (
            "tcp",
            "connect: tcp",
            "SELECT host(inet_server_addr()), session_user",
            "[[127.0.0.1, pgauge]]",
        ),
        (
            "tcp_as_a_superuser",
            "connect: tcp, role: postgres, settings: { deadlock_timeout: 2s }",
            "SELECT host(inet_server_addr()), current_setting('deadlock_timeout'), (SELECT \
             string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules WHERE address = '127.0.0.1')",
            "[[127.0.0.1, 2s, scram-sha-256]]",
        ),
        (
            "socket",
            "role: postgres",
            "SELECT inet_server_addr() IS NULL, current_setting('listen_addresses')",
            "[[true, \"\"]]",
        ),
    ];
    for (name, database, sql, rows) in scenarios {
        let text = format!(
            "name: {name}\ndatabase: {{ {database} }}\nclients:\n  alice:\n    steps:\n      - step: look\n        \
             sql: |\n          {sql}\n        rows: {rows}\n"
        );
        playground.add("connect", &format!("{name}.yaml"), &text);
    }
    let load = "\
name: tcp_load
database: { connect: tcp }
seed:
  - sql: CREATE TABLE seen (address text)
clients:
  alice:
    steps:
      - step: look
        sql: INSERT INTO seen SELECT host(inet_server_addr())
        affected: 1
load: { users: 2, transactions: 20 }
expect:
  - sql: SELECT DISTINCT address FROM seen
    rows: [[127.0.0.1]]
";
    playground.add("connect", "tcp_load.yaml", load);
    let ran = program::run(playground.root(), &["scenarios", "--no-skips"]);
    assert_eq!(ran.said.status, 0, "{}{}", ran.said.stdout, ran.said.stderr);
    assert_eq!(ran.results.cases.len(), 4);
}
