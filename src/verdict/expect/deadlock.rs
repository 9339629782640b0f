//! `deadlock`: how many there were, who was the victim, how fast they were found and got over.
//!
//! `none` fails if there was one. `victims` is exact, `victim` the client of each of them, `detection` and `recovery`
//! bounds from above on each of them. Under a load there is only their number. Vacuous if there was none to look at and
//! no number was asked for, or if fewer than two sessions acted, so that there could be none.

use crate::{
    measure::{Deadlock, Detection, VictimRetry},
    record::{ClientId, Micros},
    spec::{
        expect::{Bound, DeadlockExpectation, DeadlockFacts, NoneOr},
        quantity::TimeSpan,
    },
    text::{format_duration, list, plural},
    verdict::{
        bound::{Limit, Natural},
        context::Context,
        finding::Finding,
        load::DEADLOCK,
    },
};
use std::collections::BTreeSet;

/// The findings of this expectation.
pub fn judge(pointer: &str, expected: &DeadlockExpectation, context: &Context<'_>) -> Vec<Finding> {
    let deadlocks = &context.measurements.deadlocks;
    let pointer = format!("{pointer}/deadlock");
    if context.log.load.is_some() {
        return under_a_load(&pointer, expected, context)
            .into_iter()
            .collect();
    }
    match &expected.deadlock {
        NoneOr::None(_) if acted(context) < 2 => {
            let primary = "fewer than two clients acted, so that no deadlock could happen";
            vec![Finding::vacuous("no-deadlock", primary).at(context.place(pointer))]
        }
        NoneOr::None(_) => unwanted(&pointer, deadlocks, context).into_iter().collect(),
        NoneOr::Some(facts) => of_facts(&pointer, facts, deadlocks, context),
    }
}

/// How many sessions took a step.
fn acted(context: &Context<'_>) -> usize {
    let clients: BTreeSet<&ClientId> = context.trace.runs.iter().map(|run| run.client).collect();
    clients.len()
}

/// Under a load deadlocks are counted, and not followed one by one.
fn under_a_load(
    pointer: &str,
    expected: &DeadlockExpectation,
    context: &Context<'_>,
) -> Option<Finding> {
    let count = context.measurements.errors.all.by_code.get(DEADLOCK);
    let count = count.copied().unwrap_or(0);
    let cancelled = plural(count, "session");
    match &expected.deadlock {
        NoneOr::None(_) if count == 0 => None,
        NoneOr::None(_) => {
            let primary = format!("{cancelled} cancelled for a deadlock, expected none");
            let finding = Finding::failed("deadlock", primary).at(context.place(pointer));
            Some(finding.hint("lock rows and tables in the same order everywhere"))
        }
        NoneOr::Some(facts) => {
            let limit = Limit::of(facts.victims.as_ref()?, Natural::Exactly);
            if limit.holds(count) {
                return None;
            }
            let limit = limit.words();
            let primary = format!("{cancelled} cancelled for a deadlock, expected {limit}");
            let place = context.place(format!("{pointer}/victims"));
            Some(Finding::failed("deadlock", primary).at(place))
        }
    }
}

fn unwanted(pointer: &str, deadlocks: &[Deadlock], context: &Context<'_>) -> Option<Finding> {
    let first = deadlocks.first()?;
    let count = deadlocks.len() as u64;
    let primary = format!("{} happened, expected none", plural(count, "deadlock"));
    let finding = Finding::failed("deadlock", primary)
        .at(context.place(pointer))
        .label(format!("client \"{}\" was cancelled", first.victim))
        .detail(cycle(first))
        .hint("lock rows and tables in the same order everywhere")
        .events(deadlocks.iter().map(|deadlock| deadlock.event));
    Some(finding)
}

fn of_facts(
    pointer: &str,
    facts: &DeadlockFacts,
    deadlocks: &[Deadlock],
    context: &Context<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let count = deadlocks.len() as u64;
    if let Some(bound) = &facts.victims {
        let limit = Limit::of(bound, Natural::Exactly);
        if !limit.holds(count) {
            let primary = format!(
                "{} cancelled for a deadlock, expected {}",
                plural(count, "session"),
                limit.words()
            );
            let detail: Vec<String> = deadlocks.iter().map(cycle).collect();
            let detail = Some(detail.join("\n")).filter(|detail| !detail.is_empty());
            findings.push(
                Finding::failed("deadlock", primary)
                    .at(context.place(format!("{pointer}/victims")))
                    .detail(detail)
                    .events(deadlocks.iter().map(|deadlock| deadlock.event)),
            );
        }
    } else if deadlocks.is_empty() {
        let primary = "no deadlock happened, so that there was nothing to look at";
        findings.push(Finding::vacuous("no-deadlock", primary).at(context.place(pointer)));
    }
    for deadlock in deadlocks {
        findings.extend(victim(pointer, facts, deadlock, context));
        findings.extend(detection(pointer, facts, deadlock, context));
        findings.extend(recovery(pointer, facts, deadlock, context));
    }
    findings
}

fn victim(
    pointer: &str,
    facts: &DeadlockFacts,
    deadlock: &Deadlock,
    context: &Context<'_>,
) -> Option<Finding> {
    let expected = facts.victim.as_ref()?;
    if context.sessions(expected).contains(&&deadlock.victim) {
        return None;
    }
    let victim = &deadlock.victim;
    let primary =
        format!("client \"{victim}\" was the victim of the deadlock, expected \"{expected}\"");
    let hint = format!(
        "the victim is the one whose deadlock_timeout runs out first: give \"{expected}\" 10ms and the other 10s"
    );
    let finding = Finding::failed("deadlock", primary)
        .at(context.place(format!("{pointer}/victim")))
        .detail(cycle(deadlock))
        .hint(hint)
        .events([deadlock.event]);
    Some(finding)
}

fn detection(
    pointer: &str,
    facts: &DeadlockFacts,
    deadlock: &Deadlock,
    context: &Context<'_>,
) -> Option<Finding> {
    let limit = spans(facts.detection.as_ref()?);
    let span = deadlock.detection.span();
    if limit.holds(span) {
        return None;
    }
    let took = format_duration(span.duration());
    let primary = format!(
        "the deadlock was found after {took}, expected {}",
        words(limit)
    );
    let timeout = match deadlock.deadlock_timeout {
        Some(timeout) => format!(
            "deadlock_timeout of \"{}\" is {}",
            deadlock.victim,
            format_duration(timeout)
        ),
        None => "deadlock_timeout is the server's, 1 s unless it was changed".to_owned(),
    };
    let seen = match deadlock.detection {
        Detection::Waited(_) => timeout,
        Detection::AtMost(_) => {
            format!("{timeout}; the wait itself was not seen, so the whole statement was counted")
        }
    };
    let finding = Finding::failed("detection", primary)
        .at(context.place(format!("{pointer}/detection")))
        .detail(seen)
        .events([deadlock.event]);
    Some(finding)
}

fn recovery(
    pointer: &str,
    facts: &DeadlockFacts,
    deadlock: &Deadlock,
    context: &Context<'_>,
) -> Option<Finding> {
    let limit = spans(facts.recovery.as_ref()?);
    let place = context.place(format!("{pointer}/recovery"));
    let Some(span) = deadlock.recovery() else {
        let who = match deadlock.retry {
            VictimRetry::Failed => format!(
                "no later try of client \"{}\" went through",
                deadlock.victim
            ),
            VictimRetry::NotAsked | VictimRetry::Succeeded(_) => {
                "a survivor never went on".to_owned()
            }
        };
        let finding = Finding::failed(
            "never-recovered",
            format!("the deadlock was never got over: {who}"),
        )
        .at(place)
        .events([deadlock.event]);
        return Some(finding);
    };
    if limit.holds(span) {
        return None;
    }
    let took = format_duration(span.duration());
    let primary = format!(
        "recovery from the deadlock took {took}, expected {}",
        words(limit)
    );
    let finding = Finding::failed("recovery", primary)
        .at(place)
        .detail(parts(deadlock))
        .events([deadlock.event]);
    Some(finding)
}

/// What the recovery of a deadlock consisted of.
fn parts(deadlock: &Deadlock) -> String {
    let mut parts: Vec<String> = deadlock
        .survivors
        .iter()
        .filter_map(|survivor| {
            let after = format_duration(survivor.went_on?.duration());
            Some(format!("\"{}\" went on after {after}", survivor.client))
        })
        .collect();
    if let VictimRetry::Succeeded(after) = deadlock.retry {
        let after = format_duration(after.duration());
        parts.push(format!(
            "the retry of \"{}\" was through after {after}",
            deadlock.victim
        ));
    }
    list(&parts, "and")
}

fn spans(bound: &Bound<TimeSpan>) -> Limit<Micros> {
    Limit::of(bound, Natural::AtMost).map(|span| Micros::from(span.0))
}

fn words(limit: Limit<Micros>) -> String {
    limit.map(|span| TimeSpan(span.duration())).words()
}

/// A deadlock's cycle in words: `"bob" waited for "alice", "alice" for "bob"`.
fn cycle(deadlock: &Deadlock) -> String {
    let name = |side: &crate::record::Blocker| match &side.client {
        Some(client) => format!("\"{client}\""),
        None => format!("backend {}", side.pid),
    };
    let edges: Vec<String> = deadlock
        .cycle
        .iter()
        .map(|edge| {
            let lock = edge.lock.as_ref().map(|lock| format!(" ({lock})"));
            format!(
                "{} waited for {}{}",
                name(&edge.waiter),
                name(&edge.blocker),
                lock.unwrap_or_default()
            )
        })
        .collect();
    match edges.is_empty() {
        true => format!(
            "\"{}\" was cancelled; the cycle was not seen",
            deadlock.victim
        ),
        false => edges.join(", "),
    }
}
