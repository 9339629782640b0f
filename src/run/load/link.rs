//! What a load needs of a server: connections that are as quick as can be, and somebody who looks at the server meanwhile.
//!
//! A [`Link`] lives and dies on the single-threaded runtime of the worker that dialled it, and is driven by the user who
//! holds it: no task of its own, no channel. What it answers with is written into memory that is used again.

use crate::{
    record::{Breakage, ResultSet, ServerError, load::LoadServer},
    schedule::{Barrier, StatementForm, generate::Presence},
    sql::lexer::{TokenKind, tokens},
};
use std::{future::Future, sync::Arc, time::Instant};

/// Whom the connections of a worker wait with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// Nobody: a worker has one user.
    Alone,
    /// Others: while one waits, the worker has something else to do.
    Others,
}

/// Opens connections from any thread.
pub trait Dialer: Clone + Send + 'static {
    /// A connection.
    type Link: Link;

    /// Whether they lead to this machine, as those over a Unix socket do.
    fn is_local(&self) -> bool;

    /// Opens one, driven by the runtime that polls this.
    fn dial(&self) -> impl Future<Output = Result<Self::Link, ServerError>>;
}

/// A statement that a load sends again and again.
#[derive(Debug)]
pub struct LoadStatement {
    /// Which of the statements of the load, from 0.
    pub index: usize,
    /// The text, with `$1` … for the parameters.
    pub sql: String,
    /// The text cut at its parameters.
    pub fragments: Vec<Fragment>,
    /// One statement or several.
    pub form: StatementForm,
    /// What becomes of its rows.
    pub rows: Rows,
}

/// A piece of a statement's text, and the parameter that stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The piece.
    pub text: String,
    /// The parameter, from 0; none behind the last piece.
    pub parameter: Option<usize>,
}

impl Fragment {
    /// Cuts a text at `$1` …; one in a string or a comment is text.
    pub fn of(sql: &str) -> Vec<Self> {
        let mut fragments = Vec::new();
        let mut from = 0;
        for token in tokens(sql) {
            let written = &sql[token.range.clone()];
            let number = written
                .strip_prefix('$')
                .and_then(|digits| digits.parse().ok());
            if token.kind == TokenKind::Positional
                && let Some(number) = number
            {
                let number: usize = number;
                fragments.push(Self {
                    text: sql[from..token.range.start].to_owned(),
                    parameter: Some(number.saturating_sub(1)),
                });
                from = token.range.end;
            }
        }
        fragments.push(Self {
            text: sql[from..].to_owned(),
            parameter: None,
        });
        fragments
    }
}

/// What becomes of the rows of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// They are counted and passed over.
    PassedOver,
    /// They are kept, for a hook, a later step or a comparison.
    Kept,
}

/// The values of a statement's parameters, as text; memory that is used again.
#[derive(Debug, Default)]
pub struct ArgumentBuffer {
    /// The texts, one after the other.
    pub bytes: Vec<u8>,
    /// Where each ends, and whether it is NULL.
    pub ends: Vec<(usize, Presence)>,
}

impl ArgumentBuffer {
    /// Forgets the values.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Ends a value whose text has been written to `bytes`.
    pub fn end(&mut self, presence: Presence) {
        self.ends.push((self.bytes.len(), presence));
    }

    /// The values in order; none for NULL.
    pub fn values(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut from = 0;
        self.ends.iter().map(move |(end, presence)| {
            let text = &self.bytes[from..*end];
            from = *end;
            (*presence == Presence::Text).then_some(text)
        })
    }
}

/// What became of one statement.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub end: AnswerEnd,
    /// Rows returned or changed.
    pub row_count: u64,
    /// The result, where its rows are kept.
    pub result: Option<Arc<ResultSet>>,
    /// When its first row had come; when it ended, where none came.
    pub first_row: Instant,
    /// When it had ended.
    pub ended: Instant,
}

impl Answer {
    /// That of a statement which was not even parsed.
    pub(super) fn refused(error: ServerError, at: Instant) -> Self {
        Self {
            end: AnswerEnd::Refused(Box::new(error)),
            row_count: 0,
            result: None,
            first_row: at,
            ended: at,
        }
    }

    /// The error with which the server refused it, if it did.
    pub(super) fn into_error(self) -> Option<ServerError> {
        match self.end {
            AnswerEnd::Refused(error) => Some(*error),
            AnswerEnd::Done | AnswerEnd::NotRun => None,
        }
    }
}

/// How a statement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerEnd {
    /// It was done.
    Done,
    /// The server refused it.
    Refused(Box<ServerError>),
    /// An earlier one that was sent together with it was refused.
    NotRun,
}

/// A connection of a load.
pub trait Link {
    /// Whether a statement can be pushed without being prepared first.
    fn is_prepared(&self, statement: &LoadStatement) -> bool;

    /// Has the server parse a statement, so that it can be pushed: a round trip.
    ///
    /// # Errors
    ///
    /// The server refused it, or is gone.
    fn prepare(
        &mut self,
        statement: &LoadStatement,
    ) -> impl Future<Output = Result<(), ServerError>>;

    /// Puts a statement among those that are sent together next.
    fn push(&mut self, statement: &LoadStatement, arguments: &ArgumentBuffer);

    /// Sends what was pushed, and reads all answers; there is one for each statement.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    fn exchange(
        &mut self,
        answers: &mut Vec<Answer>,
    ) -> impl Future<Output = Result<(), ServerError>>;

    /// Whether a transaction is open.
    fn in_transaction(&self) -> bool;
}

/// What one look at the sessions of a load showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// How many there were.
    pub sessions: u64,
    /// How many of them were idle in a transaction.
    pub idle_in_transaction: u64,
}

/// Who looks at the server while a load runs.
pub trait LoadWatch {
    /// Waits until the other processes that share the load have come as far.
    fn meet(&mut self, barrier: &Barrier) -> impl Future<Output = Result<(), Breakage>>;

    /// Begins to count.
    fn begin(&mut self) -> impl Future<Output = Result<(), Breakage>>;

    /// Looks at what the sessions do right now.
    fn look(&mut self) -> impl Future<Output = Result<Look, Breakage>>;

    /// What was counted since it began. The connections of the load have been closed.
    fn end(&mut self) -> impl Future<Output = Result<LoadServer, Breakage>>;

    /// Ends the sessions of the load, from outside.
    fn end_sessions(&mut self) -> impl Future<Output = ()>;
}
