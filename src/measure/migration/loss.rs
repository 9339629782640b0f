//! What is gone, or other than before, when a migration is over? Found by comparing what the tables hold.

use crate::record::{ColumnContent, DatabaseState, RelationName, TableContent};

/// Something that was there before and is not there as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// A table is gone, with so many rows.
    Table {
        /// Which.
        table: RelationName,
        /// How many rows it had.
        rows: u64,
    },
    /// Rows are gone.
    Rows {
        /// Of which table.
        table: RelationName,
        /// How many there were.
        before: u64,
        /// How many there are.
        after: u64,
    },
    /// A column is gone, with so many values.
    Column {
        /// Of which table.
        table: RelationName,
        /// Which.
        column: String,
        /// How many values were not NULL.
        values: u64,
    },
    /// Values of a column are others than before.
    Values {
        /// Of which table.
        table: RelationName,
        /// Which.
        column: String,
        /// Its type before and after, where that changed.
        cast: Option<(String, String)>,
    },
    /// The values of a column sort in another order.
    Order {
        /// Of which table.
        table: RelationName,
        /// Which.
        column: String,
        /// The collation before.
        before: String,
        /// The collation after.
        after: String,
    },
}

impl Loss {
    /// The name by which an author speaks of it: `orders`, or `orders.total`.
    pub fn name(&self) -> String {
        match self {
            Self::Table { table, .. } | Self::Rows { table, .. } => table.to_string(),
            Self::Column { table, column, .. }
            | Self::Values { table, column, .. }
            | Self::Order { table, column, .. } => format!("{table}.{column}"),
        }
    }
}

/// Everything that is lost between two states, in the order of tables and columns. What was only renamed, so that it is
/// found with the same values under another name, is not lost.
pub fn losses(before: &DatabaseState, after: &DatabaseState) -> Vec<Loss> {
    let mut losses = Vec::new();
    for table in &before.tables {
        let mut now = after.tables.iter().filter(|now| now.table == table.table);
        match now.next() {
            Some(now) => of_table(table, now, &mut losses),
            None if table.rows == 0 || is_renamed(table, before, after) => {}
            None => losses.push(Loss::Table {
                table: table.table.clone(),
                rows: table.rows,
            }),
        }
    }
    losses
}

/// The tables that have more rows than before, of which it cannot be told what the rows hold that were there already: those
/// without a primary key that was kept, and very large ones.
pub fn incomparable<'a>(before: &'a DatabaseState, after: &DatabaseState) -> Vec<&'a RelationName> {
    let pairs = pairs(before, after);
    let unknown = pairs.filter(|(before, after)| {
        before.rows > 0
            && after.rows > before.rows
            && !is_compared(before, after)
            && rows_left(before, after).is_none()
    });
    unknown.map(|(before, _)| &before.table).collect()
}

/// The tables that have more rows than before, with the number of them before and after.
pub fn grown<'a>(
    before: &'a DatabaseState,
    after: &DatabaseState,
) -> Vec<(&'a RelationName, u64, u64)> {
    let pairs = pairs(before, after);
    let grown = pairs.filter(|(before, after)| after.rows > before.rows);
    grown
        .map(|(before, after)| (&before.table, before.rows, after.rows))
        .collect()
}

/// Every table that is there before and after.
fn pairs<'a, 'b>(
    before: &'a DatabaseState,
    after: &'b DatabaseState,
) -> impl Iterator<Item = (&'a TableContent, &'b TableContent)> {
    before.tables.iter().filter_map(|table| {
        let mut now = after.tables.iter();
        Some((table, now.find(|now| now.table == table.table)?))
    })
}

/// Whether what the columns hold is about the rows that were there before, all of them and no others.
fn is_compared(before: &TableContent, after: &TableContent) -> bool {
    match after.rows > before.rows {
        true => after.old_rows == Some(before.rows),
        false => after.rows == before.rows,
    }
}

/// How many of the rows are there still, where it is known that some are not.
fn rows_left(before: &TableContent, after: &TableContent) -> Option<u64> {
    if after.rows < before.rows {
        return Some(after.rows);
    }
    // A key of another type may only be spelled otherwise.
    let keys = before.keys.iter().flat_map(|keys| &keys.columns);
    let type_of = |table: &TableContent, name: &String| {
        let mut columns = table.columns.iter();
        let column = columns.find(|column| column.name == *name);
        column.map(|column| column.type_name.clone())
    };
    let mut keys = keys.filter(|name| type_of(before, name) != type_of(after, name));
    after
        .old_rows
        .filter(|left| *left < before.rows && keys.next().is_none())
}

/// A new table that holds the same values in every column.
fn is_renamed(table: &TableContent, before: &DatabaseState, after: &DatabaseState) -> bool {
    let known = |new: &TableContent| before.tables.iter().any(|old| old.table == new.table);
    let holds = |new: &TableContent| {
        new.rows == table.rows
            && table.columns.iter().all(|column| {
                let mut columns = new.columns.iter();
                columns.any(|now| now.fingerprint == column.fingerprint)
            })
    };
    after.tables.iter().any(|new| !known(new) && holds(new))
}

fn of_table(before: &TableContent, after: &TableContent, losses: &mut Vec<Loss>) {
    let table = || before.table.clone();
    if let Some(left) = rows_left(before, after) {
        losses.push(Loss::Rows {
            table: table(),
            before: before.rows,
            after: left,
        });
    }
    for column in &before.columns {
        let now = after.columns.iter().find(|now| now.name == column.name);
        let Some(now) = now else {
            if column.values > 0 && !is_renamed_in(column, before, after) {
                losses.push(Loss::Column {
                    table: table(),
                    column: column.name.clone(),
                    values: column.values,
                });
            }
            continue;
        };
        // With other rows the sums differ anyway.
        if is_compared(before, after) && is_changed(column, now) {
            let cast = (column.type_name != now.type_name)
                .then(|| (column.type_name.clone(), now.type_name.clone()));
            losses.push(Loss::Values {
                table: table(),
                column: column.name.clone(),
                cast,
            });
        }
        if let (Some(true), Some(before), Some(after)) =
            (now.sorts_differently, &column.collation, &now.collation)
        {
            losses.push(Loss::Order {
                table: table(),
                column: column.name.clone(),
                before: before.clone(),
                after: after.clone(),
            });
        }
    }
}

fn is_renamed_in(column: &ColumnContent, before: &TableContent, after: &TableContent) -> bool {
    let known = |new: &ColumnContent| before.columns.iter().any(|old| old.name == new.name);
    let mut new = after.columns.iter().filter(|new| !known(new));
    new.any(|new| new.fingerprint == column.fingerprint)
}

/// A value that came where there was none is no loss; one that is gone or another one is.
fn is_changed(before: &ColumnContent, after: &ColumnContent) -> bool {
    if before.values == 0 {
        return false;
    }
    if before.type_name == after.type_name {
        return before.fingerprint != after.fingerprint;
    }
    after.as_before.as_ref() != Some(&before.fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str, fingerprint: &str) -> ColumnContent {
        ColumnContent {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            values: 3,
            fingerprint: fingerprint.to_owned(),
            ..ColumnContent::default()
        }
    }

    fn state(table: &str, rows: u64, columns: &[ColumnContent]) -> DatabaseState {
        DatabaseState {
            tables: vec![TableContent {
                table: RelationName {
                    schema: "public".to_owned(),
                    name: table.to_owned(),
                    of: None,
                },
                rows,
                columns: columns.to_vec(),
                ..TableContent::default()
            }],
            ..DatabaseState::default()
        }
    }

    fn names(before: &DatabaseState, after: &DatabaseState) -> Vec<String> {
        losses(before, after).iter().map(Loss::name).collect()
    }

    #[test]
    fn what_is_gone_or_changed_is_a_loss_and_what_is_renamed_is_not() {
        let before = state(
            "orders",
            3,
            &[
                column("id", "integer", "1"),
                column("total", "numeric", "2"),
            ],
        );
        assert_eq!(names(&before, &before), Vec::<String>::new());
        let renamed = state(
            "orders",
            3,
            &[column("id", "integer", "1"), column("sum", "numeric", "2")],
        );
        assert_eq!(names(&before, &renamed), Vec::<String>::new());
        let table = state("purchases", 3, &before.tables[0].columns);
        assert_eq!(names(&before, &table), Vec::<String>::new());
        let dropped = state("orders", 3, &[column("id", "integer", "1")]);
        assert_eq!(names(&before, &dropped), ["orders.total"]);
        let fewer = state("orders", 2, &before.tables[0].columns);
        assert_eq!(names(&before, &fewer), ["orders"]);
        assert_eq!(names(&before, &DatabaseState::default()), ["orders"]);
    }

    #[test]
    fn among_more_rows_those_are_compared_that_were_there_before() {
        let columns = [
            column("id", "integer", "1"),
            column("total", "integer", "2"),
        ];
        let before = state("orders", 3, &columns);
        let grown = |old_rows, total: &str| {
            let columns = [columns[0].clone(), column("total", "integer", total)];
            let mut after = state("orders", 5, &columns);
            after.tables[0].old_rows = old_rows;
            after
        };
        assert_eq!(names(&before, &grown(Some(3), "2")), Vec::<String>::new());
        assert_eq!(names(&before, &grown(Some(3), "0")), ["orders.total"]);
        assert_eq!(names(&before, &grown(Some(2), "9")), ["orders"]);
        let unknown = |old_rows| !incomparable(&before, &grown(old_rows, "2")).is_empty();
        assert_eq!([Some(3), Some(4), None].map(unknown), [false, true, true]);
        assert_eq!(names(&before, &grown(None, "2")), Vec::<String>::new());
        assert_eq!(grown_rows(&before, &grown(None, "2")), [(3, 5)]);
        let empty = state("orders", 0, &columns);
        assert!(incomparable(&empty, &grown(None, "2")).is_empty());
    }

    fn grown_rows(before: &DatabaseState, after: &DatabaseState) -> Vec<(u64, u64)> {
        let grown = grown(before, after).into_iter();
        grown.map(|(_, before, after)| (before, after)).collect()
    }

    #[test]
    fn a_cast_loses_what_does_not_come_back() {
        let before = state("orders", 3, &[column("total", "numeric", "2")]);
        let mut kept = column("total", "bigint", "9");
        kept.as_before = Some("2".to_owned());
        assert_eq!(losses(&before, &state("orders", 3, &[kept.clone()])), []);
        kept.as_before = Some("3".to_owned());
        assert_eq!(
            names(&before, &state("orders", 3, &[kept.clone()])),
            ["orders.total"]
        );
        kept.as_before = None;
        assert_eq!(
            names(&before, &state("orders", 3, &[kept])),
            ["orders.total"]
        );
    }
}
