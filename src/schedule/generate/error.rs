//! Why can a value not be generated?

use crate::script::{Place, ScriptError};

/// What is wrong with a generator, or with a value it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerateError {
    /// The column, or the parameter, whose generator it is.
    pub of: String,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What the author can do about it, when that is known.
    pub hint: Option<String>,
    /// Where in the text of a `rhai` generator.
    pub place: Option<Place>,
}

impl std::fmt::Display for GenerateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "generator of \"{}\": {}", self.of, self.message)
    }
}

impl std::error::Error for GenerateError {}

/// What is wrong, before it is known in which column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    message: String,
    hint: Option<String>,
    place: Option<Place>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Problem {
        Problem {
            message: message.into(),
            hint: None,
            place: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn at(mut self, place: Place) -> Problem {
        self.place = Some(place);
        self
    }

    pub(super) fn of(self, of: &str) -> GenerateError {
        let Problem {
            message,
            hint,
            place,
        } = self;
        GenerateError {
            of: of.to_owned(),
            message,
            hint,
            place,
        }
    }
}

impl From<ScriptError> for Problem {
    fn from(error: ScriptError) -> Problem {
        Problem {
            message: error.message,
            hint: error.hint,
            place: Some(error.place),
        }
    }
}
