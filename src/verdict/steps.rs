//! Did each step return what its own `rows`, `row_count`, `affected` and `error` say, in every execution?

use super::{
    context::{Context, condition},
    expect::rows::{self, Wanted},
    finding::Finding,
};
use crate::{
    measure::trace::StepRun,
    record::Reply,
    spec::{client::Statement, expect::Bound},
    text::plural,
};

/// The findings for steps that returned something else than they say. Of a step that does so again and again
/// the first time is told.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for run in &context.trace.runs {
        let Some((step, plan, words)) = context.statement(run.client, run.step) else {
            continue;
        };
        let name = format!("{}.{}", run.client, run.step);
        if let Some(code) = &plan.expected_error
            && succeeded(context, run)
        {
            let primary = format!(
                "step \"{name}\" was expected to end with {} but succeeded",
                condition(code)
            );
            let finding = Finding::failed("no-error", primary)
                .at(context.place(format!("{}/error", step.path)))
                .label(how_often(context, run))
                .events(run.completed.map(|(moment, _)| moment.seq));
            add(&mut findings, finding);
        }
        for (seq, reply) in own_replies(context, run) {
            for finding in of_reply(context, &name, &step.path, words, reply) {
                add(&mut findings, finding.events([seq]));
            }
        }
    }
    findings
}

/// Whether the statement of a step was done at least once, where each time it should have ended with an error.
fn succeeded(context: &Context<'_>, run: &StepRun<'_>) -> bool {
    run.completed.is_some() && own_replies(context, run).next().is_some()
}

/// How a step ended that should have ended with an error: where it was sent for several rows, how often it did not.
fn how_often(context: &Context<'_>, run: &StepRun<'_>) -> String {
    let messages = run
        .messages
        .iter()
        .map(|index| &context.trace.messages[*index]);
    match messages.filter(|message| message.is_own()).count() {
        0 | 1 => context.ending(run),
        all => format!(
            "succeeded for {} of {}",
            own_replies(context, run).count(),
            plural(all as u64, "row")
        ),
    }
}

/// The successful answers to a step's own statement: one, or one for each row of `for_each`.
fn own_replies<'a>(
    context: &Context<'a>,
    run: &StepRun<'a>,
) -> impl Iterator<Item = (u32, &'a Reply)> {
    let trace = context.trace;
    let messages = run
        .messages
        .clone()
        .into_iter()
        .map(|index| &trace.messages[index]);
    let own = messages.filter(|message| message.is_own());
    own.filter_map(|message| {
        let (moment, reply, _) = message.answer?;
        reply.error.is_none().then_some((moment.seq, reply))
    })
}

fn of_reply(
    context: &Context<'_>,
    name: &str,
    path: &str,
    words: &Statement,
    reply: &Reply,
) -> Vec<Finding> {
    let subject = format!("step \"{name}\"");
    let exactly = |count: Option<u64>| count.map(Bound::Natural);
    let checks = [
        words.rows.as_ref().and_then(|expected| {
            let wanted = Wanted {
                rows: expected,
                ordered: words.ordered,
                sql: &words.sql,
            };
            let finding = rows::compare(&subject, &wanted, reply)?;
            Some((finding, "rows"))
        }),
        exactly(words.row_count)
            .and_then(|bound| Some((rows::row_count(&subject, &bound, reply)?, "row_count"))),
        exactly(words.affected)
            .and_then(|bound| Some((rows::affected(&subject, &bound, reply)?, "affected"))),
    ];
    let placed = checks
        .into_iter()
        .flatten()
        .map(|(finding, key)| finding.at(context.place(format!("{path}/{key}"))));
    placed.collect()
}

/// Adds a finding, or counts it to the one that stands at the same place already.
fn add(findings: &mut Vec<Finding>, finding: Finding) {
    let same = |known: &&mut Finding| known.place == finding.place && known.code == finding.code;
    match findings.iter_mut().find(same) {
        Some(known) => {
            known.events.extend(finding.events);
            let times = plural(known.events.len() as u64, "execution");
            known.detail = Some(format!("the first of {times} that did so is shown"));
        }
        None => findings.push(finding),
    }
}
