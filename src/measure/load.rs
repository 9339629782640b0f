//! What does a load amount to? Its throughput, and under the names of an author what its tallies hold.

use super::{ErrorCounts, Errors, Latencies, Latency, Measured, Measurements};
use crate::record::{
    LoadLog, Micros,
    load::{ClientTally, NumberTally},
};
use std::collections::BTreeMap;

/// How much traffic there was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Throughputs {
    /// Of each client.
    pub clients: BTreeMap<String, Throughput>,
    /// Of all of them together.
    pub all: Throughput,
}

impl Throughputs {
    /// The throughput of a client, or of all.
    pub fn get(&self, of: Option<&str>) -> Option<&Throughput> {
        match of {
            Some(of) => self.clients.get(of),
            None => Some(&self.all),
        }
    }
}

/// Transactions that were completed over a span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throughput {
    /// How many, without those that failed.
    pub count: u64,
    /// The span.
    pub over: Micros,
}

impl Throughput {
    /// How many in a second on average; none over no span.
    pub fn per_second(&self) -> Option<f64> {
        (self.over.0 > 0).then(|| self.count as f64 * 1e6 / self.over.0 as f64)
    }
}

/// The measurements of a case that was a load.
pub(super) fn measurements(load: &LoadLog) -> Measurements {
    Measurements {
        latencies: latencies(load),
        errors: errors(load),
        measured: measured(load),
        throughputs: Some(throughputs(load)),
        ..Measurements::default()
    }
}

fn throughputs(load: &LoadLog) -> Throughputs {
    let of = |count| Throughput {
        count,
        over: load.measured,
    };
    let clients = load.clients.iter();
    let clients = clients.map(|tally| (tally.client.clone(), of(tally.latency.count())));
    let all = load.clients.iter().map(|tally| tally.latency.count()).sum();
    Throughputs {
        clients: clients.collect(),
        all: of(all),
    }
}

fn latencies(load: &LoadLog) -> Latencies {
    let clients = load.clients.iter();
    let clients = clients.filter_map(|tally| {
        let latency = Latency::counted(tally.latency.clone())?;
        Some((tally.client.clone(), latency))
    });
    let steps = load.clients.iter().flat_map(|tally| {
        tally.steps.iter().filter_map(|step| {
            let latency = Latency::counted(step.latency.clone())?;
            Some((format!("{}.{}", tally.client, step.step), latency))
        })
    });
    Latencies {
        steps: steps.collect(),
        clients: clients.collect(),
        queries: BTreeMap::new(),
    }
}

fn errors(load: &LoadLog) -> Errors {
    let mut errors = Errors::default();
    for tally in &load.clients {
        let counts = of_client(tally);
        errors.all = errors.all.and(&counts);
        errors.clients.insert(tally.client.clone(), counts);
        for step in &tally.steps {
            let failed = step.errors.values().sum();
            let counts = ErrorCounts {
                executions: step.executions(),
                failed,
                by_code: step.errors.clone(),
                retries: 0,
            };
            let name = format!("{}.{}", tally.client, step.step);
            errors.steps.insert(name, counts);
        }
    }
    errors
}

fn of_client(tally: &ClientTally) -> ErrorCounts {
    let by_code = tally.errors.iter();
    ErrorCounts {
        executions: tally.transactions() + tally.retries,
        failed: tally.failed.count() + tally.retries + tally.despite_errors,
        by_code: by_code
            .map(|(code, error)| (code.clone(), error.count))
            .collect(),
        retries: tally.retries,
    }
}

fn measured(load: &LoadLog) -> BTreeMap<String, Measured> {
    let mut all = BTreeMap::<String, NumberTally>::new();
    for (name, numbers) in load.clients.iter().flat_map(|tally| &tally.measured) {
        all.entry(name.clone()).or_default().add(numbers);
    }
    all.into_iter()
        .map(|(name, numbers)| {
            let measured = Measured {
                min: numbers.min,
                max: numbers.max,
                sum: numbers.sum,
                count: numbers.count,
                last: numbers.last,
            };
            (name, measured)
        })
        .collect()
}
