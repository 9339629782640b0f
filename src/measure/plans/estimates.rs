//! Where was the planner wrong? Expected against actual rows, of the nodes where the two can be compared.
//!
//! A node whose consumer may stop early (a LIMIT, the inner side of a semi join, a merge join, EXISTS) has fewer rows
//! than were expected without anybody being wrong: there only too many count. Nodes that do not count their rows
//! (BitmapAnd, BitmapOr, a write without RETURNING) have nothing to compare.

use crate::record::PlanNode;

/// A node where the planner was wrong.
#[derive(Debug, Clone)]
pub struct Misestimate<'a> {
    /// The node.
    pub node: &'a PlanNode,
    /// Rows of a loop that were expected.
    pub expected: f64,
    /// Rows of a loop.
    pub actual: f64,
}

impl Misestimate<'_> {
    /// How many times too many or too few; 1 is exact.
    pub fn factor(&self) -> f64 {
        off_by(self.expected, self.actual)
    }
}

/// How many times one number of rows is the other. Less than a row is a row: the planner never expects none.
pub fn off_by(expected: f64, actual: f64) -> f64 {
    let (expected, actual) = (expected.max(1.0), actual.max(1.0));
    (expected / actual).max(actual / expected)
}

/// Every node whose rows can be compared, the worst first.
pub fn misestimates(root: &PlanNode) -> Vec<Misestimate<'_>> {
    let mut found = Vec::new();
    compare(root, Consumer::ReadsAll, &mut found);
    found.sort_by(|a, b| b.factor().total_cmp(&a.factor()));
    found
}

/// How the rows of a node are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consumer {
    /// To the last one.
    ReadsAll,
    /// Perhaps not to the last one.
    MayStop,
}

fn compare<'a>(node: &'a PlanNode, consumer: Consumer, found: &mut Vec<Misestimate<'a>>) {
    if let Some(actual) = &node.actual {
        let (expected, actual) = (node.estimate.rows, actual.rows);
        let stopped = consumer == Consumer::MayStop && actual < expected;
        if counts_rows(node) && !stopped {
            found.push(Misestimate {
                node,
                expected,
                actual,
            });
        }
    }
    for child in &node.children {
        compare(child, consumer_of(child, node, consumer), found);
    }
}

fn counts_rows(node: &PlanNode) -> bool {
    !matches!(
        node.kind.as_str(),
        "BitmapAnd" | "BitmapOr" | "ModifyTable" | "LockRows" | "Memoize"
    )
}

fn consumer_of(child: &PlanNode, parent: &PlanNode, above: Consumer) -> Consumer {
    let mode = |mode: &str| parent.shape.modes.iter().any(|known| known == mode);
    let inner = child.shape.role.as_deref() == Some("Inner");
    // Whoever evaluates an expression may need one row of it.
    if let Some("SubPlan" | "InitPlan") = child.shape.role.as_deref() {
        return Consumer::MayStop;
    }
    match parent.kind.as_str() {
        // These read their input to the end before they give their first row.
        "Sort" | "Hash" | "Bitmap Heap Scan" | "ModifyTable" | "SetOp" => Consumer::ReadsAll,
        "Aggregate" if !mode("Sorted") => Consumer::ReadsAll,
        "Limit" | "Merge Join" => Consumer::MayStop,
        // A row that can have one match only, or needs no more, ends the inner scan at the first.
        "Nested Loop" if inner && (parent.shape.inner_unique || mode("Semi") || mode("Anti")) => {
            Consumer::MayStop
        }
        // Each loop of the inner side is read to its end, unless the join itself is not.
        "Nested Loop" if inner => above,
        // An empty hash table, or an empty outer side, ends a hash join before it reads the other.
        _ => above,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::testing::plans::{node, scan};

    fn wrong(root: &PlanNode) -> Vec<(String, f64)> {
        let found = misestimates(root);
        let found = found.iter().filter(|wrong| wrong.factor() > 1.0);
        found
            .map(|wrong| (wrong.node.kind.clone(), wrong.factor()))
            .collect()
    }

    fn expecting(rows: f64, mut node: PlanNode) -> PlanNode {
        node.estimate.rows = rows;
        node
    }

    #[test]
    fn what_a_limit_cut_short_is_no_mistake() {
        let cut = expecting(1000.0, scan("Index Scan", "orders", None, 20.0, 4));
        assert_eq!(wrong(&node("Limit", 20.0, 4, vec![cut])), []);
        let more = expecting(2.0, scan("Index Scan", "orders", None, 20.0, 4));
        let found = wrong(&node("Limit", 20.0, 4, vec![more]));
        assert_eq!(found, [("Index Scan".to_owned(), 10.0)]);
    }

    #[test]
    fn a_sort_below_a_limit_reads_everything() {
        let scan = expecting(1000.0, scan("Seq Scan", "orders", None, 10.0, 4));
        let sort = node("Sort", 10.0, 4, vec![scan]);
        let found = wrong(&node("Limit", 10.0, 4, vec![sort]));
        assert_eq!(found, [("Seq Scan".to_owned(), 100.0)]);
    }

    #[test]
    fn no_row_counts_as_one() {
        assert_eq!(off_by(1.0, 0.0), 1.0);
        assert_eq!(off_by(30.0, 0.0), 30.0);
        assert_eq!(off_by(2.0, 200.0), 100.0);
    }
}
