//! `invalid-index`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};

/// An index that was left half built.
pub const RULE: Rule = Rule {
    code: "invalid-index",
    severity: Severity::Blocking,
    title: "An index is invalid",
    condition: "pg_index.indisvalid is false: CREATE INDEX CONCURRENTLY failed or was cancelled half-way, or an index of a \
partitioned table lacks those of its partitions.",
    effect: "No query uses it, and every write maintains it. A unique one even refuses rows.",
    bad: "\
CREATE TABLE orders (id bigint PRIMARY KEY, placed_on date NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (1) TO (1000);
CREATE INDEX orders_placed ON ONLY orders (placed_on);",
    good: "\
CREATE TABLE orders (id bigint PRIMARY KEY, placed_on date NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (1) TO (1000);
CREATE INDEX orders_placed ON orders (placed_on);",
    look: Look::Schema(look),
};

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let indexes = schema
        .tables()
        .flat_map(|table| table.indexes.iter().map(move |index| (table, index)));
    indexes
        .filter(|(_, index)| !index.valid)
        .map(|(table, index)| {
            let of = format!("{}.{}", table.title(), index.name);
            Found::new(of, format!("index \"{}\" is invalid", index.name))
                .detail(index.definition.clone())
                .cure(format!(
                    "REINDEX INDEX CONCURRENTLY {};",
                    cure::index(table, index)
                ))
        })
        .collect()
}
