//! What does the file beside a scenario hold? A versioned form, sorted, to be read by people in a review.

use super::{Environment, Facts, Timings};
use crate::record::CaseId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Version of the form; raised when a reader of the old one would misread the new one.
pub const FORMAT: u32 = 1;

/// What is remembered of a scenario: `transfers.baseline.json` beside `transfers.yaml`. Written by
/// `pgauge run --update-baselines` and by nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "pgauge baseline")]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The version of this form.
    #[schemars(range(min = 1, max = 1))]
    pub format: u32,
    /// The scenario's name.
    pub scenario: String,
    /// What does not depend on the machine, by case: the variant, the named order, or `variant/order`; `only` for a
    /// scenario with one case.
    #[serde(default)]
    pub cases: BTreeMap<String, Facts>,
    /// Times, by the environment in which they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timings: Vec<EnvironmentTimings>,
}

/// The times that were taken in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentTimings {
    /// Where they were taken.
    pub environment: Environment,
    /// The timings by case, named as under `cases` above.
    pub cases: BTreeMap<String, Timings>,
}

/// Under which name a case is remembered in the file of its scenario.
pub fn key(case: &CaseId) -> String {
    match (&case.variant, &case.order) {
        (Some(variant), Some(order)) => format!("{variant}/{order}"),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) => "only".to_owned(),
    }
}

/// The file beside a scenario: `transfers.baseline.json` for `transfers.yaml`.
pub fn path_beside(scenario: &Path) -> PathBuf {
    scenario.with_extension("baseline.json")
}

/// Why a baseline cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// A newer pgauge wrote it.
    Newer {
        /// Its version of the form.
        found: u32,
    },
    /// It is no baseline.
    Malformed {
        /// What is wrong.
        message: String,
        /// The line, from 1; 0 where no line is to blame.
        line: usize,
        /// The column, from 1; 0 where no column is to blame.
        column: usize,
    },
}

impl Unreadable {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Newer { .. } => {
                "update pgauge; or delete the file and write it anew with --update-baselines"
            }
            Self::Malformed { .. } => {
                "take the file from version control; or delete it and write it anew with --update-baselines"
            }
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { found } => write!(
                f,
                "the baseline was written by a newer pgauge: its form is {found}, this one reads forms up to {FORMAT}"
            ),
            Self::Malformed { message, .. } => write!(f, "the baseline cannot be read: {message}"),
        }
    }
}

impl std::error::Error for Unreadable {}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let place = format!(" at line {line} column {column}");
        Self::Malformed {
            message: message.strip_suffix(&place).unwrap_or(&message).to_owned(),
            line,
            column,
        }
    }
}

impl Baseline {
    /// A baseline that remembers nothing.
    pub fn new(scenario: impl Into<String>) -> Self {
        Self {
            format: FORMAT,
            scenario: scenario.into(),
            cases: BTreeMap::new(),
            timings: Vec::new(),
        }
    }

    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// It is no baseline, or of a form that this pgauge does not know.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.format > FORMAT {
            return Err(Unreadable::Newer { found: head.format });
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The file's text: indented, sorted, with a line break at the end. Facts stand apart by empty lines, so that two
    /// branches which changed two of them merge without a conflict.
    pub fn to_text(&self) -> String {
        // Maps with text keys and whole numbers always have a JSON form.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        spaced(&text)
    }

    /// The times that were taken in an environment.
    pub fn timings_in(&self, environment: &Environment) -> Option<&EnvironmentTimings> {
        let mut timings = self.timings.iter();
        timings.find(|timings| timings.environment == *environment)
    }
}

/// The text with an empty line between neighbouring facts: version control merges two changes only if a line between
/// them stays as it is. Times of one thing change together and stay together.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        out.push_str(line);
        out.push('\n');
        let entry = line.trim_start();
        let number = entry.strip_suffix(',').and_then(|entry| {
            let (_, value) = entry.rsplit_once("\": ")?;
            value.parse::<u64>().ok()
        });
        let of_a_fact = line.len() - entry.len() >= INDENT_OF_FACTS;
        if of_a_fact && (number.is_some() || entry == "],") {
            out.push('\n');
        }
    }
    out
}

/// How deep a fact is indented: in `cases`, in its case, in its kind.
const INDENT_OF_FACTS: usize = 8;

/// The JSON Schema of the file, `schema/baseline.schema.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Baseline)
}
