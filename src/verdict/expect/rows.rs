//! Did a statement return the expected rows, and as many? Shared by steps, launches and statements of `expect`.

use crate::{
    record::{Reply, ResultSet, RowOrder, Value, compare_rows},
    spec::{expect::Bound, value::Literal},
    sql::has_order_by,
    text::plural,
    verdict::{
        bound::{Limit, Natural},
        finding::Finding,
    },
};

/// The rows that an author expects.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// As written.
    pub rows: &'a [Vec<Literal>],
    /// Whether their order counts; with none it does where the statement has an ORDER BY.
    pub ordered: Option<bool>,
    /// The statement.
    pub sql: &'a str,
}

/// The finding if other rows came.
pub fn compare(subject: &str, wanted: &Wanted<'_>, reply: &Reply) -> Option<Finding> {
    let expected: Vec<Vec<Value>> = wanted
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| Value::from_json(&cell.0)).collect())
        .collect();
    let order = match wanted.ordered.unwrap_or_else(|| has_order_by(wanted.sql)) {
        true => RowOrder::Significant,
        false => RowOrder::Any,
    };
    let difference = compare_rows(&expected, reply.rows(), order).err()?;
    let (came, expects) = (returned(reply), expected.len() as u64);
    let label = match came == expects {
        true => "the rows differ".to_owned(),
        false => format!("returned {}, expected {expects}", plural(came, "row")),
    };
    let finding = Finding::failed(
        "wrong-rows",
        format!("{subject} returned other rows than expected"),
    )
    .label(label)
    .diff(difference.to_string());
    let kept = reply.rows().len() as u64;
    Some(if kept < came {
        finding.detail(format!(
            "only the first {} were kept to be compared",
            plural(kept, "row")
        ))
    } else {
        finding.detail(width_differs(&expected, reply))
    })
}

/// The words for rows that have more or fewer columns than expected.
fn width_differs(expected: &[Vec<Value>], reply: &Reply) -> Option<String> {
    let result = reply.last()?;
    let names: Vec<&str> = result
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let other = expected.iter().find(|row| row.len() != names.len())?;
    Some(format!(
        "an expected row has {}, the statement returns {}: {}",
        plural(other.len() as u64, "value"),
        plural(names.len() as u64, "column"),
        names.join(", "),
    ))
}

/// How many rows the last statement returned; 0 where it returns none.
pub fn returned(reply: &Reply) -> u64 {
    let rows = reply.last().filter(|result| !result.columns.is_empty());
    rows.map_or(0, |result| result.row_count)
}

/// How many rows the last statement changed; 0 for one that only reads.
pub fn changed(reply: &Reply) -> u64 {
    let changing = reply.last().filter(|result| !only_reads(result));
    changing.map_or(0, |result| result.row_count)
}

fn only_reads(result: &ResultSet) -> bool {
    matches!(&*result.command, "SELECT" | "SHOW" | "FETCH" | "EXPLAIN")
}

/// The finding if another number of rows came.
pub fn row_count(subject: &str, bound: &Bound<u64>, reply: &Reply) -> Option<Finding> {
    let limit = Limit::of(bound, Natural::Exactly);
    let came = returned(reply);
    if limit.holds(came) {
        return None;
    }
    let primary = format!(
        "{subject} returned {}, expected {}",
        plural(came, "row"),
        limit.words()
    );
    Some(
        Finding::failed("wrong-row-count", primary)
            .label(format!("returned {}", plural(came, "row"))),
    )
}

/// The finding if another number of rows was changed.
pub fn affected(subject: &str, bound: &Bound<u64>, reply: &Reply) -> Option<Finding> {
    let limit = Limit::of(bound, Natural::Exactly);
    let came = changed(reply);
    if limit.holds(came) {
        return None;
    }
    let primary = format!(
        "{subject} changed {}, expected {}",
        plural(came, "row"),
        limit.words()
    );
    let finding = Finding::failed("wrong-row-count", primary)
        .label(format!("changed {}", plural(came, "row")));
    Some(if reply.last().is_some_and(only_reads) {
        finding.hint("the statement only reads: \"row_count\" is about what it returns")
    } else {
        finding
    })
}
