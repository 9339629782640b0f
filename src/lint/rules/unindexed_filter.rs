//! `unindexed-filter`.

use super::super::{Found, Look, Rule, Schema, Severity};
use crate::text::thousands;

/// A whole table read for a few rows.
pub const RULE: Rule = Rule {
    code: "unindexed-filter",
    severity: Severity::Advisory,
    title: "A statement that was run reads a whole table for a few of its rows",
    condition: "A watched query, or a statement that a step, a hook or a step of a load sent, scans a table of more than 1,000 \
rows from beginning to end and keeps at most a tenth of them, or scans it again for each row of another. What was sent is \
looked at once for each different statement, with the values of its first sending, on a copy of the database as the clients left it.",
    effect: "The statement takes as long as the table is large, and pushes everything else out of the cache.",
    bad: "\
-- with the query SELECT * FROM orders WHERE user_id = 42
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL);
INSERT INTO orders SELECT n, n % 1000 FROM generate_series(1, 20000) AS n;",
    good: "\
-- with the query SELECT * FROM orders WHERE user_id = 42
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL);
INSERT INTO orders SELECT n, n % 1000 FROM generate_series(1, 20000) AS n;
CREATE INDEX ON orders (user_id);",
    look: Look::Schema(look),
};

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let found = schema.scans.iter().map(|scan| {
        let number = |rows: f64| thousands(rows.round() as u64);
        let says = format!(
            "{} reads {} rows of {} and keeps {}",
            scan.who,
            number(scan.read),
            scan.table,
            number(scan.kept)
        );
        let again = match scan.loops {
            1 => String::new(),
            loops => format!(", {} times over", thousands(loops)),
        };
        let condition = match scan.condition.as_str() {
            "" => "no condition".to_owned(),
            condition => format!("the condition is {condition}"),
        };
        let sent = scan.sent.iter().map(|sent| format!("; {sent}"));
        let sent: String = sent.collect();
        Found::new(scan.table.clone(), says).detail(format!("{condition}{again}{sent}"))
    });
    found.collect()
}
