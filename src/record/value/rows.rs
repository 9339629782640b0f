//! Are these the rows that were expected, and which are missing or too many?

use super::{Value, same};
use crate::text::{Side, align_columns, thousands};
use std::collections::HashMap;
use std::fmt;

/// One row: a value for each column.
pub type Row = Vec<Value>;

/// Whether the order of rows is part of what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrder {
    /// The same rows, each as often, in any order.
    Any,
    /// The same rows in the same order.
    Significant,
}

/// How actual rows differ from the expected ones. Prints as a small aligned diff.
#[derive(Debug, Clone, PartialEq)]
pub enum RowsDifference {
    /// Other rows came.
    Content {
        /// Expected rows that did not come.
        missing: Vec<Row>,
        /// Rows that came and were not expected.
        unexpected: Vec<Row>,
    },
    /// The expected rows came in another order.
    Order {
        /// The first position, from 0, that has another row than expected.
        position: usize,
        /// The row expected there.
        expected: Row,
        /// The row that came there.
        actual: Row,
    },
}

/// Compares rows by meaning ([`same`], column by column).
pub fn compare_rows(
    expected: &[Row],
    actual: &[Row],
    order: RowOrder,
) -> Result<(), RowsDifference> {
    let pairs = expected.iter().zip(actual);
    let common = pairs
        .take_while(|(expected, actual)| same_row(expected, actual))
        .count();
    let (expected_rest, actual_rest) = (&expected[common..], &actual[common..]);
    let (missing, unexpected) = unmatched(expected_rest, actual_rest);
    if !missing.is_empty() || !unexpected.is_empty() {
        return Err(RowsDifference::Content {
            missing,
            unexpected,
        });
    }
    match (order, expected_rest.first(), actual_rest.first()) {
        (RowOrder::Significant, Some(expected), Some(actual)) => Err(RowsDifference::Order {
            position: common,
            expected: expected.clone(),
            actual: actual.clone(),
        }),
        _ => Ok(()),
    }
}

fn same_row(expected: &Row, actual: &Row) -> bool {
    expected.len() == actual.len() && expected.iter().zip(actual).all(|(e, a)| same(e, a))
}

/// The expected and the actual rows that are left when equal ones are paired off.
fn unmatched(expected: &[Row], actual: &[Row]) -> (Vec<Row>, Vec<Row>) {
    // Most rows are spelled alike on both sides: those are found by their text, so that only
    // the others are compared each with each.
    let mut by_text: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in actual.iter().enumerate().rev() {
        by_text.entry(spelling(row)).or_default().push(at);
    }
    let mut open = vec![true; actual.len()];
    let mut others = Vec::new();
    for row in expected {
        let spelled_alike = by_text.get_mut(&spelling(row)).and_then(Vec::pop);
        match spelled_alike.filter(|at| same_row(row, &actual[*at])) {
            Some(at) => open[at] = false,
            None => others.push(row),
        }
    }
    let mut candidates: Vec<usize> = (0..actual.len()).filter(|at| open[*at]).collect();
    let mut missing = Vec::new();
    for row in others {
        match candidates.iter().position(|at| same_row(row, &actual[*at])) {
            Some(found) => {
                candidates.remove(found);
            }
            None => missing.push(row.clone()),
        }
    }
    let unexpected = candidates
        .into_iter()
        .map(|at| actual[at].clone())
        .collect();
    (missing, unexpected)
}

fn spelling(row: &Row) -> String {
    row.iter().map(|value| format!("{value}\u{1f}")).collect()
}

/// The most rows of each kind that a diff shows.
const SHOWN: usize = 10;

/// The most columns that a diff shows.
const SHOWN_COLUMNS: usize = 40;

impl fmt::Display for RowsDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RowsDifference::Content {
                missing,
                unexpected,
            } => write_diff(f, missing, unexpected),
            RowsDifference::Order {
                position,
                expected,
                actual,
            } => {
                writeln!(
                    f,
                    "the rows came in another order, first at row {}:",
                    position + 1
                )?;
                write_diff(
                    f,
                    std::slice::from_ref(expected),
                    std::slice::from_ref(actual),
                )
            }
        }
    }
}

/// `-` marks expected rows, `+` rows that came; columns are aligned, numbers to the right.
fn write_diff(f: &mut fmt::Formatter<'_>, missing: &[Row], unexpected: &[Row]) -> fmt::Result {
    let shown: Vec<(&str, &Row)> = [("-", missing), ("+", unexpected)]
        .into_iter()
        .flat_map(|(mark, rows)| rows.iter().take(SHOWN).map(move |row| (mark, row)))
        .collect();
    let cells: Vec<Vec<String>> = shown.iter().map(|(_, row)| cells_of(row)).collect();
    let aligned = align_columns(&cells, &sides(&shown));
    let lines = shown
        .iter()
        .zip(aligned)
        .map(|((mark, _), line)| format!("{mark} {line}"));
    let mut lines: Vec<String> = lines.collect();
    for (mark, rows, end) in [
        ("+", unexpected, lines.len()),
        ("-", missing, missing.len().min(SHOWN)),
    ] {
        if rows.len() > SHOWN {
            lines.insert(end, format!("{mark} … {} more", rows.len() - SHOWN));
        }
    }
    f.write_str(&lines.join("\n"))
}

/// The values of a row as they are shown, those of its first columns.
fn cells_of(row: &Row) -> Vec<String> {
    let mut cells: Vec<String> = row.iter().take(SHOWN_COLUMNS).map(Value::quoted).collect();
    let more = row.len().saturating_sub(SHOWN_COLUMNS);
    if more > 0 {
        cells.push(format!("… {} more", thousands(more as u64)));
    }
    cells
}

/// Columns that hold a number stand to the right.
fn sides(rows: &[(&str, &Row)]) -> Vec<Side> {
    let columns = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(0);
    let holds_number = |column| {
        let mut values = rows.iter().filter_map(|(_, row)| row.get(column));
        values.any(|value| matches!(value, Value::Int(_) | Value::Float(_) | Value::Numeric(_)))
    };
    (0..columns)
        .map(|column| {
            if holds_number(column) {
                Side::Right
            } else {
                Side::Left
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(rows: serde_json::Value) -> Vec<Row> {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| {
            row.as_array()
                .unwrap()
                .iter()
                .map(Value::from_json)
                .collect()
        })
        .collect()
    }

    #[test]
    fn rows_in_another_order_are_the_same_unless_order_counts() {
        let (expected, actual) = (rows(json!([[1], [2], [2]])), rows(json!([[2], [1], [2]])));
        assert_eq!(compare_rows(&expected, &actual, RowOrder::Any), Ok(()));
        let difference = compare_rows(&expected, &actual, RowOrder::Significant).unwrap_err();
        assert_eq!(
            difference.to_string(),
            "the rows came in another order, first at row 1:\n- 1\n+ 2"
        );
    }

    #[test]
    fn a_row_counts_as_often_as_it_comes() {
        let (expected, actual) = (rows(json!([[1], [1]])), rows(json!([[1]])));
        assert_eq!(
            compare_rows(&expected, &actual, RowOrder::Any),
            Err(RowsDifference::Content {
                missing: rows(json!([[1]])),
                unexpected: vec![]
            })
        );
    }

    #[test]
    fn rows_are_paired_by_meaning_where_they_are_spelled_otherwise() {
        let expected = rows(json!([["2.0", "a"], [1, "b"]]));
        let actual = rows(json!([[1, "b"], [2, "a"]]));
        assert_eq!(compare_rows(&expected, &actual, RowOrder::Any), Ok(()));
    }

    #[test]
    fn a_difference_prints_as_an_aligned_diff() {
        let expected = rows(json!([[1, "alice", 100], [2, "bob", null]]));
        let actual = rows(json!([[1, "alice", "100"], [10, "bob", 5]]));
        let difference = compare_rows(&expected, &actual, RowOrder::Any).unwrap_err();
        insta::assert_snapshot!(difference, @r#"
        -  1  "alice"    100
        -  2  "bob"     NULL
        +  1  "alice"  "100"
        + 10  "bob"        5
        "#);
    }

    #[test]
    fn a_long_difference_is_cut() {
        let expected: Vec<Row> = (0..12).map(|i| vec![Value::Int(i)]).collect();
        let difference = compare_rows(&expected, &[], RowOrder::Any).unwrap_err();
        assert!(difference.to_string().ends_with("- 9\n- … 2 more"));
    }
}
