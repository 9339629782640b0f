//! `improves`: how many times as little does a watched statement need after the migration?
//!
//! Vacuous if it was not measured on both sides, or needed none of it before; and of times, if they do not tell with
//! confidence on which side of the bound they lie.

use super::never_migrated;
use crate::{
    measure::migration::{query_cost, slowdown},
    record::PlanPoint,
    spec::{
        expect::{AtLeast, Bound, ImprovedMeasure, ImprovesExpectation},
        quantity::Factor,
    },
    text::{format_duration, thousands},
    verdict::{
        bound::{Limit, Natural},
        context::Context,
        expect::migration::bytes_in_words,
        finding::Finding,
    },
};

/// The findings of this expectation.
pub fn judge(pointer: &str, expected: &ImprovesExpectation, context: &Context<'_>) -> Vec<Finding> {
    let pointer = format!("{pointer}/improves");
    let facts = &expected.improves;
    if context.log.migration.is_none() {
        return vec![never_migrated(context, &pointer)];
    }
    let needs = |point| need(context, &facts.of, facts.measure, point);
    let (Some(before), Some(after)) = (needs(PlanPoint::Before), needs(PlanPoint::After)) else {
        let primary = format!(
            "query \"{}\" was not measured before and after the migration",
            facts.of
        );
        return vec![Finding::vacuous("never-ran", primary).at(context.place(&pointer))];
    };
    let (what, said): (&str, fn(f64) -> String) = match facts.measure {
        ImprovedMeasure::Time => ("time", in_time),
        ImprovedMeasure::Buffers => ("buffers", |count| thousands(count as u64)),
        ImprovedMeasure::Wal => ("write-ahead log", |bytes| bytes_in_words(bytes as u64)),
    };
    if before <= 0.0 {
        let primary = format!(
            "query \"{}\" needed no {what} before the migration",
            facts.of
        );
        return vec![Finding::vacuous("nothing-to-improve", primary).at(context.place(&pointer))];
    }
    // Times are never the same twice: all that they may mean has to lie on one side of the bound.
    let (factor, may_be) = match (facts.measure, slowdown(context.log, &facts.of)) {
        (ImprovedMeasure::Time, None) => {
            let primary = format!(
                "query \"{}\" ran too few times to tell how much it improved",
                facts.of
            );
            return vec![uncertain(primary).at(context.place(&pointer))];
        }
        (ImprovedMeasure::Time, Some(ratio)) => {
            (1.0 / ratio.value, vec![1.0 / ratio.high, 1.0 / ratio.low])
        }
        (ImprovedMeasure::Buffers | ImprovedMeasure::Wal, _) => {
            let factor = before / after.max(f64::MIN_POSITIVE);
            (factor, vec![factor])
        }
    };
    let limit = match &facts.by {
        Bound::Natural(least) => Limit::of(
            &Bound::AtLeast(AtLeast { at_least: *least }),
            Natural::AtMost,
        ),
        bound => Limit::of(bound, Natural::AtMost),
    };
    let holding = may_be.iter().filter(|factor| limit.holds(Factor(**factor)));
    let holding = holding.count();
    if holding == may_be.len() {
        return Vec::new();
    }
    if holding > 0 {
        let ends: Vec<String> = may_be.iter().map(|factor| in_words(*factor)).collect();
        let primary = format!(
            "query \"{}\" improved between {}, expected {}: its times do not tell",
            facts.of,
            ends.join(" and "),
            limit.words()
        );
        return vec![uncertain(primary).at(context.place(format!("{pointer}/by")))];
    }
    let primary = format!(
        "query \"{}\" improved {}, expected {}",
        facts.of,
        in_words(factor),
        limit.words()
    );
    let detail = format!("{what}: {} before, {} after", said(before), said(after));
    let finding = Finding::failed("not-improved", primary)
        .at(context.place(format!("{pointer}/by")))
        .detail(Some(detail));
    vec![finding]
}

fn uncertain(primary: String) -> Finding {
    Finding::vacuous("uncertain", primary)
        .hint("have it run more often with \"repeat\", or measure its buffers")
}

fn in_words(factor: f64) -> String {
    match factor {
        factor if factor >= 10.0 => format!("{factor:.0}x"),
        factor => format!("{factor:.2}x"),
    }
}

fn in_time(micros: f64) -> String {
    format_duration(std::time::Duration::from_micros(micros as u64))
}

/// What the statement needed at a time.
fn need(
    context: &Context<'_>,
    query: &str,
    measure: ImprovedMeasure,
    point: PlanPoint,
) -> Option<f64> {
    let cost = query_cost(context.log, query, point);
    match measure {
        ImprovedMeasure::Time => cost.time.map(|time| time.0 as f64),
        ImprovedMeasure::Buffers => cost.buffers.map(|pages| pages as f64),
        ImprovedMeasure::Wal => cost.wal.map(|bytes| bytes as f64),
    }
}
