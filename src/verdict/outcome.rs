//! What did the cases come to, and with which status does the program end?

use super::finding::{Finding, FindingKind};
use crate::record::{CaseId, Micros};

/// What a case came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The world broke: server, file, network.
    Errored,
    /// An expectation did not hold.
    Failed,
    /// A green would mean nothing.
    Vacuous,
    /// It was not run, for a good reason.
    Skipped,
    /// Everything that was expected held.
    Passed,
}

impl Outcome {
    /// The word in messages and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Errored => "errored",
            Self::Failed => "failed",
            Self::Vacuous => "vacuous",
            Self::Skipped => "skipped",
            Self::Passed => "passed",
        }
    }

    /// What findings amount to: the worst of them counts. What is worse than the baseline, and notes, leave a
    /// case passed.
    pub fn of(findings: &[Finding]) -> Self {
        let worst = findings.iter().map(|finding| finding.kind).min();
        match worst {
            Some(FindingKind::Errored) => Self::Errored,
            Some(FindingKind::Failed) => Self::Failed,
            Some(FindingKind::Vacuous) => Self::Vacuous,
            Some(FindingKind::Worse | FindingKind::Skipped | FindingKind::Note) | None => {
                let skipped = findings.iter().any(|f| f.kind == FindingKind::Skipped);
                if skipped { Self::Skipped } else { Self::Passed }
            }
        }
    }
}

/// What one case came to, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseVerdict {
    /// Which case.
    pub case: CaseId,
    /// What it came to.
    pub outcome: Outcome,
    /// What is wrong or worth knowing, the worst first.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub duration: Micros,
}

impl CaseVerdict {
    /// A verdict from its findings, which are sorted here: the worst first, else as they were found.
    pub fn new(case: CaseId, mut findings: Vec<Finding>, duration: Micros) -> Self {
        findings.sort_by_key(|finding| finding.kind);
        Self {
            case,
            outcome: Outcome::of(&findings),
            findings,
            duration,
        }
    }

    /// Adds findings, and sorts them in.
    pub(super) fn add(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by_key(|finding| finding.kind);
        self.outcome = Outcome::of(&self.findings);
    }

    /// Whether something is worse than, or other than, the baseline.
    pub fn is_worse(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.kind == FindingKind::Worse)
    }
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// One entry per planned case, in the plan's order.
    pub cases: Vec<CaseVerdict>,
    /// What ended the run early, such as `SIGINT`.
    pub interrupted: Option<String>,
}

/// How many cases came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Everything that was expected held.
    pub passed: usize,
    /// An expectation did not hold.
    pub failed: usize,
    /// The world broke.
    pub errored: usize,
    /// Not run, for a good reason.
    pub skipped: usize,
    /// A green would mean nothing.
    pub vacuous: usize,
    /// Of all these, how many were worse than the baseline.
    pub worse: usize,
}

/// Whether skipped cases count against a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Skips {
    /// A skipped case is said loudly and does no harm.
    #[default]
    Allowed,
    /// A skipped case fails the run (`--no-skips`).
    Refused,
}

/// The status with which the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: everything held.
    Passed,
    /// 1: an expectation failed, a case was vacuous, or one was skipped that must not be.
    Failed,
    /// 4: the world broke.
    Errored,
    /// 5: worse than the baseline.
    Worse,
    /// 130: interrupted.
    Interrupted,
}

impl ExitStatus {
    /// The number for the operating system.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Errored => 4,
            Self::Worse => 5,
            Self::Interrupted => 130,
        }
    }
}

impl Verdict {
    /// How many cases came to what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for case in &self.cases {
            match case.outcome {
                Outcome::Passed => counts.passed += 1,
                Outcome::Failed => counts.failed += 1,
                Outcome::Errored => counts.errored += 1,
                Outcome::Skipped => counts.skipped += 1,
                Outcome::Vacuous => counts.vacuous += 1,
            }
            counts.worse += usize::from(case.is_worse());
        }
        counts
    }

    /// The status with which the program ends. Of several, the first of: interrupted, errored, failed, worse.
    pub fn exit_status(&self, skips: Skips) -> ExitStatus {
        let counts = self.counts();
        let refused = match skips {
            Skips::Allowed => 0,
            Skips::Refused => counts.skipped,
        };
        if self.interrupted.is_some() {
            ExitStatus::Interrupted
        } else if counts.errored > 0 {
            ExitStatus::Errored
        } else if counts.failed + counts.vacuous + refused > 0 {
            ExitStatus::Failed
        } else if counts.worse > 0 {
            ExitStatus::Worse
        } else {
            ExitStatus::Passed
        }
    }

    /// The cases with something to tell, the most important first: errored, failed, vacuous, skipped, passed;
    /// among equals in the plan's order.
    pub fn most_important_first(&self) -> Vec<&CaseVerdict> {
        let mut cases: Vec<&CaseVerdict> = self.cases.iter().collect();
        cases.sort_by_key(|case| (case.outcome, !case.is_worse()));
        cases
    }

    /// The cases that took longest, the slowest first.
    pub fn slowest(&self, how_many: usize) -> Vec<&CaseVerdict> {
        let mut cases: Vec<&CaseVerdict> = self.cases.iter().collect();
        cases.sort_by_key(|case| std::cmp::Reverse(case.duration));
        cases.truncate(how_many);
        cases
    }
}
