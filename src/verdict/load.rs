//! What is wrong with a load before any expectation is asked? Errors that nobody expected, steps that did not come to
//! what they say, hooks that failed; and a load of which nothing was measured.

use super::{
    context::{Context, code_of, condition},
    finding::{Finding, FindingKind, FindingPlace, Within},
};
use crate::{
    record::{
        HookProblem, LoadLog,
        load::{ClientTally, ErrorTally, HookTally, LoadEnd, MismatchTally, StepTally},
    },
    spec::expect::{Expectation, NoneOr},
    text::{format_duration, plural},
};

/// The findings of a load; none where the case is none.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let Some(load) = context.log.load.as_deref() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for tally in &load.clients {
        let hook = tally.hook.iter();
        findings.extend(hook.map(|hook| failed_hook(context, tally, hook)));
        findings.extend(surprises(context, tally));
        findings.extend(mismatches(context, tally));
    }
    findings.extend(refused(context, load));
    findings.extend(nothing_measured(context, load));
    findings.extend(saturated(context, load));
    findings
}

/// Errors of steps that nobody expected: one finding for each step and condition. A script that went on after one makes
/// it no more expected than one that ended.
fn surprises(context: &Context<'_>, tally: &ClientTally) -> Vec<Finding> {
    let steps = tally.steps.iter();
    let surprises = steps.flat_map(|step| {
        let unexpected = step.unexpected.iter();
        unexpected.filter_map(move |(code, error)| {
            let covered = is_covered(context, tally, Some(&step.step), code);
            (!covered).then(|| surprise(context, tally, &step.step, code, error))
        })
    });
    surprises.collect()
}

/// Errors of one kind that have no finding of their own.
pub(super) struct Tolerated<'a> {
    pub(super) client: &'a str,
    /// None where no connection was to be had.
    pub(super) step: Option<&'a str>,
    pub(super) code: &'a str,
    pub(super) count: u64,
}

impl Tolerated<'_> {
    /// Whether a name, of a client or of a step, means these.
    pub(super) fn are_of(&self, of: &str) -> bool {
        means(of, self.client, self.step)
    }
}

/// The errors of a load that a step, a retry or an expectation made no surprise.
pub(super) fn tolerated<'a>(context: &Context<'a>) -> Vec<Tolerated<'a>> {
    let Some(load) = context.log.load.as_deref() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for tally in &load.clients {
        for step in &tally.steps {
            all.extend(step.errors.iter().map(|(code, count)| Tolerated {
                client: &tally.client,
                step: Some(&step.step),
                code,
                count: count.saturating_sub(told(context, tally, step, code)),
            }));
        }
        all.extend(tally.errors.iter().map(|(code, error)| {
            let of_step = |step: &StepTally| step.errors.get(code).copied().unwrap_or(0);
            let of_steps = tally.steps.iter().map(of_step).sum();
            let refused = error.count.saturating_sub(of_steps);
            let is_told = !may_be_refused(context, load, code);
            Tolerated {
                client: &tally.client,
                step: None,
                code,
                count: if is_told { 0 } else { refused },
            }
        }));
    }
    all.retain(|errors| errors.count > 0);
    all
}

/// How many errors of a step are told as surprises.
fn told(context: &Context<'_>, tally: &ClientTally, step: &StepTally, code: &str) -> u64 {
    match is_covered(context, tally, Some(&step.step), code) {
        true => 0,
        false => step.unexpected.get(code).map_or(0, |error| error.count),
    }
}

/// Whether a name, of a client or of a step, means errors that a step met, or a client that got no connection.
fn means(of: &str, client: &str, step: Option<&str>) -> bool {
    match of.split_once('.') {
        Some((of, of_step)) => of == client && Some(of_step) == step,
        None => of == client,
    }
}

/// Whether an expectation of errors speaks of this step (or of its client, or of all), and either bounds how many there
/// may be or names this kind.
fn is_covered(context: &Context<'_>, tally: &ClientTally, step: Option<&str>, code: &str) -> bool {
    let client = tally.client.as_str();
    let mut expected = context.case.expect.iter();
    expected.any(|(_, expectation)| match expectation {
        Expectation::Errors(errors) => match &errors.errors {
            NoneOr::None(_) => false,
            NoneOr::Some(facts) => {
                let of = facts.of.as_deref();
                let means = of.is_none_or(|of| means(of, client, step));
                let named = facts.only.iter().any(|only| code_of(only) == code);
                let bounded = facts.rate.is_some() || facts.count.is_some();
                means && (named || bounded && facts.only.is_empty())
            }
        },
        Expectation::Deadlock(_) => code == DEADLOCK,
        _ => false,
    })
}

/// `deadlock_detected`.
pub(super) const DEADLOCK: &str = "40P01";

fn surprise(
    context: &Context<'_>,
    tally: &ClientTally,
    step: &str,
    code: &str,
    error: &ErrorTally,
) -> Finding {
    let client = &tally.client;
    let name = condition(code);
    let retried = context.case.clients.iter().any(|plan| {
        let retry = plan.retry.as_ref();
        plan.id.script == *client
            && retry.is_some_and(|retry| retry.codes.iter().any(|known| known == code))
    });
    let transactions = plural(error.fatal, "transaction");
    let finding = match (error.fatal, retried) {
        (0, _) => Finding::failed(
            "unexpected-error",
            format!(
                "step \"{client}.{step}\" got {name} {}, which nobody expected",
                plural(error.count, "time")
            ),
        )
        .hint(format!(
            "say how many are right: errors: {{ of: {client}.{step}, rate: 1% }}; on_error only says that the script goes on"
        )),
        (_, true) => Finding::failed(
            "gave-up",
            format!("client \"{client}\" gave up {transactions}: {name}"),
        )
        .hint("find out what keeps getting in its way, or raise \"tries\""),
        (_, false) => Finding::failed(
            "unexpected-error",
            format!("{name} ended {transactions} of \"{client}\", which nobody expected"),
        )
        .hint(format!(
            "say how many are right: errors: {{ of: {client}, rate: 1% }}, or have them tried again with retry"
        )),
    };
    let mut detail = Vec::new();
    if error.fatal > 0 {
        detail.push(format!("it happened in step \"{client}.{step}\""));
    }
    detail.extend(error.first.detail.clone());
    detail.extend(error.first.context.clone());
    finding
        .at(step_place(context, client, step, error.first.position))
        .label(error.first.message.clone())
        .detail((!detail.is_empty()).then(|| detail.join("\n")))
}

fn step_place(
    context: &Context<'_>,
    client: &str,
    step: &str,
    position: Option<u32>,
) -> Option<FindingPlace> {
    let mut plans = context.case.clients.iter();
    let plan = plans.find(|plan| plan.id.script == client)?;
    let step = plan.steps.iter().find(|known| known.name == step)?;
    let within = position.map_or(Within::All, |position| Within::Sql { position });
    Some(FindingPlace {
        within,
        ..context.place(&step.path)
    })
}

fn mismatches(context: &Context<'_>, tally: &ClientTally) -> Vec<Finding> {
    let steps = tally.steps.iter();
    let wrong = steps.filter_map(|step| Some((step, step.mismatch.as_ref()?)));
    let told = wrong.map(|(step, wrong)| {
        let MismatchTally { count, key, first } = wrong;
        let of = plural(step.executions(), "execution");
        let primary = format!(
            "{count} of {of} of step \"{}.{}\" did not come to what it says",
            tally.client, step.step
        );
        let place = step_place(context, &tally.client, &step.step, None);
        let place = place.map(|place| FindingPlace {
            pointer: format!("{}/{key}", place.pointer),
            ..place
        });
        Finding::failed("step", primary)
            .at(place)
            .label(first.clone())
    });
    told.collect()
}

fn failed_hook(context: &Context<'_>, tally: &ClientTally, hook: &HookTally) -> Finding {
    let (code, said) = match &hook.problem {
        HookProblem::Assertion { message } => ("assertion", message),
        HookProblem::Failure { message } => ("hook", message),
        HookProblem::Skip { reason } => ("hook", reason),
        HookProblem::Broken { message } => ("hook", message),
    };
    let primary = format!(
        "a hook of \"{}\" ended {}: {said}",
        tally.client,
        plural(hook.count, "transaction")
    );
    let place = FindingPlace {
        within: match hook.line {
            0 => Within::All,
            line => Within::Script {
                line,
                column: hook.column,
            },
        },
        ..context.place(&hook.path)
    };
    Finding::failed(code, primary).at(place)
}

/// Whether an expectation says how many connections may be refused, or that they are for this reason.
fn may_be_refused(context: &Context<'_>, load: &LoadLog, code: &str) -> bool {
    let said = context.case.expect.iter().any(|(_, expectation)| {
        matches!(expectation, Expectation::Connections(facts) if facts.connections.refused.is_some())
    });
    let covered = |tally: &ClientTally| is_covered(context, tally, None, code);
    said || load.clients.iter().all(covered)
}

/// Connections that the server did not grant, where no expectation says how many may be refused.
fn refused(context: &Context<'_>, load: &LoadLog) -> Vec<Finding> {
    let refused = load.connections.refused.iter();
    let refused = refused.filter(|(code, _)| !may_be_refused(context, load, code));
    refused
        .map(|(code, tally)| {
            let primary = format!(
                "{} could not be had: {}",
                plural(tally.count, "connection"),
                condition(code)
            );
            Finding::failed("refused", primary)
                .at(context.place("/load"))
                .label(tally.first.message.clone())
                .hint("say how many are right: connections: { refused: … }, share a { pool: … }, or raise max_connections")
        })
        .collect()
}

fn nothing_measured(context: &Context<'_>, load: &LoadLog) -> Option<Finding> {
    if load.clients.iter().any(|tally| tally.transactions() > 0) {
        return None;
    }
    let primary = match load.end {
        LoadEnd::CutShort if load.measured.0 == 0 && load.warmup.0 > 0 => {
            "nothing was measured: the load did not get beyond its warmup"
        }
        LoadEnd::CutShort | LoadEnd::Complete | LoadEnd::Error { .. } => {
            "nothing was measured: no transaction ended"
        }
    };
    Some(Finding::vacuous("nothing-measured", primary).at(context.place("/load")))
}

fn saturated(context: &Context<'_>, load: &LoadLog) -> Option<Finding> {
    let schedule = load.schedule.as_ref()?;
    if !schedule.is_saturated() {
        return None;
    }
    let primary = format!(
        "the rate was not reached: {} of {} had not begun when the time was over",
        schedule.behind(),
        plural(schedule.offered, "transaction")
    );
    let lag = format!(
        "schedule lag: p50 {}, p99 {}, max {}",
        format_duration(schedule.lag.at(0.5).duration()),
        format_duration(schedule.lag.at(0.99).duration()),
        format_duration(schedule.lag.max().duration())
    );
    Some(
        Finding::new(FindingKind::Note, "saturated", primary)
            .at(context.place("/load"))
            .detail(lag)
            .hint("the server, or so many users, cannot do more: latencies tell of the queue, not of the server"),
    )
}
