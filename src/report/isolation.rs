//! A run in isolationtester's own text form, so that expected files and whatever else reads it keep working.

use super::results::{CaseResult, Results};
use crate::{
    isolation::write_head,
    measure::Outcome,
    schedule::{Case, Plan},
    spec::order::Orders,
};
use std::collections::BTreeSet;

/// The cases of one scenario: together they are what isolationtester prints for a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The scenario's file without its ending: what such a file is called.
    pub stem: String,
    /// Their indices in the plan.
    pub cases: Vec<usize>,
}

/// The scenarios of a plan whose cases have orders, and the names of the others, which the form cannot tell.
pub fn scenarios(plan: &Plan) -> (Vec<Told>, Vec<String>) {
    let mut told: Vec<(Option<&str>, &str, Told)> = Vec::new();
    let mut untold = Vec::new();
    for (index, case) in plan.cases.iter().enumerate() {
        if case.order.is_none() {
            untold.push(case.id.to_string());
            continue;
        }
        let variant = case.id.variant.as_deref();
        let known = told
            .iter_mut()
            .find(|(known, file, _)| *known == variant && *file == case.id.file);
        match known {
            Some((_, _, told)) => told.cases.push(index),
            None => {
                let stem = case.file.file.path().file_stem().unwrap_or_default();
                let stem = stem.to_string_lossy().into_owned();
                let stem = match variant {
                    Some(variant) => format!("{stem}-{variant}"),
                    None => stem,
                };
                let cases = vec![index];
                told.push((variant, &case.id.file, Told { stem, cases }));
            }
        }
    }
    (told.into_iter().map(|(_, _, told)| told).collect(), untold)
}

/// The text of one scenario.
pub fn text(plan: &Plan, results: &Results, told: &Told) -> String {
    let cases: Vec<(&Case, &CaseResult)> = told
        .cases
        .iter()
        .filter_map(|index| Some((plan.cases.get(*index)?.as_ref(), results.cases.get(*index)?)))
        .collect();
    let mut out = String::new();
    let Some((first, _)) = cases.first() else {
        return out;
    };
    let unused = unused(&cases);
    let unused: Vec<&str> = unused.iter().map(String::as_str).collect();
    write_head(&first.cast, &unused, &mut out);
    for (case, result) in &cases {
        for trace in &Outcome::of(case, &result.log).traces {
            trace.write(&case.cast, &mut out);
        }
    }
    out
}

/// Steps that no written order launches, sorted by their bytes.
fn unused(cases: &[(&Case, &CaseResult)]) -> BTreeSet<String> {
    let written = cases
        .iter()
        .all(|(case, _)| matches!(case.scenario.orders, Orders::Named(_)));
    let Some((first, _)) = cases.first().filter(|_| written) else {
        return BTreeSet::new();
    };
    let mut names = first.cast.steps.iter().map(|step| step.name.clone());
    let mut unused = BTreeSet::new();
    for (client, plan) in first.clients.iter().enumerate() {
        for (step, name) in (0..plan.steps.len()).zip(&mut names) {
            let launched = cases.iter().any(|(case, _)| {
                let mut order = case.order.iter().flatten();
                order.any(|launch| launch.client == client && launch.step == step)
            });
            if !launched {
                unused.insert(name);
            }
        }
    }
    unused
}
