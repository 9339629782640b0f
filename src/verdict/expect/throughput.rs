//! `throughput`: how many transactions of a load were completed in a second, on average over what was measured.
//!
//! A plain rate is the least that is right. Vacuous if nothing was completed: no rate says anything then.

use crate::{
    spec::{expect::ThroughputExpectation, quantity::Rate},
    text::{format_duration, plural},
    verdict::{
        bound::{Limit, Natural},
        context::Context,
        finding::Finding,
    },
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    expected: &ThroughputExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    let facts = &expected.throughput;
    let pointer = format!("{pointer}/throughput");
    let of = facts.of.as_deref();
    let throughputs = context.measurements.throughputs.as_ref();
    let throughput = throughputs.and_then(|throughputs| throughputs.get(of));
    let whose = of.map_or_else(String::new, |of| format!(" of \"{of}\""));
    let Some((throughput, actual)) = throughput
        .filter(|throughput| throughput.count > 0)
        .and_then(|throughput| Some((throughput, throughput.per_second()?)))
    else {
        let primary = format!("no transaction{whose} was completed while it was measured");
        return vec![Finding::vacuous("nothing-measured", primary).at(context.place(&pointer))];
    };
    let limit = Limit::of(&facts.rate, Natural::AtLeast);
    if limit.map(Rate::per_second).holds(actual) {
        return Vec::new();
    }
    let primary = format!(
        "throughput{whose} is {}, expected {}",
        per_second(actual),
        limit.words()
    );
    let detail = format!(
        "{} in {}",
        plural(throughput.count, "transaction"),
        format_duration(throughput.over.duration())
    );
    let finding = Finding::failed("throughput", primary)
        .at(context.place(format!("{pointer}/rate")))
        .label(per_second(actual))
        .detail(detail);
    vec![finding]
}

/// A rate with at most three digits that mean something.
pub(super) fn per_second(rate: f64) -> String {
    match rate {
        rate if rate >= 100.0 => format!("{rate:.0}/s"),
        rate if rate >= 10.0 => format!("{rate:.1}/s"),
        rate => format!("{rate:.2}/s"),
    }
}
