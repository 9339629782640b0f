//! `unused-index`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};
use crate::record::{Index, Table};

/// An index that nothing used under a load.
pub const RULE: Rule = Rule {
    code: "unused-index",
    severity: Severity::Advisory,
    title: "An index was not used by anything under a load",
    condition: "After a load, or on a server whose tables were read at least a thousand times by index, an index was never \
scanned. Those of constraints, and the only one that serves a foreign key, are left out.",
    effect: "Every write maintains it, for nothing. Make sure that the load had everything in it, reports of the end of the \
month too.",
    bad: "\
-- and a load that looks for users by e-mail only
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, country text NOT NULL);
CREATE INDEX users_country ON users (country);",
    good: "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, country text NOT NULL);",
    look: Look::Schema(look),
};

/// Scans of a table's indexes from which on its counters tell something.
const ENOUGH: i64 = 1000;

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for table in schema.tables() {
        let scans: i64 = table.indexes.iter().map(|index| index.scans).sum();
        if !schema.under_load && scans < ENOUGH {
            continue;
        }
        for index in table.indexes.iter().filter(|index| is_unused(table, index)) {
            let of = format!("{}.{}", table.title(), index.name);
            let says = format!("index \"{}\" was not used once", index.name);
            let pages = index.bytes / 8192;
            found.push(
                Found::new(of, says)
                    .detail(format!("{}; {pages} pages", index.definition))
                    .cure(cure::drop_index(table, index)),
            );
        }
    }
    found
}

fn is_unused(table: &Table, index: &Index) -> bool {
    let serves = |index: &Index| {
        let mut keys = table.foreign_keys.iter();
        keys.any(|key| index.leads_with(&key.columns))
    };
    index.scans == 0 && index.valid && !index.unique && !index.constraint && !serves(index)
}
