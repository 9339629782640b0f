//! `pgauge check`: everything that is wrong with scenarios and can be known without a server.

use super::{Stop, args::Chosen, planning::planned, settings::Scope};
use crate::{
    report::terminal::{Verbosity, View, say},
    text::plural,
};

/// Reads and plans everything, and says that it can be run.
///
/// # Errors
///
/// Whatever is wrong, all of it.
pub fn check(chosen: &Chosen, view: View) -> Result<(), Stop> {
    let scope = Scope::of(chosen)?;
    let plan = planned(&scope, chosen, None)?;
    if view.verbosity > Verbosity::Quiet {
        let files = plural(scope.files.len() as u64, "file");
        let cases = plural(plan.cases.len() as u64, "case");
        say(&format!("{files} with {cases}: nothing wrong\n"));
    }
    Ok(())
}
