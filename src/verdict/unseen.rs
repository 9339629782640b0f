//! Was what each step says of itself ever looked at? A step that never ran, or never succeeded, held nothing.
//!
//! A step of a forced order that was not taken is told by [`launch`](super::expect::launch); one that is not in the
//! order is left out on purpose.

use super::{context::Context, finding::Finding};
use crate::{
    measure::trace::StepRun,
    record::{LoadLog, StepEnd},
    schedule::{StatementPlan, StepPlan, StepWork},
    spec::client::{Statement, Step},
};

/// The findings for steps that say something of themselves which no execution was held against.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (script, client) in &context.case.scenario.clients {
        let mut sessions = context.case.clients.iter();
        let Some(plan) = sessions.find(|plan| plan.id.script == *script) else {
            continue;
        };
        for (step, words) in plan.steps.iter().zip(&client.steps) {
            let (StepWork::Statement(statement), Step::Statement(words)) = (&step.work, words)
            else {
                continue;
            };
            let name = format!("{script}.{}", step.name);
            findings.extend(of_step(context, &name, step, statement, words));
        }
    }
    findings
}

fn of_step(
    context: &Context<'_>,
    name: &str,
    step: &StepPlan,
    statement: &StatementPlan,
    words: &Statement,
) -> Option<Finding> {
    let key = said_of_success(words);
    let hooks = [&statement.before, &statement.after];
    let asserts = hooks.into_iter().flatten().any(|hook| hook.hook.may_fail());
    if key.is_none() && words.error.is_none() && !asserts {
        return None;
    }
    if let Some(load) = context.log.load.as_deref() {
        // What answers came to was compared where they were counted.
        return (was_counted(load, name) == Some(0)).then(|| never_ran(context, name, step));
    }
    let runs = context.runs_of(name);
    if runs.is_empty() {
        return context
            .case
            .order
            .is_none()
            .then(|| never_ran(context, name, step));
    }
    if runs.iter().any(|run| was_looked_at(context, run)) {
        return None;
    }
    // Whatever ended it has a finding of its own, unless somebody tolerates it.
    if runs.iter().any(|run| ended_otherwise(run)) {
        return None;
    }
    let ran_for_nothing = runs.iter().all(|run| run.error_code().is_none());
    let key = key.or_else(|| (words.error.is_some() && ran_for_nothing).then_some("error"))?;
    let primary = match ran_for_nothing {
        true => format!("step \"{name}\" ran for no row, so that nothing held it to what it says"),
        false => {
            format!("step \"{name}\" never succeeded, so that nothing held it to what it says")
        }
    };
    let last = runs.last().map(|run| context.ending(run));
    let finding = Finding::vacuous("never-ran", primary)
        .at(context.place(format!("{}/{key}", step.path)))
        .events(runs.iter().map(|run| run.launched.seq));
    Some(match (ran_for_nothing, last) {
        (false, Some(ending)) => finding.label(ending),
        (true, _) | (false, None) => finding,
    })
}

fn never_ran(context: &Context<'_>, name: &str, step: &StepPlan) -> Finding {
    let primary = format!("step \"{name}\" never ran, so that nothing held it to what it says");
    Finding::vacuous("never-ran", primary)
        .at(context.place(&step.path))
        .hint("have it run, or take out what it says of itself")
}

/// How often a load sent a step; none for a client that is no part of its mix.
fn was_counted(load: &LoadLog, name: &str) -> Option<u64> {
    let (client, step) = name.split_once('.')?;
    let tally = load.clients.iter().find(|tally| tally.client == client)?;
    let step = tally.steps.iter().find(|tally| tally.step == step)?;
    Some(step.executions())
}

/// The first key of a step that is about its success.
fn said_of_success(words: &Statement) -> Option<&'static str> {
    let keys = [
        (words.rows.is_some(), "rows"),
        (words.row_count.is_some(), "row_count"),
        (words.affected.is_some(), "affected"),
    ];
    keys.into_iter().find_map(|(said, key)| said.then_some(key))
}

/// Whether an execution was answered without an error.
fn was_looked_at(context: &Context<'_>, run: &StepRun<'_>) -> bool {
    let own = context.trace.messages_of(run);
    let mut own = own.filter(|message| message.is_own());
    own.any(|message| message.reply().is_some_and(|reply| reply.error.is_none()))
}

/// Whether a hook ended an execution, or the case did.
fn ended_otherwise(run: &StepRun<'_>) -> bool {
    match run.completed {
        Some((_, StepEnd::HookFailed | StepEnd::Skipped)) | None => true,
        Some((_, StepEnd::Done | StepEnd::Error { .. })) => false,
    }
}
