//! Do rows that are made from an export of statistics look like those that it was taken of? The whole way: a database, the
//! query that `pgauge export` prints, and another database made from its answer.

use crate::{folder::*, program};
use pgauge::{record::Value, report::results::Outcome};
use std::fs;

/// Tables with every kind of type, keys of one and of two columns, references to others and to themselves.
const TABLES: &str = "
      CREATE TYPE mood AS ENUM ('fine', 'sad');
      CREATE DOMAIN small AS integer CHECK (VALUE BETWEEN 0 AND 100);
      CREATE TABLE people (
          id       uuid PRIMARY KEY,
          no       integer NOT NULL UNIQUE,
          mail     varchar(40) NOT NULL UNIQUE,
          mood     mood,
          active   boolean NOT NULL,
          born_on  date,
          seen_at  timestamp,
          share    small,
          weight   real,
          wallet   numeric(10,2),
          language char(2),
          data     jsonb NOT NULL,
          tags     text[] NOT NULL,
          doubled  integer GENERATED ALWAYS AS (no * 2) STORED
      );
      CREATE TABLE nodes (id bigint PRIMARY KEY, parent_id bigint REFERENCES nodes, \"Odd Name\" text NOT NULL);
      CREATE TABLE likes (
          person_id  uuid   NOT NULL REFERENCES people,
          node_id    bigint NOT NULL REFERENCES nodes,
          liked_at   timestamptz NOT NULL DEFAULT '2024-01-01 00:00+00',
          PRIMARY KEY (person_id, node_id)
      );
      CREATE TABLE remarks (
          id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          person_id uuid,
          node_id   bigint,
          FOREIGN KEY (person_id, node_id) REFERENCES likes
      );
";

const ROWS: &str = "
      INSERT INTO people
      SELECT md5(n::text)::uuid, n, 'p' || n || '@example.org', CASE WHEN n % 10 = 0 THEN 'sad'::mood WHEN n % 3 > 0 THEN 'fine' END,
             n % 4 > 0, date '1980-01-01' + n, timestamp '2024-01-01' + n * interval '1 hour', n % 100, n * 0.5,
             CASE WHEN n % 2 = 0 THEN n * 1.25 END, (ARRAY['de', 'fr', 'en'])[n % 3 + 1], jsonb_build_object('a', n % 3), ARRAY['x', 'y']
      FROM generate_series(1, 2000) AS n;
      INSERT INTO nodes SELECT n, CASE WHEN n > 1 THEN n / 2 END, 'node ' || n FROM generate_series(1, 1000) AS n;
      INSERT INTO likes SELECT md5((n % 50 * n % 2000 + 1)::text)::uuid, n % 1000 + 1 FROM generate_series(1, 3000) AS n ON CONFLICT DO NOTHING;
      INSERT INTO remarks (person_id, node_id) SELECT person_id, node_id FROM likes LIMIT 500;
";

/// What is true of the rows that were made.
const ALIKE: [(&str, &str); 9] = [
    ("SELECT count(*) FROM people", "1000"),
    ("SELECT count(*) FROM nodes", "500"),
    ("SELECT count(*) FROM people WHERE doubled = no * 2", "1000"),
    (
        "SELECT count(*) BETWEEN 200 AND 300 FROM people WHERE NOT active",
        "true",
    ),
    (
        "SELECT count(*) BETWEEN 60 AND 140 FROM people WHERE mood = 'sad'",
        "true",
    ),
    (
        "SELECT count(*) BETWEEN 430 AND 570 FROM people WHERE wallet IS NULL",
        "true",
    ),
    ("SELECT count(DISTINCT language) FROM people", "3"),
    (
        "SELECT min(born_on) >= '1979-12-31' AND max(born_on) <= '1986-01-01' FROM people",
        "true",
    ),
    (
        "SELECT (SELECT count(*) FROM remarks) = 250 AND (SELECT count(*) FROM likes) > 500",
        "true",
    ),
];

#[test]
fn rows_that_are_made_from_an_export_are_spread_as_those_that_it_was_taken_of() {
    let suite = Playground::new();
    for of in ["statistics", "masked-statistics"] {
        let export = program::pgauge(suite.root(), &["export", of]).stdout;
        let export: String = export
            .lines()
            .map(|line| format!("      {line}\n"))
            .collect();
        let taken = format!(
            "name: Taken for {of}\nseed:\n  - sql: |{TABLES}{ROWS}expect:\n  - sql: |\n{export}    row_count: 1\n"
        );
        suite.add(of, "taken.yaml", &taken);
        let ran = program::run(suite.root(), &[&format!("scenarios/{of}/taken.yaml")]);
        assert_eq!(
            ran.said.status, 0,
            "{}\n{}",
            ran.said.stdout, ran.said.stderr
        );
        let reply = &ran.results.cases[0].log.probes[0].reply;
        let Some(Value::Text(json)) = reply.rows().first().and_then(|row| row.first()) else {
            panic!("{reply:?}")
        };
        let told = json.contains("p1000@example.org") || json.contains("node 1");
        assert_eq!(told, of == "statistics");
        fs::write(suite.root().join(format!("seeds/{of}.json")), json).unwrap();
        let checks: String = ALIKE
            .iter()
            .map(|(sql, value)| format!("  - sql: {sql:?}\n    value: {value}\n"))
            .collect();
        let made = format!(
            "name: Made from {of}\nseed:\n  - sql: |{TABLES}  - like: ../../seeds/{of}.json\n    scale: 50%\nexpect:\n{checks}"
        );
        suite.add(of, "made.yaml", &made);
        let ran = program::run(suite.root(), &[&format!("scenarios/{of}/made.yaml")]);
        let case = &ran.results.cases[0];
        assert_eq!(
            case.outcome,
            Outcome::Passed,
            "{}\n{}",
            ran.said.stdout,
            ran.said.stderr
        );
    }
}
