//! What is wrong, or worth knowing? A finding is data: how bad, which code, which words, where.

use crate::{
    record::CaseId,
    source::{Diagnostic, Place, Position, Severity, Span},
    spec::LoadedScenario,
};
use std::borrow::Cow;

/// One thing wrong or worth knowing in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub kind: FindingKind,
    /// What kind of thing it is, in kebab case, such as `never-waited`; stable, so that one can look it up.
    pub code: Cow<'static, str>,
    /// One sentence, lower case, without full stop.
    pub primary: String,
    /// Where in the author's files; none where no one place is to blame.
    pub place: Option<FindingPlace>,
    /// A few words at the place, such as `returned UPDATE 1 after 4 ms`.
    pub label: Option<String>,
    /// The facts behind the primary sentence.
    pub detail: Option<String>,
    /// What to do about it, one piece of advice each.
    pub hints: Vec<String>,
    /// Expected (`-`) and actual (`+`) rows, line by line, where rows differ.
    pub diff: Option<String>,
    /// Other places that belong to it, each with a few words.
    pub related: Vec<(FindingPlace, String)>,
    /// The events that it rests on, by [`seq`](crate::record::Event::seq).
    pub events: Vec<u32>,
}

/// How bad a finding is; the worst come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// The world broke.
    Errored,
    /// An expectation did not hold.
    Failed,
    /// A green would mean nothing.
    Vacuous,
    /// Worse than, or other than, the baseline.
    Worse,
    /// It was not run, for a good reason.
    Skipped,
    /// Worth knowing.
    Note,
}

impl FindingKind {
    /// The first word of its message.
    pub fn severity(self) -> Severity {
        match self {
            Self::Errored => Severity::Errored,
            Self::Failed => Severity::Failed,
            Self::Vacuous => Severity::Vacuous,
            Self::Worse => Severity::Warning,
            Self::Skipped => Severity::Skipped,
            Self::Note => Severity::Note,
        }
    }
}

/// Where a finding stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingPlace {
    /// The case, and with it the file and the variant.
    pub case: CaseId,
    /// JSON pointer in the merged scenario of that variant.
    pub pointer: String,
    /// Where within what the pointer leads to.
    pub within: Within,
}

impl FindingPlace {
    /// The place in the author's files.
    pub fn locate(&self, scenario: &LoadedScenario) -> Place {
        let variant = self.case.variant.as_deref();
        match self.within {
            Within::All => scenario.place(variant, &self.pointer),
            Within::Sql { position } => scenario.sql_place(variant, &self.pointer, position),
            Within::Script { line, column } => match scenario.excerpt(variant, &self.pointer) {
                Some(text) => text.at_position(Position {
                    line: usize::try_from(line).unwrap_or(1),
                    column: usize::try_from(column).unwrap_or(1),
                }),
                None => scenario.place(variant, &self.pointer),
            },
            Within::Outcome {
                alternative,
                start,
                end,
            } => {
                let files = scenario.outcome_at(variant, &self.pointer);
                match files.get(alternative) {
                    Some(file) => file.place(Span::new(start, end)),
                    None => scenario.place(variant, &self.pointer),
                }
            }
        }
    }
}

/// Where within a value of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// All of it.
    All,
    /// At a line and column of a hook's text, both from 1.
    Script {
        /// The line.
        line: u32,
        /// The column, in characters.
        column: u32,
    },
    /// At a position in the SQL as it was sent, in characters from 1, as the server reports it.
    Sql {
        /// The position.
        position: u32,
    },
    /// In a file that an `outcome` is like.
    Outcome {
        /// Which of its alternatives, from 0.
        alternative: usize,
        /// The first byte.
        start: usize,
        /// The byte behind the last one.
        end: usize,
    },
}

impl Finding {
    /// A finding with a primary sentence only.
    pub fn new(
        kind: FindingKind,
        code: impl Into<Cow<'static, str>>,
        primary: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            code: code.into(),
            primary: primary.into(),
            place: None,
            label: None,
            detail: None,
            hints: Vec::new(),
            diff: None,
            related: Vec::new(),
            events: Vec::new(),
        }
    }

    /// [`FindingKind::Failed`]: an expectation did not hold.
    pub fn failed(code: &'static str, primary: impl Into<String>) -> Self {
        Self::new(FindingKind::Failed, code, primary)
    }

    /// [`FindingKind::Vacuous`]: a green would mean nothing.
    pub fn vacuous(code: &'static str, primary: impl Into<String>) -> Self {
        Self::new(FindingKind::Vacuous, code, primary)
    }

    /// [`FindingKind::Note`]: worth knowing.
    pub fn note(code: &'static str, primary: impl Into<String>) -> Self {
        Self::new(FindingKind::Note, code, primary)
    }

    /// Says where.
    pub fn at(mut self, place: impl Into<Option<FindingPlace>>) -> Self {
        self.place = place.into();
        self
    }

    /// Puts a few words at the place.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds the facts, where there are any.
    pub fn detail(mut self, detail: impl Into<Option<String>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds a piece of advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds how rows differ.
    pub fn diff(mut self, diff: impl Into<String>) -> Self {
        self.diff = Some(diff.into());
        self
    }

    /// Adds another place that belongs to it.
    pub fn related(mut self, place: FindingPlace, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// Adds events that it rests on.
    pub fn events(mut self, events: impl IntoIterator<Item = u32>) -> Self {
        self.events.extend(events);
        self
    }

    /// The finding as a message about the scenario that its case comes from.
    pub fn diagnostic(&self, scenario: &LoadedScenario) -> Diagnostic {
        let place = self.place.as_ref().map(|place| place.locate(scenario));
        let mut diagnostic = Diagnostic::new(
            self.kind.severity(),
            self.code.clone(),
            self.primary.clone(),
        )
        .at(place);
        diagnostic.label.clone_from(&self.label);
        diagnostic.detail = match (&self.detail, &self.diff) {
            (Some(detail), Some(diff)) => Some(format!("{detail}\n{diff}")),
            (detail, diff) => detail.clone().or_else(|| diff.clone()),
        };
        diagnostic.hints.clone_from(&self.hints);
        diagnostic.related = self
            .related
            .iter()
            .map(|(place, label)| (place.locate(scenario), label.clone()))
            .collect();
        diagnostic
    }
}
