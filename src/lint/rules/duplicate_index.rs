//! `duplicate-index`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};
use crate::record::Index;

/// Two indexes that do the same.
pub const RULE: Rule = Rule {
    code: "duplicate-index",
    severity: Severity::Advisory,
    title: "Two indexes of a table are the same",
    condition: "Two indexes have the same method, keys, operator classes, order, included columns and condition. One that a \
constraint owns is the one to keep.",
    effect: "Every write maintains both, both take room in memory and on disk, and no query is quicker for it.",
    bad: "\
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE UNIQUE INDEX users_email ON users (email);",
    good: "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);",
    look: Look::Schema(look),
};

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for table in schema.tables() {
        for (at, index) in table.indexes.iter().enumerate() {
            let mut others = table.indexes.iter().enumerate();
            let twin = others.find(|(other_at, other)| {
                *other_at != at && same(index, other) && keeps(other, *other_at, index, at)
            });
            if let Some((_, kept)) = twin {
                let says = format!("\"{}\" is the same index as \"{}\"", index.name, kept.name);
                found.push(
                    Found::new(format!("{}.{}", table.title(), index.name), says)
                        .detail(index.definition.clone())
                        .cure(cure::drop_index(table, index)),
                );
            }
        }
    }
    found
}

fn same(one: &Index, other: &Index) -> bool {
    let what = |index: &Index| {
        (
            index.method.clone(),
            index.keys.clone(),
            index.options.clone(),
            index.included.clone(),
            index.predicate.clone(),
        )
    };
    what(one) == what(other) && one.valid && other.valid
}

/// Whether the first of two twins is the one to keep: it is a constraint's, it is unique, it comes first.
fn keeps(kept: &Index, kept_at: usize, dropped: &Index, dropped_at: usize) -> bool {
    let rank = |index: &Index, at: usize| (!index.constraint, !index.unique, at);
    rank(kept, kept_at) < rank(dropped, dropped_at)
        && (!dropped.unique || kept.unique)
        && !dropped.constraint
}
