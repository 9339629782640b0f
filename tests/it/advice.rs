//! Is advice proven? An index that helps is told with its price, and nothing is told where nothing helps.
//!
//! `tests/advice/problems` has problems from public bug reports and from other linters' pages, each with its source and
//! with what must be said of it; `tests/advice/sound` has schemas of which nothing must be said.

use crate::{folder::*, program};
use pgauge::report::results::Outcome;
use std::fs;

const SHOP: &str = "
seed:
  - sql: |
      CREATE TABLE orders (id integer PRIMARY KEY, user_id integer NOT NULL, placed_at date NOT NULL, note text);
      INSERT INTO orders SELECT n, n % 1000, date '2024-01-01' + n % 300, repeat('x', 50) FROM generate_series(1, 20000) AS n;
";

#[test]
fn an_index_that_helps_is_proposed_and_one_that_does_not_is_not() {
    let suite = Playground::new();
    let helped = format!(
        "name: An index helps\n{SHOP}
queries:
  of_user:
    sql: SELECT * FROM orders WHERE user_id = 42 ORDER BY placed_at DESC LIMIT 5
    budget: 1m
"
    );
    let in_vain = format!(
        "name: No index helps\n{SHOP}
queries:
  nearly_all:
    sql: SELECT count(note) FROM orders WHERE user_id >= 20
    budget: 1m
  all:
    sql: SELECT count(note) FROM orders
    budget: 1m
  indexed:
    sql: SELECT * FROM orders WHERE id = 42
    budget: 1m
"
    );
    suite.add("advice", "helped.yaml", &helped);
    suite.add("advice", "in_vain.yaml", &in_vain);
    let ran = program::run(suite.root(), &["--advise", "scenarios"]);
    let advice: Vec<_> = ran
        .results
        .cases
        .iter()
        .flat_map(|case| &case.log.advice)
        .collect();
    assert_eq!(advice.len(), 1, "{advice:?}");
    let index = advice[0];
    assert_eq!(index.query, "of_user");
    assert_eq!(
        index.sql,
        "CREATE INDEX ON orders (user_id, placed_at DESC)"
    );
    assert!(index.after.buffers * 2 <= index.before.buffers);
    assert!(index.bytes > 0);
    let write = index.write.unwrap();
    assert!(write.wal_after > write.wal_before, "{write:?}");
    assert!(
        ran.said
            .stdout
            .contains("CREATE INDEX ON orders (user_id, placed_at DESC);"),
        "{}",
        ran.said.stdout
    );
    let unasked = program::run(suite.root(), &["scenarios"]);
    assert!(
        unasked
            .results
            .cases
            .iter()
            .all(|case| case.log.advice.is_empty())
    );
}

#[test]
fn every_problem_from_a_bug_report_is_found_and_proven_and_nothing_is_said_of_a_sound_schema() {
    let folder = repository().join("tests/advice");
    let ran = program::run(&folder, &["--advise", "."]);
    let mut wrong = Vec::new();
    let (mut proven, mut found, mut silent) = (0, 0, 0);
    for case in &ran.results.cases {
        let text = fs::read_to_string(folder.join(&case.log.case.file)).unwrap();
        let said = |what: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(what).map(str::trim))
        };
        let advice: Vec<&str> = case.log.advice.iter().map(|index| &*index.sql).collect();
        let right = match (said("# proves:"), said("# finds:"), said("# silent")) {
            (Some(index), None, None) => {
                proven += 1;
                advice == [index]
            }
            (None, Some(problem), None) => {
                found += 1;
                let (code, of) = problem.split_once(" of ").unwrap();
                let schema = pgauge::lint::Schema {
                    catalog: case.log.schema.as_ref().map(|schema| &schema.catalog),
                    dependencies: &case.log.schema.as_ref().unwrap().dependencies,
                    ..Default::default()
                };
                let all = pgauge::lint::lint_schema(&schema);
                let mut all = all.iter();
                all.any(|(rule, found)| rule.code == code && found.of.starts_with(of))
                    && advice.is_empty()
            }
            (None, None, Some(_)) => {
                silent += 1;
                advice.is_empty()
            }
            _ => panic!("{}: what is expected?", case.log.case.file),
        };
        if !right || case.outcome != Outcome::Passed {
            wrong.push(format!(
                "{}: {:?} {advice:?}",
                case.log.case.file, case.outcome
            ));
        }
    }
    eprintln!(
        "{proven} problems proven, {found} found by rules, {silent} sound schemas silent, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}\n{}", ran.said.stdout);
    let count = |part: &str| files(&folder.join(part), "yaml").len();
    assert_eq!(
        (proven + found, silent),
        (count("problems"), count("sound"))
    );
}
