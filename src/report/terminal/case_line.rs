//! A case in one line: what it came to, which, how long.

use crate::{
    record::{CaseId, ChosenOrders, Exploration, Micros},
    report::{
        results::{FindingKind, Outcome},
        style::{Paint, shown},
    },
    source::Color,
    text::{format_duration, shortened_lines},
    verdict::explored::in_brief,
};

/// How a case ended.
#[derive(Debug)]
pub struct CaseEnding<'a> {
    /// Which.
    pub case: &'a CaseId,
    /// What it came to.
    pub outcome: Outcome,
    /// How bad the worst of its findings is, if there is one.
    pub worst: Option<FindingKind>,
    /// Why it was skipped, if it was.
    pub reason: Option<String>,
    /// What trying many orders came to, if that was done.
    pub explored: Option<&'a Exploration>,
    /// How long it took.
    pub duration: Micros,
}

impl CaseEnding<'_> {
    /// `ok       Transfers in opposite order [retried] (48 ms)`
    pub fn line(&self, color: Color) -> String {
        let (word, paint) = word(self.outcome, self.worst);
        let name = shown(&name(self.case));
        let rest = match self.outcome {
            Outcome::Skipped => {
                let reason = self.reason.as_deref().unwrap_or("no reason was given");
                format!(" ({})", shortened_lines(&shown(reason)))
            }
            Outcome::Passed | Outcome::Failed | Outcome::Errored | Outcome::Vacuous => {
                let explored = self
                    .explored
                    .filter(|explored| explored.chosen != ChosenOrders::Forced);
                let explored = explored.map(|explored| format!("; {}", in_brief(explored)));
                let span = format_duration(self.duration.duration());
                format!(" ({span}{})", explored.unwrap_or_default())
            }
        };
        let rest = Paint::Dim.on(&rest, color);
        format!("{} {name}{rest}", paint.on(&format!("{word:<8}"), color))
    }
}

/// The case's name, or its file where it has none.
pub(super) fn name(case: &CaseId) -> String {
    match case.scenario.is_empty() {
        true => case.file.clone(),
        false => case.to_string(),
    }
}

/// The outcome as it stands before a case, where its worst finding is of this kind: what is wrong is loud.
pub(super) fn word(outcome: Outcome, worst: Option<FindingKind>) -> (&'static str, Paint) {
    match outcome {
        Outcome::Passed if worst == Some(FindingKind::Worse) => ("WORSE", Paint::Yellow),
        Outcome::Passed => ("ok", Paint::Green),
        Outcome::Failed => ("FAILED", Paint::Red),
        Outcome::Errored => ("ERROR", Paint::Red),
        Outcome::Skipped => ("skipped", Paint::Yellow),
        Outcome::Vacuous => ("VACUOUS", Paint::Yellow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_outcome_has_its_line() {
        let lines: Vec<String> = sample::results()
            .cases
            .iter()
            .map(|case| {
                let ending = CaseEnding {
                    case: &case.log.case,
                    outcome: case.outcome,
                    worst: case.worst(),
                    reason: case.skip_reason(),
                    explored: None,
                    duration: case.log.duration,
                };
                ending.line(Color::Off)
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
