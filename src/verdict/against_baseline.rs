//! Is it as it was? What a case that passed has different from its baseline.
//!
//! A fact that changed is told as worse than the baseline, whichever way it went: what is remembered no longer
//! holds, and a reviewer should see the file change. A time is worse if it went up beyond tolerance in the environment
//! in which it was remembered; how all times compare is a note.

use super::{
    context::{Context, segment},
    finding::{Finding, FindingKind, FindingPlace},
};
use crate::{
    baseline::{
        Baseline, Change, Facts, Judgement, Missing, TimeCompared, Way, compare, compare_times,
        key, timings,
    },
    record::ClientId,
    spec::scenario::BaselineFact,
    text::line_diff,
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
    let changes = match baseline.cases.get(&key) {
        Some(before) => compare(before, &now, options),
        None if now.is_empty() => Vec::new(),
        None => return vec![unknown(context)],
    };
    let mut findings: Vec<Finding> = changes
        .iter()
        .map(|change| finding(context, change))
        .collect();
    findings.extend(times(context, baseline, &key));
    findings
}

/// What is to be said of the times of a case.
fn times(context: &Context<'_>, baseline: &Baseline, key: &str) -> Vec<Finding> {
    let Some(environment) = context.terms.environment.as_ref() else {
        return Vec::new();
    };
    let options = context.case.scenario.baseline.as_ref();
    let now = timings(context.case, context.measurements);
    let here = baseline.timings_in(environment);
    if let Some(before) = here.and_then(|here| here.cases.get(key)) {
        let compared = compare_times(before, &now, options);
        let worse = compared
            .iter()
            .filter(|time| time.judgement == Judgement::Worse);
        let mut findings: Vec<Finding> = worse.map(|time| slower(context, time)).collect();
        findings.extend(summary(context, &compared));
        return findings;
    }
    let elsewhere = baseline.timings.iter();
    let elsewhere = elsewhere.filter(|known| known.cases.contains_key(key));
    let elsewhere: Vec<String> = elsewhere
        .map(|known| format!("remembered: {}", known.environment))
        .collect();
    if now.is_empty() || elsewhere.is_empty() {
        return Vec::new();
    }
    let detail = format!("{}\nnow: {environment}", elsewhere.join("\n"));
    let primary = "the times cannot be compared: those of the baseline were taken elsewhere";
    vec![
        Finding::note("incomparable", primary)
            .at(context.place("/name"))
            .detail(detail)
            .hint("remember those of this environment too, with --update-baselines"),
    ]
}

/// A time that went up beyond tolerance.
fn slower(context: &Context<'_>, time: &TimeCompared) -> Finding {
    let TimeCompared { of, measure, .. } = time;
    let primary = format!("{measure} of \"{of}\" is {}", then_and_now(time));
    Finding::new(FindingKind::Worse, "baseline-latency", primary)
        .at(place(context, of))
        .hint("one run proves little: run it again on a quiet machine")
        .hint("if this is meant, remember it with --update-baselines")
        .hint("how far it may move is said with baseline: { tolerance: { latency: 100% } }")
}

/// `40ms, before 10ms`
fn then_and_now(time: &TimeCompared) -> String {
    let shown = |told: &Option<String>| told.clone().unwrap_or_else(|| "unknown".to_owned());
    format!("{}, before {}", shown(&time.now), shown(&time.before))
}

/// How all times compare, in one note.
fn summary(context: &Context<'_>, compared: &[TimeCompared]) -> Option<Finding> {
    if compared.is_empty() {
        return None;
    }
    let count = |wanted: fn(Judgement) -> bool| {
        let judged = compared.iter().filter(|time| wanted(time.judgement));
        judged.count()
    };
    let counts = [
        (count(|judged| judged == Judgement::Better), "better"),
        (count(|judged| judged == Judgement::Same), "the same"),
        (count(|judged| judged == Judgement::Worse), "worse"),
        (
            count(|judged| matches!(judged, Judgement::Incomparable(_))),
            "incomparable",
        ),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let primary = format!("times against the baseline: {}", told.join(", "));
    let detail: Vec<String> = compared.iter().filter_map(remark).collect();
    let detail = (!detail.is_empty()).then(|| detail.join("\n"));
    let note = Finding::note("compared-times", primary).at(context.place("/name"));
    Some(note.detail(detail))
}

/// A line for what is not the same, and not told as worse.
fn remark(time: &TimeCompared) -> Option<String> {
    let TimeCompared { of, measure, .. } = time;
    match time.judgement {
        Judgement::Better => Some(format!(
            "{measure} of \"{of}\" is better: {}",
            then_and_now(time)
        )),
        Judgement::Incomparable(Missing::Before) => Some(format!(
            "{measure} of \"{of}\" is incomparable: it was not remembered"
        )),
        Judgement::Incomparable(Missing::Now) => Some(format!(
            "{measure} of \"{of}\" is incomparable: there are too few samples now"
        )),
        Judgement::Same | Judgement::Worse => None,
    }
}

fn unknown(context: &Context<'_>) -> Finding {
    Finding::note(NOT_IN_BASELINE, "the baseline does not know this case yet")
        .at(context.place("/name"))
        .hint("remember it with --update-baselines")
}

fn finding(context: &Context<'_>, change: &Change) -> Finding {
    let code = match change.fact {
        BaselineFact::Statements => "baseline-statements",
        BaselineFact::Rows => "baseline-rows",
        BaselineFact::Errors => "baseline-errors",
        BaselineFact::Waits => "baseline-waits",
        BaselineFact::Plan => "baseline-plan",
        BaselineFact::Estimates => "baseline-estimates",
        BaselineFact::Buffers => "baseline-buffers",
        BaselineFact::Wal => "baseline-wal",
        BaselineFact::Latency => "baseline-latency",
    };
    let finding = Finding::new(FindingKind::Worse, code, words(change));
    let finding = finding.at(place(context, &change.of));
    let finding = match change.way {
        Way::Worse | Way::Other => finding,
        Way::Better => finding.label("better than before"),
    };
    let text = |plan: &Option<String>| plan.clone().unwrap_or_default();
    let finding = match change.fact {
        BaselineFact::Plan => finding.diff(line_diff(&text(&change.before), &text(&change.now))),
        BaselineFact::Statements
        | BaselineFact::Rows
        | BaselineFact::Errors
        | BaselineFact::Waits
        | BaselineFact::Estimates
        | BaselineFact::Buffers
        | BaselineFact::Wal
        | BaselineFact::Latency => finding,
    };
    finding.hint("if this is meant, remember it with --update-baselines")
}

fn words(change: &Change) -> String {
    let of = &change.of;
    let (query, what) = of.split_once(' ').unwrap_or((of, ""));
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
        BaselineFact::Plan => match (before, now) {
            (None, _) => format!("\"{of}\" has a plan, before none"),
            (Some(_), None) => format!("\"{of}\" has no plan any more"),
            (Some(_), Some(_)) => format!("the plan of \"{of}\" is another one"),
        },
        BaselineFact::Estimates | BaselineFact::Buffers | BaselineFact::Wal => format!(
            "plan of \"{query}\": {} {what}, before {}",
            now.unwrap_or("no"),
            before.unwrap_or("none")
        ),
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
