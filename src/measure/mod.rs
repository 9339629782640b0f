//! What do the events amount to? Latencies, waits, deadlocks, statements, repetitions, errors.
//!
//! [`measure`] reads the log of one case and nothing else but the plan it came from: the same log always gives
//! the same measurements. Nothing in here judges.
//!
//! Whatever belongs to a client is found under its name, `shopper`; where the client has several sessions that
//! is all of them together, and each is also found as `shopper[3]`.

mod advice;
mod deadlock;
mod errors;
mod latency;
mod load;
pub mod merge;
pub mod migration;
mod numbers;
mod observed;
mod outcome;
pub mod plans;
mod repetition;
pub mod stages;
mod statements;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod texts;
mod time_spent;
pub mod trace;
mod wait;

pub use advice::Advice;
pub use deadlock::{CycleEdge, Deadlock, Detection, Survivor, VictimRetry};
pub use errors::{ErrorCounts, Errors};
pub use latency::{Latencies, Latency, Percentile};
pub use load::{Throughput, Throughputs};
pub use numbers::{Measured, RowCounts};
pub use observed::observed;
pub use outcome::Outcome;
pub use repetition::{NPlusOne, Repeated, RepeatedRead, Repetitions};
pub use statements::{PassStatements, StatementUse, Statements};
pub use time_spent::{TimeSpent, TimesSpent};
pub use trace::Trace;
pub use wait::{Wait, WaitEdge, Waits};

use crate::{
    record::{CaseLog, ClientId, PlanPoint, QueryRun, RunLog},
    schedule::{Case, Plan},
    text::guarded,
};
use std::collections::BTreeMap;

/// What the events of one case amount to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measurements {
    /// How long steps, passes and queries took.
    pub latencies: Latencies,
    /// What clients felt of the migration that ran beside them, if one did.
    pub traffic: Option<migration::MigrationTraffic>,
    /// Where the time of the clients went.
    pub times: TimesSpent,
    /// Who waited for whom.
    pub waits: Waits,
    /// Which deadlocks happened.
    pub deadlocks: Vec<Deadlock>,
    /// How many statements were sent.
    pub statements: Statements,
    /// Which reads were repeated.
    pub repetitions: Repetitions,
    /// Which errors happened.
    pub errors: Errors,
    /// What hooks measured, by name.
    pub measured: BTreeMap<String, Measured>,
    /// How much traffic there was, where the case is a load.
    pub throughputs: Option<Throughputs>,
    /// How many rows the steps returned or changed, by `client.step`.
    pub rows: BTreeMap<String, RowCounts>,
}

/// Measures one case.
pub fn measure(case: &Case, log: &CaseLog) -> Measurements {
    measure_trace(case, log, &Trace::read(case, log))
}

/// The runs of each watched query on the last side of a migration on which it works: what is deployed.
pub fn last_runs(log: &CaseLog) -> Vec<QueryRun> {
    let mut last: BTreeMap<&str, PlanPoint> = BTreeMap::new();
    for run in &log.queries {
        let known = last.entry(&run.query).or_insert(run.point);
        *known = (*known).max(run.point);
    }
    let runs = log.queries.iter();
    runs.filter(|run| last.get(run.query.as_str()) == Some(&run.point))
        .cloned()
        .collect()
}

/// Measures one case whose events have been joined up already.
pub fn measure_trace<'a>(case: &Case, log: &'a CaseLog, trace: &Trace<'a>) -> Measurements {
    if let Some(load) = &log.load {
        let migration = log.migration.as_deref();
        let under = migration.and_then(|log| log.under_load.as_ref());
        let measured = load::measurements(load);
        return Measurements {
            traffic: under.map(|under| migration::MigrationTraffic::under_load(trace, load, under)),
            latencies: Latencies {
                queries: Latencies::of(trace, &last_runs(log)).queries,
                ..measured.latencies
            },
            ..measured
        };
    }
    let texts = texts::Texts::default();
    let waits = Waits::of(log, trace);
    Measurements {
        latencies: Latencies::of(trace, &last_runs(log)),
        traffic: migration::MigrationTraffic::of(case, trace, &waits),
        times: TimesSpent::of(log, trace, &waits),
        deadlocks: deadlock::deadlocks(case, log, trace, &waits),
        statements: Statements::of(trace, &texts),
        repetitions: Repetitions::of(trace, &texts),
        errors: Errors::of(log, trace),
        measured: numbers::measured(log),
        rows: numbers::rows(trace),
        throughputs: None,
        waits,
    }
}

/// Measures every case of a run, in the plan's order. A case that cannot be measured, because pgauge itself breaks,
/// has no measurements; the verdict tells of it.
pub fn measure_all(plan: &Plan, log: &RunLog) -> Vec<Measurements> {
    let cases = plan.cases.iter().zip(&log.cases);
    let measured = cases.map(|(case, log)| guarded(|| measure(case, log)).unwrap_or_default());
    measured.collect()
}

/// The names under which a client's measurements are found: the script's, and its own where it is one of several.
pub fn names_of(client: &ClientId) -> impl Iterator<Item = String> + use<> {
    let own = client.number.map(|_| client.to_string());
    [client.script.clone()].into_iter().chain(own)
}
