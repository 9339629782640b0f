//! What clients felt of a migration and what became of the watched queries, as it is kept in the results file.

use crate::{
    measure::migration::{
        FailedStatement, FirstFailure, MigrationTraffic, QueryCost, query_cost, slowdown,
    },
    record::{CaseLog, LockFacts, Micros, PlanPoint},
    stats::Ratio,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The numbers of one migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MigrationFigures {
    /// What clients felt of it; none where nobody ran beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<TrafficFigure>,
    /// Every watched query that ran before and after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<QueryFigure>,
}

/// Clients beside a migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrafficFigure {
    /// From the first statement of the migration to its last answer.
    pub duration: Micros,
    /// What is counted: `statement`, or `transaction` of a load.
    pub unit: String,
    /// Before, during and after it.
    pub phases: Vec<PhaseFigure>,
    /// What is left of the throughput before while it ran; none where there is too little to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<RatioFigure>,
    /// Waits for it, of a load the longest of each client for each lock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<WaitFigure>,
    /// How many waits were seen.
    pub wait_count: u64,
    /// The most sessions that waited at a time.
    pub queue: u64,
    /// How many statements or transactions failed since it began.
    pub failures: u64,
    /// Which statements failed since it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailureFigure>,
}

/// Clients before, during or after a migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseFigure {
    /// `before`, `during` or `after`.
    pub phase: String,
    /// How long it was.
    pub duration: Micros,
    /// How many were answered in it.
    pub count: u64,
    /// The longest of them.
    pub longest: Micros,
}

impl PhaseFigure {
    /// How many in a second; none where the phase has no length.
    pub fn rate(&self) -> Option<f64> {
        let seconds = self.duration.duration().as_secs_f64();
        (seconds > 0.0).then(|| self.count as f64 / seconds)
    }
}

/// A ratio with the interval that holds the true one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RatioFigure {
    /// The estimate.
    pub value: f64,
    /// The least that it may be.
    pub low: f64,
    /// The most that it may be.
    pub high: f64,
}

impl RatioFigure {
    /// Whether the interval says that there is a difference.
    pub fn is_different(&self) -> bool {
        self.low > 1.0 || self.high < 1.0
    }
}

impl From<Ratio> for RatioFigure {
    fn from(Ratio { value, low, high }: Ratio) -> Self {
        Self { value, low, high }
    }
}

/// A wait for the migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitFigure {
    /// Whose.
    pub client: String,
    /// In which step, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// For what, where the server told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<LockFacts>,
    /// How long.
    pub waited: Micros,
}

/// Statements of one step that failed in the same way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FailureFigure {
    /// Whose.
    pub client: String,
    /// In which step; none where no connection was to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The SQLSTATE; the empty one where a connection broke.
    pub code: String,
    /// What the first one said.
    pub message: String,
    /// How many since the migration began.
    pub count: u64,
    /// How many before it.
    pub before: u64,
    /// When the first one came: `during` the statement, `between` it and the next one, or `after` the migration.
    pub first: String,
    /// The statement of the migration that was meant; none after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// How long after that statement was sent or answered, or after the migration.
    pub since: Micros,
}

impl From<&FailedStatement> for FailureFigure {
    fn from(failed: &FailedStatement) -> Self {
        let (first, statement, since) = match &failed.first {
            FirstFailure::During { sql, after } => ("during", Some(sql), after),
            FirstFailure::Between { sql, after } => ("between", Some(sql), after),
            FirstFailure::Behind { after } => ("after", None, after),
        };
        Self {
            client: failed.client.to_string(),
            step: failed.step.clone(),
            code: failed.code.clone(),
            message: failed.message.clone(),
            count: failed.count,
            before: failed.before,
            first: first.to_owned(),
            statement: statement.cloned(),
            since: *since,
        }
    }
}

/// A watched query before and after a migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryFigure {
    /// Its name.
    pub query: String,
    /// What it needed before.
    pub before: CostFigure,
    /// What it needs after.
    pub after: CostFigure,
    /// How many times as long it takes after; none where there were too few repetitions to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<RatioFigure>,
}

/// What a query needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CostFigure {
    /// The median of its repetitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Micros>,
    /// Pages that it looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers: Option<u64>,
    /// Bytes that it wrote to the write-ahead log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal: Option<u64>,
}

impl From<QueryCost> for CostFigure {
    fn from(cost: QueryCost) -> Self {
        Self {
            time: cost.time,
            buffers: cost.buffers,
            wal: cost.wal,
        }
    }
}

/// The figures of a case; none where no migration ran.
pub fn figures(log: &CaseLog, traffic: Option<&MigrationTraffic>) -> Option<MigrationFigures> {
    log.migration.as_ref()?;
    let names: BTreeSet<&str> = log.queries.iter().map(|run| run.query.as_str()).collect();
    let queries = names.into_iter().map(|query| {
        let [before, after] =
            [PlanPoint::Before, PlanPoint::After].map(|point| query_cost(log, query, point));
        QueryFigure {
            query: query.to_owned(),
            before: before.into(),
            after: after.into(),
            times: slowdown(log, query).map(RatioFigure::from),
        }
    });
    Some(MigrationFigures {
        queries: queries.collect(),
        traffic: traffic.map(felt),
    })
}

fn felt(traffic: &MigrationTraffic) -> TrafficFigure {
    let phases = ["before", "during", "after"].iter().zip(&traffic.phases);
    let waits = traffic.waits.iter().map(|wait| WaitFigure {
        client: wait.client.to_string(),
        step: wait.step.clone(),
        lock: wait.lock.clone(),
        waited: wait.waited,
    });
    TrafficFigure {
        duration: traffic.duration,
        unit: traffic.unit.word().to_owned(),
        phases: phases
            .map(|(name, phase)| PhaseFigure {
                phase: (*name).to_owned(),
                duration: phase.duration,
                count: phase.statements,
                longest: phase.longest,
            })
            .collect(),
        throughput: traffic.throughput().map(RatioFigure::from),
        waits: waits.collect(),
        wait_count: traffic.wait_count,
        queue: traffic.queue,
        failures: traffic.failures,
        failed: traffic.failed.iter().map(FailureFigure::from).collect(),
    }
}
