//! What did hooks measure, and how many rows did each step return?

use super::{names_of, trace::Trace};
use crate::record::{CaseLog, EventKind};
use std::collections::BTreeMap;

/// What hooks measured under one name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// All together.
    pub sum: f64,
    /// How many.
    pub count: u64,
    /// The one noted last.
    pub last: f64,
}

impl Measured {
    /// The arithmetic mean.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}

/// What hooks measured, by name.
pub(super) fn measured(log: &CaseLog) -> BTreeMap<String, Measured> {
    let mut measured = BTreeMap::<String, Measured>::new();
    for event in &log.events {
        let EventKind::Measured { name, value, .. } = &event.kind else {
            continue;
        };
        let fresh = Measured {
            min: *value,
            max: *value,
            sum: 0.0,
            count: 0,
            last: *value,
        };
        let known = measured.entry(name.clone()).or_insert(fresh);
        known.min = known.min.min(*value);
        known.max = known.max.max(*value);
        known.sum += value;
        known.count += 1;
        known.last = *value;
    }
    measured
}

/// How many rows the executions of a step returned or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCounts {
    /// How many executions were answered.
    pub executions: u64,
    /// The fewest rows.
    pub min: u64,
    /// The most rows.
    pub max: u64,
    /// All together.
    pub total: u64,
}

/// The rows of steps: `shopper.pick` for all sessions of a client, and `shopper[3].pick` for one of several. A
/// step that runs for each row of another counts all its answers together.
pub(super) fn rows(trace: &Trace<'_>) -> BTreeMap<String, RowCounts> {
    let mut counts = BTreeMap::<String, RowCounts>::new();
    for run in trace.runs.iter().filter(|run| run.completed.is_some()) {
        let Some(rows) = trace.rows_of(run) else {
            continue;
        };
        for name in names_of(run.client) {
            let known = counts
                .entry(format!("{name}.{}", run.step))
                .or_insert(RowCounts {
                    executions: 0,
                    min: rows,
                    max: rows,
                    total: 0,
                });
            known.executions += 1;
            known.min = known.min.min(rows);
            known.max = known.max.max(rows);
            known.total += rows;
        }
    }
    counts
}
