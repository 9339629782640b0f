//! The outcomes that expectations name: files in isolationtester's text form, read before anything runs.

use super::Planner;
use crate::{
    isolation::Expected,
    schedule::case::OutcomePlan,
    source::{Diagnostic, Diagnostics, SourceFile},
    spec::expect::Expectation,
};

impl Planner<'_> {
    /// Every outcome that is expected, with its alternatives.
    pub(super) fn outcomes(
        &self,
        expect: &[(String, Expectation)],
    ) -> Result<Vec<OutcomePlan>, Diagnostics> {
        let cast = self.scenario.cast();
        let read = |file: &SourceFile| Expected::read(file, &cast);
        let mut plans = Vec::new();
        for (path, expectation) in expect {
            let Expectation::Outcome(outcome) = expectation else {
                continue;
            };
            let files = self.file.outcome(&outcome.outcome.like);
            let alternatives: Result<Vec<Expected>, Diagnostic> = files.iter().map(read).collect();
            plans.push(OutcomePlan {
                path: path.clone(),
                alternatives: alternatives?,
            });
        }
        Ok(plans)
    }
}
