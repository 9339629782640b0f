//! `unindexed-foreign-key`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};
use crate::record::{ForeignKey, Table};

/// A foreign key that no index serves.
pub const RULE: Rule = Rule {
    code: "unindexed-foreign-key",
    severity: Severity::Blocking,
    title: "No index begins with the columns of a foreign key",
    condition: "The columns of a foreign key are not, in any order, the first keys of a valid index without a condition. \
PostgreSQL indexes the referenced side by itself, and never the referring one.",
    effect: "Deleting a row of the referenced table, or changing its key, reads the whole referring table, while the row is \
locked. Joins and pages \"all orders of this user\" read it as well.",
    bad: "\
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users);",
    good: "\
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users);
CREATE INDEX ON orders (user_id);",
    look: Look::Schema(look),
};

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let keys = schema
        .tables()
        .flat_map(|table| table.foreign_keys.iter().map(move |key| (table, key)));
    keys.filter(|(table, key)| !is_served(table, key))
        .map(|(table, key)| {
            let columns = key.columns.join(", ");
            let says = format!(
                "no index begins with {} ({columns}), which refers to {}",
                table.title(),
                key.to_table
            );
            Found::new(format!("{}.{}", table.title(), key.columns.join("+")), says)
                .detail(format!("constraint {}: {}", key.name, key.definition))
                .cure(format!(
                    "CREATE INDEX ON {} ({});",
                    cure::table(table),
                    cure::columns(&key.columns)
                ))
        })
        .collect()
}

fn is_served(table: &Table, key: &ForeignKey) -> bool {
    let only_filled = key
        .columns
        .first()
        .map(|column| format!("{column} IS NOT NULL"));
    table.indexes.iter().any(|index| {
        let whole = index.predicate.is_none() || index.predicate == only_filled;
        index.valid && whole && index.leads_with(&key.columns)
    })
}
