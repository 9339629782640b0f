//! `pgauge check`: everything that is wrong with scenarios and can be known without a server.

use super::{
    Stop,
    args::Chosen,
    planning::planned,
    run::Baselines,
    settings::{BaselineUse, Scope},
};
use crate::{
    report::terminal::{Verbosity, View, say},
    text::plural,
};

/// Reads and plans everything, also what is remembered beside the scenarios, and says that it can be run.
///
/// # Errors
///
/// Whatever is wrong, all of it.
pub fn check(chosen: &Chosen, view: View) -> Result<(), Stop> {
    let scope = Scope::of(chosen)?;
    let planned = planned(&scope, chosen, None)?;
    let warnings = planned.warnings.0.len() as u64;
    let plan = planned.warned(view);
    Baselines::read(&plan, BaselineUse::Compare)?;
    if view.verbosity > Verbosity::Quiet {
        let files = plural(scope.files.len() as u64, "file");
        let cases = plural(plan.cases.len() as u64, "case");
        let found = match warnings {
            0 => "nothing wrong".to_owned(),
            some => format!("nothing wrong, {}", plural(some, "warning")),
        };
        say(&format!("{files} with {cases}: {found}\n"));
    }
    Ok(())
}
