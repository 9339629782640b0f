//! `errors`: how many, at what rate, of which kinds.
//!
//! All errors of steps count, expected ones included. `none` means none at all; `count` is exact, `rate` a bound from
//! above on the share of passes (of a client: each try is one) or executions (of a step) that met an error; errors
//! of the kinds in `only` are expected ones, any other fails, also one that a step expects or a retry made good. An error
//! that nobody expected has a finding of its own already and is not told twice. Vacuous if what is named never ran.

use super::never_ran;
use crate::{
    measure::{ErrorCounts, trace::StepRun},
    spec::{
        expect::{ErrorsExpectation, ErrorsFacts, NoneOr},
        quantity::Percent,
    },
    text::{list, plural},
    verdict::{
        bound::{Limit, Natural},
        context::{Context, code_of, condition},
        finding::Finding,
        load,
        unexpected::{Expected, expected, means},
    },
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    expectation: &ErrorsExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    let pointer = format!("{pointer}/errors");
    let facts = match &expectation.errors {
        // A load without traffic is told by the load itself.
        NoneOr::None(_) if context.trace.runs.is_empty() && context.log.load.is_none() => {
            return vec![nothing_ran(&pointer, context)];
        }
        NoneOr::None(_) => return none(&pointer, context).into_iter().collect(),
        NoneOr::Some(facts) => facts,
    };
    let errors = &context.measurements.errors;
    let counts = match &facts.of {
        Some(of) => errors.get(of),
        None => Some(&errors.all),
    };
    let Some(counts) = counts.filter(|counts| counts.executions > 0) else {
        let of = facts.of.as_deref();
        return vec![match of {
            Some(of) => never_ran(context, &format!("{pointer}/of"), of),
            None => nothing_ran(&pointer, context),
        }];
    };
    let found = [
        rate(&pointer, facts, counts, context),
        count(&pointer, facts, counts, context),
        others(&pointer, facts, context),
    ];
    found.into_iter().flatten().collect()
}

fn nothing_ran(pointer: &str, context: &Context<'_>) -> Finding {
    Finding::vacuous("never-ran", "no client ran a step").at(context.place(pointer))
}

/// Executions that met an error which has no finding of its own.
fn tolerated<'a>(context: &Context<'a>) -> Vec<(&'a StepRun<'a>, &'a str)> {
    let trace = context.trace;
    let failed = trace
        .runs
        .iter()
        .filter_map(|run| Some((run, run.error_code()?)));
    failed
        .filter(|(run, code)| expected(context, run, code) != Expected::Nowhere)
        .collect()
}

fn none(pointer: &str, context: &Context<'_>) -> Option<Finding> {
    if context.log.load.is_some() {
        return none_under_a_load(pointer, context);
    }
    let errors = tolerated(context);
    let (first, code) = errors.first()?;
    let primary = format!(
        "{} happened, expected none",
        plural(errors.len() as u64, "error")
    );
    let detail = format!(
        "the first was {} in step \"{}.{}\"; that a step, the order or a retry expects it does not make it none",
        condition(code),
        first.client,
        first.step
    );
    let seqs = errors
        .iter()
        .filter_map(|(run, _)| run.completed.map(|(moment, _)| moment.seq));
    let finding = Finding::failed("errors", primary)
        .at(context.place(pointer))
        .detail(detail)
        .events(seqs);
    Some(finding)
}

fn none_under_a_load(pointer: &str, context: &Context<'_>) -> Option<Finding> {
    let counts = &context.measurements.errors.all;
    if counts.count() == 0 {
        return None;
    }
    let errors = plural(counts.count(), "error");
    let finding = Finding::failed("errors", format!("{errors} happened, expected none"))
        .at(context.place(pointer))
        .detail(by_code(counts));
    Some(finding)
}

fn rate(
    pointer: &str,
    facts: &ErrorsFacts,
    counts: &ErrorCounts,
    context: &Context<'_>,
) -> Option<Finding> {
    let limit = Limit::of(facts.rate.as_ref()?, Natural::AtMost);
    let actual = counts.rate()?;
    if limit.map(Percent::fraction).holds(actual) {
        return None;
    }
    let noun = match facts.of.as_deref() {
        Some(of) if of.contains('.') => "execution",
        Some(_) | None => "pass",
    };
    let primary = format!(
        "{:.1}% of {} met an error, expected {}",
        actual * 100.0,
        plural(counts.executions, noun),
        limit.words()
    );
    let finding = Finding::failed("errors", primary)
        .at(context.place(format!("{pointer}/rate")))
        .detail(by_code(counts));
    Some(finding)
}

fn count(
    pointer: &str,
    facts: &ErrorsFacts,
    counts: &ErrorCounts,
    context: &Context<'_>,
) -> Option<Finding> {
    let limit = Limit::of(facts.count.as_ref()?, Natural::Exactly);
    if limit.holds(counts.count()) {
        return None;
    }
    let primary = format!(
        "{} happened, expected {}",
        plural(counts.count(), "error"),
        limit.words()
    );
    let finding = Finding::failed("errors", primary)
        .at(context.place(format!("{pointer}/count")))
        .detail(by_code(counts));
    Some(finding)
}

/// Errors of other kinds than `only` names, which something else expects.
fn others(pointer: &str, facts: &ErrorsFacts, context: &Context<'_>) -> Option<Finding> {
    if facts.only.is_empty() {
        return None;
    }
    if context.log.load.is_some() {
        return others_under_a_load(pointer, facts, context);
    }
    let only: Vec<String> = facts.only.iter().map(code_of).collect();
    let mut errors = tolerated(context);
    errors.retain(|(run, code)| {
        let in_scope = facts.of.as_deref().is_none_or(|of| means(of, run));
        in_scope && !only.iter().any(|known| known == code)
    });
    let (first, code) = errors.first()?;
    let primary = format!(
        "step \"{}.{}\" got {}, expected only {}",
        first.client,
        first.step,
        condition(code),
        words(facts)
    );
    let seqs = errors
        .iter()
        .filter_map(|(run, _)| run.completed.map(|(moment, _)| moment.seq));
    let finding = Finding::failed("errors", primary)
        .at(context.place(format!("{pointer}/only")))
        .events(seqs);
    Some(finding)
}

fn others_under_a_load(
    pointer: &str,
    facts: &ErrorsFacts,
    context: &Context<'_>,
) -> Option<Finding> {
    let only: Vec<String> = facts.only.iter().map(code_of).collect();
    let others = load::tolerated(context).into_iter().filter(|errors| {
        let in_scope = facts.of.as_deref().is_none_or(|of| errors.are_of(of));
        in_scope && !only.iter().any(|known| known == errors.code)
    });
    let others: Vec<_> = others.collect();
    let first = others.first()?;
    let who = match first.step {
        Some(step) => format!("step \"{}.{step}\"", first.client),
        None => format!("client \"{}\"", first.client),
    };
    let primary = format!(
        "{who} got {}, expected only {}",
        condition(first.code),
        words(facts)
    );
    let count: u64 = others.iter().map(|errors| errors.count).sum();
    let detail = format!(
        "{} of other kinds; a step, a retry or another expectation that allows one does not add its kind to \"only\"",
        plural(count, "error")
    );
    let finding = Finding::failed("errors", primary)
        .at(context.place(format!("{pointer}/only")))
        .detail(detail);
    Some(finding)
}

/// The kinds that may happen.
fn words(facts: &ErrorsFacts) -> String {
    let names: Vec<&str> = facts.only.iter().map(|state| state.0.as_str()).collect();
    list(&names, "or")
}

fn by_code(counts: &ErrorCounts) -> Option<String> {
    let told: Vec<String> = counts
        .by_code
        .iter()
        .map(|(code, count)| format!("{} of {}", count, condition(code)))
        .collect();
    (!told.is_empty()).then(|| list(&told, "and"))
}
