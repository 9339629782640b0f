//! What does a run leave behind for later? The JSON results file: all events, outcomes and findings.
//!
//! Every other report is made from [`Results`] alone, never from live objects, so each of them can be made
//! again from the file. For that the file also carries the author's texts that findings point into.

use super::figures::Figures;
use crate::{
    record::{CaseEnd, CaseLog, FORMAT, RunFacts},
    source::{Diagnostic, Place, Severity, SourceFile, Span},
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::fmt;

/// All that a run noted and what was found in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Version of this form: [`FORMAT`].
    pub format: u32,
    /// About the run as a whole.
    pub run: RunFacts,
    /// One entry per planned case, in the plan's order.
    pub cases: Vec<CaseResult>,
    /// The text of every file that a finding points into, by its path.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub sources: IndexMap<String, String>,
}

/// What was noted of one case and what was found in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// What it came to.
    pub outcome: Outcome,
    /// What is wrong or worth knowing, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Where the time went.
    #[serde(default, skip_serializing_if = "Figures::is_empty")]
    pub figures: Figures,
    /// All that was noted.
    #[serde(flatten)]
    pub log: CaseLog,
}

/// What a case came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything that was expected held.
    Passed,
    /// An expectation did not hold.
    Failed,
    /// The world broke: server, file, network.
    Errored,
    /// It was not run, for a good reason.
    Skipped,
    /// A green would mean nothing.
    Vacuous,
}

/// One thing wrong or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub kind: FindingKind,
    /// What kind of thing it is, such as `never-waited`.
    pub code: String,
    /// One sentence, lower case, without full stop.
    pub primary: String,
    /// Where in the author's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceRecord>,
    /// A few words at the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The facts behind the primary sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it, one piece of advice each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Expected and actual, line by line, where rows differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Other places that belong to it, each with a few words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<(PlaceRecord, String)>,
    /// The events that it rests on, by [`seq`](crate::record::Event::seq).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<u32>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

    /// Whether it is a reason for a case not to pass.
    pub fn is_bad(self) -> bool {
        match self {
            Self::Errored | Self::Failed | Self::Vacuous => true,
            Self::Worse | Self::Skipped | Self::Note => false,
        }
    }
}

/// A place in one of [`Results::sources`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceRecord {
    /// The file's path as it was given.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl CaseResult {
    /// Why it was skipped; none if it was not, or nobody said why.
    pub fn skip_reason(&self) -> Option<String> {
        if let CaseEnd::Skipped { reason } = &self.log.end {
            return Some(reason.clone());
        }
        let mut findings = self.findings.iter();
        findings
            .find(|finding| finding.kind == FindingKind::Skipped)
            .map(|finding| finding.primary.clone())
    }

    /// How bad the worst of its findings is.
    pub fn worst(&self) -> Option<FindingKind> {
        self.findings.iter().map(|finding| finding.kind).min()
    }

    /// Whether it passed and is worse than, or other than, the baseline.
    pub fn is_worse(&self) -> bool {
        self.outcome == Outcome::Passed && self.worst() == Some(FindingKind::Worse)
    }

    /// The findings for which it did not pass.
    pub fn bad_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.kind.is_bad())
    }
}

impl Results {
    /// Results of a run without any case yet.
    pub fn new(run: RunFacts) -> Self {
        Self {
            format: FORMAT,
            run,
            cases: Vec::new(),
            sources: IndexMap::new(),
        }
    }

    /// Remembers a place, with the text of its file.
    pub fn keep_place(&mut self, place: &Place) -> PlaceRecord {
        let file = place.file.path().to_string_lossy().into_owned();
        if !self.sources.contains_key(&file) {
            self.sources
                .insert(file.clone(), place.file.text().to_owned());
        }
        let position = place.position();
        PlaceRecord {
            file,
            line: position.line,
            column: position.column,
            start: place.span.start,
            end: place.span.end,
        }
    }

    /// A finding as a message with its place and snippet.
    pub fn diagnostic(&self, finding: &Finding) -> Diagnostic {
        let place = finding.place.as_ref().and_then(|place| self.place(place));
        let mut diagnostic = Diagnostic::new(
            finding.kind.severity(),
            finding.code.clone(),
            finding.primary.clone(),
        )
        .at(place);
        diagnostic.label.clone_from(&finding.label);
        diagnostic.detail.clone_from(&finding.detail);
        diagnostic.hints.clone_from(&finding.hints);
        let related = finding.related.iter();
        diagnostic.related = related
            .filter_map(|(place, label)| Some((self.place(place)?, label.clone())))
            .collect();
        diagnostic
    }

    fn place(&self, place: &PlaceRecord) -> Option<Place> {
        let text = self.sources.get(&place.file)?;
        let file = SourceFile::new(&place.file, text.as_str());
        // A file that was edited by hand may point anywhere.
        let fits = file.text().get(place.start..place.end).is_some();
        fits.then(|| file.place(Span::new(place.start, place.end)))
    }

    /// How many cases came to what.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for case in &self.cases {
            match case.outcome {
                Outcome::Passed => tally.passed += 1,
                Outcome::Failed => tally.failed += 1,
                Outcome::Errored => tally.errored += 1,
                Outcome::Skipped => tally.skipped += 1,
                Outcome::Vacuous => tally.vacuous += 1,
            }
            tally.worse += usize::from(case.is_worse());
        }
        tally
    }

    /// The content of the results file.
    ///
    /// # Errors
    ///
    /// A value has no JSON form; none of pgauge's own does.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }

    /// Reads the content of a results file.
    ///
    /// # Errors
    ///
    /// It is not one, or of a form that this pgauge does not know.
    pub fn from_json(json: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_slice(json).map_err(Unreadable::NotResults)?;
        if head.format != FORMAT {
            return Err(Unreadable::OtherFormat {
                found: head.format,
                known: FORMAT,
            });
        }
        serde_json::from_slice(json).map_err(Unreadable::NotResults)
    }
}

/// How many cases came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Everything held.
    pub passed: usize,
    /// An expectation did not hold.
    pub failed: usize,
    /// The world broke.
    pub errored: usize,
    /// Not run.
    pub skipped: usize,
    /// A green would have meant nothing.
    pub vacuous: usize,
    /// Of those that passed, how many were worse than, or other than, the baseline.
    pub worse: usize,
}

impl Tally {
    /// All cases.
    pub fn total(&self) -> usize {
        self.passed + self.failed + self.errored + self.skipped + self.vacuous
    }
}

/// Why a results file cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The content is no results file.
    NotResults(serde_json::Error),
    /// It is of another version of the form.
    OtherFormat {
        /// The version of the file.
        found: u32,
        /// The version that this pgauge reads.
        known: u32,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotResults(error) => write!(f, "this is no results file of pgauge: {error}"),
            Self::OtherFormat { found, known } => write!(
                f,
                "the results have format {found}, this pgauge reads format {known}; run the suite again, or read \
                 them with the pgauge that wrote them"
            ),
        }
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn reading_back_gives_the_same() {
        let results = sample::results();
        let json = results.to_json().unwrap();
        assert_eq!(Results::from_json(&json).unwrap(), results);
    }

    #[test]
    fn a_message_made_again_from_the_file_has_its_snippet() {
        let json = sample::results().to_json().unwrap();
        let results = Results::from_json(&json).unwrap();
        let finding = results.cases[1].bad_findings().next().unwrap();
        let place = results.diagnostic(finding).place.unwrap();
        assert_eq!(place.to_string(), "scenarios/lost_update.yaml:19:5");
        assert_eq!(place.text(), "bob.update");
    }

    #[test]
    fn another_format_is_named_with_what_to_do() {
        let error = Results::from_json(br#"{"format": 99, "future": true}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the results have format 99, this pgauge reads format 1; run the suite again, or read them with the \
             pgauge that wrote them"
        );
        let error = Results::from_json(b"[]").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("this is no results file of pgauge"),
            "{error}"
        );
    }
}
