//! Did an error happen that nobody expected? Every error of a step fails the case, unless somebody said that it
//! would come: the step (`error`), the order (`then`), an expectation (`errors: { only }`, `step: … error`,
//! `deadlock`), a `retry` that names it and whose later try went through, or the step's own hook, which saw it and
//! skipped the case.

use super::{
    context::{Context, code_of, condition},
    finding::{Finding, FindingKind, FindingPlace, Within},
};
use crate::{
    measure::{
        names_of,
        trace::{PassEnd, StepRun},
    },
    record::{ClientEnd, EventKind, HookProblem, MIGRATION, ServerError, SkipCause},
    spec::{
        expect::{Expectation, NoneOr},
        order::Then,
    },
    sql::Condition,
    text::plural,
};
use indexmap::IndexMap;

/// Why an error of a step is no surprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The step, its launch or an expectation says that it comes.
    Said,
    /// The client tried again, and a later try went through.
    RetriedAway,
    /// Nobody expected it.
    Nowhere,
}

/// The findings for errors that nobody expected: one for each step and condition.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let mut surprises = IndexMap::<(String, String, String), Vec<&StepRun<'_>>>::new();
    for run in &context.trace.runs {
        let Some(code) = run.error_code().filter(|code| !code.is_empty()) else {
            continue;
        };
        // How the migration ends is judged by itself.
        if run.client.script == MIGRATION {
            continue;
        }
        if expected(context, run, code) == Expected::Nowhere {
            let script = run.client.script.clone();
            let key = (script, run.step.to_owned(), code.to_owned());
            surprises.entry(key).or_default().push(run);
        }
    }
    let told = surprises
        .iter()
        .map(|((_, _, code), runs)| surprise(context, code, runs));
    told.collect()
}

/// Whether an error of an execution was expected, and by whom.
pub(super) fn expected(context: &Context<'_>, run: &StepRun<'_>, code: &str) -> Expected {
    let by_step = context
        .statement(run.client, run.step)
        .is_some_and(|(_, plan, _)| plan.expected_error.as_deref() == Some(code));
    let by_order = run.launch.is_some_and(|launch| {
        let order = context.case.order.as_deref().unwrap_or_default();
        order
            .get(launch)
            .is_some_and(|plan| plan.expected_error.as_deref() == Some(code))
    });
    if by_step || by_order || by_expectation(context, run, code) || skipped_by_hook(context, run) {
        Expected::Said
    } else if was_retried_away(context, run, code) {
        Expected::RetriedAway
    } else {
        Expected::Nowhere
    }
}

fn by_expectation(context: &Context<'_>, run: &StepRun<'_>, code: &str) -> bool {
    let means = |of: &str| means(of, run);
    context
        .case
        .expect
        .iter()
        .any(|(_, expectation)| match expectation {
            Expectation::Errors(errors) => match &errors.errors {
                NoneOr::Some(facts) => {
                    facts.of.as_deref().is_none_or(means)
                        && facts.only.iter().any(|only| code_of(only) == code)
                }
                NoneOr::None(_) => false,
            },
            Expectation::Step(step) => {
                let named = step
                    .error
                    .as_ref()
                    .is_some_and(|error| code_of(error) == code);
                named && means(&step.step.0)
            }
            Expectation::Deadlock(deadlock) => match &deadlock.deadlock {
                // With `none` the expectation itself says that there was one.
                NoneOr::Some(_) | NoneOr::None(_) => code == "40P01",
            },
            // It says every error that there may be.
            Expectation::Outcome(_) => true,
            Expectation::Sql(_)
            | Expectation::Latency(_)
            | Expectation::Throughput(_)
            | Expectation::Connections(_)
            | Expectation::NPlusOne(_)
            | Expectation::Statements(_)
            | Expectation::Plan(_)
            | Expectation::Migration(_)
            | Expectation::Compatible(_)
            | Expectation::Improves(_)
            | Expectation::Invariant(_)
            | Expectation::Serializable(_)
            | Expectation::Explore(_)
            | Expectation::Schema(_)
            | Expectation::Settings(_)
            | Expectation::Check(_) => false,
        })
}

/// Whether the hook of the step itself skipped the case, as one does that asks a server for what it may not have.
fn skipped_by_hook(context: &Context<'_>, run: &StepRun<'_>) -> bool {
    context.log.events.iter().any(|event| match &event.kind {
        EventKind::HookEnded {
            client,
            step: Some(step),
            problem: HookProblem::Skip { .. },
            ..
        } => client == run.client && step == run.step,
        _ => false,
    })
}

/// Whether a name, of a client or of a step, means this execution.
pub(super) fn means(of: &str, run: &StepRun<'_>) -> bool {
    match of.split_once('.') {
        Some((client, step)) => step == run.step && names_of(run.client).any(|n| n == client),
        None => names_of(run.client).any(|name| name == of),
    }
}

fn was_retried_away(context: &Context<'_>, run: &StepRun<'_>, code: &str) -> bool {
    let retry = context
        .client(run.client)
        .and_then(|plan| plan.retry.as_ref());
    if !retry.is_some_and(|retry| retry.codes.iter().any(|known| known == code)) {
        return false;
    }
    let passes = &context.trace.passes;
    let own = passes.iter().find(|pass| {
        let mut runs = pass.runs.iter().map(|index| &context.trace.runs[*index]);
        runs.any(|known| known.run == run.run)
    });
    own.is_some_and(|own| {
        passes.iter().any(|later| {
            later.client == own.client
                && later.iteration == own.iteration
                && later.attempt > own.attempt
                && later.end == PassEnd::Complete
        })
    })
}

fn surprise(context: &Context<'_>, code: &str, runs: &[&StepRun<'_>]) -> Finding {
    let first = runs[0];
    let step = format!("{}.{}", first.client, first.step);
    let name = condition(code);
    let error = error_of(context, first);
    let finding = match gave_up(context, first, code) {
        Some(tries) => {
            let tries = match tries {
                1 => "1 try".to_owned(),
                more => format!("{more} tries"),
            };
            let client = first.client;
            let primary =
                format!("client \"{client}\" gave up after {tries}: step \"{step}\" got {name}");
            Finding::failed("gave-up", primary)
        }
        None if let Some((kind, _)) = out_of_resources(code) => {
            let primary = format!("step \"{step}\" got {name}: the server cannot go on");
            Finding::new(FindingKind::Errored, kind, primary)
        }
        None => {
            let primary = format!("step \"{step}\" got {name}, which nobody expected");
            Finding::failed("unexpected-error", primary)
        }
    };
    let mut finding = finding
        .at(place(context, first, error))
        .detail(detail(context, first, runs.len(), error))
        .events(
            runs.iter()
                .filter_map(|run| run.completed.map(|(moment, _)| moment.seq)),
        );
    if let Some(error) = error {
        finding = finding.label(error.message.clone());
        finding.hints.extend(error.hint.clone());
    }
    if let Some((_, remedy)) = out_of_resources(code) {
        return finding.hint(remedy);
    }
    // A misspelt name or a syntax error is never meant to happen.
    let is_mistake = code.starts_with("42") && code != "42501";
    if is_mistake {
        return finding;
    }
    finding.hint(advice(context, first, code))
}

/// What a machine lacks, and what to do about it, where an error tells of the machine and not of the scenario.
fn out_of_resources(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "53100" => (
            "disk-full",
            "make room where the server keeps its data and its temporary files, then run again",
        ),
        "53200" => (
            "out-of-memory",
            "give the server more memory, or its sessions less work_mem, then run again",
        ),
        "58000" | "58030" => (
            "io-error",
            "look at the server's log and at its disk, then run again",
        ),
        _ => return None,
    })
}

/// After how many tries the client gave up because of an error that its `retry` names, if it did.
fn gave_up(context: &Context<'_>, run: &StepRun<'_>, code: &str) -> Option<u32> {
    context
        .log
        .events
        .iter()
        .find_map(|event| match &event.kind {
            EventKind::Finished {
                client,
                end:
                    ClientEnd::GaveUp {
                        attempts,
                        code: last,
                    },
            } if client == run.client && last == code => Some(*attempts),
            _ => None,
        })
}

fn error_of<'a>(context: &Context<'a>, run: &StepRun<'_>) -> Option<&'a ServerError> {
    let mut messages = run.messages.iter().rev();
    messages.find_map(|index| {
        let (_, reply, _) = context.trace.messages[*index].answer?;
        reply.error.as_ref()
    })
}

fn place(
    context: &Context<'_>,
    run: &StepRun<'_>,
    error: Option<&ServerError>,
) -> Option<FindingPlace> {
    let path = &context.step(run.client, run.step)?.path;
    let last = run
        .messages
        .last()
        .map(|index| &context.trace.messages[*index]);
    let own = last.is_some_and(|message| message.is_own());
    Some(
        match error.and_then(|error| error.position).filter(|_| own) {
            Some(position) => FindingPlace {
                within: Within::Sql { position },
                ..context.place(path)
            },
            None => context.place(path),
        },
    )
}

fn detail(
    context: &Context<'_>,
    first: &StepRun<'_>,
    count: usize,
    error: Option<&ServerError>,
) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(error.and_then(|error| error.detail.clone()));
    parts.extend(error.and_then(|error| error.context.clone()));
    if count > 1 {
        parts.push(format!(
            "it happened {} in all",
            plural(count as u64, "time")
        ));
    }
    let left_out = context.log.events.iter().filter(|event| {
        matches!(
            &event.kind,
            EventKind::Skipped { client, cause: SkipCause::ScriptEnded, .. } if client == first.client
        )
    });
    let left_out = left_out.count() as u64;
    if left_out > 0 {
        let steps = plural(left_out, "later step");
        parts.push(format!("it ended the script before {steps} of the order"));
    }
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn advice(context: &Context<'_>, run: &StepRun<'_>, code: &str) -> String {
    let name = Condition::from_code(code).and_then(|known| known.name());
    let name = name.unwrap_or(code);
    let message = error_of(context, run).map_or("", |error| error.message.as_str());
    if code == "57014" && message.contains("statement timeout") {
        return "the server, or a setting of the scenario, limits how long a statement takes: settings: { statement_timeout: 0 } \
                lifts it for the case's sessions"
            .to_owned();
    }
    if gave_up(context, run, code).is_some() {
        return "find out what keeps getting in its way, or raise \"tries\"".to_owned();
    }
    if name == "in_failed_sql_transaction" {
        return "an earlier error of this transaction was passed over: roll back after it, or end the script"
            .to_owned();
    }
    let order = context.case.order.as_deref().unwrap_or_default();
    let launch = run.launch.and_then(|launch| order.get(launch));
    let said_otherwise = launch
        .is_some_and(|plan| matches!(&plan.options.then, Some(Then::Outcome(_) | Then::Done(_))));
    if said_otherwise {
        return format!(
            "if it is meant to happen, the order says it with then: {{ error: {name} }}"
        );
    }
    let at = match launch {
        Some(_) => format!("in the order with then: {{ error: {name} }}"),
        None => format!("at the step with error: {name}"),
    };
    if matches!(name, "serialization_failure" | "deadlock_detected") {
        format!("if it is meant to happen, say so {at}, or give the client a retry for it")
    } else {
        format!("if it is meant to happen, say so {at}")
    }
}
