//! From files to cases: what `run`, `check` and `show` have in common.

use super::{
    Stop,
    args::Chosen,
    secrets,
    settings::{RunSettings, Scope},
    tell,
};
use crate::{
    report::terminal::View,
    schedule::{Plan, PlanOptions, RowsKept, Selection, plan},
    source::{Diagnostic, Diagnostics},
    spec::{self, LoadedScenario},
    text::{did_you_mean, keep_secret, list, plural},
};
use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

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
    let loaded = spec::load_within(&scope.files, scope.root().as_deref())?;
    plan_of(&loaded, chosen, &options(scope, chosen, random_seed))
}

/// The cases of a run, with what its command line says of their outcome and of what is written.
///
/// # Errors
///
/// Something is wrong in a file, or no case was chosen.
pub fn planned_to_run(settings: &RunSettings) -> Result<Planned, Stop> {
    let RunSettings {
        scope,
        chosen,
        running,
        expected,
        load_extensions,
        reports,
        ..
    } = settings;
    let mut loaded = spec::load_within(&scope.files, scope.root().as_deref())?;
    if let Some(expected) = expected {
        expect_outcomes(&mut loaded, expected)?;
    }
    for scenario in &mut loaded {
        // Nobody else has it yet.
        if let Some(scenario) = Arc::get_mut(scenario) {
            scenario.load_extensions(load_extensions);
        }
    }
    let mut options = options(scope, chosen, Some(running.random_seed));
    options.shard = running.shard;
    options.barrier.clone_from(&settings.barrier);
    if reports.trace.is_some() {
        options.rows = RowsKept::All;
    }
    plan_of(&loaded, chosen, &options)
}

fn plan_of(
    loaded: &[Arc<LoadedScenario>],
    chosen: &Chosen,
    options: &PlanOptions,
) -> Result<Planned, Stop> {
    let plan = plan(loaded, options)?;
    keep_secret(&secrets::of(&plan));
    if plan.cases.is_empty() && !is_for_others(loaded, options)? {
        return Err(nothing_chosen(chosen, loaded));
    }
    let has_a_case = |file: &&Arc<LoadedScenario>| {
        let mut cases = plan.cases.iter();
        cases.any(|case| Arc::ptr_eq(&case.file, file))
    };
    let files = loaded.iter().filter(has_a_case);
    let warnings = files.flat_map(|file| file.warnings.0.clone()).collect();
    Ok(Planned { plan, warnings })
}

/// Whether there is something to be done, all of it by the other processes that share it.
fn is_for_others(
    loaded: &[Arc<LoadedScenario>],
    options: &PlanOptions,
) -> Result<bool, Diagnostics> {
    let whole = PlanOptions {
        shard: None,
        ..options.clone()
    };
    Ok(options.shard.is_some() && !plan(loaded, &whole)?.cases.is_empty())
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

/// Has scenarios expect what a file says, or for each of them the file of its name in a folder.
fn expect_outcomes(loaded: &mut [Arc<LoadedScenario>], expected: &Path) -> Result<(), Stop> {
    let is_folder = expected.is_dir();
    if loaded.len() > 1 && !is_folder {
        let primary = "an expected outcome in one file is that of one scenario";
        let detail = plural(loaded.len() as u64, "scenario was chosen");
        let diagnostic = Diagnostic::error("expected", primary).detail(detail);
        let hint = "choose one scenario, or name the folder that has the expected files";
        return Err(Stop::usage(diagnostic.hint(hint)));
    }
    for scenario in loaded {
        let path = match is_folder {
            true => {
                let stem = scenario.file.path().file_stem().unwrap_or_default();
                expected.join(format!("{}.out", stem.to_string_lossy()))
            }
            false => expected.to_owned(),
        };
        // Nobody else has it yet.
        if let Some(scenario) = Arc::get_mut(scenario) {
            scenario.expect_outcome(&path)?;
        }
    }
    Ok(())
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
        rows: usual.rows,
        tester_step_timeout: tester_step_timeout().unwrap_or(usual.tester_step_timeout),
        shard: None,
        barrier: None,
    }
}

/// What isolationtester's own variable says: whole seconds.
fn tester_step_timeout() -> Option<Duration> {
    let seconds = std::env::var("PGISOLATIONTIMEOUT").ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
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
