//! Plans made by hand.

use crate::record::{
    Actual, Buffers, CapturedPlan, Catalog, Estimate, Explained, MeasuredPlan, Micros, NodeShape,
    PlanNode, PlanOutcome, PlanSnapshot, Table,
};

/// A node whose rows were as expected.
pub(crate) fn node(kind: &str, rows: f64, buffers: u64, children: Vec<PlanNode>) -> PlanNode {
    PlanNode {
        kind: kind.to_owned(),
        estimate: Estimate {
            rows,
            ..Estimate::default()
        },
        actual: Some(Actual {
            rows,
            loops: 1,
            buffers: Buffers {
                hit: buffers,
                ..Buffers::default()
            },
            ..Actual::default()
        }),
        children,
        ..PlanNode::default()
    }
}

/// A scan of a table.
pub(crate) fn scan(
    kind: &str,
    table: &str,
    index: Option<&str>,
    rows: f64,
    buffers: u64,
) -> PlanNode {
    PlanNode {
        shape: NodeShape {
            relation: Some(table.to_owned()),
            index: index.map(str::to_owned),
            role: Some("Outer".to_owned()),
            ..NodeShape::default()
        },
        ..node(kind, rows, buffers, Vec::new())
    }
}

/// A captured plan.
pub(crate) fn captured(query: &str, root: PlanNode) -> CapturedPlan {
    CapturedPlan {
        query: query.to_owned(),
        sql: "SELECT 1".to_owned(),
        params: Vec::new(),
        outcome: PlanOutcome::Measured(Box::new(MeasuredPlan {
            explained: Explained {
                root,
                planning: Some(Micros(100)),
                execution: Some(Micros(1000)),
                ..Explained::default()
            },
            executions: 2,
            steady: true,
            other_samples: Vec::new(),
            without_hint: Default::default(),
        })),
    }
}

/// A snapshot.
pub(crate) fn snapshot(tables: Vec<Table>, plans: Vec<CapturedPlan>) -> PlanSnapshot {
    PlanSnapshot {
        version_num: 150_018,
        catalog: Catalog { tables },
        plans,
        ..PlanSnapshot::default()
    }
}
