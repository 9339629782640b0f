//! How did a hook end, and what did it leave behind?

use super::{Limit, Place, ScriptError, SqlError};
use crate::record::Value;

/// One run of a hook: its end, and what it asked to be kept up to that end.
#[derive(Debug, Clone, PartialEq)]
pub struct HookOutcome {
    /// How it ended.
    pub end: HookEnd,
    /// What it logged, measured and saved, in that order, whatever the end was.
    pub effects: Vec<Effect>,
}

/// The ways a hook can end.
#[derive(Debug, Clone, PartialEq)]
pub enum HookEnd {
    /// It came to its end with this value; for statements without a value this is [`Value::Null`].
    Finished(Value),
    /// An `assert` did not hold: the case fails.
    AssertionFailed {
        /// The author's message.
        message: String,
        /// Where the `assert` stands.
        place: Place,
    },
    /// It called `fail`: the case fails.
    Failed {
        /// The author's message.
        message: String,
        /// Where the `fail` stands.
        place: Place,
    },
    /// It called `skip`: what it belongs to is skipped.
    Skipped {
        /// The author's reason.
        reason: String,
        /// Where the `skip` stands.
        place: Place,
    },
    /// A statement sent with `sql` failed and the hook did not catch it.
    SqlFailed {
        /// What the server, or the host, said.
        error: SqlError,
        /// Where the `sql` stands.
        place: Place,
    },
    /// It consumed too much.
    LimitExceeded {
        /// Which limit.
        limit: Limit,
        /// Where it was when the limit was met.
        place: Place,
    },
    /// The caller cancelled it through [`RunControl`](super::RunControl).
    Cancelled,
    /// The text itself is wrong: an unknown variable, a division by zero, a value of the wrong type.
    Broken(ScriptError),
}

/// One thing a hook asked to be kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A line of `log`, `print` or `debug`.
    Logged(String),
    /// A `measure`.
    Measured {
        /// What is measured.
        name: String,
        /// The number; finite.
        value: f64,
    },
    /// A `save`: the variable has this value from now on.
    Saved {
        /// The variable's name.
        name: String,
        /// Its value.
        value: Value,
    },
}
