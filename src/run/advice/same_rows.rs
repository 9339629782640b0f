//! Does one statement give the rows that many gave, each with the row that it belongs to?
//!
//! Rows are compared as text, as often as each occurs. Where the statements were in an order, the one statement must be
//! in it as well.

use crate::record::{Reply, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A row as text.
type Cells = Vec<Option<String>>;

/// What one of the repeated statements asked with, and its answer.
pub(super) type Lookup<'a> = (&'a [Option<String>], &'a Reply);

fn cells(row: &[Value]) -> Cells {
    row.iter().map(Value::to_text).collect()
}

fn sorted(mut rows: Vec<Cells>) -> Vec<Cells> {
    rows.sort();
    rows
}

/// The columns of a result that hold all these values, the most likely ones first: those that hold them in their order.
pub(super) fn columns_with(parent: &Reply, values: &[Option<&str>]) -> Vec<usize> {
    let rows: Vec<Cells> = parent.rows().iter().map(|row| cells(row)).collect();
    let width = rows.first().map_or(0, Vec::len);
    let asked: Vec<&str> = values.iter().flatten().copied().collect();
    let mut found: Vec<(u8, usize)> = Vec::new();
    for column in 0..width {
        let held = rows.iter().filter_map(|row| row[column].as_deref());
        let held: Vec<&str> = held.collect();
        let set: HashSet<&str> = held.iter().copied().collect();
        if !asked.iter().all(|value| set.contains(value)) {
            continue;
        }
        let unlikely = match (asked == held, once(&asked) == once(&held)) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        found.push((unlikely, column));
    }
    found.sort_unstable();
    found.into_iter().map(|(_, column)| column).collect()
}

/// Each value where it comes first.
fn once<'a>(values: &[&'a str]) -> Vec<&'a str> {
    let mut known = HashSet::new();
    let fresh = values.iter().filter(|value| known.insert(**value));
    fresh.copied().collect()
}

/// Whether a statement for all values at once gives for each of them what its own statement gave; `key` is the column
/// that tells the value, the first one where `is_added`.
pub(super) fn by_value(lookups: &[Lookup<'_>], reply: &Reply, key: &str, is_added: bool) -> bool {
    let Some(result) = reply.last() else {
        return false;
    };
    let at = match is_added {
        true => Some(0),
        false => result.column(key),
    };
    let Some(at) = at.filter(|at| *at < result.columns.len()) else {
        return false;
    };
    let mut expected: BTreeMap<&str, Vec<Cells>> = BTreeMap::new();
    for (values, own) in lookups {
        let rows: Vec<Cells> = own.rows().iter().map(|row| cells(row)).collect();
        match values {
            [Some(value)] => {
                expected.insert(value, sorted(rows));
            }
            // An array has no place for what NULL was asked for.
            _ if rows.is_empty() => {}
            _ => return false,
        }
    }
    expected.retain(|_, rows| !rows.is_empty());
    let mut given: BTreeMap<String, Vec<Cells>> = BTreeMap::new();
    for row in reply.rows() {
        let mut row = cells(row);
        let Some(value) = row[at].clone() else {
            return false;
        };
        if is_added {
            row.remove(0);
        }
        given.entry(value).or_default().push(row);
    }
    let given: BTreeMap<&str, Vec<Cells>> = given
        .iter()
        .map(|(value, rows)| (value.as_str(), sorted(rows.clone())))
        .collect();
    given == expected
}

/// Whether a join gives for each row of the parent what the statement for it gave, or nothing but the row where that gave
/// none. `columns` of the parent hold the values; both orders are names of columns, of the parent and of the repeated
/// statement.
pub(super) fn joined(
    parent: &Reply,
    columns: &[usize],
    lookups: &[Lookup<'_>],
    reply: &Reply,
    parent_order: &[String],
    order: &[String],
) -> bool {
    let Some((width, own_width)) = widths(parent, lookups, reply) else {
        return false;
    };
    let own: HashMap<&[Option<String>], Vec<Cells>> = lookups
        .iter()
        .map(|(values, own)| (*values, own.rows().iter().map(|row| cells(row)).collect()))
        .collect();
    // A row of nothing but NULL could as well be none.
    let is_empty = |row: &Cells| row.iter().all(Option::is_none);
    if own.values().flatten().any(is_empty) {
        return false;
    }
    let parents: Vec<Cells> = parent.rows().iter().map(|row| cells(row)).collect();
    let mut expected: Vec<(Cells, Vec<Cells>)> = Vec::new();
    for row in parents {
        let key: Cells = columns.iter().map(|column| row[*column].clone()).collect();
        let rows = own.get(&key[..]).cloned().unwrap_or_default();
        let rows = match rows.is_empty() {
            true => vec![vec![None; own_width]],
            false => rows,
        };
        expected.push((row, rows));
    }
    let given: Vec<(Cells, Cells)> = reply
        .rows()
        .iter()
        .map(|row| {
            let mut row = cells(row);
            let own = row.split_off(width);
            (row, own)
        })
        .collect();
    let flat = expected
        .iter()
        .flat_map(|(parent, rows)| rows.iter().map(|row| (parent.clone(), row.clone())));
    let mut flat: Vec<(Cells, Cells)> = flat.collect();
    let is_in_order = {
        let places = places(parent, parent_order);
        let keys = |rows: &[(Cells, Cells)]| -> Vec<Cells> {
            let rows = rows.iter();
            rows.map(|(parent, _)| places.iter().map(|at| parent[*at].clone()).collect())
                .collect()
        };
        keys(&flat) == keys(&given)
    };
    let places = lookups
        .first()
        .map_or_else(Vec::new, |(_, own)| places(own, order));
    let own_order_is_kept = order.is_empty() || {
        let distinct: HashSet<&Cells> = expected.iter().map(|(parent, _)| parent).collect();
        let key = |row: &Cells| -> Cells { places.iter().map(|at| row[*at].clone()).collect() };
        distinct.len() == expected.len()
            && expected.iter().all(|(parent, rows)| {
                let own = given.iter().filter(|(known, _)| known == parent);
                own.map(|(_, row)| key(row)).eq(rows.iter().map(key))
            })
    };
    let mut given = given;
    flat.sort();
    given.sort();
    is_in_order && own_order_is_kept && flat == given
}

/// How many columns the parent and the repeated statement have, where those of the join are as many.
fn widths(parent: &Reply, lookups: &[Lookup<'_>], reply: &Reply) -> Option<(usize, usize)> {
    let width = parent.last()?.columns.len();
    let own = lookups.first()?.1.last()?.columns.len();
    (reply.last()?.columns.len() == width + own).then_some((width, own))
}

/// Where columns stand in a result.
fn places(reply: &Reply, names: &[String]) -> Vec<usize> {
    let result = reply.last();
    let places = names.iter().filter_map(|name| result?.column(name));
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Column, ResultSet};

    fn reply(columns: &[&str], rows: &[&[Option<i64>]]) -> Reply {
        let columns = columns.iter().map(|name| Column {
            name: (*name).to_owned(),
            type_name: "bigint".to_owned(),
        });
        let value = |cell: &Option<i64>| cell.map_or(Value::Null, Value::Int);
        let result = ResultSet {
            columns: columns.collect(),
            rows: rows
                .iter()
                .map(|row| row.iter().map(value).collect())
                .collect(),
            row_count: rows.len() as u64,
            command: "SELECT".into(),
        };
        Reply {
            results: vec![result],
            error: None,
        }
    }

    fn of(value: i64) -> [Option<String>; 1] {
        [Some(value.to_string())]
    }

    #[test]
    fn a_join_must_have_every_row_beside_its_own_parent() {
        let parent = reply(&["id"], &[&[Some(1)], &[Some(2)], &[None]]);
        let (one, two) = (of(1), of(2));
        let own = reply(&["n"], &[&[Some(7)], &[Some(8)]]);
        let none = reply(&["n"], &[]);
        let lookups: Vec<Lookup<'_>> = vec![(&one, &own), (&two, &none)];
        let is_same = |rows: &[&[Option<i64>]]| {
            joined(
                &parent,
                &[0],
                &lookups,
                &reply(&["id", "n"], rows),
                &[],
                &[],
            )
        };
        let right: [&[Option<i64>]; 4] = [
            &[Some(2), None],
            &[Some(1), Some(8)],
            &[Some(1), Some(7)],
            &[None, None],
        ];
        assert!(is_same(&right));
        assert!(!is_same(&right[1..]));
        assert!(!is_same(&[right[1], right[1], right[0], right[3]]));
        assert!(!is_same(&[
            &[Some(2), Some(8)],
            right[2],
            right[0],
            right[3]
        ]));
    }

    #[test]
    fn a_join_must_keep_both_orders() {
        let parent = reply(&["id"], &[&[Some(2)], &[Some(1)]]);
        let (one, two) = (of(1), of(2));
        let own = reply(&["n"], &[&[Some(7)], &[Some(8)]]);
        let lookups: Vec<Lookup<'_>> = vec![(&two, &own), (&one, &own)];
        let order = (["id".to_owned()], ["n".to_owned()]);
        let is_same = |rows: &[&[Option<i64>]]| {
            let reply = reply(&["id", "n"], rows);
            joined(&parent, &[0], &lookups, &reply, &order.0, &order.1)
        };
        let rows: [&[Option<i64>]; 4] = [
            &[Some(2), Some(7)],
            &[Some(2), Some(8)],
            &[Some(1), Some(7)],
            &[Some(1), Some(8)],
        ];
        assert!(is_same(&rows));
        assert!(!is_same(&[rows[2], rows[3], rows[0], rows[1]]));
        assert!(!is_same(&[rows[1], rows[0], rows[2], rows[3]]));
    }

    #[test]
    fn all_values_at_once_must_give_each_its_own_rows() {
        let (one, two) = (of(1), of(2));
        let own = reply(&["n"], &[&[Some(7)]]);
        let none = reply(&["n"], &[]);
        let lookups: Vec<Lookup<'_>> = vec![(&one, &own), (&two, &none)];
        let is_same =
            |rows: &[&[Option<i64>]]| by_value(&lookups, &reply(&["key", "n"], rows), "key", true);
        assert!(is_same(&[&[Some(1), Some(7)]]));
        assert!(!is_same(&[&[Some(2), Some(7)]]));
        assert!(!is_same(&[&[Some(1), Some(7)], &[Some(1), Some(7)]]));
        assert!(!is_same(&[]));
    }

    #[test]
    fn the_column_that_holds_the_values_in_their_order_comes_first() {
        let parent = reply(
            &["id", "of", "note"],
            &[&[Some(1), Some(2), Some(9)], &[Some(2), Some(1), Some(9)]],
        );
        assert_eq!(columns_with(&parent, &[Some("2"), Some("1")]), [1, 0]);
        assert_eq!(columns_with(&parent, &[Some("3")]), Vec::<usize>::new());
    }
}
