//! Looks on while cases run: tells the progress, and ends the run early where that was asked for.

use crate::{
    cli::settings::AfterFailure,
    pg::server::PgServer,
    record::{CaseLog, Event},
    report::terminal::{CaseEnding, Progress},
    run::{ExploreProgress, LoadProgress, Observer},
    schedule::{Case, Plan},
    verdict::{Outcome, Terms, judge_case},
};
use std::ops::ControlFlow;

/// Looks on while cases run.
#[derive(Debug)]
pub struct Watcher<'a> {
    /// What is run.
    pub plan: &'a Plan,
    /// What cases are judged against.
    pub terms: &'a Terms,
    /// Where it is told.
    pub progress: &'a Progress,
    /// Keeps the databases of cases that did not pass, if any.
    pub server: &'a PgServer,
    /// What happens after a case that did not pass.
    pub after_failure: AfterFailure,
}

impl Observer for Watcher<'_> {
    fn began(&self, index: usize, case: &Case) {
        self.progress.began(index, &case.id);
    }

    fn saw(&self, index: usize, event: &Event) {
        self.progress.saw(index, event);
    }

    fn flowed(&self, index: usize, progress: &LoadProgress<'_>) {
        self.progress.flowed(index, progress);
    }

    fn explored(&self, index: usize, progress: &ExploreProgress) {
        self.progress.explored(index, progress);
    }

    fn ended(&self, index: usize, log: &CaseLog) -> ControlFlow<()> {
        let verdict = judge_case(&self.plan.cases[index], log, self.terms);
        let ending = CaseEnding {
            case: &log.case,
            outcome: verdict.outcome.into(),
            worst: verdict.findings.first().map(|finding| finding.kind.into()),
            reason: verdict
                .findings
                .first()
                .map(|finding| finding.primary.clone()),
            explored: log.exploration.as_deref(),
            duration: log.duration,
        };
        self.progress.ended(index, &ending);
        if matches!(verdict.outcome, Outcome::Passed | Outcome::Skipped) {
            self.server.release(&log.case);
        }
        match (verdict.outcome, self.after_failure) {
            (Outcome::Failed | Outcome::Errored | Outcome::Vacuous, AfterFailure::End) => {
                ControlFlow::Break(())
            }
            (Outcome::Failed | Outcome::Errored | Outcome::Vacuous, AfterFailure::GoOn)
            | (Outcome::Passed | Outcome::Skipped, _) => ControlFlow::Continue(()),
        }
    }
}
