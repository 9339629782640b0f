//! What is to be said about a place? PostgreSQL's own form: primary, detail, hint; and a code to look it up by.

use super::Place;
use crate::text::plural;
use std::borrow::Cow;

/// How bad it is: the first word of a message. The worst come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// What the author wrote is wrong; nothing was run.
    Error,
    /// The world broke while a case ran.
    Errored,
    /// An expectation did not hold.
    Failed,
    /// A green would mean nothing.
    Vacuous,
    /// It works, and is probably not what was meant.
    Warning,
    /// It was not run, for a good reason.
    Skipped,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word in messages and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Errored => "errored",
            Self::Failed => "failed",
            Self::Vacuous => "vacuous",
            Self::Warning => "warning",
            Self::Skipped => "skipped",
            Self::Note => "note",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// One thing wrong or worth knowing, for a person to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing it is, in kebab case, such as `never-waited`; stable, so that one can look it up.
    pub code: Cow<'static, str>,
    /// One sentence, lower case, without full stop.
    pub primary: String,
    /// Where, if it has a place.
    pub place: Option<Place>,
    /// A few words at the place, such as `returned UPDATE 1 after 4 ms`.
    pub label: Option<String>,
    /// The facts behind the primary sentence.
    pub detail: Option<String>,
    /// What to do about it, one piece of advice each.
    pub hints: Vec<String>,
    /// Other places that belong to it, each with a few words.
    pub related: Vec<(Place, String)>,
    /// A text that would put it right.
    pub suggestion: Option<Box<Suggestion>>,
}

/// A change to the author's file that would put it right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What to replace; an empty span inserts.
    pub place: Place,
    /// What to put there.
    pub replacement: String,
    /// The question asked, such as `did you mean "steps"?`.
    pub message: String,
}

impl Diagnostic {
    /// A diagnostic with a primary sentence only.
    pub fn new(
        severity: Severity,
        code: impl Into<Cow<'static, str>>,
        primary: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code: code.into(),
            primary: primary.into(),
            place: None,
            label: None,
            detail: None,
            hints: Vec::new(),
            related: Vec::new(),
            suggestion: None,
        }
    }

    /// [`Severity::Error`]: what the author wrote is wrong.
    pub fn error(code: impl Into<Cow<'static, str>>, primary: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, primary)
    }

    /// [`Severity::Warning`]: it works, and is probably not what was meant.
    pub fn warning(code: impl Into<Cow<'static, str>>, primary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, primary)
    }

    /// Says where.
    pub fn at(mut self, place: impl Into<Option<Place>>) -> Self {
        self.place = place.into();
        self
    }

    /// Puts a few words at the place.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds the facts.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a piece of advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds another place that belongs to it.
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// Adds a change that would put it right.
    pub fn suggest(
        mut self,
        place: Place,
        replacement: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let suggestion = Suggestion {
            place,
            replacement: replacement.into(),
            message: message.into(),
        };
        self.suggestion = Some(Box::new(suggestion));
        self
    }
}

impl Diagnostic {
    fn sorting_key(&self) -> (bool, Option<(&std::path::Path, usize)>) {
        let place = self.place.as_ref();
        (
            place.is_none(),
            place.map(|place| (place.file.path(), place.span.start)),
        )
    }
}

impl std::fmt::Display for Diagnostic {
    /// One line, for logs: `path:line:column: error[code]: primary`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}[{}]: {}", self.severity, self.code, self.primary)
    }
}

impl std::error::Error for Diagnostic {}

/// All that is wrong, at once. Never empty where it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(
    /// In the order in which they were found.
    pub Vec<Diagnostic>,
);

impl Diagnostics {
    /// Adds one more.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether one of them is an [`Severity::Error`].
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Keeps the first `limit` and says how many more there are, so that one mistake made a thousand times does not
    /// bury the others.
    pub fn limit(&mut self, limit: usize) {
        let more = self.0.len().saturating_sub(limit);
        if more > 0 {
            self.0.truncate(limit);
            let primary = format!("{} not shown", plural(more as u64, "more problem"));
            self.push(Diagnostic::new(Severity::Note, "more", primary));
        }
    }

    /// Sorts them by file, then by position; those without a place come last, equals keep their order.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| a.sorting_key().cmp(&b.sorting_key()));
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        Self(diagnostics.into_iter().collect())
    }
}

impl std::fmt::Display for Diagnostics {
    /// One line each.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::super::{SourceFile, Span};
    use super::*;

    #[test]
    fn diagnostics_sort_by_file_and_position() {
        let (a, b) = (
            SourceFile::new("a.yaml", "x: 1\ny: 2"),
            SourceFile::new("b.yaml", "x: 1"),
        );
        let at = |file: &SourceFile, start| {
            Diagnostic::error("c", "wrong").at(file.place(Span::new(start, start + 1)))
        };
        let mut all: Diagnostics = [
            at(&b, 0),
            at(&a, 5),
            at(&a, 0),
            Diagnostic::warning("c", "somewhere"),
        ]
        .into_iter()
        .collect();
        all.sort();
        assert_eq!(
            all.to_string(),
            "a.yaml:1:1: error[c]: wrong\na.yaml:2:1: error[c]: wrong\nb.yaml:1:1: error[c]: wrong\nwarning[c]: somewhere"
        );
        assert!(all.has_errors());
        all.limit(1);
        assert_eq!(
            all.to_string(),
            "a.yaml:1:1: error[c]: wrong\nnote[more]: 3 more problems not shown"
        );
    }
}
