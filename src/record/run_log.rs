//! What a whole run leaves behind.

use super::{
    Event, Exploration, LoadLog, LockFacts, Micros, MigrationLog, PlanPoint, PlanSnapshot,
    ProvenIndex, ProvenRewrite, Reply, SchemaFacts, SentStatements, SerialCheck, ServerError,
    Shard, Timing,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Version of the JSON results form; raised when a reader of the old one would misread the new one.
pub const FORMAT: u32 = 1;

/// All that a run noted: enough to make every report again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunLog {
    /// About the run as a whole.
    pub run: RunFacts,
    /// One entry per planned case, in the plan's order.
    pub cases: Vec<CaseLog>,
}

/// What holds for every case of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// When it began, RFC 3339 with offset.
    pub started_at: String,
    /// The version of pgauge.
    pub pgauge: String,
    /// The seed of all randomness.
    pub random_seed: u64,
    /// Which part of the suite it was, where several processes share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The server; none where it never came up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerFacts>,
    /// What ended the run early, such as `SIGINT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<String>,
    /// Wall time of the whole run.
    #[serde(default)]
    pub duration: Micros,
}

/// The server that a run used, without anything secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// `server_version`, such as `15.18`.
    pub version: String,
    /// `server_version_num`, such as 150018.
    pub version_num: u32,
    /// `embedded`, or the URL without its password.
    pub place: String,
}

/// One scenario with one variant and one interleaving fixed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseId {
    /// The scenario's file, relative to where pgauge was started, with `/`.
    pub file: String,
    /// The scenario's name.
    pub scenario: String,
    /// The variant, if the scenario has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The named order, if the scenario has several; `load` where the case is the scenario's load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.scenario)?;
        let parts: Vec<&str> = [&self.variant, &self.order]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        if parts.is_empty() {
            Ok(())
        } else {
            write!(f, " [{}]", parts.join(", "))
        }
    }
}

/// All that was noted of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseLog {
    /// Which case.
    pub case: CaseId,
    /// How the execution ended; says nothing of right or wrong.
    pub end: CaseEnd,
    /// The facts in order.
    pub events: Vec<Event>,
    /// What the load came to, where the case is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Box<LoadLog>>,
    /// What every watched query did, in the order of execution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<QueryRun>,
    /// The answers to the statements of `expect`, in the order of the plan's probes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbeReply>,
    /// The plans of the watched queries, by the point of the case at which they were captured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<PlanSnapshot>,
    /// What trying many orders came to, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploration: Option<Box<Exploration>>,
    /// How it compares with the serial orders, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<SerialCheck>,
    /// Indexes that were tried on a copy and helped, where advice was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<ProvenIndex>,
    /// Statements that did on a copy what many had done, where advice was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewrites: Vec<ProvenRewrite>,
    /// What the statements that were sent do on a copy, where advice was asked for, or an expectation looks at their
    /// filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Box<SentStatements>>,
    /// What there was in the database after the clients ended, where an expectation asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaFacts>,
    /// What the migration did, if the scenario has one and it was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<Box<MigrationLog>>,
    /// When it began, RFC 3339 with offset; empty where it never did.
    #[serde(default)]
    pub started_at: String,
    /// From taking the clone to giving it back.
    #[serde(default)]
    pub duration: Micros,
}

impl CaseLog {
    /// A log in which nothing is noted yet but how it ended.
    pub fn new(case: CaseId, end: CaseEnd) -> Self {
        Self {
            case,
            end,
            events: Vec::new(),
            load: None,
            queries: Vec::new(),
            probes: Vec::new(),
            plans: Vec::new(),
            exploration: None,
            serial: None,
            advice: Vec::new(),
            rewrites: Vec::new(),
            sent: None,
            schema: None,
            migration: None,
            started_at: String::new(),
            duration: Micros(0),
        }
    }
}

/// How the execution of a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseEnd {
    /// Everything planned was carried out; the events tell with what success.
    Ran,
    /// It was not begun, or a hook called `skip`.
    Skipped {
        /// Why.
        reason: String,
    },
    /// The world broke.
    Broke(Box<Breakage>),
}

/// Why the world broke, in the form of PostgreSQL's messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakage {
    /// A short code, such as `server-lost`, `seed`, `timeout`, `interrupted`, `panic`.
    pub code: String,
    /// What broke.
    pub message: String,
    /// More about it, such as what everyone was doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// JSON pointer into the scenario file, where one place is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The server's error, where it was one; its `position` counts in the text at `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ServerError>,
}

/// One execution of an entry of `queries`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryRun {
    /// The entry's name.
    pub query: String,
    /// When in the case: before the migration, where there is one, or after it.
    #[serde(default)]
    pub point: PlanPoint,
    /// Which repetition, from 1.
    pub repetition: u32,
    /// Rows returned or changed.
    pub row_count: u64,
    /// How long it took.
    pub timing: Timing,
    /// The lock that it waited for longest, if it was seen waiting for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_wait: Option<SeenLockWait>,
    /// The error, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ServerError>,
}

/// What a query waited for, as it was seen from outside again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenLockWait {
    /// For how long, all its waits together; each may have been longer by the time between two looks.
    pub waited: Micros,
    /// For which lock it waited longest.
    pub lock: LockFacts,
}

/// The answer to one statement of `expect`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeReply {
    /// JSON pointer of the expectation in the scenario file.
    pub path: String,
    /// The statement as sent.
    pub sql: String,
    /// The answer.
    pub reply: Reply,
}
