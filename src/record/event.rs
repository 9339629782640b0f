//! Facts with a sequence number: the only thing that judging and reporting know of a run.

use super::{ClientId, Micros, Reply, Value};
use serde::{Deserialize, Serialize};

/// Which execution of a step, unique in a case, from 0. A step that is retried or looped has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunNo(pub u32);

/// Which message to the server, unique in a case, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatementNo(pub u32);

/// A fact of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the case's one order of events, given by the coordinator, from 1.
    pub seq: u32,
    /// When it was noted, for people; never used to order events.
    pub at: Micros,
    /// What it is.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Every kind of fact. Reports and judgements match on it by name, without a catch-all arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// One of several orders that share their sessions begins.
    OrderBegan {
        /// Which, from 0.
        order: u32,
        /// Its name, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A client got its session.
    Connected {
        /// Who.
        client: ClientId,
        /// The backend's process id.
        pid: i32,
        /// From asking the pool to holding a session.
        pool_wait: Micros,
    },
    /// A step was given its permit.
    Launched {
        /// This execution of the step.
        run: RunNo,
        /// Who.
        client: ClientId,
        /// The step's name within its script.
        step: String,
        /// Which pass through the script, from 1.
        iteration: u32,
        /// Which try of that pass, from 1; more than 1 under `retry`.
        attempt: u32,
        /// Index into the `order` that is forced, if one is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        launch: Option<usize>,
    },
    /// A message went to the server.
    Sent {
        /// This message.
        statement: StatementNo,
        /// The execution of a step that it belongs to; none for `setup` and for queries.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunNo>,
        /// On whose session.
        client: ClientId,
        /// The text as sent, parameters as `$1`.
        sql: String,
        /// The parameters, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        params: Vec<Value>,
        /// What made it.
        by: SentBy,
    },
    /// The server finished answering a message.
    Replied {
        /// The message.
        statement: StatementNo,
        /// On whose session.
        client: ClientId,
        /// The answer.
        reply: Reply,
        /// How long it took.
        timing: Timing,
    },
    /// A session was seen waiting.
    Waiting {
        /// The execution of a step that waits.
        run: RunNo,
        /// Who waits.
        client: ClientId,
        /// Whom for: every session ahead of it, clients of this case first.
        blockers: Vec<Blocker>,
        /// On what, as far as the server tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lock: Option<LockFacts>,
        /// Who saw it.
        #[serde(default, skip_serializing_if = "Witness::is_look")]
        seen_by: Witness,
    },
    /// A launched step is told as waiting, or goes on being told so, because its entry in the order says so.
    HeldBack {
        /// The execution of the step.
        run: RunNo,
        /// Who.
        client: ClientId,
        /// What it is held back by; nothing where the entry only says that it is told as waiting at first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        by: Vec<Hold>,
    },
    /// A session that was seen waiting goes on.
    WaitEnded {
        /// The execution of a step that waited.
        run: RunNo,
        /// Who waited.
        client: ClientId,
        /// From the first look that saw it waiting, or from the server's own start of the wait where
        /// that is known, to its end.
        waited: Micros,
    },
    /// A step came to its end and was reported.
    Completed {
        /// This execution of the step.
        run: RunNo,
        /// Who.
        client: ClientId,
        /// The step's name within its script.
        step: String,
        /// What it came to.
        end: StepEnd,
    },
    /// A step was not executed.
    Skipped {
        /// Who.
        client: ClientId,
        /// The step's name within its script.
        step: String,
        /// Why.
        cause: SkipCause,
        /// Index into the `order` that is forced, if one is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        launch: Option<usize>,
    },
    /// The server sent a NOTICE, WARNING or the like.
    Notice {
        /// To whom.
        client: ClientId,
        /// `NOTICE`, `WARNING`, `INFO`, `LOG` or `DEBUG`.
        severity: String,
        /// The SQLSTATE.
        code: String,
        /// The primary message.
        message: String,
        /// The secondary message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
        /// The server's own advice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// How many results of the message that was being answered had come before it.
        #[serde(default, skip_serializing_if = "is_zero")]
        after_results: u32,
    },
    /// The server delivered a NOTIFY.
    Notified {
        /// To whom.
        client: ClientId,
        /// The channel.
        channel: String,
        /// The payload.
        payload: String,
        /// The sender's backend.
        from_pid: i32,
    },
    /// A hook called `measure(name, value)`.
    Measured {
        /// Who.
        client: ClientId,
        /// In which step, if in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// The name it gave.
        name: String,
        /// The number it gave.
        value: f64,
    },
    /// A hook called `log(text)` or `print(text)`.
    Logged {
        /// Who.
        client: ClientId,
        /// In which step, if in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// The text.
        text: String,
    },
    /// A hook did not come to a good end.
    HookEnded {
        /// Who.
        client: ClientId,
        /// In which step, if in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// What it says.
        problem: HookProblem,
        /// JSON pointer of the hook in the scenario file.
        path: String,
        /// Line in the hook's text, from 1; 0 where it is not known.
        line: u32,
        /// Column in the hook's text, from 1; 0 where it is not known.
        column: u32,
    },
    /// A script starts again after an error that its `retry` names.
    Retrying {
        /// Who.
        client: ClientId,
        /// The try that failed, from 1.
        attempt: u32,
        /// The SQLSTATE that it failed with.
        code: String,
    },
    /// A statement ran into a limit and was cancelled.
    Cancelled {
        /// The execution of a step that was cancelled.
        run: RunNo,
        /// Who.
        client: ClientId,
        /// How long it had been running.
        after: Micros,
    },
    /// A client came to its end.
    Finished {
        /// Who.
        client: ClientId,
        /// How.
        end: ClientEnd,
    },
}

/// What made a message to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentBy {
    /// `setup` of a client, or of the scenario.
    Setup,
    /// `teardown` of a client, or of the scenario.
    Teardown,
    /// The step's own SQL.
    Step,
    /// The step's SQL, once for a row of an earlier step.
    ForEach {
        /// The earlier step.
        of: String,
        /// Which of its rows, from 0.
        row: u32,
    },
    /// `sql()` in a hook.
    Hook,
    /// An entry of `queries`.
    Query {
        /// Its name.
        name: String,
    },
}

/// How long one message took, measured at the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// From sending to the first row; none where no row came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_row: Option<Micros>,
    /// From sending to ReadyForQuery.
    pub total: Micros,
}

/// Who saw a session waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// A look at the locks.
    #[default]
    Look,
    /// The server, in the detail of a deadlock, when the wait was over.
    Server,
}

impl Witness {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_look(&self) -> bool {
        *self == Self::Look
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What holds back the report of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Another step that is launched and not reported as over.
    Step {
        /// Whose.
        client: ClientId,
        /// Its name within that client's script.
        step: String,
    },
    /// Notices that another client has not had yet.
    Notices {
        /// Who is to have them.
        client: ClientId,
        /// How many are missing.
        missing: u32,
    },
}

/// A session that another one waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Blocker {
    /// The client of this case; none for a session that is not of this case.
    pub client: Option<ClientId>,
    /// Its backend; 0 for a prepared transaction.
    pub pid: i32,
}

/// What a session waits for, from `pg_locks` and `pg_stat_activity`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockFacts {
    /// `pg_locks.locktype`: `relation`, `transactionid`, `tuple`, `advisory` …
    pub kind: String,
    /// `pg_locks.mode`, such as `ShareLock`.
    pub mode: String,
    /// The relation, where the server tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
}

/// What one execution of a step came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEnd {
    /// Every statement of it succeeded.
    Done,
    /// The server answered with an error.
    Error {
        /// Its SQLSTATE; empty where the connection broke.
        code: String,
    },
    /// Its hook failed an assertion, asked to fail, or broke.
    HookFailed,
    /// Its hook asked to skip the case.
    Skipped,
}

/// Why a step was not executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipCause {
    /// Its `when` was false.
    When,
    /// An earlier step of its client ended the script.
    ScriptEnded,
}

/// How a hook ended when it did not end well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookProblem {
    /// `assert(condition, message)` was false.
    Assertion {
        /// The message it gave.
        message: String,
    },
    /// `fail(message)` was called.
    Failure {
        /// The message it gave.
        message: String,
    },
    /// `skip(reason)` was called: the case is skipped.
    Skip {
        /// The reason it gave.
        reason: String,
    },
    /// The hook itself is at fault: an error while running, or a limit.
    Broken {
        /// What rhai says.
        message: String,
    },
}

/// How a client came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientEnd {
    /// Its script was gone through.
    Done,
    /// An error ended its script.
    Stopped {
        /// The SQLSTATE; empty where the connection broke.
        code: String,
    },
    /// A hook ended its script.
    HookFailed,
    /// `retry` was used up.
    GaveUp {
        /// How many tries.
        attempts: u32,
        /// The last SQLSTATE.
        code: String,
    },
    /// The connection was lost.
    Lost,
}
