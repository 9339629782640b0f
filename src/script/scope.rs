//! What is a hook given? Variables to read, and the host it may ask.

use crate::record::{ResultSet, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Variables that exist where a step has a result: in `after` of a step.
pub const RESULT_VARIABLES: [&str; 4] = ["rows", "affected", "error", "elapsed_ms"];

/// Variables that exist where a client acts: in every hook of a client or its steps, and in `when`.
pub const ACTOR_VARIABLES: [&str; 2] = ["client", "iteration"];

/// The read-only variables of one run of a hook. Only those that the hook names are converted.
#[derive(Debug, Clone, Default)]
pub struct HookScope {
    /// Saved variables and the parameters of the step, by name.
    pub variables: BTreeMap<String, Value>,
    /// What the step came to: `rows`, `affected`, `error`, `elapsed_ms`.
    pub result: Option<StepResult>,
    /// Who acts: `client`, `iteration`.
    pub actor: Option<Actor>,
    /// Where `random()` starts; the same seed gives the same numbers.
    pub random_seed: u64,
}

/// What a step came to, as a hook sees it.
#[derive(Debug, Clone)]
pub struct StepResult {
    /// `rows`: an array of maps from column name to value.
    pub rows: Arc<ResultSet>,
    /// `affected`: rows inserted, updated, deleted or returned, from the command tag.
    pub affected: u64,
    /// `error`: the condition name of the SQLSTATE, such as `unique_violation`; `()` when there was none.
    pub error: Option<String>,
    /// `elapsed_ms`: milliseconds from sending the statement to its end.
    pub elapsed: Duration,
}

/// Who acts while a hook runs.
#[derive(Debug, Clone)]
pub struct Actor {
    /// `client`: the client's name, `shopper[3]` where there are several.
    pub client: String,
    /// `iteration`: which pass over the client's script, counted from 1.
    pub iteration: u64,
}

/// What ends a hook from outside.
#[derive(Debug, Clone, Default)]
pub struct RunControl {
    /// When the hook must have ended; the time its `sql` calls wait counts.
    pub deadline: Option<Instant>,
    /// Set by somebody else to end the hook at its next operation.
    pub cancelled: Option<Arc<AtomicBool>>,
}

/// What a hook may ask of the world around it.
pub trait Host: Send + Sync {
    /// Sends a statement on the client's own session and waits for its end. `parameters` are bound by name.
    fn sql(
        &self,
        text: &str,
        parameters: &BTreeMap<String, Value>,
    ) -> Result<Arc<ResultSet>, SqlError>;

    /// The rows that an earlier step of the same client returned; `None` when it has not run.
    fn rows(&self, step: &str) -> Option<Arc<ResultSet>>;
}

/// Why a statement of a hook failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    /// Condition name of the SQLSTATE; `None` when the server was not asked or did not answer.
    pub condition: Option<String>,
    /// The primary message.
    pub message: String,
}

/// The host of a hook that has no session and no earlier steps, such as a generator's expression.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSession;

impl Host for NoSession {
    fn sql(&self, _: &str, _: &BTreeMap<String, Value>) -> Result<Arc<ResultSet>, SqlError> {
        Err(SqlError {
            condition: None,
            message: "there is no session here that sql could use".to_owned(),
        })
    }

    fn rows(&self, _: &str) -> Option<Arc<ResultSet>> {
        None
    }
}
