//! Cases and logs made by hand, for the tests of `measure`, `verdict` and `baseline`.

mod case;
pub(crate) mod plans;

pub(crate) use case::{case, case_with};

use crate::{
    record::{
        Blocker, CaseEnd, CaseLog, ClientEnd, ClientId, Column, Event, EventKind, LockFacts,
        Micros, PlanPoint, ProbeReply, QueryRun, Reply, ResultSet, RunNo, SentBy, ServerError,
        SkipCause, StatementNo, StepEnd, Timing, Value,
    },
    schedule::Case,
};

/// The log of a case that ran, event by event. Each event comes a millisecond after the one before it.
pub(crate) struct LogBuilder {
    pub(crate) log: CaseLog,
    now: u64,
    runs: u32,
    statements: u32,
    /// Which pass and try the next launches belong to.
    pub(crate) iteration: u32,
    pub(crate) attempt: u32,
}

/// An execution of a step that is going on.
#[derive(Clone, Copy)]
pub(crate) struct Running {
    pub(crate) run: RunNo,
    statement: Option<(StatementNo, u64)>,
}

impl LogBuilder {
    /// A log without events.
    pub(crate) fn of(case: &Case) -> Self {
        Self {
            log: CaseLog {
                case: case.id.clone(),
                end: CaseEnd::Ran,
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
            },
            now: 0,
            runs: 0,
            statements: 0,
            iteration: 1,
            attempt: 1,
        }
    }

    /// Lets time pass.
    pub(crate) fn pass_time(&mut self, micros: u64) {
        self.now += micros;
    }

    pub(crate) fn note(&mut self, kind: EventKind) -> u32 {
        self.now += 1000;
        let seq = u32::try_from(self.log.events.len() + 1).unwrap();
        let at = Micros(self.now);
        self.log.events.push(Event { seq, at, kind });
        seq
    }

    pub(crate) fn connected(&mut self, client: &str, pid: i32) {
        let client = id(client);
        self.note(EventKind::Connected {
            client,
            pid,
            pool_wait: Micros(100),
        });
    }

    /// A step gets its permit.
    pub(crate) fn launch(&mut self, step: &str, launch: Option<usize>) -> Running {
        let (client, step) = step.split_once('.').unwrap();
        let run = RunNo(self.runs);
        self.runs += 1;
        self.note(EventKind::Launched {
            run,
            client: id(client),
            step: step.to_owned(),
            iteration: self.iteration,
            attempt: self.attempt,
            launch,
        });
        Running {
            run,
            statement: None,
        }
    }

    /// A statement goes out.
    pub(crate) fn send(
        &mut self,
        client: &str,
        running: &mut Running,
        sql: &str,
        params: &[i64],
        by: SentBy,
    ) {
        let statement = StatementNo(self.statements);
        self.statements += 1;
        self.note(EventKind::Sent {
            statement,
            run: Some(running.run),
            client: id(client),
            sql: sql.to_owned(),
            params: params.iter().copied().map(Value::Int).collect(),
            by,
        });
        running.statement = Some((statement, self.now));
    }

    /// Its answer comes.
    pub(crate) fn reply(&mut self, client: &str, running: &Running, reply: Reply) -> u32 {
        let (statement, sent) = running.statement.unwrap();
        let total = Micros(self.now + 1000 - sent);
        self.note(EventKind::Replied {
            statement,
            client: id(client),
            reply,
            timing: Timing {
                first_row: None,
                total,
            },
        })
    }

    /// A step ends.
    pub(crate) fn complete(&mut self, step: &str, running: &Running, end: StepEnd) {
        let (client, step) = step.split_once('.').unwrap();
        self.note(EventKind::Completed {
            run: running.run,
            client: id(client),
            step: step.to_owned(),
            end,
        });
    }

    /// A step is seen waiting for other clients' backends.
    pub(crate) fn waiting(&mut self, client: &str, running: &Running, blockers: &[(&str, i32)]) {
        self.note(EventKind::Waiting {
            run: running.run,
            client: id(client),
            blockers: blockers
                .iter()
                .map(|(client, pid)| Blocker {
                    client: Some(id(client)),
                    pid: *pid,
                })
                .collect(),
            lock: Some(LockFacts {
                kind: "transactionid".to_owned(),
                mode: "ShareLock".to_owned(),
                relation: None,
            }),
            seen_by: crate::record::Witness::Look,
        });
    }

    /// Its wait ends.
    pub(crate) fn goes_on(&mut self, client: &str, running: &Running, waited: u64) {
        self.note(EventKind::WaitEnded {
            run: running.run,
            client: id(client),
            waited: Micros(waited),
        });
    }

    /// A step that sends one statement, from its permit to its end.
    pub(crate) fn step(&mut self, step: &str, launch: Option<usize>, sql: &str, reply: Reply) {
        let (client, _) = step.split_once('.').unwrap();
        let mut running = self.launch(step, launch);
        self.send(client, &mut running, sql, &[], SentBy::Step);
        let end = end_of(&reply);
        self.reply(client, &running, reply);
        self.complete(step, &running, end);
    }

    /// A step that sends a statement for each of these values.
    pub(crate) fn looped(
        &mut self,
        step: &str,
        by: impl Fn(u32) -> SentBy,
        sql: &str,
        ids: &[i64],
    ) {
        let (client, _) = step.split_once('.').unwrap();
        let mut running = self.launch(step, None);
        for (row, value) in (0..).zip(ids) {
            self.send(client, &mut running, sql, &[*value], by(row));
            self.reply(client, &running, rows(&["name"], &[vec![Value::Int(7)]]));
        }
        self.complete(step, &running, StepEnd::Done);
    }

    /// A step is not taken.
    pub(crate) fn skipped(&mut self, step: &str, cause: SkipCause, launch: Option<usize>) {
        let (client, step) = step.split_once('.').unwrap();
        self.note(EventKind::Skipped {
            client: id(client),
            step: step.to_owned(),
            cause,
            launch,
        });
    }

    /// A watched query runs this often, each time so long.
    pub(crate) fn query(&mut self, query: &str, times: u32, micros: u64) {
        for repetition in 1..=times {
            self.log.queries.push(QueryRun {
                lock_wait: None,
                point: PlanPoint::Before,
                query: query.to_owned(),
                repetition,
                row_count: 1,
                timing: Timing {
                    first_row: None,
                    total: Micros(micros),
                },
                error: None,
            });
        }
    }

    /// A statement of `expect` is answered.
    pub(crate) fn probe(&mut self, path: &str, reply: Reply) {
        self.log.probes.push(ProbeReply {
            path: path.to_owned(),
            sql: String::new(),
            reply,
        });
    }

    pub(crate) fn retrying(&mut self, client: &str, code: &str) {
        self.note(EventKind::Retrying {
            client: id(client),
            attempt: self.attempt,
            code: code.to_owned(),
        });
    }

    pub(crate) fn finished(&mut self, client: &str, end: ClientEnd) {
        self.note(EventKind::Finished {
            client: id(client),
            end,
        });
    }
}

fn end_of(reply: &Reply) -> StepEnd {
    match &reply.error {
        Some(error) => StepEnd::Error {
            code: error.code.clone(),
        },
        None => StepEnd::Done,
    }
}

/// A client by its name.
pub(crate) fn id(name: &str) -> ClientId {
    name.parse().unwrap()
}

/// An answer with rows.
pub(crate) fn rows(columns: &[&str], rows: &[Vec<Value>]) -> Reply {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        type_name: "int4".to_owned(),
    };
    Reply {
        results: vec![ResultSet {
            columns: columns.iter().map(column).collect(),
            rows: rows.to_vec(),
            row_count: rows.len() as u64,
            command: "SELECT".into(),
        }],
        error: None,
    }
}

/// An answer with one column of integers.
pub(crate) fn ids(ids: impl IntoIterator<Item = i64>) -> Reply {
    let all: Vec<Vec<Value>> = ids.into_iter().map(|id| vec![Value::Int(id)]).collect();
    rows(&["id"], &all)
}

/// An answer without rows.
pub(crate) fn tag(command: &str, row_count: u64) -> Reply {
    Reply {
        results: vec![ResultSet {
            command: command.to_owned().into(),
            row_count,
            ..ResultSet::default()
        }],
        error: None,
    }
}

/// An error.
pub(crate) fn error(code: &str, message: &str) -> Reply {
    Reply {
        results: Vec::new(),
        error: Some(ServerError {
            severity: "ERROR".to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            ..ServerError::default()
        }),
    }
}
