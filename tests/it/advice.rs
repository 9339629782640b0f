//! Is advice proven? An index that helps is told with its price, and nothing is told where nothing helps.
//!
//! `tests/advice/problems` has problems from public bug reports and from other linters' pages, each with its source and
//! with what must be said of it; `tests/advice/sound` has schemas of which nothing must be said.

use crate::{folder::*, program};
use pgauge::{
    record::{RewriteForm, StatementOf},
    report::results::Outcome,
};
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
    assert_eq!(index.of, StatementOf::Query("of_user".to_owned()));
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
fn what_helps_is_told_of_a_case_that_failed_too() {
    let suite = Playground::new();
    let failed = format!(
        "name: It fails, and an index helps\n{SHOP}
clients:
  page:
    steps:
      - step: orders
        sql: SELECT * FROM orders WHERE user_id = 42
expect:
  - schema: {{ unindexed_filters: none }}
"
    );
    suite.add("advice", "failed.yaml", &failed);
    let ran = program::run(suite.root(), &["--advise", "scenarios"]);
    assert_eq!(ran.results.cases[0].outcome, Outcome::Failed);
    let index = "CREATE INDEX ON orders (user_id);";
    assert!(ran.said.stdout.contains(index), "{}", ran.said.stdout);
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
                    copies: &case.log.schema.as_ref().unwrap().copies,
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

const LIBRARY: &str = "
seed:
  - sql: |
      CREATE TABLE authors (id integer PRIMARY KEY, name text NOT NULL, land text);
      CREATE TABLE books (id integer PRIMARY KEY, author_id integer NOT NULL, title text NOT NULL, year integer NOT NULL);
      INSERT INTO authors SELECT n, 'author ' || n % 7, CASE WHEN n % 5 > 0 THEN 'land ' || n % 3 END FROM generate_series(1, 40) AS n;
      INSERT INTO books SELECT n, 1 + n % 38, 'book ' || n, 1900 + n % 100 FROM generate_series(1, 400) AS n;
";

/// Clients that send one statement for each row of another one, and the forms in which one statement may ask instead, the
/// best first.
const REPEATED: [(&str, &str, &[RewriteForm]); 11] = [
    (
        "for each",
        "
      - { step: list, sql: 'SELECT id, name FROM authors ORDER BY name DESC' }
      - { step: each, for_each: list, sql: 'SELECT id, title FROM books WHERE author_id = :id', with: { id: { ref: list.id } } }",
        &[RewriteForm::Join, RewriteForm::Array],
    ),
    (
        "a hook with its values in the text",
        "
      - { step: list, sql: SELECT id FROM authors WHERE land IS NOT NULL }
      - step: each
        sql: SELECT 1
        after: |
          for row in sql(\"SELECT id FROM authors WHERE id < 20\") { sql(`SELECT title FROM books WHERE author_id = ${row.id} AND year > 1910`); }",
        &[RewriteForm::Join, RewriteForm::Array],
    ),
    (
        "the newest of each",
        "
      - { step: list, sql: SELECT id FROM authors }
      - { step: each, for_each: list, sql: 'SELECT title FROM books WHERE author_id = :id ORDER BY title LIMIT 2', with: { id: { ref: list.id } } }",
        &[RewriteForm::Join],
    ),
    (
        "one for a value that many rows have",
        "
      - { step: list, sql: SELECT author_id FROM books WHERE year < 1930 }
      - { step: each, for_each: list, sql: 'SELECT name FROM authors WHERE id = :id', with: { id: { ref: list.author_id } } }",
        &[RewriteForm::Join, RewriteForm::Array],
    ),
    // The order is one that the result does not tell: a join could lose it.
    (
        "a hidden order",
        "
      - { step: list, sql: 'SELECT id FROM authors ORDER BY land, id' }
      - { step: each, for_each: list, sql: 'SELECT count(*) FROM books WHERE author_id = :id', with: { id: { ref: list.id } } }",
        &[],
    ),
    // Nobody asked for the author without a land, whom a join would show with others that have none.
    (
        "rows that are left out",
        "
      - { step: list, sql: 'SELECT id, land FROM authors WHERE id > 1' }
      - step: each
        sql: SELECT 1
        after: |
          let all = sql(\"SELECT id FROM authors WHERE id > 2\");
          for row in all { if row.id % 8 > 0 { sql(\"SELECT count(*) AS books FROM books WHERE author_id = :id\", #{ id: row.id }); } }",
        &[],
    ),
    // Each is asked for with its own neighbour: a list of all values would mix them.
    (
        "two that belong together",
        "
      - { step: list, sql: 'SELECT id, name FROM authors' }
      - { step: each, for_each: list, sql: 'SELECT title FROM books WHERE author_id IN (:id, :id + 1)', with: { id: { ref: list.id } } }",
        &[RewriteForm::Join],
    ),
    // A write is not sent again, and what it writes would not be seen by what is joined to it.
    (
        "rows that a write returns",
        "
      - { step: list, sql: 'UPDATE authors SET land = upper(land) WHERE id < 20 RETURNING id' }
      - { step: each, for_each: list, sql: 'SELECT id, title FROM books WHERE author_id = :id', with: { id: { ref: list.id } } }",
        &[RewriteForm::Array],
    ),
    (
        "rows that are new",
        "
      - { step: list, sql: \"INSERT INTO books SELECT 1000 + n, n, 'new', 2000 FROM generate_series(1, 9) AS n RETURNING author_id\" }
      - { step: each, for_each: list, sql: 'SELECT name FROM authors WHERE id = :id', with: { id: { ref: list.author_id } } }",
        &[RewriteForm::Array],
    ),
    (
        "rows that are locked",
        "
      - { step: list, sql: 'SELECT id FROM authors WHERE id < 20 FOR UPDATE' }
      - { step: each, for_each: list, sql: 'SELECT id, title FROM books WHERE author_id = :id', with: { id: { ref: list.id } } }",
        &[RewriteForm::Array],
    ),
    // A function that gives something else each time.
    (
        "chance",
        "
      - { step: list, sql: SELECT id FROM authors }
      - { step: each, for_each: list, sql: 'SELECT title, random() AS place FROM books WHERE author_id = :id', with: { id: { ref: list.id } } }",
        &[],
    ),
];

#[test]
fn one_statement_is_proposed_for_many_only_where_it_gives_the_same_rows_for_less() {
    let suite = Playground::new();
    for (name, steps, _) in REPEATED {
        let text = format!(
            "name: {name}\n{LIBRARY}clients:\n  page:\n    steps:{steps}\nexpect:\n  - n_plus_one: {{ allow: 9 }}\n"
        );
        suite.add(
            "library",
            &format!("{}.yaml", name.replace(' ', "_")),
            &text,
        );
    }
    let ran = program::run(suite.root(), &["--advise", "scenarios"]);
    let mut wrong = Vec::new();
    for (name, _, expected) in REPEATED {
        let mut cases = ran.results.cases.iter();
        let case = cases.find(|case| case.log.case.scenario == name).unwrap();
        let forms: Vec<RewriteForm> = case
            .log
            .rewrites
            .iter()
            .flat_map(|proven| proven.instead.iter().map(|rewrite| rewrite.form))
            .collect();
        let mut sorted = forms.clone();
        sorted.sort_by_key(|form| *form != RewriteForm::Join);
        if sorted != expected || case.outcome != Outcome::Passed {
            wrong.push(format!(
                "{name}: {:?} {:#?}",
                case.outcome, case.log.rewrites
            ));
        }
        for proven in &case.log.rewrites {
            for rewrite in &proven.instead {
                assert!(rewrite.after.round_trips < proven.before.round_trips);
                assert!(rewrite.after.buffers <= proven.before.buffers);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{}", ran.said.stdout);
    for part in [
        "note[proven-rewrite]",
        "SELECT parent.*, child.* FROM (SELECT id, name FROM authors ORDER BY name DESC) AS parent LEFT JOIN LATERAL \
         (SELECT id, title FROM books WHERE author_id = parent.id) AS child ON true ORDER BY parent.name DESC, parent.id;",
        "1 round trip instead of 41",
        "all 400 rows are the same",
        "SELECT author_id, id, title FROM books WHERE author_id = ANY($1);",
    ] {
        let said = ran
            .said
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(said.contains(part), "{part}\n{}", ran.said.stdout);
    }
}

#[test]
fn a_step_that_returns_very_many_rows_or_multiplies_them_is_named_for_that() {
    let suite = Playground::new();
    let text = "name: Much\nclients:\n  page:\n    steps:\n      \
        - { step: everything, sql: 'SELECT n FROM generate_series(1, 100000) AS n' }\n      \
        - { step: nearly, sql: 'SELECT n FROM generate_series(1, 99999) AS n' }\n      \
        - { step: crossed, sql: 'SELECT count(*) FROM generate_series(1, 300) AS a, generate_series(1, 300) AS b' }\n      \
        - { step: joined, sql: 'SELECT count(*) FROM generate_series(1, 300) AS a JOIN generate_series(1, 300) AS b ON a = b', row_count: 1 }\n";
    suite.add("much", "much.yaml", text);
    let notes = |arguments: &[&str]| -> Vec<String> {
        let ran = program::run(suite.root(), arguments);
        assert_eq!(ran.said.status, 0, "{}", ran.said.stdout);
        let findings = ran.results.cases[0].findings.iter();
        let named = findings
            .filter(|finding| ["many-rows", "row-multiplication"].contains(&&*finding.code));
        named.map(|finding| finding.primary.clone()).collect()
    };
    let many = "step \"page.everything\" returns 100,000 rows";
    assert_eq!(notes(&["scenarios"]), [many]);
    let multiplied =
        "step \"page.crossed\" multiplies rows in a join: Nested Loop makes 90,000 rows of 300";
    assert_eq!(notes(&["--advise", "scenarios"]), [many, multiplied]);
}

#[test]
fn a_step_of_a_load_that_returns_very_many_rows_or_multiplies_them_is_named_for_that() {
    let suite = Playground::new();
    let text = "name: Much under load\nload: { transactions: 4, users: 2 }\nexpect: [{ errors: none }]\nclients:\n  page:\n    with: { most: { uniform: { from: 300, to: 300 } } }\n    steps:\n      \
        - { step: everything, sql: 'SELECT n FROM generate_series(1, 100000) AS n' }\n      \
        - { step: nearly, sql: 'SELECT n FROM generate_series(1, 99999) AS n' }\n      \
        - { step: crossed, sql: 'SELECT count(*) FROM generate_series(1, :most) AS a, generate_series(1, :most) AS b' }\n";
    suite.add("much", "much.yaml", text);
    let notes = |arguments: &[&str]| -> Vec<String> {
        let ran = program::run(suite.root(), arguments);
        assert_eq!(ran.said.status, 0, "{}", ran.said.stdout);
        let findings = ran.results.cases[0].findings.iter();
        let named = findings
            .filter(|finding| ["many-rows", "row-multiplication"].contains(&&*finding.code));
        named.map(|finding| finding.primary.clone()).collect()
    };
    let many = "step \"page.everything\" returns 100,000 rows";
    assert_eq!(notes(&["scenarios"]), [many]);
    let multiplied =
        "step \"page.crossed\" multiplies rows in a join: Nested Loop makes 90,000 rows of 300";
    assert_eq!(notes(&["--advise", "scenarios"]), [many, multiplied]);
}
