//! `step`: what a step came to: that it waited, the rows it returned or changed, its error.
//!
//! Looks at the step's execution in the forced order where there is one, else at the last; of a client with several
//! sessions at that of each of them. Vacuous if the step never ran, ran for no row of its `for_each`, or was to wait
//! and never did.

use super::{
    launch::never_waited,
    never_ran,
    rows::{self, Wanted},
};
use crate::{
    measure::{Wait, trace::StepRun},
    record::{Micros, StepEnd},
    spec::{
        expect::{StepExpectation, Waited, WaitedFacts},
        quantity::SqlState,
    },
    text::{format_duration, list},
    verdict::{
        context::{Context, code_of, condition},
        finding::Finding,
        unexpected::{Expected, expected},
    },
};

/// The findings of this expectation.
pub fn judge(pointer: &str, expected: &StepExpectation, context: &Context<'_>) -> Vec<Finding> {
    let runs = looked_at(context, &expected.step.0);
    if runs.is_empty() {
        return vec![never_ran(
            context,
            &format!("{pointer}/step"),
            &expected.step.0,
        )];
    }
    let of_each = runs
        .iter()
        .flat_map(|run| of_run(pointer, expected, context, run));
    of_each.collect()
}

/// The executions that an expectation on a step is about: one for each session that took it.
fn looked_at<'a>(context: &Context<'a>, step: &str) -> Vec<&'a StepRun<'a>> {
    let mut last: Vec<&'a StepRun<'a>> = Vec::new();
    for run in context.runs_of(step) {
        match last.iter_mut().find(|known| known.client == run.client) {
            Some(known) if known.launch.is_some() && run.launch.is_none() => {}
            Some(known) => *known = run,
            None => last.push(run),
        }
    }
    last
}

fn of_run(
    pointer: &str,
    expected: &StepExpectation,
    context: &Context<'_>,
    run: &StepRun<'_>,
) -> Vec<Finding> {
    let subject = format!("step \"{}.{}\"", run.client, run.step);
    let mut findings = Vec::new();
    if let Some(waited) = &expected.waited {
        let place = context.place(format!("{pointer}/waited"));
        let found = waits(context, run, &subject, waited).into_iter();
        findings.extend(found.map(|finding| finding.at(place.clone())));
    }
    if let Some(error) = &expected.error {
        let place = context.place(format!("{pointer}/error"));
        findings.extend(wrong_end(context, run, &subject, error).map(|f| f.at(place)));
    }
    let key = if expected.rows.is_some() {
        "rows"
    } else if expected.row_count.is_some() {
        "row_count"
    } else if expected.affected.is_some() {
        "affected"
    } else {
        return findings;
    };
    let own = context.trace.own_reply(run);
    let Some(reply) = own.filter(|reply| reply.error.is_none()) else {
        let place = context.place(format!("{pointer}/{key}"));
        let without = without_success(context, run, &subject);
        findings.extend(without.map(|finding| finding.at(place)));
        return findings;
    };
    let sql = context
        .statement(run.client, run.step)
        .map_or("", |(_, plan, _)| plan.sql.as_str());
    let counted = [
        expected.rows.as_ref().and_then(|rows| {
            let wanted = Wanted {
                rows,
                ordered: None,
                sql,
            };
            Some((rows::compare(&subject, &wanted, reply)?, "rows"))
        }),
        expected
            .row_count
            .as_ref()
            .and_then(|bound| Some((rows::row_count(&subject, bound, reply)?, "row_count"))),
        expected
            .affected
            .as_ref()
            .and_then(|bound| Some((rows::affected(&subject, bound, reply)?, "affected"))),
    ];
    findings.extend(
        counted
            .into_iter()
            .flatten()
            .map(|(finding, key)| finding.at(context.place(format!("{pointer}/{key}")))),
    );
    findings
}

/// The finding for an execution that was to succeed and did not, or sent nothing; none where another finding tells
/// of it.
pub(super) fn without_success(
    context: &Context<'_>,
    run: &StepRun<'_>,
    subject: &str,
) -> Option<Finding> {
    let (moment, end) = run.completed?;
    let finding = match end {
        StepEnd::Error { code } if expected(context, run, code) != Expected::Nowhere => {
            let primary = format!(
                "{subject} was expected to succeed but got {}",
                condition(code)
            );
            Finding::failed("wrong-error", primary).label(context.ending(run))
        }
        StepEnd::Done => {
            let primary = format!("{subject} ran for no row, so that there was nothing to look at");
            Finding::vacuous("never-ran", primary)
        }
        StepEnd::Error { .. } | StepEnd::HookFailed | StepEnd::Skipped => return None,
    };
    Some(finding.events([moment.seq]))
}

/// The finding if an execution did not end with this error.
pub(super) fn wrong_end(
    context: &Context<'_>,
    run: &StepRun<'_>,
    subject: &str,
    error: &SqlState,
) -> Option<Finding> {
    let (moment, end) = run.completed?;
    let expected = condition(&code_of(error));
    let (code, primary) = match end {
        StepEnd::Error { code } if *code == code_of(error) => return None,
        StepEnd::Error { code } => {
            let got = condition(code);
            (
                "wrong-error",
                format!("{subject} was expected to end with {expected} but got {got}"),
            )
        }
        StepEnd::Done if context.trace.own_reply(run).is_none() => {
            return without_success(context, run, subject);
        }
        StepEnd::Done => (
            "no-error",
            format!("{subject} was expected to end with {expected} but succeeded"),
        ),
        // The hook's own finding says what happened.
        StepEnd::HookFailed | StepEnd::Skipped => return None,
    };
    Some(
        Finding::failed(code, primary)
            .label(context.ending(run))
            .events([moment.seq]),
    )
}

fn waits(
    context: &Context<'_>,
    run: &StepRun<'_>,
    subject: &str,
    expected: &Waited,
) -> Vec<Finding> {
    let seen: Vec<&Wait> = context.measurements.waits.of_run(run.run).collect();
    match expected {
        Waited::AtAll(true) if seen.is_empty() => vec![never_waited(context, run, None)],
        Waited::AtAll(false) if !seen.is_empty() => {
            let primary = format!("{subject} waited, and was expected not to");
            vec![
                Finding::failed("unexpected-wait", primary)
                    .label(described(&seen))
                    .events(seen.iter().map(|wait| wait.began)),
            ]
        }
        Waited::AtAll(_) => Vec::new(),
        Waited::Facts(facts) => wait_facts(context, run, subject, &seen, facts),
    }
}

fn wait_facts(
    context: &Context<'_>,
    run: &StepRun<'_>,
    subject: &str,
    seen: &[&Wait],
    facts: &WaitedFacts,
) -> Vec<Finding> {
    let client = facts.client.as_deref();
    let meant = seen
        .iter()
        .filter(|wait| client.is_none_or(|client| wait.is_for(client)));
    let meant: Vec<&Wait> = meant.copied().collect();
    if meant.is_empty() {
        return vec![never_waited(context, run, client)];
    }
    let waited = Micros(
        meant
            .iter()
            .filter_map(|wait| wait.waited)
            .map(|w| w.0)
            .sum(),
    );
    let told = format_duration(waited.duration());
    let too_long = facts.at_most.filter(|most| waited.duration() > most.0);
    let too_short = facts.at_least.filter(|least| waited.duration() < least.0);
    let words = [
        too_long.map(|most| ("waited-too-long", format!("at most {most}"))),
        too_short.map(|least| ("waited-too-short", format!("at least {least}"))),
    ];
    let found = words.into_iter().flatten().map(|(code, bound)| {
        Finding::failed(code, format!("{subject} waited {told}, expected {bound}"))
            .label(described(&meant))
            .events(meant.iter().map(|wait| wait.began))
    });
    found.collect()
}

/// Waits in a few words: `waited 12 ms for "alice" on a ShareLock`.
pub(super) fn described(waits: &[&Wait]) -> String {
    let waited: u64 = waits
        .iter()
        .filter_map(|wait| wait.waited)
        .map(|span| span.0)
        .sum();
    let mut names: Vec<String> = Vec::new();
    for blocker in waits.iter().flat_map(|wait| &wait.blockers) {
        let name = match &blocker.client {
            Some(client) => format!("\"{client}\""),
            None => format!("a session outside the case (backend {})", blocker.pid),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let lock = waits.iter().find_map(|wait| wait.lock.as_ref());
    let lock = lock.map(|lock| match &lock.relation {
        Some(relation) => format!(" ({} on {relation})", lock.mode),
        None if lock.mode.is_empty() => format!(" ({})", object(&lock.kind)),
        None => format!(" ({} on {})", lock.mode, object(&lock.kind)),
    });
    format!(
        "waited {} for {}{}",
        format_duration(Micros(waited).duration()),
        list(&names, "and"),
        lock.unwrap_or_default()
    )
}

/// What a lock is on, by `pg_locks.locktype`.
fn object(kind: &str) -> String {
    match kind {
        "transactionid" | "virtualxid" => "a transaction".to_owned(),
        "tuple" => "a row".to_owned(),
        "advisory" => "an advisory key".to_owned(),
        "relation" => "a table".to_owned(),
        other => format!("a lock of type {other}"),
    }
}
