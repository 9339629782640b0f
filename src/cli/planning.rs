//! From files to cases: what `run`, `check` and `show` have in common.

use super::{Stop, args::Chosen, settings::Scope, tell};
use crate::{
    report::terminal::View,
    schedule::{Plan, PlanOptions, Selection, plan},
    source::{Diagnostic, Diagnostics},
    spec::{self, LoadedScenario},
    text::{did_you_mean, list, plural},
};
use std::{collections::BTreeSet, sync::Arc};

/// What is to be done, and what is doubtful about it.
#[derive(Debug)]
pub struct Planned {
    /// The cases.
    pub plan: Plan,
    /// What works and is probably not what was meant, in the files of these cases.
    pub warnings: Diagnostics,
}

/// The cases of a scope; `random_seed` is what the command line or the suite says.
///
/// # Errors
///
/// Something is wrong in a file, or no case was chosen.
pub fn planned(scope: &Scope, chosen: &Chosen, random_seed: Option<u64>) -> Result<Planned, Stop> {
    let loaded = spec::load(&scope.files)?;
    let plan = plan(&loaded, &options(scope, chosen, random_seed))?;
    if plan.cases.is_empty() {
        return Err(nothing_chosen(chosen, &loaded));
    }
    let has_a_case = |file: &&Arc<LoadedScenario>| {
        let mut cases = plan.cases.iter();
        cases.any(|case| Arc::ptr_eq(&case.file, file))
    };
    let files = loaded.iter().filter(has_a_case);
    let warnings = files.flat_map(|file| file.warnings.0.clone()).collect();
    Ok(Planned { plan, warnings })
}

impl Planned {
    /// Tells the warnings on standard error and gives the cases; what is doubtful keeps nothing from being done.
    pub fn warned(self, view: View) -> Plan {
        if !self.warnings.0.is_empty() {
            tell(&self.warnings, view);
        }
        self.plan
    }
}

/// What the command line and the suite say of all scenarios.
pub fn options(scope: &Scope, chosen: &Chosen, random_seed: Option<u64>) -> PlanOptions {
    let usual = PlanOptions::default();
    PlanOptions {
        random_seed: random_seed
            .or(scope.suite.random_seed)
            .unwrap_or(usual.random_seed),
        timeout: scope
            .suite
            .timeout
            .map_or(usual.timeout, |timeout| timeout.0),
        slow_query: scope.suite.slow_query,
        select: Selection {
            tags: chosen.tag.clone(),
            names: chosen.name.clone(),
        },
    }
}

fn nothing_chosen(chosen: &Chosen, loaded: &[Arc<LoadedScenario>]) -> Stop {
    let quoted = |words: &[String]| {
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        list(&quoted, "or")
    };
    let scenarios = loaded.iter().flat_map(|file| file.variants.values());
    let tags: BTreeSet<&String> = scenarios.flat_map(|scenario| &scenario.tags).collect();
    let mut asked = Vec::new();
    let mut diagnostic = Diagnostic::error("nothing-matched", "");
    if !chosen.tag.is_empty() {
        asked.push(format!("the tag {}", quoted(&chosen.tag)));
        for tag in chosen.tag.iter().filter(|tag| !tags.contains(tag)) {
            diagnostic
                .hints
                .extend(did_you_mean(tag, tags.iter().copied()));
        }
    }
    if !chosen.name.is_empty() {
        asked.push(format!("{} in its name", quoted(&chosen.name)));
        diagnostic
            .hints
            .push("`pgauge show` lists the names of all cases".to_owned());
    }
    diagnostic.primary = match asked.is_empty() {
        true => "there is no case to run".to_owned(),
        false => format!("no case has {}", list(&asked, "and")),
    };
    diagnostic.detail = Some(format!(
        "looked into {}",
        plural(loaded.len() as u64, "scenario file")
    ));
    Stop::usage(diagnostic)
}
