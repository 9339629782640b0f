//! The nouns of a spec file, every name resolved.

use crate::source::{SourceFile, Span};

/// A spec file: what is set up, who acts, and in which orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Where it was read from.
    pub file: SourceFile,
    /// Sent before every order, each as one message, on the control session.
    pub setups: Vec<Sql>,
    /// Sent after every order, on the control session.
    pub teardown: Option<Sql>,
    /// Who acts; at least one.
    pub sessions: Vec<Session>,
    /// The orders as written; empty where all of them are meant.
    pub permutations: Vec<Permutation>,
    /// Every comment, in the order of the file.
    pub comments: Vec<Comment>,
}

/// The text between braces, blanks and tabs at both its ends removed, line breaks not. One message to
/// the server, which may hold several statements or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql {
    /// The text.
    pub text: String,
    /// From the opening to the closing brace.
    pub span: Span,
}

/// A name, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name; may be empty, may hold blanks.
    pub text: String,
    /// Where it stands, with its quotes.
    pub span: Span,
}

/// One connection and its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name; nothing keeps two sessions from having the same.
    pub name: Name,
    /// Sent before every order, as one message.
    pub setup: Option<Sql>,
    /// What it can do, in the order in which generated orders do it; at least one.
    pub steps: Vec<Step>,
    /// Sent after every order, as one message.
    pub teardown: Option<Sql>,
    /// From the word `session` to the end of its last part.
    pub span: Span,
}

/// One message of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name, unique in the file.
    pub name: Name,
    /// What is sent.
    pub sql: Sql,
    /// From the word `step` to the closing brace.
    pub span: Span,
}

/// Which step: the position of its session, and its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId {
    /// Index into [`Spec::sessions`].
    pub session: usize,
    /// Index into [`Session::steps`].
    pub step: usize,
}

/// An order as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    /// The launch list; steps may be repeated, left out, and stand in any order.
    pub launches: Vec<Launch>,
    /// Where each launch stands, with its markers.
    pub places: Vec<Span>,
    /// From the word `permutation` to the end of the last launch.
    pub span: Span,
}

/// One entry of a launch list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// What is launched.
    pub step: StepId,
    /// What holds back the report of its end.
    pub markers: Vec<Marker>,
}

/// What holds back the report that a launched step is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// `(*)`: the first look reports it as waiting, whatever it does.
    Once,
    /// `(other)`: as long as `other` is launched and not reported as over.
    After(StepId),
    /// `(other notices 3)`: until the session of `step` has had `count` more notices than at the launch.
    AfterNotices {
        /// The step that names the session.
        step: StepId,
        /// How many.
        count: u32,
    },
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The text after `#`, blanks at both ends removed.
    pub text: String,
    /// From `#` to the end of the line.
    pub span: Span,
}

impl Spec {
    /// The step with this id, if there is one.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.sessions.get(id.session)?.steps.get(id.step)
    }

    /// All steps in the order of the file.
    pub fn steps(&self) -> impl Iterator<Item = (StepId, &Step)> {
        self.sessions.iter().enumerate().flat_map(|(session, of)| {
            of.steps
                .iter()
                .enumerate()
                .map(move |(step, it)| (StepId { session, step }, it))
        })
    }

    /// The step of this name.
    pub fn find(&self, name: &str) -> Option<StepId> {
        self.steps()
            .find(|(_, step)| step.name.text == name)
            .map(|(id, _)| id)
    }

    /// The name of a step; empty for an id that is not of this spec.
    pub fn name_of(&self, id: StepId) -> &str {
        self.step(id).map_or("", |step| &step.name.text)
    }

    /// Names of steps that no written order launches, sorted by their bytes. None where all orders are
    /// meant.
    pub fn unused_steps(&self) -> Vec<&str> {
        if self.permutations.is_empty() {
            return Vec::new();
        }
        let launched: std::collections::HashSet<StepId> = self
            .permutations
            .iter()
            .flat_map(|permutation| permutation.launches.iter().map(|launch| launch.step))
            .collect();
        let mut unused: Vec<&str> = self
            .steps()
            .filter(|(id, _)| !launched.contains(id))
            .map(|(_, step)| step.name.text.as_str())
            .collect();
        unused.sort_unstable();
        unused
    }
}
