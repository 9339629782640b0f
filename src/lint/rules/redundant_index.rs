//! `redundant-index`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};
use crate::record::Index;

/// An index that is the beginning of another one.
pub const RULE: Rule = Rule {
    code: "redundant-index",
    severity: Severity::Advisory,
    title: "An index is the beginning of another one",
    condition: "All keys of a btree index that is not unique are the first keys of another valid btree index of the table, \
in the same order, with the same operator classes and condition.",
    effect: "The longer index answers whatever the shorter one does. Every write maintains both. The shorter one is worth \
keeping only where it is much smaller and read very often: measure it.",
    bad: "\
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, placed_at timestamptz NOT NULL);
CREATE INDEX orders_user ON orders (user_id);
CREATE INDEX orders_user_placed ON orders (user_id, placed_at);",
    good: "\
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, placed_at timestamptz NOT NULL);
CREATE INDEX orders_user_placed ON orders (user_id, placed_at);",
    look: Look::Schema(look),
};

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for table in schema.tables() {
        for index in table
            .indexes
            .iter()
            .filter(|index| !index.unique && !index.constraint)
        {
            let longer = table.indexes.iter().find(|other| begins(other, index));
            if let Some(longer) = longer {
                let says = format!("\"{}\" is the beginning of \"{}\"", index.name, longer.name);
                found.push(
                    Found::new(format!("{}.{}", table.title(), index.name), says)
                        .detail(format!("{}; {}", index.definition, longer.definition))
                        .cure(cure::drop_index(table, index)),
                );
            }
        }
    }
    found
}

fn begins(longer: &Index, shorter: &Index) -> bool {
    let more = longer.keys.len() > shorter.keys.len();
    let one_method = longer.method == "btree" && shorter.method == "btree";
    let included = shorter
        .included
        .iter()
        .all(|column| longer.keys.contains(column) || longer.included.contains(column));
    more && one_method
        && longer.valid
        && longer.predicate == shorter.predicate
        && longer.keys.starts_with(&shorter.keys)
        && longer.options.starts_with(&shorter.options)
        && included
}
