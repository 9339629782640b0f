//! What became of the watched queries: their time, pages and log before and after the migration, and how their plans
//! changed. That is also what an index costs those who write.

use crate::{
    measure::{
        migration::{query_cost, slowdown},
        plans::{self, NodeChange},
    },
    record::{CaseLog, PlanPoint},
    stats::Ratio,
    text::{format_duration, thousands},
    verdict::{context::Context, expect::migration::bytes_in_words},
};

/// A line for each query that was measured on both sides, and a line for each change of its plan.
pub(super) fn changes(context: &Context<'_>) -> Vec<String> {
    let queries = context.case.queries.iter();
    queries
        .flat_map(|query| of_query(context.log, &query.name))
        .collect()
}

fn of_query(log: &CaseLog, query: &str) -> Vec<String> {
    let [before, after] =
        [PlanPoint::Before, PlanPoint::After].map(|point| query_cost(log, query, point));
    let mut parts = Vec::new();
    if let (Some(before), Some(after)) = (before.time, after.time) {
        let [before, after] = [before, after].map(|time| format_duration(time.duration()));
        let difference = difference(slowdown(log, query).as_ref());
        parts.push(format!("time {before} → {after} ({difference})"));
    }
    if let (Some(before), Some(after)) = (before.buffers, after.buffers) {
        let [before, after] = [before, after].map(thousands);
        parts.push(format!("buffers {before} → {after}"));
    }
    match (before.wal, after.wal) {
        (Some(0), Some(0)) => {}
        (Some(before), Some(after)) => {
            let [before, after] = [before, after].map(bytes_in_words);
            parts.push(format!("WAL {before} → {after}"));
        }
        _ => {}
    }
    if parts.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("{query}: {}", parts.join(", "))];
    lines.extend(
        of_plan(log, query)
            .into_iter()
            .map(|line| format!("  {line}")),
    );
    lines
}

/// What two medians say, in words: `1.8x as long, at least 1.5x and at most 2.1x`.
fn difference(slowdown: Option<&Ratio>) -> String {
    let Some(ratio) = slowdown else {
        return "too few repetitions to tell".to_owned();
    };
    let between = format!(
        "at least {} and at most {}",
        times(ratio.low),
        times(ratio.high)
    );
    match ratio.is_different() {
        true => format!("{} as long, {between}", times(ratio.value)),
        false => format!("no difference shown: {between} as long"),
    }
}

fn times(factor: f64) -> String {
    match factor {
        factor if factor >= 10.0 => format!("{factor:.0}x"),
        factor => format!("{factor:.2}x"),
    }
}

/// The nodes that changed, and what the planner goes by that is not as it was; nothing where the plan has the same shape.
fn of_plan(log: &CaseLog, query: &str) -> Vec<String> {
    let captured = |point| plans::captured(log, point, query);
    let (Some(before), Some(after)) = (captured(PlanPoint::Before), captured(PlanPoint::After))
    else {
        return Vec::new();
    };
    let diff = plans::diff(before.1, after.1);
    let Some(root) = diff.root.filter(|root| !root.same_shape()) else {
        return Vec::new();
    };
    let nodes = root.lines().into_iter().filter_map(|(_, node)| {
        let title = |node: Option<&crate::record::PlanNode>| node.map(|node| node.title());
        match node.change() {
            NodeChange::Same => None,
            NodeChange::Added => title(node.after).map(|new| format!("+ {new}")),
            NodeChange::Removed => title(node.before).map(|old| format!("- {old}")),
            NodeChange::Changed => {
                let both = title(node.before).zip(title(node.after));
                both.map(|(old, new)| format!("~ {old} → {new}"))
            }
        }
    });
    let reasons = plans::reasons(before, after);
    let reasons = reasons.iter().map(|reason| format!("= {reason}"));
    nodes.chain(reasons).collect()
}
