//! Which statements were repeated though nobody asked? They fail nothing, and a tester should know of them.

use super::{
    context::Context,
    expect::n_plus_one::{covered, describe, name},
    finding::Finding,
};
use crate::text::plural;

/// The notes on repeated statements of clients whose repetitions no expectation judges.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let repetitions = &context.measurements.repetitions;
    let n_plus_one = repetitions
        .n_plus_one
        .iter()
        .filter(|found| !covered(context, &found.client))
        .map(|found| {
            describe(context, found, super::FindingKind::Note)
                .hint("\"n_plus_one: none\" in \"expect\" makes this a failure")
        });
    let alike = repetitions.alike.iter().map(|found| {
        let repeated = &found.repeated;
        let step = repeated.step.as_deref();
        let whose = name(&found.client, repeated);
        let primary = format!("{whose} read the same {}", plural(found.count, "time"));
        let place = step.and_then(|step| context.step(&found.client, step));
        Finding::note("repeated-statement", primary)
            .at(place.map(|plan| context.place(&plan.path)))
            .detail(format!(
                "with the same values each time: {}",
                repeated.fingerprint
            ))
            .hint("read it once, and keep what it returned")
            .events([repeated.event])
    });
    n_plus_one.chain(alike).collect()
}
