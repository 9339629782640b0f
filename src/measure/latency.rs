//! How long did it take? Histograms of latencies, and percentiles where there are enough samples for them.

use super::{names_of, trace::Trace};
use crate::record::{ClientId, Histogram, Micros, QueryRun};

use std::collections::BTreeMap;

/// A percentile that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Percentile {
    /// The median.
    P50,
    /// The 90th.
    P90,
    /// The 95th.
    P95,
    /// The 99th.
    P99,
    /// The 99.9th.
    P999,
}

impl Percentile {
    /// All of them, smallest first.
    pub const ALL: [Percentile; 5] = [Self::P50, Self::P90, Self::P95, Self::P99, Self::P999];

    /// The name in scenarios and messages, such as `p99`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
        }
    }

    /// The share of samples that lie at or below it.
    pub const fn quantile(self) -> f64 {
        match self {
            Self::P50 => 0.5,
            Self::P90 => 0.9,
            Self::P95 => 0.95,
            Self::P99 => 0.99,
            Self::P999 => 0.999,
        }
    }

    /// The fewest samples of which it may be told: 1 / (1 − quantile). With fewer, it is the largest
    /// sample by another name.
    pub const fn samples_needed(self) -> u64 {
        match self {
            Self::P50 => 2,
            Self::P90 => 10,
            Self::P95 => 20,
            Self::P99 => 100,
            Self::P999 => 1000,
        }
    }
}

/// The distribution of at least one span of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency(Histogram);

impl Latency {
    /// The distribution of these samples; none where there are none.
    pub fn of(samples: &[Micros]) -> Option<Self> {
        let mut histogram = Histogram::default();
        for sample in samples {
            histogram.record_micros(*sample);
        }
        Self::counted(histogram)
    }

    /// What was counted already; none where there is nothing.
    pub fn counted(histogram: Histogram) -> Option<Self> {
        (!histogram.is_empty()).then_some(Self(histogram))
    }

    /// How many samples.
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// A percentile, if there are [enough samples](Percentile::samples_needed) to tell it.
    pub fn percentile(&self, percentile: Percentile) -> Option<Micros> {
        let enough = self.count() >= percentile.samples_needed();
        enough.then(|| self.0.at(percentile.quantile()))
    }

    /// The largest sample, exact.
    pub fn max(&self) -> Micros {
        self.0.max()
    }

    /// The arithmetic mean, in microseconds, exact.
    pub fn mean(&self) -> f64 {
        self.0.mean().unwrap_or_default()
    }

    /// The histogram, for reports that draw or store it.
    pub fn histogram(&self) -> &Histogram {
        &self.0
    }
}

/// The latencies of a case, by the names under which an author asks for them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Latencies {
    /// Of steps, from sending to ReadyForQuery, all messages of one execution together: `shopper.pick`
    /// for all sessions of a client, and `shopper[3].pick` for one of several.
    pub steps: BTreeMap<String, Latency>,
    /// Of passes through a script, all tries included, from the permit of the first step to the end of
    /// the last: `shopper`, and `shopper[3]` for one of several.
    pub clients: BTreeMap<String, Latency>,
    /// Of watched queries, from sending to ReadyForQuery, by name.
    pub queries: BTreeMap<String, Latency>,
}

impl Latencies {
    /// The latency of a step, a client or a query, whichever has that name.
    pub fn get(&self, of: &str) -> Option<&Latency> {
        let found = self.steps.get(of).or_else(|| self.clients.get(of));
        found.or_else(|| self.queries.get(of))
    }

    pub(super) fn of(trace: &Trace<'_>, queries: &[QueryRun]) -> Self {
        Self {
            steps: distributions(step_samples(trace)),
            clients: distributions(pass_samples(trace)),
            queries: distributions(query_samples(queries)),
        }
    }
}

type Samples = BTreeMap<String, Vec<Micros>>;

fn distributions(samples: Samples) -> BTreeMap<String, Latency> {
    let known = |(name, samples): (String, Vec<Micros>)| Some((name, Latency::of(&samples)?));
    samples.into_iter().filter_map(known).collect()
}

fn step_samples(trace: &Trace<'_>) -> Samples {
    let mut samples = Samples::new();
    for run in trace.runs.iter().filter(|run| run.completed.is_some()) {
        let answers = trace.messages_of(run).filter_map(|message| message.answer);
        let spans: Vec<u64> = answers.map(|(_, _, timing)| timing.total.0).collect();
        // A step that sent nothing, as a `for_each` over no row, says nothing of the server.
        if spans.is_empty() || run.error_code() == Some("") {
            continue;
        }
        let total = Micros(spans.iter().sum());
        for name in names_of(run.client) {
            let key = format!("{name}.{}", run.step);
            samples.entry(key).or_default().push(total);
        }
    }
    samples
}

fn pass_samples(trace: &Trace<'_>) -> Samples {
    let mut spans: BTreeMap<(&ClientId, u32), (Micros, Micros)> = BTreeMap::new();
    for pass in &trace.passes {
        if let Some((from, to)) = trace.span(pass) {
            let span = spans.entry((pass.client, pass.iteration));
            let span = span.or_insert((from, to));
            *span = (span.0.min(from), span.1.max(to));
        }
    }
    let mut samples = Samples::new();
    for ((client, _), (from, to)) in spans {
        for name in names_of(client) {
            samples.entry(name).or_default().push(to.since(from));
        }
    }
    samples
}

fn query_samples(queries: &[QueryRun]) -> Samples {
    let mut samples = Samples::new();
    for run in queries.iter().filter(|run| run.error.is_none()) {
        let samples = samples.entry(run.query.clone()).or_default();
        samples.push(run.timing.total);
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_told_only_of_enough_samples() {
        let samples = |n: u64| (1..=n).map(|ms| Micros(ms * 1000)).collect::<Vec<_>>();
        assert_eq!(Latency::of(&[]), None);
        let one = Latency::of(&samples(1)).unwrap();
        assert_eq!(one.percentile(Percentile::P50), None);
        assert_eq!((one.count(), one.max()), (1, Micros(1000)));
        let most = Latency::of(&samples(99)).unwrap();
        assert!(most.percentile(Percentile::P95).is_some());
        assert_eq!(most.percentile(Percentile::P99), None);
        let all = Latency::of(&samples(100)).unwrap();
        let p99 = all.percentile(Percentile::P99).unwrap();
        assert!((98_900..=99_100).contains(&p99.0), "{p99:?}");
        assert!((all.mean() - 50_500.0).abs() < 0.01);
    }

    #[test]
    fn no_percentile_lies_above_the_largest_sample() {
        let latency = Latency::of(&[Micros(123_457); 100]).unwrap();
        assert_eq!(latency.percentile(Percentile::P99), Some(Micros(123_457)));
        assert_eq!(latency.max(), Micros(123_457));
    }
}
