//! `statements`: how many a client, or a step of it, sent.
//!
//! Per pass through the script every pass that was gone through must hold; per case all sessions of the client
//! together. BEGIN, COMMIT, ROLLBACK and `setup` are not counted. Vacuous if no pass was gone through.

use super::never_ran;
use crate::{
    measure::{PassStatements, trace::PassEnd},
    spec::expect::{Per, StatementsExpectation},
    text::plural,
    verdict::{
        bound::{Limit, Natural},
        context::Context,
        finding::Finding,
    },
};

/// The findings of this expectation.
pub fn judge(
    pointer: &str,
    expectation: &StatementsExpectation,
    context: &Context<'_>,
) -> Vec<Finding> {
    let facts = &expectation.statements;
    let pointer = format!("{pointer}/statements");
    let limit = Limit::of(&facts.count, Natural::Exactly);
    let (client, step) = match facts.of.split_once('.') {
        Some((client, step)) => (client, Some(step)),
        None => (facts.of.as_str(), None),
    };
    let statements = &context.measurements.statements;
    let passes: Vec<&PassStatements> = statements
        .passes_of(client)
        .filter(|pass| step.is_none_or(|step| pass.steps.contains_key(step)))
        .collect();
    if passes.is_empty() {
        return vec![never_ran(context, &format!("{pointer}/of"), &facts.of)];
    }
    let count = |pass: &PassStatements| match step {
        Some(step) => pass.steps.get(step).copied().unwrap_or(0),
        None => pass.count,
    };
    let place = context.place(format!("{pointer}/count"));
    let of = &facts.of;
    match facts.per {
        Per::Case => {
            let sum: u64 = passes.iter().map(|pass| count(pass)).sum();
            if limit.holds(sum) {
                return Vec::new();
            }
            let sent = plural(sum, "statement");
            let primary = format!("\"{of}\" sent {sent} in all, expected {}", limit.words());
            vec![
                Finding::failed("statements", primary)
                    .at(place)
                    .label(format!("sent {sum}")),
            ]
        }
        Per::Iteration => {
            let complete = passes.iter().filter(|pass| pass.end == PassEnd::Complete);
            let complete: Vec<&PassStatements> = complete.copied().collect();
            if complete.is_empty() {
                let primary = format!("no pass of \"{of}\" was gone through to its end");
                return vec![Finding::vacuous("never-ran", primary).at(place)];
            }
            let broken: Vec<&PassStatements> = complete
                .iter()
                .copied()
                .filter(|pass| !limit.holds(count(pass)))
                .collect();
            let Some(first) = broken.first() else {
                return Vec::new();
            };
            let sent = plural(count(first), "statement");
            let primary = format!("\"{of}\" sent {sent} in a pass, expected {}", limit.words());
            let finding = Finding::failed("statements", primary)
                .at(place)
                .label(format!("sent {}", count(first)))
                .detail(breakdown(first, broken.len(), complete.len()));
            vec![finding]
        }
    }
}

/// Which steps sent how many in a pass.
fn breakdown(pass: &PassStatements, broken: usize, complete: usize) -> String {
    let sent = pass.steps.iter().filter(|(_, count)| **count > 0);
    let steps: Vec<String> = sent
        .map(|(step, count)| match step.as_str() {
            "" => format!("hooks {count}"),
            step => format!("{step} {count}"),
        })
        .collect();
    let which = match complete {
        1 => String::new(),
        _ => format!(" (in {broken} of {})", plural(complete as u64, "pass")),
    };
    format!(
        "pass {} of \"{}\"{which}: {}",
        pass.iteration,
        pass.client,
        steps.join(", ")
    )
}
