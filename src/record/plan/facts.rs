//! What of a plan is the same on every machine? Its shape, rows, loops, pages, log records; no times, no costs.
//!
//! | fact | kept |
//! |---|---|
//! | shape: kinds, tables, indexes, join order and strategy | always |
//! | rows and loops of a node | outside of what runs in parallel: how many workers come is up to the machine |
//! | pages of tables and indexes, those of planning left out | of a plan without parallel workers |
//! | pages of temporary files | of a plan without parallel workers |
//! | log records | always |
//! | bytes of the log | where no full page images are among them: those depend on the last checkpoint |

use super::{Explained, PlanNode};
use serde::{Deserialize, Serialize};

/// What of a plan is the same on every machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFacts {
    /// The nodes, in the order in which EXPLAIN lists them.
    pub nodes: Vec<NodeFacts>,
    /// Pages of tables and indexes.
    pub buffers: Option<u64>,
    /// Pages of temporary files, written and read.
    pub temp: Option<u64>,
    /// Log records.
    pub wal_records: u64,
    /// Bytes of the log.
    pub wal_bytes: Option<u64>,
}

/// What of a node is the same on every machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFacts {
    /// How many nodes are above it.
    pub depth: u16,
    /// Its kind, table and index, from [`PlanNode::title`].
    pub title: String,
    /// Rows over all loops, rounded.
    pub rows: Option<u64>,
    /// How often it was executed; 0 where it never was.
    pub loops: Option<u64>,
    /// Rows of a loop that the planner expected.
    pub estimated: u64,
}

impl PlanFacts {
    /// Takes them out of an executed plan.
    pub fn of(explained: &Explained) -> Self {
        let alone = explained.root.nodes().all(|node| !node.is_gather());
        let actual = explained.root.actual.clone().unwrap_or_default();
        Self {
            nodes: explained.root.facts(),
            buffers: alone.then(|| actual.buffers.shared()),
            temp: alone.then(|| actual.buffers.temp()),
            wal_records: actual.wal.records,
            wal_bytes: (actual.wal.images == 0).then_some(actual.wal.bytes),
        }
    }

    /// Whether the shapes are the same: kinds, tables, indexes, join order.
    pub fn same_shape(&self, other: &Self) -> bool {
        let shape = |facts: &Self| -> Vec<(u16, String)> {
            let nodes = facts.nodes.iter();
            nodes.map(|node| (node.depth, node.title.clone())).collect()
        };
        shape(self) == shape(other)
    }
}

/// Who executes a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Leader,
    Workers,
}

fn gather(node: &PlanNode, depth: u16, side: Side, into: &mut Vec<NodeFacts>) {
    let known = side == Side::Leader;
    let loops = node.actual.as_ref().map_or(0, |actual| actual.loops);
    into.push(NodeFacts {
        depth,
        title: node.title(),
        rows: known.then(|| node.rows().unwrap_or_default().round() as u64),
        loops: known.then_some(loops),
        estimated: node.estimate.rows.round() as u64,
    });
    let below = match node.is_gather() {
        true => Side::Workers,
        false => side,
    };
    for child in &node.children {
        gather(child, depth.saturating_add(1), below, into);
    }
}

impl PlanNode {
    /// The nodes with what of them is the same on every machine.
    pub fn facts(&self) -> Vec<NodeFacts> {
        let mut nodes = Vec::new();
        gather(self, 0, Side::Leader, &mut nodes);
        nodes
    }

    /// Whether workers run what is below.
    pub fn is_gather(&self) -> bool {
        self.kind == "Gather" || self.kind == "Gather Merge"
    }

    /// Its kind, table and index in the words of EXPLAIN: `Index Scan Backward using orders_pkey on orders o`.
    pub fn title(&self) -> String {
        let shape = &self.shape;
        let mut title = String::new();
        if let Some(role) = shape.role.as_deref().filter(|role| role.ends_with("Plan")) {
            title.push_str(shape.subplan.as_deref().unwrap_or(role));
            title.push_str(": ");
        }
        if shape.parallel {
            title.push_str("Parallel ");
        }
        title.push_str(&self.kind_in_full());
        if let Some(index) = &shape.index {
            let word = if self.kind == "Bitmap Index Scan" {
                " on "
            } else {
                " using "
            };
            title.push_str(word);
            title.push_str(index);
        }
        if let Some(relation) = &shape.relation {
            title.push_str(" on ");
            title.push_str(relation);
        }
        if let Some(alias) = &shape.alias {
            title.push_str(if shape.relation.is_some() {
                " "
            } else {
                " on "
            });
            title.push_str(alias);
        }
        if !shape.keys.is_empty() {
            title.push_str(" by ");
            title.push_str(&shape.keys.join(", "));
        }
        title
    }

    /// `Hash Left Join`, `HashAggregate`, `Update`: as EXPLAIN calls it in its text form.
    fn kind_in_full(&self) -> String {
        let modes: Vec<&str> = self.shape.modes.iter().map(String::as_str).collect();
        let has = |mode: &str| modes.contains(&mode);
        match self.kind.as_str() {
            "ModifyTable" => modes.join(" "),
            "Aggregate" => {
                let partial = modes
                    .iter()
                    .find(|mode| ["Partial", "Finalize"].contains(mode));
                let name = match () {
                    () if has("Hashed") => "HashAggregate",
                    () if has("Sorted") => "GroupAggregate",
                    () if has("Mixed") => "MixedAggregate",
                    () => "Aggregate",
                };
                [partial.copied(), Some(name)]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" ")
            }
            kind @ ("Nested Loop" | "Hash Join" | "Merge Join") if !modes.is_empty() => {
                format!(
                    "{} {} Join",
                    kind.trim_end_matches(" Join"),
                    modes.join(" ")
                )
            }
            kind if modes.is_empty() => kind.to_owned(),
            kind => format!("{kind} {}", modes.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Actual, Buffers, NodeShape, Wal};

    fn node(kind: &str, shape: NodeShape, rows: f64, loops: u64, below: Vec<PlanNode>) -> PlanNode {
        PlanNode {
            kind: kind.to_owned(),
            shape,
            actual: Some(Actual {
                rows,
                loops,
                buffers: Buffers {
                    hit: 5,
                    read: 2,
                    ..Buffers::default()
                },
                wal: Wal {
                    records: 3,
                    images: 1,
                    bytes: 8000,
                },
                ..Actual::default()
            }),
            children: below,
            ..PlanNode::default()
        }
    }

    fn scan(parallel: bool) -> PlanNode {
        let shape = NodeShape {
            relation: Some("orders".to_owned()),
            alias: Some("o".to_owned()),
            parallel,
            ..NodeShape::default()
        };
        node("Seq Scan", shape, 33.0, 3, vec![])
    }

    #[test]
    fn what_runs_in_parallel_keeps_its_shape_only() {
        let root = node("Gather", NodeShape::default(), 100.0, 1, vec![scan(true)]);
        let facts = PlanFacts::of(&Explained {
            root,
            ..Explained::default()
        });
        assert_eq!(facts.buffers, None);
        assert_eq!(facts.nodes[0].rows, Some(100));
        assert_eq!(facts.nodes[1].title, "Parallel Seq Scan on orders o");
        assert_eq!(facts.nodes[1].rows, None);
    }

    #[test]
    fn full_page_images_take_the_meaning_from_the_bytes_of_the_log() {
        let facts = PlanFacts::of(&Explained {
            root: scan(false),
            ..Explained::default()
        });
        assert_eq!(facts.buffers, Some(7));
        assert_eq!(facts.nodes[0].rows, Some(99));
        assert_eq!((facts.wal_records, facts.wal_bytes), (3, None));
    }

    #[test]
    fn nodes_have_the_names_of_the_text_form() {
        let named = |kind: &str, modes: &[&str]| {
            let shape = NodeShape {
                modes: modes.iter().map(|mode| (*mode).to_owned()).collect(),
                ..NodeShape::default()
            };
            node(kind, shape, 1.0, 1, vec![]).title()
        };
        assert_eq!(named("Hash Join", &["Left"]), "Hash Left Join");
        assert_eq!(named("Nested Loop", &["Anti"]), "Nested Loop Anti Join");
        assert_eq!(
            named("Aggregate", &["Hashed", "Partial"]),
            "Partial HashAggregate"
        );
        assert_eq!(named("ModifyTable", &["Update"]), "Update");
        assert_eq!(named("Index Scan", &["Backward"]), "Index Scan Backward");
    }
}
