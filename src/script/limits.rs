//! How much may a hook consume? All limits, named, in one place.

use crate::text::{format_duration, thousands};
use std::time::Duration;

/// What one run of a hook may consume.
///
/// Any size limit makes rhai measure every array it changes, so a loop of pushes costs the square of the
/// array's length: `array` stays at ten thousand or below, and `running` always applies as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Operations of the interpreter; default one million, under a second of work.
    pub operations: u64,
    /// Wall-clock time spent in the hook itself, without the time its `sql` calls wait; default 5 s.
    pub running: Duration,
    /// Nested calls of functions; default 32, which fits the smallest stack a hook runs on.
    pub call_levels: usize,
    /// Nested expressions in one statement; default 64.
    pub expression_depth: usize,
    /// Nested expressions in one statement of a function or closure; default 24. Together with `call_levels`
    /// it bounds the stack.
    pub function_depth: usize,
    /// Bytes in one string; default 1 MiB.
    pub string: usize,
    /// Elements of one array, and rows a hook can see of one result; default 10 000.
    pub array: usize,
    /// Keys in one map; default 10 000.
    pub map: usize,
    /// Variables at a time; default 1 000.
    pub variables: usize,
    /// Lines logged, numbers measured and values saved in one run, together; default 1 000.
    pub effects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            operations: 1_000_000,
            running: Duration::from_secs(5),
            call_levels: 32,
            expression_depth: 64,
            function_depth: 24,
            string: 1 << 20,
            array: 10_000,
            map: 10_000,
            variables: 1_000,
            effects: 1_000,
        }
    }
}

/// The limit that ended a hook, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::operations`].
    Operations(u64),
    /// [`Limits::running`].
    Running(Duration),
    /// The deadline the caller gave in [`RunControl`](super::RunControl), as a rule the case's timeout.
    Deadline,
    /// [`Limits::call_levels`].
    CallLevels(usize),
    /// [`Limits::string`], in bytes.
    String(usize),
    /// [`Limits::array`].
    Array(usize),
    /// [`Limits::map`].
    Map(usize),
    /// [`Limits::array`], met by a result before the hook could look at it.
    Rows(usize),
    /// [`Limits::variables`].
    Variables(usize),
    /// [`Limits::effects`].
    Effects(usize),
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Limit::Operations(n) => {
                write!(f, "the hook took more than {} operations", thousands(*n))
            }
            Limit::Running(time) => {
                write!(f, "the hook ran longer than {}", format_duration(*time))
            }
            Limit::Deadline => f.write_str("the hook was still running when its time was up"),
            Limit::CallLevels(n) => write!(f, "the hook called functions more than {n} deep"),
            Limit::String(n) => {
                write!(f, "the hook made a string of more than {} bytes", count(*n))
            }
            Limit::Array(n) => write!(
                f,
                "the hook made an array of more than {} elements",
                count(*n)
            ),
            Limit::Map(n) => write!(f, "the hook made a map of more than {} keys", count(*n)),
            Limit::Rows(n) => write!(f, "a hook sees at most {} rows of a result", count(*n)),
            Limit::Variables(n) => write!(f, "the hook declared more than {} variables", count(*n)),
            Limit::Effects(n) => {
                write!(
                    f,
                    "the hook called log, measure and save more than {} times",
                    count(*n)
                )
            }
        }
    }
}

fn count(n: usize) -> String {
    thousands(n as u64)
}
