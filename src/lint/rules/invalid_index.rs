//! `invalid-index`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};
use crate::record::{Index, Table, TableKind};

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
        .with_partitions()
        .flat_map(|table| table.indexes.iter().map(move |index| (table, index)));
    indexes
        .filter(|(_, index)| !index.valid)
        .map(|(table, index)| {
            let of = format!("{}.{}", table.title(), index.name);
            Found::new(of, format!("index \"{}\" is invalid", index.name))
                .detail(index.definition.clone())
                .cure(repair(table, index))
        })
        .collect()
}

/// What makes an index valid. That of a partitioned table becomes so when the index of its last partition is attached;
/// REINDEX does nothing for it.
fn repair(table: &Table, index: &Index) -> String {
    let name = cure::index(table, index);
    match table.kind {
        TableKind::Partitioned => format!(
            "-- with the index of each partition, built there CONCURRENTLY\nALTER INDEX {name} ATTACH PARTITION …;"
        ),
        TableKind::Table | TableKind::MaterializedView => {
            format!("REINDEX INDEX CONCURRENTLY {name};")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Catalog;

    fn with_half_an_index(name: &str, kind: TableKind, parent: Option<&str>) -> Table {
        Table {
            schema: "shop".to_owned(),
            name: name.to_owned(),
            kind,
            parent: parent.map(str::to_owned),
            indexes: vec![Index {
                name: format!("{name}_placed"),
                ..Index::default()
            }],
            ..Table::default()
        }
    }

    #[test]
    fn an_index_of_a_partition_may_be_half_built_too() {
        let catalog = Catalog {
            tables: vec![
                with_half_an_index("orders", TableKind::Partitioned, None),
                with_half_an_index("orders_1", TableKind::Table, Some("orders")),
            ],
        };
        let schema = Schema {
            catalog: Some(&catalog),
            ..Schema::default()
        };
        let found = look(&schema);
        let of: Vec<&str> = found.iter().map(|found| found.of.as_str()).collect();
        assert_eq!(
            of,
            ["shop.orders.orders_placed", "shop.orders_1.orders_1_placed"]
        );
        let cures: Vec<&str> = found
            .iter()
            .flat_map(|found| &found.cure)
            .map(String::as_str)
            .collect();
        assert!(cures[0].ends_with("ALTER INDEX shop.orders_placed ATTACH PARTITION …;"));
        assert_eq!(cures[1], "REINDEX INDEX CONCURRENTLY shop.orders_1_placed;");
    }
}
