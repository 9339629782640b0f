//! Is it as it was? What a case that passed has different from its baseline.
//!
//! A fact that changed is told as worse than the baseline, whichever way it went: what is remembered no longer
//! holds, and a reviewer should see the file change. A latency that went up is a note: one run proves little.

use super::{
    context::{Context, segment},
    finding::{Finding, FindingKind, FindingPlace},
};
use crate::{
    baseline::{Change, Facts, Way, compare, compare_timings, key, timings},
    record::ClientId,
    spec::scenario::BaselineFact,
};

/// The code of a case that the baseline of its scenario does not remember.
pub const NOT_IN_BASELINE: &str = "not-in-baseline";

/// The findings of a case against the baseline of its scenario; none where there is no baseline.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let terms = context.terms;
    let Some(baseline) = terms.baselines.get(&context.case.id.file) else {
        return Vec::new();
    };
    let Context {
        case,
        log,
        trace,
        measurements,
        ..
    } = *context;
    let key = key(&case.id);
    let options = case.scenario.baseline.as_ref();
    let now = Facts::of(case, log, trace, measurements);
    let mut changes = match baseline.cases.get(&key) {
        Some(before) => compare(before, &now, options),
        None if now == Facts::default() => Vec::new(),
        None => return vec![unknown(context)],
    };
    let environment = terms.environment.as_ref();
    let times = environment.and_then(|environment| baseline.timings_in(environment));
    if let Some(before) = times.and_then(|times| times.cases.get(&key)) {
        changes.extend(compare_timings(
            before,
            &timings(case, measurements),
            options,
        ));
    }
    changes
        .iter()
        .map(|change| finding(context, change))
        .collect()
}

fn unknown(context: &Context<'_>) -> Finding {
    Finding::note(NOT_IN_BASELINE, "the baseline does not know this case yet")
        .at(context.place("/name"))
        .hint("remember it with --update-baselines")
}

fn finding(context: &Context<'_>, change: &Change) -> Finding {
    let (kind, code) = match change.fact {
        BaselineFact::Statements => (FindingKind::Worse, "baseline-statements"),
        BaselineFact::Rows => (FindingKind::Worse, "baseline-rows"),
        BaselineFact::Errors => (FindingKind::Worse, "baseline-errors"),
        BaselineFact::Waits => (FindingKind::Worse, "baseline-waits"),
        BaselineFact::Latency => (FindingKind::Note, "slower"),
    };
    let finding = Finding::new(kind, code, words(change)).at(place(context, &change.of));
    let finding = match change.way {
        Way::Worse | Way::Other => finding,
        Way::Better => finding.label("better than before"),
    };
    match change.fact {
        BaselineFact::Latency => {
            finding.hint("one run proves little: run it again on a quiet machine")
        }
        BaselineFact::Statements
        | BaselineFact::Rows
        | BaselineFact::Errors
        | BaselineFact::Waits => {
            finding.hint("if this is meant, remember it with --update-baselines")
        }
    }
}

fn words(change: &Change) -> String {
    let of = &change.of;
    let (before, now) = (change.before.as_deref(), change.now.as_deref());
    match change.fact {
        BaselineFact::Statements => format!(
            "\"{of}\" sends another number of statements in a pass: {}, before {}",
            now.unwrap_or("none"),
            before.unwrap_or("none")
        ),
        BaselineFact::Rows => format!(
            "\"{of}\" returns or changes another number of rows: {}, before {}",
            now.unwrap_or("none"),
            before.unwrap_or("none")
        ),
        BaselineFact::Errors => match (before, now) {
            (None, now) => format!(
                "\"{of}\" happens {} times, before never",
                now.unwrap_or("no")
            ),
            (Some(before), None) => format!("\"{of}\" happens no more, before {before} times"),
            (Some(before), Some(now)) => format!("\"{of}\" happens {now} times, before {before}"),
        },
        BaselineFact::Waits => match (before, now) {
            (None, now) => format!(
                "\"{of}\" waits for {}, before for nobody",
                now.unwrap_or("nobody")
            ),
            (Some(before), None) => format!("\"{of}\" waits no more, before for {before}"),
            (Some(before), Some(now)) => format!("\"{of}\" waits for {now}, before for {before}"),
        },
        BaselineFact::Latency => format!(
            "\"{of}\" is {}, before {}",
            now.unwrap_or_default(),
            before.unwrap_or_default()
        ),
    }
}

/// The place of a client, a step or a query that a fact is of; the scenario's name if it is gone.
fn place(context: &Context<'_>, of: &str) -> FindingPlace {
    // `client.step`, `client.step: condition` and `client.step p50` all begin with what is meant.
    let of = of.split(": ").next().unwrap_or(of);
    let name = of.split(' ').next().unwrap_or(of);
    if context.case.scenario.queries.contains_key(name) {
        return context.place(format!("/queries/{}", segment(name)));
    }
    let (client, step) = name.split_once('.').unwrap_or((name, ""));
    let session = client.parse::<ClientId>().ok();
    let plan = session.and_then(|id| {
        let mut clients = context.case.clients.iter();
        clients.find(|plan| plan.id == id || plan.id.script == id.script)
    });
    let step = plan.and_then(|plan| plan.steps.iter().find(|known| known.name == step));
    match (plan, step) {
        (_, Some(step)) => context.place(&step.path),
        (Some(plan), None) => context.place(&plan.path),
        (None, None) => context.place("/name"),
    }
}
