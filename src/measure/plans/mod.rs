//! What do plans amount to? Their text, where they estimate badly or spill, where their time goes, and what two of them
//! have different from each other.

mod diff;
mod estimates;
mod hints;
mod life;
mod reasons;
mod tree;

pub use diff::{DiffNode, NodeChange, PlanDiff, diff, diff_nodes};
pub use estimates::{Misestimate, misestimates, off_by};
pub use hints::{Hint, hints};
pub use life::{LifeOfQuery, MANY_ROWS, Multiplied, multiplied, own_time};
pub use reasons::{Reason, reasons};
pub use tree::{TreeLine, facts_of, tree, tree_lines};

use crate::record::{CapturedPlan, CaseLog, PlanPoint, PlanSnapshot};

/// The snapshot of a case at a point.
pub fn snapshot(log: &CaseLog, point: PlanPoint) -> Option<&PlanSnapshot> {
    log.plans.iter().find(|snapshot| snapshot.point == point)
}

/// What came of capturing a query's plan at a point.
pub fn captured<'a>(
    log: &'a CaseLog,
    point: PlanPoint,
    query: &str,
) -> Option<(&'a PlanSnapshot, &'a CapturedPlan)> {
    let snapshot = snapshot(log, point)?;
    let mut plans = snapshot.plans.iter();
    Some((snapshot, plans.find(|plan| plan.query == query)?))
}
