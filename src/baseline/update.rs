//! What shall be remembered from now on? What was measured, except where it moved less than is tolerated: then the
//! file keeps what it has, so that it changes only with a reason.

use super::{
    Baseline, Environment, EnvironmentTimings, Facts, Span, Timing, Timings, Unreadable,
    compare::Scope,
};
use crate::spec::scenario::{BaselineFact, BaselineOptions};
use std::collections::{BTreeMap, BTreeSet};

/// What was measured of one case that passed.
#[derive(Debug, Clone)]
pub struct MeasuredCase<'a> {
    /// Its name in the file, from [`key`](super::key).
    pub key: String,
    /// What does not depend on the machine.
    pub facts: Facts,
    /// Its times.
    pub timings: Timings,
    /// What the scenario says of its baseline.
    pub options: Option<&'a BaselineOptions>,
}

/// The new text of a scenario's baseline. `known` names all cases that the scenario has: others are forgotten, and those
/// of them that were not measured stay as they are. The text is the old one, byte by byte, if nothing moved beyond
/// tolerance.
///
/// # Errors
///
/// The old text cannot be read.
pub fn update(
    old: Option<&str>,
    scenario: &str,
    measured: &[MeasuredCase<'_>],
    known: &BTreeSet<String>,
    environment: &Environment,
) -> Result<String, Unreadable> {
    let before = old.map(Baseline::read).transpose()?;
    let mut baseline = before.clone().unwrap_or_else(|| Baseline::new(scenario));
    baseline.format = super::FORMAT;
    scenario.clone_into(&mut baseline.scenario);
    baseline.cases.retain(|key, _| known.contains(key));
    for timings in &mut baseline.timings {
        timings.cases.retain(|key, _| known.contains(key));
    }
    for case in measured {
        let scope = Scope {
            options: case.options,
        };
        let old = baseline.cases.get(&case.key);
        let facts = scope.facts(old, &case.facts);
        baseline.cases.insert(case.key.clone(), facts);
        remember_times(&mut baseline, case, scope, environment);
    }
    baseline.timings.retain(|timings| !timings.cases.is_empty());
    baseline
        .timings
        .sort_by(|a, b| a.environment.cmp(&b.environment));
    Ok(match (old, before) {
        (Some(old), Some(before)) if before == baseline => old.to_owned(),
        _ => baseline.to_text(),
    })
}

fn remember_times(
    baseline: &mut Baseline,
    case: &MeasuredCase<'_>,
    scope: Scope<'_>,
    environment: &Environment,
) {
    let position = baseline
        .timings
        .iter()
        .position(|timings| timings.environment == *environment);
    let position = position.unwrap_or_else(|| {
        baseline.timings.push(EnvironmentTimings {
            environment: environment.clone(),
            cases: BTreeMap::new(),
        });
        baseline.timings.len() - 1
    });
    let cases = &mut baseline.timings[position].cases;
    let old = cases.remove(&case.key).unwrap_or_default();
    if !case.timings.is_empty() {
        cases.insert(case.key.clone(), scope.timings(&old, &case.timings));
    }
}

impl Scope<'_> {
    fn facts(self, old: Option<&Facts>, new: &Facts) -> Facts {
        let nothing = Facts::default();
        let old = old.unwrap_or(&nothing);
        let spans = |fact, old: &BTreeMap<String, Span>, new: &BTreeMap<String, Span>| {
            let kept = new.iter().map(|(key, now)| {
                let before = old
                    .get(key)
                    .filter(|old| self.tolerates_span(fact, **old, *now));
                (key.clone(), *before.unwrap_or(now))
            });
            kept.collect()
        };
        let errors = new.errors.iter().map(|(step, conditions)| {
            let kept = conditions.iter().map(|(name, now)| {
                let before = old.errors.get(step).and_then(|known| known.get(name));
                let before = before.filter(|old| self.tolerates(BaselineFact::Errors, **old, *now));
                (name.clone(), *before.unwrap_or(now))
            });
            (step.clone(), kept.collect())
        });
        Facts {
            statements: spans(BaselineFact::Statements, &old.statements, &new.statements),
            rows: spans(BaselineFact::Rows, &old.rows, &new.rows),
            errors: errors.collect(),
            waits: new.waits.clone(),
            plans: self.remembered_plans(&old.plans, &new.plans),
        }
    }

    fn timings(self, old: &Timings, new: &Timings) -> Timings {
        let kept = new.iter().map(|(of, now)| {
            let before = old.get(of).filter(|old| self.is_near(old, now));
            (of.clone(), *before.unwrap_or(now))
        });
        kept.collect()
    }

    /// Whether no percentile moved beyond tolerance, and the same ones are known.
    fn is_near(self, old: &Timing, new: &Timing) -> bool {
        let pairs = [
            (Some(old.p50), Some(new.p50)),
            (old.p95, new.p95),
            (old.p99, new.p99),
        ];
        let throughput = match (old.per_second, new.per_second) {
            (Some(old), Some(new)) => {
                self.tolerates(BaselineFact::Latency, old.min(new), old.max(new))
            }
            (old, new) => old == new,
        };
        throughput
            && pairs.into_iter().all(|pair| match pair {
                (Some(old), Some(new)) => self.tolerates_time(old, new),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            })
    }
}
