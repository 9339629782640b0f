//! How is SQL written that would cure something? So that it runs as it stands and changes what was meant: with quotes where
//! a name needs them, and with the schema, since by itself a name may lead to another one's table or index.

use crate::{
    record::{Index, Table, TableKind},
    sql::identifier::written,
};

/// A table's name.
pub(super) fn table(table: &Table) -> String {
    in_schema(table, &table.name)
}

/// An index's name; it is in the schema of its table.
pub(super) fn index(table: &Table, index: &Index) -> String {
    in_schema(table, &index.name)
}

/// A list of columns.
pub(super) fn columns(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| written(name)).collect();
    names.join(", ")
}

/// The statement that drops an index, without anybody waiting where the server can do that.
pub(super) fn drop_index(table: &Table, dropped: &Index) -> String {
    let how = match table.kind {
        // The index of a partitioned table cannot be dropped CONCURRENTLY.
        TableKind::Partitioned => "",
        TableKind::Table | TableKind::MaterializedView => "CONCURRENTLY ",
    };
    format!("DROP INDEX {how}{};", index(table, dropped))
}

fn in_schema(table: &Table, name: &str) -> String {
    format!("{}.{}", written(&table.schema), written(name))
}

#[cfg(test)]
mod tests {
    use super::super::{Schema, lint_schema};
    use super::*;
    use crate::record::{Catalog, ForeignKey, TableColumn};

    fn index_of(name: &str, keys: &[&str]) -> Index {
        Index {
            name: name.to_owned(),
            method: "btree".to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            valid: true,
            ..Index::default()
        }
    }

    fn column(name: &str, type_name: &str) -> TableColumn {
        TableColumn {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            ..TableColumn::default()
        }
    }

    fn cures(table: Table) -> Vec<(&'static str, String)> {
        let catalog = Catalog {
            tables: vec![table],
        };
        let schema = Schema {
            catalog: Some(&catalog),
            under_load: true,
            ..Schema::default()
        };
        let found = lint_schema(&schema).into_iter();
        found
            .filter_map(|(rule, found)| Some((rule.code, found.cure?)))
            .collect()
    }

    #[test]
    fn a_cure_names_the_schema_and_is_quoted_where_it_must_be() {
        let users = Table {
            schema: "Shop".to_owned(),
            name: "user".to_owned(),
            bytes: 1_000_000,
            columns: vec![
                column("Land", "bigint"),
                column("seenAt", "timestamp without time zone"),
                column("Total", "real"),
            ],
            indexes: vec![
                index_of("Mail", &["mail"]),
                index_of("mail_2", &["mail"]),
                index_of("mail_and_name", &["mail", "name"]),
                Index {
                    valid: false,
                    ..index_of("half", &["name"])
                },
            ],
            foreign_keys: vec![ForeignKey {
                columns: vec!["Land".to_owned(), "order".to_owned()],
                ..ForeignKey::default()
            }],
            ..Table::default()
        };
        let cures = cures(users);
        let of = |code: &str| {
            let of = cures.iter().filter(|(rule, _)| *rule == code);
            of.map(|(_, cure)| cure.as_str()).collect::<Vec<&str>>()
        };
        assert_eq!(
            of("unindexed-foreign-key"),
            ["CREATE INDEX ON \"Shop\".\"user\" (\"Land\", \"order\");"]
        );
        let mail = "DROP INDEX CONCURRENTLY \"Shop\".\"Mail\";";
        let mail_2 = "DROP INDEX CONCURRENTLY \"Shop\".mail_2;";
        let longer = "DROP INDEX CONCURRENTLY \"Shop\".mail_and_name;";
        assert_eq!(of("duplicate-index"), [mail_2]);
        assert_eq!(of("redundant-index"), [mail, mail_2]);
        assert_eq!(of("unused-index"), [mail, mail_2, longer]);
        assert_eq!(
            of("invalid-index"),
            ["REINDEX INDEX CONCURRENTLY \"Shop\".half;"]
        );
        assert_eq!(
            of("money-in-float"),
            ["ALTER TABLE \"Shop\".\"user\" ALTER COLUMN \"Total\" TYPE numeric(14,2);"]
        );
        assert_eq!(
            of("timestamp-without-zone"),
            [
                "ALTER TABLE \"Shop\".\"user\" ALTER COLUMN \"seenAt\" TYPE timestamptz \
                 USING \"seenAt\" AT TIME ZONE 'UTC';"
            ]
        );
        assert_eq!(of("unanalyzed-table"), ["ANALYZE \"Shop\".\"user\";"]);
    }

    #[test]
    fn the_index_of_a_partitioned_table_is_dropped_as_it_can_be() {
        let orders = Table {
            schema: "public".to_owned(),
            name: "orders".to_owned(),
            ..Table::default()
        };
        let placed = index_of("orders_placed", &["placed_on"]);
        assert_eq!(
            drop_index(&orders, &placed),
            "DROP INDEX CONCURRENTLY public.orders_placed;"
        );
        let partitioned = Table {
            kind: TableKind::Partitioned,
            ..orders
        };
        assert_eq!(
            drop_index(&partitioned, &placed),
            "DROP INDEX public.orders_placed;"
        );
    }
}
