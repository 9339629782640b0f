//! `connections`: how long users of a load waited for one, how often the server refused, and how long a crowd was felt when
//! it was gone.
//!
//! Waits and `recovery` are bounds from above, `refused` is a count. A percentile of too few waits is vacuous, as is any wait
//! where none was waited for: users that keep their connections wait for one once, before anything is measured. So is
//! `recovery` where the users never became fewer.

use crate::{
    measure::{Latency, Percentile, stages::stages},
    record::Micros,
    spec::{
        expect::{Bound, ConnectionsExpectation, ConnectionsFacts},
        quantity::TimeSpan,
    },
    text::{format_duration, list, plural},
    verdict::{
        bound::{Limit, Natural},
        context::{Context, condition},
        finding::Finding,
    },
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    expected: &ConnectionsExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    let facts = &expected.connections;
    let pointer = format!("{pointer}/connections");
    let mut findings = waits(&pointer, facts, context);
    findings.extend(recovery(&pointer, facts, context));
    findings.extend(refused(&pointer, facts, context));
    findings
}

fn waits(pointer: &str, facts: &ConnectionsFacts, context: &Context<'_>) -> Vec<Finding> {
    let bounds = [
        ("wait_p50", Some(Percentile::P50), &facts.wait_p50),
        ("wait_p95", Some(Percentile::P95), &facts.wait_p95),
        ("wait_p99", Some(Percentile::P99), &facts.wait_p99),
        ("wait_max", None, &facts.wait_max),
    ];
    let given = bounds
        .into_iter()
        .filter_map(|(key, percentile, bound)| Some((key, percentile, bound.as_ref()?)));
    let load = context.log.load.as_ref();
    let waits = load.and_then(|load| Latency::counted(load.connections.wait.clone()));
    let judged = given.filter_map(|(key, percentile, bound)| {
        let finding = match &waits {
            None => Some(
                Finding::vacuous("nothing-measured", "nobody waited for a connection")
                    .hint("users that keep a connection each wait for none: use connections: per_transaction or { pool: … }"),
            ),
            Some(waits) => one(key, percentile, bound, waits),
        };
        finding.map(|finding| finding.at(context.place(format!("{pointer}/{key}"))))
    });
    judged.collect()
}

fn one(
    key: &str,
    percentile: Option<Percentile>,
    bound: &Bound<TimeSpan>,
    waits: &Latency,
) -> Option<Finding> {
    let actual = match percentile {
        None => waits.max(),
        Some(percentile) => match waits.percentile(percentile) {
            Some(actual) => actual,
            None => {
                let primary = format!(
                    "{} for a connection are too few to tell a {}",
                    plural(waits.count(), "wait"),
                    percentile.name()
                );
                return Some(Finding::vacuous("too-few-samples", primary));
            }
        },
    };
    let limit = Limit::of(bound, Natural::AtMost);
    if limit.map(|span| Micros::from(span.0)).holds(actual) {
        return None;
    }
    let took = format_duration(actual.duration());
    let name = key.trim_start_matches("wait_");
    let primary = format!(
        "{name} of the wait for a connection is {took}, expected {}",
        limit.words()
    );
    Some(
        Finding::failed("connection-wait", primary)
            .label(format!("{name} is {took}"))
            .detail(plural(waits.count(), "wait")),
    )
}

fn recovery(pointer: &str, facts: &ConnectionsFacts, context: &Context<'_>) -> Option<Finding> {
    let limit = Limit::of(facts.recovery.as_ref()?, Natural::AtMost);
    let place = context.place(format!("{pointer}/recovery"));
    let stages = stages(context.log.load.as_ref()?);
    let recovered = stages.iter().enumerate().filter_map(|(at, stage)| {
        let before = stages.get(at.checked_sub(1)?)?;
        Some((stage.recovered?, before.users, stage.users))
    });
    let Some((took, crowd, users)) = recovered.max_by_key(|(took, ..)| *took) else {
        return Some(
            Finding::vacuous("nothing-measured", "the users never became fewer")
                .hint("let a stage with fewer users follow the crowd")
                .at(place),
        );
    };
    if limit.map(|span| Micros::from(span.0)).holds(took) {
        return None;
    }
    let felt = format_duration(took.duration());
    let primary = format!(
        "{} were felt for {felt} after they were {users}, expected {}",
        plural(u64::from(crowd), "user"),
        limit.words()
    );
    let finding = Finding::failed("connection-recovery", primary);
    Some(finding.label(format!("it took {felt}")).at(place))
}

fn refused(pointer: &str, facts: &ConnectionsFacts, context: &Context<'_>) -> Option<Finding> {
    let limit = Limit::of(facts.refused.as_ref()?, Natural::Exactly);
    let refused = &context.log.load.as_ref()?.connections.refused;
    let count = refused.values().map(|tally| tally.count).sum();
    if limit.holds(count) {
        return None;
    }
    let primary = format!(
        "{} refused, expected {}",
        plural(count, "connection"),
        limit.words()
    );
    let told: Vec<String> = refused
        .iter()
        .map(|(code, tally)| {
            format!(
                "{} of {}: {}",
                tally.count,
                condition(code),
                tally.first.message
            )
        })
        .collect();
    let finding = Finding::failed("connections", primary)
        .at(context.place(format!("{pointer}/refused")))
        .detail((!told.is_empty()).then(|| list(&told, "and")));
    Some(finding)
}
