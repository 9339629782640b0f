//! Why there is no server to work with, in the house's form of a message: what is wrong, what was seen, what to do.

use std::fmt;

/// A server that could not be found, started, used or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// What is wrong: one line, lower-case, without a full stop.
    pub primary: String,
    /// What was seen that led to it; may hold several lines, such as the end of the server's log.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ServerError {
    /// An error that so far says only what is wrong.
    pub fn new(primary: impl Into<String>) -> Self {
        Self {
            primary: primary.into(),
            detail: None,
            hint: None,
        }
    }

    /// Adds what was seen.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.primary)?;
        for (label, text) in [("detail", &self.detail), ("hint", &self.hint)] {
            if let Some(text) = text {
                write!(f, "\n{label}: {text}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ServerError {}
