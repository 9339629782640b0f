//! What stands on the line of one node of two plans?

use crate::{
    measure::plans::{DiffNode, NodeChange},
    record::{Micros, PlanNode},
    text::{format_duration, thousands},
};

/// The heads of the columns behind the node itself.
pub(super) const HEADS: [&str; 4] = ["cost", "rows (expected)", "buffers", "time"];

/// The sign of a change.
pub(super) fn sign(change: NodeChange) -> char {
    match change {
        NodeChange::Same => ' ',
        NodeChange::Changed => '~',
        NodeChange::Added => '+',
        NodeChange::Removed => '-',
    }
}

/// The node, or what became of it.
pub(super) fn title(node: &DiffNode<'_>) -> String {
    match (node.before, node.after) {
        (Some(before), Some(after)) if before.title() != after.title() => {
            format!("{} → {}", before.title(), after.title())
        }
        (_, Some(node)) | (Some(node), None) => node.title(),
        (None, None) => String::new(),
    }
}

/// One text for each of [`HEADS`].
pub(super) fn cells(node: &DiffNode<'_>) -> [String; 4] {
    [
        both(node, |node| Some(decimal(node.estimate.total_cost))),
        both(node, |node| {
            let expected = thousands(node.estimate.rows.round() as u64);
            let rows = node.actual.as_ref().map(|actual| {
                let each = thousands(actual.rows.round() as u64);
                match actual.loops {
                    1 => each,
                    loops => format!("{each} × {}", thousands(loops)),
                }
            });
            Some(format!(
                "{} ({expected})",
                rows.unwrap_or_else(|| "-".to_owned())
            ))
        }),
        both(node, |node| {
            Some(thousands(node.actual.as_ref()?.buffers.shared()))
        }),
        both(node, |node| Some(span(node))),
    ]
}

fn both(node: &DiffNode<'_>, of: impl Fn(&PlanNode) -> Option<String>) -> String {
    let before = node.before.and_then(&of);
    let after = node.after.and_then(&of);
    match (node.before, node.after) {
        (Some(_), Some(_)) if before == after => after.unwrap_or_default(),
        (Some(_), Some(_)) => {
            let said = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            format!("{} → {}", said(before), said(after))
        }
        _ => after.or(before).unwrap_or_default(),
    }
}

/// A cost as people compare it: without a fraction where it is large.
fn decimal(cost: f64) -> String {
    match cost < 10.0 {
        true => format!("{cost:.2}"),
        false => thousands(cost.round() as u64),
    }
}

fn span(node: &PlanNode) -> String {
    let actual = node.actual.as_ref();
    let time = actual.map(|actual| Micros(actual.total.0.saturating_mul(actual.loops)));
    time.map_or_else(|| "-".to_owned(), |time| format_duration(time.duration()))
}
