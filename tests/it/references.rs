//! `reference` leads to columns that pgauge did not generate, and to the same values in every run.

use crate::{folder::Playground, program};
use std::fs;

const SEED: &str = "
seed:
  - sql: |
      CREATE TABLE products (id bigint PRIMARY KEY, title text);
      INSERT INTO products SELECT n * 10, 'p' || n FROM generate_series(1, 20) n;
      CREATE TABLE users (id bigint PRIMARY KEY, mail text);
      CREATE TABLE tags (name text PRIMARY KEY);
      CREATE TABLE orders (id bigint PRIMARY KEY, product_id bigint NOT NULL REFERENCES products,
        user_id bigint NOT NULL UNIQUE REFERENCES users, account bigint NOT NULL, tag text NOT NULL);
      CREATE TABLE lines (order_id bigint NOT NULL REFERENCES orders, product_id bigint NOT NULL REFERENCES products);
  - csv: users.csv
    table: users
  - file: tags.sql
  - pgbench: { scale: 1 }
  - table: orders
    rows: 30
    columns:
      id: { sequence: 1 }
      product_id: { reference: products.id }
      user_id: { reference: users.id, unique: true }
      account: { reference: pgbench_accounts.aid }
      tag: { reference: tags.name }
  - table: lines
    rows: 60
    columns:
      order_id: { reference: orders.id }
      product_id: { reference: orders.product_id }
";

fn suite() -> Playground {
    let playground = Playground::new();
    let users: String = (1..=40)
        .map(|id| format!("{},u{id}@example.com\n", id * 3))
        .collect();
    playground.add("shop", "users.csv", &format!("id,mail\n{users}"));
    playground.add(
        "shop",
        "tags.sql",
        "INSERT INTO tags VALUES ('new'), ('old'), ('sale');\n",
    );
    let scenario = format!(
        "name: References to what SQL, files, CSV and pgbench seeded\n{SEED}
clients:
  alice:
    iterations: 20
    steps:
      - step: find
        sql: SELECT id, :order::bigint AS of, :line::bigint AS line FROM products WHERE id = :product
        with:
          product: {{ reference: products.id }}
          order: {{ reference: orders.user_id }}
          line: {{ reference: lines.product_id }}
        row_count: 1
expect:
  - sql: SELECT count(*) FROM orders JOIN pgbench_accounts ON aid = account JOIN tags ON name = tag
    value: 30
  - sql: SELECT count(DISTINCT user_id), count(DISTINCT product_id) > 5, count(DISTINCT tag) FROM orders
    rows: [[30, true, 3]]
  - sql: SELECT count(*) FROM lines l JOIN orders o USING (product_id) WHERE o.id IS NULL
    value: 0
"
    );
    playground.add("shop", "references.yaml", &scenario);
    playground
}

/// The values that the step was sent with.
fn sent(playground: &Playground) -> Vec<String> {
    let ran = program::run(playground.root(), &["scenarios"]);
    assert_eq!(ran.said.status, 0, "{}{}", ran.said.stdout, ran.said.stderr);
    let events = ran.results.cases.iter().flat_map(|case| &case.log.events);
    events
        .filter_map(|event| match &event.kind {
            pgauge::record::EventKind::Sent { params, .. } if !params.is_empty() => {
                Some(format!("{params:?}"))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn columns_of_sql_files_csv_and_pgbench_can_be_referred_to_and_give_the_same_values_again() {
    let playground = suite();
    let (first, second) = (sent(&playground), sent(&playground));
    assert_eq!(first.len(), 20);
    assert_eq!(first, second);
}

#[test]
fn a_unique_reference_to_too_few_values_says_so() {
    let playground = suite();
    let file = playground.root().join("scenarios/shop/references.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("rows: 30", "rows: 41")).unwrap();
    let ran = program::run(playground.root(), &["scenarios"]);
    assert_eq!(ran.said.status, 4);
    let told = "unique needs 41 different values and this generator has 40";
    assert!(ran.said.stdout.contains(told), "{}", ran.said.stdout);
}
