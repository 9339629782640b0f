//! `unanalyzed-table`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};
use crate::{record::TableKind, text::plural};

/// A table that the planner knows nothing of.
pub const RULE: Rule = Rule {
    code: "unanalyzed-table",
    severity: Severity::Advisory,
    title: "A table has no statistics",
    condition: "A table has pages, and was never vacuumed or analyzed, or none of its columns has statistics.",
    effect: "The planner guesses: it may take a table of millions for one of a page, and join it in a loop.",
    bad: "\
CREATE TABLE visits (id bigint PRIMARY KEY);
INSERT INTO visits SELECT n FROM generate_series(1, 10000) AS n;",
    good: "\
CREATE TABLE visits (id bigint PRIMARY KEY);
INSERT INTO visits SELECT n FROM generate_series(1, 10000) AS n;
ANALYZE visits;",
    look: Look::Schema(look),
};

/// Bytes of an empty table with its indexes and what is stored out of line, at most.
const EMPTY: i64 = 65_536;

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let tables = schema.tables().filter(|table| {
        let known = table
            .columns
            .iter()
            .any(|column| column.statistics.is_some());
        table.kind != TableKind::Partitioned && !known && table.bytes > EMPTY
    });
    let mut found: Vec<Found> = tables
        .map(|table| {
            let of = table.title();
            let says = format!("table {of} has no statistics");
            Found::new(of, says).cure(format!("ANALYZE {};", cure::table(table)))
        })
        .collect();
    let count = plural(found.len() as u64, "table");
    if found.len() > 1
        && let Some(first) = found.first_mut()
    {
        first.detail = Some(format!("{count} of this database have none"));
    }
    found
}
