//! What does a watched query need before and after a migration?

use crate::{
    measure::plans,
    record::{CaseLog, Micros, PlanPoint},
    stats::{Ratio, time_ratio},
};

/// What one execution of a query needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueryCost {
    /// The median over the repetitions that succeeded; none where none did.
    pub time: Option<Micros>,
    /// Pages looked at in shared buffers, whether they were there or had to be read; none without a plan.
    pub buffers: Option<u64>,
    /// Bytes written to the write-ahead log; none without a plan.
    pub wal: Option<u64>,
}

/// What a query needed at a time.
pub fn query_cost(log: &CaseLog, query: &str, point: PlanPoint) -> QueryCost {
    let mut spans = spans(log, query, point);
    spans.sort_unstable();
    let plan = plans::captured(log, point, query).and_then(|(_, plan)| plan.measured());
    let actual = plan.and_then(|plan| plan.explained.root.actual.as_ref());
    QueryCost {
        time: spans.get(spans.len() / 2).copied().map(Micros),
        buffers: actual.map(|actual| actual.buffers.shared()),
        wal: actual.map(|actual| actual.wal.bytes),
    }
}

/// How many times as long a query takes after the migration; none where it ran too few times on a side to tell.
pub fn slowdown(log: &CaseLog, query: &str) -> Option<Ratio> {
    let [before, after] =
        [PlanPoint::Before, PlanPoint::After].map(|point| spans(log, query, point));
    time_ratio(&before, &after)
}

/// Microseconds of every repetition that succeeded, in order.
fn spans(log: &CaseLog, query: &str, point: PlanPoint) -> Vec<u64> {
    let runs = log.queries.iter();
    let runs = runs.filter(|run| run.query == query && run.point == point && run.error.is_none());
    runs.map(|run| run.timing.total.0).collect()
}
