//! How does the program end? The exit status, and what stopped a command before its end.

use crate::{
    pg::error::ServerError,
    source::{Diagnostic, Diagnostics},
    verdict::ExitStatus,
};
use std::process::ExitCode;

/// The exit status of pgauge. Of several at once, the first counts.
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
    /// What both together come to.
    pub fn and(self, other: Self) -> Self {
        self.min(other)
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

impl From<ExitStatus> for Status {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Passed => Self::Passed,
            ExitStatus::Failed => Self::Failed,
            ExitStatus::Errored => Self::World,
            ExitStatus::Worse => Self::Regressed,
            ExitStatus::Interrupted => Self::Interrupted,
        }
    }
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

/// A server that cannot be found, started or used, as a message.
pub fn of_server(error: &ServerError) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("server", error.primary.clone());
    diagnostic.detail.clone_from(&error.detail);
    diagnostic.hints.extend(error.hint.clone());
    diagnostic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_at_once_the_first_of_the_manual_counts() {
        let in_order = [
            Status::Interrupted,
            Status::Spec,
            Status::World,
            Status::Failed,
            Status::Regressed,
        ];
        assert!(in_order.is_sorted());
        assert_eq!(in_order.map(Status::code), [130, 3, 4, 1, 5]);
        assert_eq!(Status::Failed.and(Status::World), Status::World);
        assert_eq!(Status::Passed.and(Status::Failed), Status::Failed);
    }

    #[test]
    fn a_verdict_and_the_program_end_with_the_same_number() {
        for status in [
            ExitStatus::Passed,
            ExitStatus::Failed,
            ExitStatus::Errored,
            ExitStatus::Worse,
            ExitStatus::Interrupted,
        ] {
            assert_eq!(Status::from(status).code(), status.code());
        }
    }
}
