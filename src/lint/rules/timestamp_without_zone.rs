//! `timestamp-without-zone`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};
use crate::sql::identifier::written;

/// A moment that nobody knows.
pub const RULE: Rule = Rule {
    code: "timestamp-without-zone",
    severity: Severity::Advisory,
    title: "A moment is stored without its time zone",
    condition: "A column has the type timestamp without time zone.",
    effect: "Which moment it is depends on the TimeZone of whoever wrote it. An hour a year is there twice, and a server \
that moves changes what the rows mean.",
    bad: "CREATE TABLE visits (id bigint PRIMARY KEY, seen_at timestamp NOT NULL);",
    good: "CREATE TABLE visits (id bigint PRIMARY KEY, seen_at timestamptz NOT NULL);",
    look: Look::Schema(look),
};

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let columns = schema.columns().filter(|(_, column)| {
        column.type_name.starts_with("timestamp") && column.type_name.ends_with("without time zone")
    });
    columns
        .map(|(table, column)| {
            let of = format!("{}.{}", table.title(), column.name);
            let says = format!("{of} does not know its time zone");
            let name = written(&column.name);
            let cure = format!(
                "ALTER TABLE {} ALTER COLUMN {name} TYPE timestamptz USING {name} AT TIME ZONE 'UTC';",
                cure::table(table)
            );
            Found::new(of, says).cure(cure)
        })
        .collect()
}
