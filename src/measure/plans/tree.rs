//! How is a plan shown to people? One line per node, indented, with rows and pages; nodes to look at are marked.

use crate::{
    record::PlanNode,
    text::{plural, thousands},
};
use std::fmt::Write as _;

/// What stands before a node that is to be looked at.
const MARK: &str = "=> ";

/// One line of a plan.
#[derive(Debug, Clone)]
pub struct TreeLine<'a> {
    /// The node.
    pub node: &'a PlanNode,
    /// How many nodes are above it.
    pub depth: usize,
}

/// The nodes with their depth, in the order in which EXPLAIN lists them.
pub fn tree_lines(root: &PlanNode) -> Vec<TreeLine<'_>> {
    fn walk<'a>(node: &'a PlanNode, depth: usize, into: &mut Vec<TreeLine<'a>>) {
        into.push(TreeLine { node, depth });
        for child in &node.children {
            walk(child, depth + 1, into);
        }
    }
    let mut lines = Vec::new();
    walk(root, 0, &mut lines);
    lines
}

/// The plan as text, each line ended by a line break, with the `guilty` nodes marked.
pub fn tree(root: &PlanNode, guilty: &[&PlanNode]) -> String {
    let mut out = String::new();
    for TreeLine { node, depth } in tree_lines(root) {
        let marked = guilty.iter().any(|other| std::ptr::eq(*other, node));
        let mark = if marked { MARK } else { "   " };
        let indent = "  ".repeat(depth);
        // Writing to a string does not fail.
        let _ = writeln!(out, "{mark}{indent}{}: {}", node.title(), facts_of(node));
        for (name, condition) in &node.shape.conditions {
            let removed = thrown_away(node, name);
            let _ = writeln!(out, "   {indent}    {name}: {condition}{removed}");
        }
    }
    out
}

/// What happened at a node, in few words: `20 rows (expected 23), 3 loops, 1,240 buffers`.
pub fn facts_of(node: &PlanNode) -> String {
    let expected = thousands(node.estimate.rows.round() as u64);
    let Some(actual) = &node.actual else {
        return format!("never executed (expected {expected} rows)");
    };
    let rows = thousands(actual.rows.round() as u64);
    let word = if rows == "1" { "row" } else { "rows" };
    let mut parts = vec![format!("{rows} {word} (expected {expected})")];
    if actual.loops > 1 {
        parts.push(format!("in each of {} loops", thousands(actual.loops)));
    }
    match actual.buffers.shared() {
        0 => {}
        buffers => parts.push(plural(buffers, "buffer")),
    }
    match actual.buffers.temp() {
        0 => {}
        temp => parts.push(format!("{} of temporary files", plural(temp, "block"))),
    }
    if let Some(space) = actual.space.as_ref().filter(|space| space.spilled()) {
        parts.push(match space.method.as_str() {
            "" => format!("spilled to disk in {}", plural(space.batches, "batch")),
            method => format!("spilled to disk ({method})"),
        });
    }
    if actual.heap_fetches > 0 {
        parts.push(plural(actual.heap_fetches, "heap fetch"));
    }
    if node.is_gather() {
        let (planned, launched) = (node.shape.workers_planned, actual.workers_launched);
        parts.push(format!("{launched} of {}", plural(planned, "worker")));
    }
    match actual.wal.records {
        0 => {}
        records => parts.push(plural(records, "WAL record")),
    }
    parts.join(", ")
}

fn thrown_away(node: &PlanNode, condition: &str) -> String {
    let reason = match condition {
        "Recheck Cond" => "Index Recheck",
        other => other,
    };
    let actual = node.actual.as_ref();
    let removed = actual.and_then(|actual| {
        let rows = actual.removed.get(reason)?;
        Some(rows * actual.loops as f64)
    });
    match removed {
        Some(rows) => format!(", {} rows thrown away", thousands(rows.round() as u64)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::testing::plans::{node, scan};

    #[test]
    fn a_plan_is_shown_with_its_guilty_node() {
        let mut slow = scan("Seq Scan", "orders", None, 42.0, 1240);
        let conditions = &mut slow.shape.conditions;
        conditions.insert("Filter".into(), "(user_id = 42)".into());
        let actual = slow.actual.as_mut().unwrap();
        actual.removed.insert("Filter".into(), 99_958.0);
        let root = node("Limit", 20.0, 1240, vec![slow]);
        let shown = tree(&root, &[&root.children[0]]);
        insta::assert_snapshot!(shown, @r"
           Limit: 20 rows (expected 20), 1,240 buffers
        =>   Seq Scan on orders: 42 rows (expected 42), 1,240 buffers
                 Filter: (user_id = 42), 99,958 rows thrown away
        ");
    }
}
