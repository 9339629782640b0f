//! What may a hook do? Compiling rhai, the host functions, the limits.
//!
//! A hook is a small rhai text in the author's YAML. [`Hooks::compile`] turns it into a [`Hook`] before the
//! first connection is made and says what it names: free variables, steps, whether it calls `sql`.
//! [`Hook::run`] is synchronous: it takes what the hook may read ([`HookScope`]) and the session it may use
//! ([`Host`]), and gives back how it ended and what it left behind ([`HookOutcome`]). A hook reaches the world
//! only through [`Host`]: it opens no file and no socket, reads no clock, and cannot run for ever ([`Limits`]).
//!
//! [`Checks`] compiles the expressions of `expect: check:`, which see measurements and nothing else.
//!
//! One way to bring the process down is left: arrays built by a loop thousands of levels deep and then printed or
//! compared, which rhai does by recursion.
//!
//! Nothing outside this room knows that the language is rhai.

mod check;
mod convert;
mod engine;
mod error;
mod functions;
mod hook;
mod limits;
mod names;
mod outcome;
mod running;
mod scope;
#[cfg(test)]
mod tests;

pub use check::{
    Check, CheckEnd, CheckFunction, CheckHost, CheckName, CheckOutcome, Checks, Fact, Touched,
};
pub use error::{Place, ScriptError};
pub use hook::{Hook, HookKind, Hooks, Resolved};
pub use limits::{Limit, Limits};
pub use names::{FreeVariable, NamedStep};
pub use outcome::{Effect, HookEnd, HookOutcome};
pub use scope::{
    ACTOR_VARIABLES, Actor, HookScope, Host, NoSession, RESULT_VARIABLES, RunControl, SqlError,
    StepResult,
};
