//! How long did it take, and how much was done, roughly? Summaries of latency and throughput with two significant digits.

use crate::{
    measure::{Latency, Measurements, Percentile},
    record::Micros,
    schedule::Case,
    spec::{quantity::TimeSpan, scenario::BaselineFact},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A latency in a few numbers, each rounded to two significant digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// The median.
    pub p50: TimeSpan,
    /// The 95th percentile, where there were samples enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<TimeSpan>,
    /// The 99th percentile, where there were samples enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<TimeSpan>,
    /// Transactions in a second, of a client under a load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u64>,
}

/// The timings of a case, by step (`client.step`), client or query.
pub type Timings = BTreeMap<String, Timing>;

/// A median of fewer samples would move with every run.
const FEWEST_SAMPLES: u64 = 10;

/// The timings of a case that ran: of what has at least ten samples, and only where the case measures time, since
/// any other case runs beside others.
pub fn timings(case: &Case, measured: &Measurements) -> Timings {
    let ignored = case
        .scenario
        .baseline
        .as_ref()
        .map(|baseline| &baseline.ignore);
    if !case.measures_time || ignored.is_some_and(|i| i.contains(&BaselineFact::Latency)) {
        return Timings::new();
    }
    let latencies = &measured.latencies;
    let all = [&latencies.steps, &latencies.clients, &latencies.queries];
    let summed = all.into_iter().flatten();
    summed
        // One session of several is part of all of them.
        .filter(|(name, _)| !name.contains('['))
        .filter(|(_, latency)| latency.count() >= FEWEST_SAMPLES)
        .filter_map(|(name, latency)| {
            let timing = Timing {
                per_second: throughput(name, measured),
                ..summary(latency)?
            };
            Some((name.clone(), timing))
        })
        .collect()
}

fn summary(latency: &Latency) -> Option<Timing> {
    let of = |percentile| latency.percentile(percentile).map(rounded);
    Some(Timing {
        p50: of(Percentile::P50)?,
        p95: of(Percentile::P95),
        p99: of(Percentile::P99),
        per_second: None,
    })
}

/// Transactions in a second, with two significant digits; none where it is less than one.
fn throughput(client: &str, measured: &Measurements) -> Option<u64> {
    let throughput = measured.throughputs.as_ref()?.clients.get(client)?;
    let rate = throughput.per_second()?.round() as u64;
    (rate > 0).then(|| two_digits(rate))
}

/// A span with two significant digits.
pub(super) fn rounded(span: Micros) -> TimeSpan {
    TimeSpan(Micros(two_digits(span.0)).duration())
}

fn two_digits(number: u64) -> u64 {
    let mut step = 1;
    while number / step >= 100 {
        step *= 10;
    }
    (number + step / 2) / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_kept_with_two_digits() {
        let shown = |micros| rounded(Micros(micros)).to_string();
        assert_eq!(shown(7), "7us");
        assert_eq!(shown(1_249), "1.2ms");
        assert_eq!(shown(1_250), "1.3ms");
        assert_eq!(shown(99_600), "100ms");
    }
}
