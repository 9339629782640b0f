//! `repeated-columns`.

use super::super::{Found, Look, Rule, Schema, Severity};
use crate::{
    record::{CopiedColumns, Dependency},
    text::{list, plural, thousands},
};

/// Columns that repeat what another one determines.
pub const RULE: Rule = Rule {
    code: "repeated-columns",
    severity: Severity::Advisory,
    title: "Columns repeat, row after row, what another column or table says",
    condition: "In the rows that are there, all rows of one value of a column agree in two or more other columns of text (or \
in one, where the column is a foreign key), up to two values of a hundred; the value occurs several times, and the \
repeated columns have many values themselves. Or columns of text agree with those of the row of another table that a row \
belongs to, by a foreign key or by a column of the same name that is different in all rows there, again up to two of a hundred. \
Up to 200,000 rows are looked at.",
    effect: "The same fact is stored many times. Changing it means changing all copies; whoever misses one leaves two truths \
(an update anomaly). The copies take room in memory and on disk.",
    bad: "\
CREATE TABLE orders (id bigint PRIMARY KEY, customer_email text NOT NULL, customer_name text NOT NULL, customer_phone text NOT NULL);
INSERT INTO orders SELECT n, 'c' || n % 100 || '@example.org', 'Customer ' || n % 100, '+49 30 ' || n % 100 FROM generate_series(1, 2000) AS n;
CREATE TABLE invoices (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, customer_name text NOT NULL);
CREATE INDEX ON invoices (order_id);
INSERT INTO invoices SELECT id, id, customer_name FROM orders;
ANALYZE orders, invoices;",
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
    let told = |dependency: &&Dependency| {
        let mut copies = schema.copies.iter();
        copies.any(|copied| is_told_by(dependency, copied))
    };
    let dependencies = schema.dependencies.iter().filter(|found| !told(found));
    let found = dependencies.map(|dependency| {
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
    found.chain(schema.copies.iter().map(over_tables)).collect()
}

/// Whether what repeats within a table is all there in another one.
fn is_told_by(dependency: &Dependency, copied: &CopiedColumns) -> bool {
    let is_known = |column: &String| {
        *column == copied.column || copied.columns.iter().any(|[own, _]| own == column)
    };
    dependency.table == copied.table
        && is_known(&dependency.determinant)
        && dependency.dependents.iter().all(is_known)
}

fn over_tables(copied: &CopiedColumns) -> Found {
    let of_copies = |which: usize| {
        let names = copied.columns.iter().map(|pair| pair[which].clone());
        list(&names.collect::<Vec<String>>(), "and")
    };
    let columns: Vec<&str> = copied.columns.iter().map(|[own, _]| own.as_str()).collect();
    let of = format!("{}.{}", copied.table, columns.join("+"));
    let says = format!(
        "{} repeats {} of {} in {}: {} with every {}",
        copied.table,
        of_copies(1),
        copied.of,
        plural(copied.rows, "row"),
        of_copies(0),
        copied.column
    );
    let each = copied.rows as f64 / copied.values.max(1) as f64;
    let anomaly = format!(
        "changing a row of {} means changing {each:.1} rows of {} as well on average, and {} at most",
        copied.of,
        copied.table,
        thousands(copied.largest)
    );
    let detail = match copied.contradicted {
        0 => format!("{anomaly}; so far all copies agree"),
        count => format!(
            "{anomaly}; {} already {} something else",
            plural(count, "row"),
            if count == 1 { "says" } else { "say" }
        ),
    };
    Found::new(of, says).detail(detail)
}
