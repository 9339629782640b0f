//! `repeated-columns`.

use super::super::{Found, Look, Rule, Schema, Severity};
use crate::text::{list, plural, thousands};

/// Columns that repeat what another one determines.
pub const RULE: Rule = Rule {
    code: "repeated-columns",
    severity: Severity::Advisory,
    title: "Columns repeat, row after row, what another column determines",
    condition: "In the rows that are there, all rows of one value of a column agree in two or more other columns of text (or \
in one, where the column is a foreign key), up to two values of a hundred; the value occurs several times, and the \
repeated columns have many values themselves. Up to 200,000 rows are looked at.",
    effect: "The same fact is stored many times. Changing it means changing all copies; whoever misses one leaves two truths \
(an update anomaly). The copies take room in memory and on disk.",
    bad: "\
CREATE TABLE orders (id bigint PRIMARY KEY, customer_email text NOT NULL, customer_name text NOT NULL, customer_phone text NOT NULL);
INSERT INTO orders SELECT n, 'c' || n % 100 || '@example.org', 'Customer ' || n % 100, '+49 30 ' || n % 100 FROM generate_series(1, 2000) AS n;
ANALYZE orders;",
    good: "\
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL, name text NOT NULL, phone text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers);
CREATE INDEX ON orders (customer_id);
INSERT INTO customers SELECT n, 'c' || n || '@example.org', 'Customer ' || n, '+49 30 ' || n FROM generate_series(0, 99) AS n;
INSERT INTO orders SELECT n, n % 100 FROM generate_series(1, 2000) AS n;
ANALYZE customers, orders;",
    look: Look::Schema(look),
};

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let found = schema.dependencies.iter().map(|dependency| {
        let of = format!("{}.{}", dependency.table, dependency.dependents.join("+"));
        let says = format!(
            "{} repeats {} with every {}: {} copies in {}",
            dependency.table,
            list(&dependency.dependents, "and"),
            dependency.determinant,
            thousands(dependency.copies),
            plural(dependency.rows, "row")
        );
        let each = dependency.rows as f64 / dependency.values.max(1) as f64;
        let anomaly = format!(
            "changing one means changing {each:.1} rows on average, and {} at most",
            thousands(dependency.largest)
        );
        let detail = match dependency.contradicted {
            0 => format!("{anomaly}; so far all copies agree"),
            count => format!(
                "{anomaly}; {} of {} already contradict themselves",
                thousands(count),
                plural(dependency.values, "value")
            ),
        };
        Found::new(of, says).detail(detail)
    });
    found.collect()
}
