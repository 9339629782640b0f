//! `outcome`: is all that happened like what isolationtester printed, or would print?
//!
//! Facts are compared, not text, and in all orders; see [`compare`].

use crate::{
    isolation::{Comparison, Level, compare},
    measure::Outcome,
    spec::expect::OutcomeExpectation,
    text::plural,
    verdict::{
        context::Context,
        finding::{Finding, FindingPlace, Within},
    },
};

/// The finding if it is not.
pub fn judge(pointer: &str, _: &OutcomeExpectation, context: &Context<'_>) -> Option<Finding> {
    let case = context.case;
    let planned = case.outcomes.iter().find(|plan| plan.path == pointer)?;
    let outcome = Outcome::of(case, context.log);
    let comparison = compare(&outcome.traces, &planned.alternatives, &case.cast);
    if comparison.agrees_with.is_some() {
        return None;
    }
    let mut finding = Finding::failed(
        "isolation-outcome",
        "the outcome is not like that of the expected file",
    )
    .at(context.place(pointer))
    .detail(how_far(&comparison));
    let Some(difference) = &comparison.first else {
        return Some(finding);
    };
    let said = difference.diagnostic();
    finding.primary = said.primary;
    finding.hints = said.hints;
    if let Some(detail) = said.detail {
        finding.detail = Some(format!("{detail}\n{}", how_far(&comparison)));
    }
    if let Some(place) = &difference.place {
        finding.place = Some(FindingPlace {
            within: Within::Outcome {
                alternative: comparison.closest,
                start: place.span.start,
                end: place.span.end,
            },
            ..context.place(pointer)
        });
    }
    let events = outcome.events.get(difference.order);
    let event = events.and_then(|events| events.get(difference.fact).or(events.last()));
    Some(finding.events(event.copied()))
}

/// `of 8 orders 6 are the same, 1 more but for the place of notices, 1 has other results`
fn how_far(comparison: &Comparison) -> String {
    let strict = comparison.agreeing(Level::Strict);
    let notices = comparison.agreeing(Level::NoticesPerSession) - strict;
    let results = comparison.agreeing(Level::ResultsOnly) - strict - notices;
    let all = comparison.levels.len();
    let mut parts = vec![format!("{strict} the same")];
    if notices > 0 {
        parts.push(format!("{notices} but for where notices stand"));
    }
    if results > 0 {
        parts.push(format!(
            "{results} in results only, not in who waited or when it was told"
        ));
    }
    let others = all - strict - notices - results;
    if others > 0 {
        parts.push(format!("{others} with other results"));
    }
    format!("of {}: {}", plural(all as u64, "order"), parts.join(", "))
}
