//! Is advice proven? An index that helps is told with its price, and nothing is told where nothing helps.

use crate::{folder::*, program};

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
