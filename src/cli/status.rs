//! How does the program end? The exit status, and what stopped a command before its end.

use crate::{
    report::results::{Outcome, Results},
    source::{Diagnostic, Diagnostics},
};
use std::process::ExitCode;

/// The exit status of pgauge, the one that wins over all others first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 130: somebody ended the run.
    Interrupted,
    /// 3: what the author wrote is wrong.
    Spec,
    /// 4: server, file, network.
    World,
    /// 1: an expectation failed, or a case was vacuous.
    Failed,
    /// 5: worse than the baseline.
    Regressed,
    /// 2: the command line, or nothing matched.
    Usage,
    /// 0: everything held.
    Passed,
}

impl Status {
    /// What a run came to.
    pub fn of(results: &Results, skips: Skips) -> Self {
        let interrupted = results.run.interrupted.as_ref().map(|_| Self::Interrupted);
        let cases = results.cases.iter().map(|case| match case.outcome {
            Outcome::Passed => Self::Passed,
            Outcome::Failed | Outcome::Vacuous => Self::Failed,
            Outcome::Errored => Self::World,
            Outcome::Skipped => match skips {
                Skips::Allowed => Self::Passed,
                Skips::CountAsFailed => Self::Failed,
            },
        });
        interrupted
            .into_iter()
            .chain(cases)
            .min()
            .unwrap_or(Self::Passed)
    }

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Spec => 3,
            Self::World => 4,
            Self::Regressed => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}

/// What a skipped case counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skips {
    /// Nothing.
    Allowed,
    /// A failure: `--no-skips`.
    CountAsFailed,
}

/// What stopped a command before its end.
#[derive(Debug)]
pub enum Stop {
    /// The command line cannot be meant, or nothing matched.
    Usage(Box<Diagnostic>),
    /// What the author wrote is wrong.
    Spec(Diagnostics),
    /// Server, file, network.
    World(Box<Diagnostic>),
}

impl Stop {
    /// The command line cannot be meant.
    pub fn usage(diagnostic: Diagnostic) -> Self {
        Self::Usage(Box::new(diagnostic))
    }

    /// Server, file, network.
    pub fn world(diagnostic: Diagnostic) -> Self {
        Self::World(Box::new(diagnostic))
    }

    /// The exit status.
    pub fn status(&self) -> Status {
        match self {
            Self::Usage(_) => Status::Usage,
            Self::Spec(_) => Status::Spec,
            Self::World(_) => Status::World,
        }
    }

    /// All that is to be said.
    pub fn diagnostics(self) -> Diagnostics {
        match self {
            Self::Usage(diagnostic) | Self::World(diagnostic) => Diagnostics::from(*diagnostic),
            Self::Spec(diagnostics) => diagnostics,
        }
    }
}

impl From<Diagnostics> for Stop {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Spec(diagnostics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{CaseEnd, CaseId, CaseLog, Micros, RunFacts};
    use crate::report::{figures::Figures, results::CaseResult};

    fn results(outcomes: &[Outcome]) -> Results {
        let mut results = Results::new(RunFacts::default());
        results
            .cases
            .extend(outcomes.iter().map(|outcome| CaseResult {
                outcome: *outcome,
                findings: Vec::new(),
                figures: Figures::default(),
                log: CaseLog {
                    case: CaseId {
                        file: String::new(),
                        scenario: String::new(),
                        variant: None,
                        order: None,
                    },
                    end: CaseEnd::Ran,
                    events: Vec::new(),
                    queries: Vec::new(),
                    probes: Vec::new(),
                    started_at: String::new(),
                    duration: Micros(0),
                },
            }));
        results
    }

    #[test]
    fn the_worst_wins_in_the_order_of_the_manual() {
        use Outcome::{Errored, Failed, Passed, Skipped, Vacuous};
        let code = |outcomes: &[Outcome]| Status::of(&results(outcomes), Skips::Allowed).code();
        assert_eq!(code(&[Passed, Skipped]), 0);
        assert_eq!(code(&[Passed, Vacuous]), 1);
        assert_eq!(code(&[Failed, Errored]), 4);
        let mut interrupted = results(&[Failed, Errored]);
        interrupted.run.interrupted = Some("SIGINT".into());
        assert_eq!(Status::of(&interrupted, Skips::Allowed).code(), 130);
        assert!(Status::Spec < Status::World && Status::Failed < Status::Regressed);
    }

    #[test]
    fn skipped_cases_fail_only_when_asked_to() {
        let all_skipped = results(&[Outcome::Skipped]);
        assert_eq!(Status::of(&all_skipped, Skips::Allowed).code(), 0);
        assert_eq!(Status::of(&all_skipped, Skips::CountAsFailed).code(), 1);
    }
}
