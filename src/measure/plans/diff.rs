//! What do two plans of a statement have different from each other, node by node?
//!
//! The trees are laid over each other with the least work: a node that stands in both is kept, a table that is read in
//! another way is one change and not two, a node that was put between two others is one addition. That is the tree edit
//! distance for trees whose children keep their order (K. Zhang, D. Shasha 1989, in the constrained form in which
//! subtrees are laid over subtrees), with two inputs of a join allowed to change places.

use crate::record::{CapturedPlan, PlanNode};
use std::collections::HashMap;

/// Two plans laid over each other.
#[derive(Debug, Clone)]
pub struct PlanDiff<'a> {
    /// The query.
    pub query: &'a str,
    /// The first plan.
    pub before: &'a CapturedPlan,
    /// The second plan.
    pub after: &'a CapturedPlan,
    /// The top of both; none where one of them has no plan.
    pub root: Option<DiffNode<'a>>,
}

/// A node of one or of both plans.
#[derive(Debug, Clone)]
pub struct DiffNode<'a> {
    /// The node in the first plan.
    pub before: Option<&'a PlanNode>,
    /// The node in the second plan.
    pub after: Option<&'a PlanNode>,
    /// What is below, in the order of the second plan; what is in the first plan only stands where it stood.
    pub children: Vec<DiffNode<'a>>,
}

/// How a node changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeChange {
    /// It is in both plans.
    Same,
    /// It does the same work in another way.
    Changed,
    /// It is in the second plan only.
    Added,
    /// It is in the first plan only.
    Removed,
}

impl<'a> DiffNode<'a> {
    /// How it changed.
    pub fn change(&self) -> NodeChange {
        match (self.before, self.after) {
            (Some(before), Some(after)) if before.title() == after.title() => NodeChange::Same,
            (Some(_), Some(_)) => NodeChange::Changed,
            (None, _) => NodeChange::Added,
            (Some(_), None) => NodeChange::Removed,
        }
    }

    /// Whether the two plans have the same shape from here on.
    pub fn same_shape(&self) -> bool {
        self.change() == NodeChange::Same && self.children.iter().all(Self::same_shape)
    }

    /// The node and all below it, each with the number of nodes above it.
    pub fn lines(&self) -> Vec<(usize, &DiffNode<'a>)> {
        fn walk<'n, 'a>(
            node: &'n DiffNode<'a>,
            depth: usize,
            into: &mut Vec<(usize, &'n DiffNode<'a>)>,
        ) {
            into.push((depth, node));
            for child in &node.children {
                walk(child, depth + 1, into);
            }
        }
        let mut lines = Vec::new();
        walk(self, 0, &mut lines);
        lines
    }
}

/// Lays two captured plans of a query over each other.
pub fn diff<'a>(before: &'a CapturedPlan, after: &'a CapturedPlan) -> PlanDiff<'a> {
    let roots = before.measured().zip(after.measured());
    PlanDiff {
        query: &after.query,
        before,
        after,
        root: roots.map(|(one, other)| diff_nodes(&one.explained.root, &other.explained.root)),
    }
}

/// Lays two trees over each other.
pub fn diff_nodes<'a>(before: &'a PlanNode, after: &'a PlanNode) -> DiffNode<'a> {
    let mut overlay = Overlay::default();
    overlay.lay(before, after);
    overlay.node(before, after)
}

/// What it takes to make one tree the other.
type Cost = f64;

/// The cost of a node that is in one of the plans only.
const ALONE: Cost = 1.0;

/// The cost of two inputs of a join that changed places.
const SWAPPED: Cost = 0.5;

/// Which children of two nodes are laid over each other, by their numbers; one without the other stands alone.
type Pairs = Vec<(Option<usize>, Option<usize>)>;

/// How two nodes are laid over each other.
#[derive(Clone, Copy)]
enum Way {
    /// They are the same place in the plan.
    Both,
    /// The first one is gone; its child of this number takes its place.
    Gone(usize),
    /// The second one is new; its child of this number has its place.
    New(usize),
}

#[derive(Default)]
struct Overlay {
    /// The cheapest way for two nodes, by their addresses: nodes do not move while they are compared.
    ways: HashMap<(*const PlanNode, *const PlanNode), (Cost, Way)>,
}

impl Overlay {
    fn lay(&mut self, before: &PlanNode, after: &PlanNode) -> Cost {
        let key = (std::ptr::from_ref(before), std::ptr::from_ref(after));
        if let Some((cost, _)) = self.ways.get(&key) {
            return *cost;
        }
        let mut best = (
            replacing(before, after) + self.pairs(&before.children, &after.children).0,
            Way::Both,
        );
        for (index, child) in before.children.iter().enumerate() {
            let others = size_of_all(&before.children) - size(child);
            let cost = ALONE + others + self.lay(child, after);
            if cost < best.0 {
                best = (cost, Way::Gone(index));
            }
        }
        for (index, child) in after.children.iter().enumerate() {
            let others = size_of_all(&after.children) - size(child);
            let cost = ALONE + others + self.lay(before, child);
            if cost < best.0 {
                best = (cost, Way::New(index));
            }
        }
        self.ways.insert(key, best);
        best.0
    }

    /// The cheapest pairs of two lists of children: in their order, or with the two inputs of a join changed over.
    fn pairs(&mut self, before: &[PlanNode], after: &[PlanNode]) -> (Cost, Pairs) {
        let in_order = self.in_order(before, after);
        if let ([first, second], [one, other]) = (before, after) {
            let crossed = SWAPPED + self.lay(first, other) + self.lay(second, one);
            if crossed < in_order.0 {
                return (crossed, vec![(Some(1), Some(0)), (Some(0), Some(1))]);
            }
        }
        in_order
    }

    fn in_order(&mut self, before: &[PlanNode], after: &[PlanNode]) -> (Cost, Pairs) {
        let (rows, columns) = (before.len(), after.len());
        // costs[i][j]: the cheapest for what is left from the i-th and the j-th child on.
        let mut costs = vec![vec![0.0; columns + 1]; rows + 1];
        for i in (0..=rows).rev() {
            for j in (0..=columns).rev() {
                let gone = before.get(i).map(|node| size(node) + costs[i + 1][j]);
                let new = after.get(j).map(|node| size(node) + costs[i][j + 1]);
                let both = before.get(i).zip(after.get(j));
                let both = both.map(|(one, other)| self.lay(one, other) + costs[i + 1][j + 1]);
                let ways = [gone, new, both].into_iter().flatten();
                costs[i][j] = ways.reduce(f64::min).unwrap_or_default();
            }
        }
        let (mut i, mut j) = (0, 0);
        let mut pairs = Vec::new();
        while i < rows || j < columns {
            let both = before.get(i).zip(after.get(j));
            let both = both.map(|(one, other)| self.lay(one, other) + costs[i + 1][j + 1]);
            let gone = before.get(i).map(|node| size(node) + costs[i + 1][j]);
            if both.is_some_and(|cost| cost <= costs[i][j]) {
                pairs.push((Some(i), Some(j)));
                (i, j) = (i + 1, j + 1);
            } else if gone.is_some_and(|cost| cost <= costs[i][j]) {
                pairs.push((Some(i), None));
                i += 1;
            } else {
                pairs.push((None, Some(j)));
                j += 1;
            }
        }
        (costs[0][0], pairs)
    }

    fn node<'a>(&mut self, before: &'a PlanNode, after: &'a PlanNode) -> DiffNode<'a> {
        self.lay(before, after);
        let key = (std::ptr::from_ref(before), std::ptr::from_ref(after));
        let way = self.ways.get(&key).map_or(Way::Both, |(_, way)| *way);
        match way {
            Way::Both => {
                let (_, pairs) = self.pairs(&before.children, &after.children);
                let children = pairs.into_iter().filter_map(|pair| match pair {
                    (Some(i), Some(j)) => Some(self.node(&before.children[i], &after.children[j])),
                    (Some(i), None) => Some(removed(&before.children[i])),
                    (None, Some(j)) => Some(added(&after.children[j])),
                    (None, None) => None,
                });
                DiffNode {
                    before: Some(before),
                    after: Some(after),
                    children: children.collect(),
                }
            }
            Way::Gone(at) => DiffNode {
                before: Some(before),
                after: None,
                children: self.around(&before.children, at, removed, |overlay, child| {
                    overlay.node(child, after)
                }),
            },
            Way::New(at) => DiffNode {
                before: None,
                after: Some(after),
                children: self.around(&after.children, at, added, |overlay, child| {
                    overlay.node(before, child)
                }),
            },
        }
    }

    /// The children of a node that is in one plan only: the one that both plans have, and the others.
    fn around<'a>(
        &mut self,
        children: &'a [PlanNode],
        at: usize,
        alone: impl Fn(&'a PlanNode) -> DiffNode<'a>,
        both: impl Fn(&mut Self, &'a PlanNode) -> DiffNode<'a>,
    ) -> Vec<DiffNode<'a>> {
        let children = children.iter().enumerate();
        children
            .map(|(index, child)| match index == at {
                true => both(self, child),
                false => alone(child),
            })
            .collect()
    }
}

fn removed(node: &PlanNode) -> DiffNode<'_> {
    DiffNode {
        before: Some(node),
        after: None,
        children: node.children.iter().map(removed).collect(),
    }
}

fn added(node: &PlanNode) -> DiffNode<'_> {
    DiffNode {
        before: None,
        after: Some(node),
        children: node.children.iter().map(added).collect(),
    }
}

fn size(node: &PlanNode) -> Cost {
    ALONE + size_of_all(&node.children)
}

fn size_of_all(nodes: &[PlanNode]) -> Cost {
    nodes.iter().map(size).sum()
}

/// What it costs to say that one node became the other; beyond twice [`ALONE`] they have nothing to do with each other.
fn replacing(before: &PlanNode, after: &PlanNode) -> Cost {
    let (one, other) = (&before.shape, &after.shape);
    let joins = |node: &PlanNode| node.kind == "Nested Loop" || node.kind.ends_with("Join");
    match (&one.relation, &other.relation) {
        (Some(table), Some(now)) if table != now => 2.5,
        (Some(_), Some(_)) if before.title() == after.title() => 0.0,
        (Some(_), Some(_)) => 0.5,
        (None, None) if before.title() == after.title() => 0.0,
        (None, None) if before.kind == after.kind => 0.3,
        (None, None) if joins(before) && joins(after) => 0.6,
        _ => 1.8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::testing::plans::{node, scan};

    fn shown(before: &PlanNode, after: &PlanNode) -> String {
        let diff = diff_nodes(before, after);
        let lines = diff.lines().into_iter().map(|(depth, node)| {
            let title = |node: Option<&PlanNode>| node.map(PlanNode::title).unwrap_or_default();
            let words = match node.change() {
                NodeChange::Same => format!("  {}", title(node.after)),
                NodeChange::Changed => {
                    format!("~ {} -> {}", title(node.before), title(node.after))
                }
                NodeChange::Added => format!("+ {}", title(node.after)),
                NodeChange::Removed => format!("- {}", title(node.before)),
            };
            let (sign, words) = words.split_at(2);
            format!("{sign}{}{words}\n", "  ".repeat(depth))
        });
        lines.collect()
    }

    #[test]
    fn a_table_read_in_another_way_is_one_change() {
        let seq = scan("Seq Scan", "orders", None, 42.0, 100);
        let index = scan("Index Scan", "orders", Some("orders_user_id_idx"), 42.0, 4);
        let before = node("Limit", 20.0, 100, vec![node("Sort", 20.0, 100, vec![seq])]);
        let after = node("Limit", 20.0, 4, vec![node("Sort", 20.0, 4, vec![index])]);
        insta::assert_snapshot!(shown(&before, &after), @r"
          Limit
            Sort
        ~     Seq Scan on orders -> Index Scan using orders_user_id_idx on orders
        ");
    }

    #[test]
    fn a_node_put_in_between_is_one_addition() {
        let seq = || scan("Seq Scan", "orders", None, 42.0, 100);
        let before = node("Limit", 20.0, 100, vec![seq()]);
        let after = node(
            "Limit",
            20.0,
            100,
            vec![node("Sort", 20.0, 100, vec![seq()])],
        );
        insta::assert_snapshot!(shown(&before, &after), @r"
          Limit
        +   Sort
              Seq Scan on orders
        ");
    }

    #[test]
    fn the_inputs_of_a_join_may_change_places() {
        let users = || scan("Seq Scan", "users", None, 10.0, 1);
        let orders = || scan("Seq Scan", "orders", None, 100.0, 10);
        let hashed = |below| node("Hash", 10.0, 1, vec![below]);
        let before = node("Hash Join", 100.0, 11, vec![orders(), hashed(users())]);
        let after = node("Merge Join", 100.0, 11, vec![users(), orders()]);
        insta::assert_snapshot!(shown(&before, &after), @r"
        ~ Hash Join -> Merge Join
        -   Hash
              Seq Scan on users
            Seq Scan on orders
        ");
    }
}
