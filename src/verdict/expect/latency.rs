//! `latency`: percentiles of a step, of a client's passes, or of a query.
//!
//! Each given percentile is a bound, from above unless written out. Vacuous if what is named never ran, or too seldom
//! for the percentile: p50 needs 2 samples, p90 10, p95 20, p99 100,
//! p99.9 1000.

use super::never_ran;
use crate::{
    measure::{Latency, Percentile},
    record::Micros,
    spec::{
        expect::{Bound, LatencyBounds, LatencyExpectation},
        quantity::TimeSpan,
    },
    text::{format_duration, plural},
    verdict::{
        bound::{Limit, Natural},
        context::Context,
        finding::Finding,
    },
};

/// The findings of this expectation.
pub fn judge(pointer: &str, expected: &LatencyExpectation, context: &Context<'_>) -> Vec<Finding> {
    let of = &expected.latency.of;
    let pointer = format!("{pointer}/latency");
    match context.measurements.latencies.get(of) {
        Some(latency) => bounds(&pointer, of, &expected.latency.bounds(), latency, context),
        None => vec![never_ran(context, &format!("{pointer}/of"), of)],
    }
}

/// The findings of all bounds on one latency, each at its key under `pointer`.
pub(super) fn bounds(
    pointer: &str,
    of: &str,
    bounds: &LatencyBounds,
    latency: &Latency,
    context: &Context<'_>,
) -> Vec<Finding> {
    let given = [
        (Percentile::P50, &bounds.p50),
        (Percentile::P90, &bounds.p90),
        (Percentile::P95, &bounds.p95),
        (Percentile::P99, &bounds.p99),
        (Percentile::P999, &bounds.p999),
    ];
    let percentiles = given.into_iter().filter_map(|(percentile, bound)| {
        let name = percentile.name();
        let bound = bound.as_ref()?;
        let finding = match latency.percentile(percentile) {
            Some(actual) => too_slow(of, name, bound, actual, latency),
            None => Some(too_few(of, percentile, latency, context)),
        };
        finding.map(|finding| finding.at(context.place(format!("{pointer}/{name}"))))
    });
    let max = bounds.max.as_ref().and_then(|bound| {
        let finding = too_slow(of, "max", bound, latency.max(), latency)?;
        Some(finding.at(context.place(format!("{pointer}/max"))))
    });
    percentiles.chain(max).collect()
}

fn too_few(of: &str, percentile: Percentile, latency: &Latency, context: &Context<'_>) -> Finding {
    let (name, needed) = (percentile.name(), percentile.samples_needed());
    let count = latency.count();
    let primary = format!(
        "{} of \"{of}\" are too few to tell a {name}",
        plural(count, "sample")
    );
    let hint = match context.case.load {
        Some(_) => "let the load go on longer, or bound \"max\" instead",
        None => {
            "have it run more often, by \"iterations\", \"count\" or \"repeat\", or bound \"max\" instead"
        }
    };
    Finding::vacuous("too-few-samples", primary)
        .label(format!("needs {}", plural(needed, "sample")))
        .hint(hint)
}

fn too_slow(
    of: &str,
    name: &str,
    bound: &Bound<TimeSpan>,
    actual: Micros,
    latency: &Latency,
) -> Option<Finding> {
    let limit = Limit::of(bound, Natural::AtMost);
    if limit.map(|span| Micros::from(span.0)).holds(actual) {
        return None;
    }
    let took = format_duration(actual.duration());
    let primary = format!("{name} of \"{of}\" is {took}, expected {}", limit.words());
    Some(
        Finding::failed("latency", primary)
            .label(format!("{name} is {took}"))
            .detail(summary(latency)),
    )
}

/// The distribution in a line: `100 samples: p50 1.2 ms, p99 9 ms, max 12 ms`.
fn summary(latency: &Latency) -> String {
    let known = Percentile::ALL.into_iter().filter_map(|percentile| {
        let value = latency.percentile(percentile)?;
        Some(format!(
            "{} {}",
            percentile.name(),
            format_duration(value.duration())
        ))
    });
    let max = format!("max {}", format_duration(latency.max().duration()));
    let parts: Vec<String> = known.chain([max]).collect();
    format!(
        "{}: {}",
        plural(latency.count(), "sample"),
        parts.join(", ")
    )
}
