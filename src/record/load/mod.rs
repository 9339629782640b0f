//! What measured traffic came to: counts and distributions instead of events, which would be too many.
//!
//! Everything can be added up: what two processes counted, merged, is what one would have counted that saw all of it.

mod merge;
mod server;

pub use merge::Servers;
pub use server::{BufferFacts, CheckpointFacts, LoadServer, StatementFacts, WaitFacts, WalFacts};

use super::{Histogram, Micros, ServerError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that was counted while a load ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadLog {
    /// Traffic before the measurement, which is counted nowhere.
    pub warmup: Micros,
    /// From the end of the warmup until the last transaction that began in time had ended.
    pub measured: Micros,
    /// How many users there were at most.
    pub users: u32,
    /// How many threads of pgauge sent for them.
    pub workers: u32,
    /// Processor time that these threads took while it was measured.
    pub cpu: Micros,
    /// How it ended.
    pub end: LoadEnd,
    /// Every script of the mix, in the order of the file.
    pub clients: Vec<ClientTally>,
    /// The connections.
    pub connections: ConnectionTally,
    /// The schedule, where transactions began at a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleTally>,
    /// Second by second, within each stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<Interval>,
    /// What its sessions were seen doing, stage by stage, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<StageLooks>,
    /// What came before, during and after a migration in its midst; nothing where there was none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseTally>,
    /// What the server told over the same span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<LoadServer>,
}

/// How a load ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadEnd {
    /// It went on as long as it should.
    #[default]
    Complete,
    /// It was ended from outside: a limit, a signal, or what broke the case, such as a server that is gone.
    CutShort,
    /// An error ended it, as the scenario says.
    Error {
        /// The script that met it.
        client: String,
        /// Its SQLSTATE.
        code: String,
    },
}

/// What the transactions of one script came to, those of all users together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientTally {
    /// The script's name.
    pub client: String,
    /// Of transactions that were completed: from their beginning, or where there is a rate from the moment at which they
    /// should have begun, to their end, with all tries and the wait for a connection.
    pub latency: Histogram,
    /// The same of transactions that failed.
    pub failed: Histogram,
    /// Errors by SQLSTATE, those that a later try made good included; the empty one where a connection broke.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, ErrorTally>,
    /// How often a transaction was tried again.
    pub retries: u64,
    /// How many transactions failed although they were tried as often as allowed.
    pub gave_up: u64,
    /// How many were completed although their last try met an error: one that a step expects, or that `on_error` passed
    /// over.
    #[serde(default)]
    pub despite_errors: u64,
    /// Where the time of all transactions went.
    pub parts: Parts,
    /// The steps of the script, in its order.
    pub steps: Vec<StepTally>,
    /// What hooks measured, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<String, NumberTally>,
    /// What hooks logged.
    #[serde(default, skip_serializing_if = "LinesTally::is_empty")]
    pub logged: LinesTally,
    /// The first hook that did not come to a good end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<HookTally>,
}

impl ClientTally {
    /// How many transactions ended, well or not.
    pub fn transactions(&self) -> u64 {
        self.latency.count() + self.failed.count()
    }
}

/// Errors of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorTally {
    /// How many.
    pub count: u64,
    /// How many of them ended a transaction, since no later try made them good and nobody had said that they would come.
    pub fatal: u64,
    /// In which step the first one happened; none where no connection was to be had, and where the step keeps them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The first one.
    pub first: ServerError,
}

/// What one step came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepTally {
    /// The step's name within its script.
    pub step: String,
    /// From sending to its end, of those that succeeded.
    pub latency: Histogram,
    /// Errors by SQLSTATE, expected ones included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, u64>,
    /// Those of them that the step does not expect and no later try made good, also where the script went on after them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unexpected: BTreeMap<String, ErrorTally>,
    /// How long the server plans it, as EXPLAIN told after the load; none where its own statistics tell, or nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planning: Option<Micros>,
    /// Rows that an execution returned or changed, at most.
    #[serde(default)]
    pub most_rows: u64,
    /// The parameters of the first execution as text, none for NULL; nothing where there was no execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Vec<Option<String>>>,
    /// How many did not come to what the step says: its rows, a count, an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<MismatchTally>,
}

impl StepTally {
    /// How often it was sent.
    pub fn executions(&self) -> u64 {
        self.latency.count() + self.errors.values().sum::<u64>()
    }
}

/// Answers that were not what a step says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MismatchTally {
    /// How many.
    pub count: u64,
    /// The key of the step that says otherwise, such as `affected`.
    pub key: String,
    /// The first one in words: `changed 0 rows, expected 1`.
    pub first: String,
}

/// Numbers that hooks measured under one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct NumberTally {
    /// How many.
    pub count: u64,
    /// All together.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The last one.
    pub last: f64,
}

/// Lines that hooks logged: of a million transactions the first few say what there is to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinesTally {
    /// How many.
    pub count: u64,
    /// The first ones.
    pub first: Vec<String>,
}

impl LinesTally {
    /// So many lines are kept.
    const KEPT: usize = 10;

    /// Counts a line, and keeps it while there are few.
    pub fn record(&mut self, line: String) {
        self.count += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(line);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Hooks that did not come to a good end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookTally {
    /// How many.
    pub count: u64,
    /// What the first one said.
    pub problem: super::HookProblem,
    /// JSON pointer of that hook in the scenario file.
    pub path: String,
    /// Line in the hook's text, from 1; 0 where it is not known.
    pub line: u32,
    /// Column in the hook's text, from 1; 0 where it is not known.
    pub column: u32,
}

/// Where the time of transactions went: sums over all of them, in nanoseconds, as the client's clock and the protocol
/// show them. What is not in any part is pgauge's own: hooks, waiting for its thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// Behind the schedule: from when a transaction should have begun to when it did.
    pub lag: u64,
    /// Waiting for a free connection of the pool.
    pub pool_wait: u64,
    /// Making a connection, with everything that is said on it before it is used.
    pub connect: u64,
    /// Preparing statements: a round trip that executes nothing.
    pub prepare: u64,
    /// From sending to the first row, or to the end where no row came.
    pub first_row: u64,
    /// From the first row to the last message of the answer.
    pub rows: u64,
    /// Between one try and the next.
    pub between_tries: u64,
    /// All of it, as the latencies say it.
    pub total: u64,
}

impl Parts {
    /// What is in no other part.
    pub fn unattributed(&self) -> u64 {
        let known = self.lag
            + self.pool_wait
            + self.connect
            + self.prepare
            + self.first_row
            + self.rows
            + self.between_tries;
        self.total.saturating_sub(known)
    }
}

/// How users came by connections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectionTally {
    /// Waiting for a connection, where one had to be waited for: a free one of the pool, or a new one.
    pub wait: Histogram,
    /// Making one, of those that the server granted.
    pub connect: Histogram,
    /// Attempts that failed, by SQLSTATE; the empty one where no server answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, ErrorTally>,
    /// Connections that broke while they were used.
    pub lost: u64,
}

/// How the beginnings of transactions kept to their rate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScheduleTally {
    /// From the moment at which a transaction should have begun to the moment at which it did.
    pub lag: Histogram,
    /// How many should have begun.
    pub offered: u64,
    /// How many did.
    pub begun: u64,
}

impl ScheduleTally {
    /// How many should have begun and never did.
    pub fn behind(&self) -> u64 {
        self.offered.saturating_sub(self.begun)
    }

    /// Whether the server, or the number of users, could not keep up: more than a hundredth of the transactions had not
    /// even begun when the time was over.
    pub fn is_saturated(&self) -> bool {
        self.behind() > 10 && self.behind() * 100 > self.offered
    }
}

/// About a second of a load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Which stage it belongs to, from 0.
    pub stage: u32,
    /// When it began, since the end of the warmup.
    pub from: Micros,
    /// How long it was.
    pub length: Micros,
    /// How many users acted.
    pub users: u32,
    /// The transactions that ended in it, by script, in the order of [`LoadLog::clients`].
    pub clients: Vec<IntervalTally>,
    /// How users came by connections.
    #[serde(default, skip_serializing_if = "Crowding::is_none")]
    pub crowding: Crowding,
}

/// How users came by connections in an interval.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Crowding {
    /// Waiting for one, where one had to be waited for.
    pub wait: Histogram,
    /// How many were refused.
    pub refused: u64,
    /// When the last one was refused, or the last transaction ended that had begun in the stage before: until then the
    /// stage before was felt. Since the end of the warmup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub felt_until: Option<Micros>,
}

impl Crowding {
    fn is_none(&self) -> bool {
        self.wait.is_empty() && self.refused == 0 && self.felt_until.is_none()
    }
}

/// What the sessions of a load were seen doing in one of its stages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageLooks {
    /// Which stage, from 0.
    pub stage: u32,
    /// How often somebody looked.
    pub looks: u64,
    /// The most sessions at once.
    pub most_sessions: u64,
    /// Sessions seen idle in a transaction, over all looks.
    pub idle_in_transaction: u64,
}

/// The transactions of one script that ended in an interval.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IntervalTally {
    /// Of those that were completed.
    pub latency: Histogram,
    /// How many failed.
    pub failed: u64,
    /// How many tries had to be made again.
    pub retries: u64,
}

/// A load before, during or after a migration in its midst, exact to the moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseTally {
    /// The transactions, by script, in the order of [`LoadLog::clients`].
    pub clients: Vec<PhaseClient>,
    /// The statements that were refused in it and were not expected to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedTally>,
}

/// The transactions of one script in a phase.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseClient {
    /// How many were completed in it.
    pub completed: u64,
    /// How many failed in it.
    pub failed: u64,
    /// The latencies of completed ones: a transaction that touched the migration is one of those during it.
    pub latency: Histogram,
}

/// Statements of one step that were refused with the same SQLSTATE.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedTally {
    /// The script.
    pub client: String,
    /// The step; none where no connection was to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The SQLSTATE; the empty one where a connection broke.
    pub code: String,
    /// What the first one said.
    pub message: String,
    /// How many.
    pub count: u64,
    /// When the first one came, since the end of the warmup.
    pub first: Micros,
}
