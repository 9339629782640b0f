//! `missing-primary-key`.

use super::super::{Found, Look, Rule, Schema, Severity};
use crate::record::TableKind;

/// A table without a primary key.
pub const RULE: Rule = Rule {
    code: "missing-primary-key",
    severity: Severity::Blocking,
    title: "A table has no primary key",
    condition: "An ordinary or partitioned table has no primary key.",
    effect: "Rows cannot be told apart, so duplicates cannot be cleaned up; logical replication refuses UPDATE and DELETE; \
tools that change a table piece by piece do not work.",
    bad: "CREATE TABLE visits (user_id bigint NOT NULL, seen_at timestamptz NOT NULL);",
    good: "CREATE TABLE visits (user_id bigint NOT NULL, seen_at timestamptz NOT NULL, PRIMARY KEY (user_id, seen_at));",
    look: Look::Schema(look),
};

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let tables = schema
        .tables()
        .filter(|table| table.kind != TableKind::MaterializedView);
    tables
        .filter(|table| table.primary_key().is_none())
        .map(|table| {
            Found::new(
                table.title(),
                format!("table {} has no primary key", table.title()),
            )
        })
        .collect()
}
