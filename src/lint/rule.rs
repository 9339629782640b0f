//! What is a rule, and what does it find?

use super::{schema::Schema, script::Statement};

/// Something that a schema or a migration should not do.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// In kebab case; stable, so that one can look it up and silence it.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without full stop.
    pub title: &'static str,
    /// When it is broken.
    pub condition: &'static str,
    /// What happens then.
    pub effect: &'static str,
    /// SQL that breaks it.
    pub bad: &'static str,
    /// SQL that does the same and does not.
    pub good: &'static str,
    /// How it is found.
    pub look: Look,
}

/// How bad it is to break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It must not go out.
    Blocking,
    /// Somebody should think about it.
    Advisory,
}

impl Severity {
    /// The word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Advisory => "advisory",
        }
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub enum Look {
    /// What there is in a database.
    Schema(fn(&Schema<'_>) -> Vec<Found>),
    /// A statement of a script, with what came before it.
    Statement(fn(&Statement<'_>) -> Option<Found>),
}

/// One thing that a rule found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Of which table, column or index: `orders.user_id`; empty where it is about none.
    pub of: String,
    /// One sentence, lower case, without full stop.
    pub says: String,
    /// The facts behind it.
    pub detail: Option<String>,
    /// SQL that would cure it.
    pub cure: Option<String>,
    /// What a trace of the statement can confirm or refute.
    pub claim: Option<Claim>,
}

/// What a statement is said to do, by its text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It locks a table so that nobody can read it.
    BlocksReads,
    /// It locks a table so that nobody can change it.
    BlocksWrites,
    /// It writes a table anew.
    Rewrites,
    /// It reads a whole table while nobody can change it.
    Scans,
}

impl Claim {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::BlocksReads => "blocks reads",
            Self::BlocksWrites => "blocks writes",
            Self::Rewrites => "rewrites the table",
            Self::Scans => "reads the whole table under its lock",
        }
    }
}

impl Found {
    /// Something found.
    pub fn new(of: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            of: of.into(),
            says: says.into(),
            ..Self::default()
        }
    }

    /// Adds the facts behind it.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds SQL that would cure it.
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// Adds what a trace can confirm or refute.
    pub fn claim(mut self, claim: Claim) -> Self {
        self.claim = Some(claim);
        self
    }
}
