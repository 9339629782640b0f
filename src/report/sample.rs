//! A run for tests: real-looking events and findings of every kind.

use super::figures::{Figures, LatencyFigure, TimeFigure};
use super::results::{CaseResult, Finding, FindingKind, Outcome, PlaceRecord, Results};
use crate::record::{
    Blocker, Breakage, CaseEnd, CaseId, CaseLog, ClientEnd, ClientId, Column, Event, EventKind,
    LockFacts, Micros, Reply, ResultSet, RunFacts, RunNo, SentBy, ServerError, ServerFacts,
    StatementNo, StepEnd, Timing, Value,
};

/// Writes events as a coordinator does: numbered, each a bit later than the one before.
#[derive(Default)]
struct Script {
    events: Vec<Event>,
    at: u64,
    runs: u32,
    statements: u32,
}

impl Script {
    fn note(&mut self, kind: EventKind) {
        self.at += 420;
        let seq = u32::try_from(self.events.len()).unwrap() + 1;
        self.events.push(Event {
            seq,
            at: Micros(self.at),
            kind,
        });
    }

    fn connect(&mut self, client: &ClientId, pid: i32) {
        self.note(EventKind::Connected {
            client: client.clone(),
            pid,
            pool_wait: Micros(900),
        });
    }

    fn launch(&mut self, client: &ClientId, step: &str, sql: &str) -> (RunNo, StatementNo) {
        let (run, statement) = (RunNo(self.runs), StatementNo(self.statements));
        self.runs += 1;
        self.statements += 1;
        self.note(EventKind::Launched {
            run,
            client: client.clone(),
            step: step.into(),
            iteration: 1,
            attempt: 1,
            launch: None,
        });
        self.note(EventKind::Sent {
            statement,
            run: Some(run),
            client: client.clone(),
            sql: sql.into(),
            params: vec![],
            by: SentBy::Step,
        });
        (run, statement)
    }

    fn reply(
        &mut self,
        client: &ClientId,
        step: &str,
        (run, statement): (RunNo, StatementNo),
        reply: Reply,
        total: u64,
    ) {
        let end = match &reply.error {
            Some(error) => StepEnd::Error {
                code: error.code.clone(),
            },
            None => StepEnd::Done,
        };
        self.note(EventKind::Replied {
            statement,
            client: client.clone(),
            reply,
            timing: Timing {
                first_row: None,
                total: Micros(total),
            },
        });
        self.note(EventKind::Completed {
            run,
            client: client.clone(),
            step: step.into(),
            end,
        });
    }

    fn step(&mut self, client: &ClientId, step: &str, sql: &str, reply: Reply) {
        let numbers = self.launch(client, step, sql);
        self.reply(client, step, numbers, reply, 400);
    }

    fn wait(&mut self, client: &ClientId, run: RunNo, whom: &ClientId, pid: i32, lock: LockFacts) {
        self.note(EventKind::Waiting {
            run,
            client: client.clone(),
            blockers: vec![Blocker {
                client: Some(whom.clone()),
                pid,
            }],
            lock: Some(lock),
            seen_by: crate::record::Witness::Look,
        });
    }

    fn finish(&mut self, client: &ClientId, end: ClientEnd) {
        self.note(EventKind::Finished {
            client: client.clone(),
            end,
        });
    }
}

fn did(command: &str, row_count: u64) -> Reply {
    Reply {
        results: vec![ResultSet {
            row_count,
            command: command.to_owned().into(),
            ..ResultSet::default()
        }],
        error: None,
    }
}

fn balance(value: i64) -> Reply {
    Reply {
        results: vec![ResultSet {
            columns: vec![Column {
                name: "balance".into(),
                type_name: "int4".into(),
            }]
            .into(),
            rows: vec![vec![Value::Int(value)]],
            row_count: 1,
            command: "SELECT".into(),
        }],
        error: None,
    }
}

fn transaction_lock() -> LockFacts {
    LockFacts {
        kind: "transactionid".into(),
        mode: "ShareLock".into(),
        relation: Some("accounts".into()),
    }
}

/// Two transfers in opposite order.
pub fn deadlock_events() -> Vec<Event> {
    let (alice, bob) = (ClientId::single("alice"), ClientId::single("bob"));
    let debit = "UPDATE accounts SET balance = balance - 10 WHERE id = $1";
    let mut script = Script::default();
    script.connect(&alice, 101);
    script.connect(&bob, 102);
    script.step(&alice, "begin", "BEGIN", did("BEGIN", 0));
    script.step(&bob, "begin", "BEGIN", did("BEGIN", 0));
    script.step(&alice, "debit", debit, did("UPDATE", 1));
    script.step(&bob, "debit", debit, did("UPDATE", 1));
    let credit = script.launch(&alice, "credit", debit);
    script.wait(&alice, credit.0, &bob, 102, transaction_lock());
    let victim = script.launch(&bob, "credit", debit);
    script.wait(&bob, victim.0, &alice, 101, transaction_lock());
    let error = ServerError {
        severity: "ERROR".into(),
        code: "40P01".into(),
        message: "deadlock detected".into(),
        ..ServerError::default()
    };
    script.at += 10_000;
    script.note(EventKind::WaitEnded {
        run: victim.0,
        client: bob.clone(),
        waited: Micros(11_260),
    });
    let reply = Reply {
        results: vec![],
        error: Some(error),
    };
    script.reply(&bob, "credit", victim, reply, 11_900);
    script.note(EventKind::WaitEnded {
        run: credit.0,
        client: alice.clone(),
        waited: Micros(13_780),
    });
    script.reply(&alice, "credit", credit, did("UPDATE", 1), 14_100);
    script.finish(
        &bob,
        ClientEnd::Stopped {
            code: "40P01".into(),
        },
    );
    script.step(&alice, "commit", "COMMIT", did("COMMIT", 0));
    script.finish(&alice, ClientEnd::Done);
    script.events
}

/// Eight workers and one job each.
pub fn crowd_events() -> Vec<Event> {
    let mut script = Script::default();
    let worker = |number| ClientId {
        script: "worker".into(),
        number: Some(number),
    };
    for number in 1..=8 {
        let client = worker(number);
        script.step(
            &client,
            "take",
            "SELECT id FROM jobs FOR UPDATE SKIP LOCKED LIMIT 1",
            balance(i64::from(number)),
        );
    }
    script.note(EventKind::Retrying {
        client: worker(3),
        attempt: 1,
        code: "40001".into(),
    });
    script.note(EventKind::Logged {
        client: worker(3),
        step: None,
        text: "taken twice?\u{1b}[31m".into(),
    });
    script.events
}

/// Both read, both write: alice's write is lost, and nobody waits since bob came after her commit.
pub fn lost_update_events() -> Vec<Event> {
    let (alice, bob) = (ClientId::single("alice"), ClientId::single("bob"));
    let mut script = Script::default();
    script.connect(&alice, 101);
    script.connect(&bob, 102);
    let read = "SELECT balance FROM accounts WHERE id = 1";
    script.step(&alice, "read", read, balance(100));
    script.step(&bob, "read", read, balance(100));
    let update = "UPDATE accounts SET balance = $1 WHERE id = 1";
    script.step(&alice, "update", update, did("UPDATE", 1));
    script.step(&bob, "update", update, did("UPDATE", 1));
    script.finish(&alice, ClientEnd::Done);
    script.finish(&bob, ClientEnd::Done);
    script.events
}

const LOST_UPDATE: &str = "\
name: A lost update
clients:
  alice:
    steps:
      - { step: read, sql: SELECT balance FROM accounts WHERE id = 1, save: { before: balance } }
      - step: update
        sql: UPDATE accounts SET balance = :before - 10 WHERE id = 1
  bob:
    steps:
      - { step: read, sql: SELECT balance FROM accounts WHERE id = 1, save: { before: balance } }
      - step: update
        sql: UPDATE accounts SET balance = :before - 10 WHERE id = 1

# Both read before either writes.
order:
  - alice.read
  - bob.read
  - alice.update
  - bob.update: { waits_for: alice }
expect:
  - sql: SELECT id, balance FROM accounts
    rows: [[1, 80]]
";

fn place(word: &str) -> PlaceRecord {
    let file = crate::source::SourceFile::new("scenarios/lost_update.yaml", LOST_UPDATE);
    let start = LOST_UPDATE.rfind(word).unwrap();
    let position = file.position(start);
    PlaceRecord {
        file: "scenarios/lost_update.yaml".into(),
        line: position.line,
        column: position.column,
        start,
        end: start + word.len(),
    }
}

fn finding(kind: FindingKind, code: &str, primary: &str) -> Finding {
    Finding {
        kind,
        code: code.into(),
        primary: primary.into(),
        place: None,
        label: None,
        detail: None,
        hints: vec![],
        diff: None,
        related: vec![],
        events: vec![],
    }
}

fn log(file: &str, scenario: &str, variant: Option<&str>) -> CaseLog {
    CaseLog {
        case: CaseId {
            file: file.into(),
            scenario: scenario.into(),
            variant: variant.map(Into::into),
            order: None,
        },
        end: CaseEnd::Ran,
        events: vec![],
        load: None,
        queries: vec![],
        probes: vec![],
        plans: vec![],
        exploration: None,
        serial: None,
        advice: Vec::new(),
        rewrites: Vec::new(),
        sent: None,
        schema: None,
        migration: None,
        started_at: "2026-11-20T10:00:00Z".into(),
        duration: Micros(48_300),
    }
}

fn vacuous() -> CaseResult {
    let mut log = log("scenarios/lost_update.yaml", "A lost update", Some("plain"));
    log.events = lost_update_events();
    CaseResult {
        outcome: Outcome::Vacuous,
        findings: vec![Finding {
            place: Some(place("bob.update")),
            label: Some("returned UPDATE 1 after 400 µs".into()),
            detail: Some("client \"alice\" held no conflicting lock; her last step was update (event 14)".into()),
            hints: vec!["begin a transaction in \"alice\" and commit it after \"bob.update\", or drop \"waits_for\"".into()],
            events: vec![18],
            ..finding(
                FindingKind::Vacuous,
                "never-waited",
                "step \"bob.update\" was expected to wait but finished",
            )
        }],
        figures: figures(),
        log,
    }
}

fn failed() -> CaseResult {
    let mut log = log("scenarios/lost_update.yaml", "A lost update", Some("cured"));
    log.events = lost_update_events();
    CaseResult {
        outcome: Outcome::Failed,
        findings: vec![
            Finding {
                place: Some(place("rows: [[1, 80]]")),
                label: Some("1 row differs".into()),
                detail: Some("the statement was SELECT id, balance FROM accounts".into()),
                diff: Some("  id | balance\n- 1  | 80\n+ 1  | 90\n".into()),
                hints: vec!["lock the row when it is read: SELECT … FOR UPDATE".into()],
                ..finding(
                    FindingKind::Failed,
                    "rows",
                    "the rows differ from the expected ones",
                )
            },
            finding(
                FindingKind::Note,
                "identical-binds",
                "statement \"read\" was sent twice with the same parameters",
            ),
        ],
        figures: figures(),
        log,
    }
}

fn errored() -> CaseResult {
    let mut log = log(
        "scenarios/bank/transfers.yaml",
        "Transfers in opposite order",
        None,
    );
    let breakage = Breakage {
        code: "server-lost".into(),
        message: "the server went away".into(),
        ..Breakage::default()
    };
    log.end = CaseEnd::Broke(Box::new(breakage));
    log.events = deadlock_events().into_iter().take(16).collect();
    CaseResult {
        outcome: Outcome::Errored,
        findings: vec![Finding {
            detail: Some(
                "FATAL: terminating connection due to administrator command\u{0}\u{1b}[31m ]]> <&>"
                    .into(),
            ),
            hints: vec!["look into the server's log".into()],
            ..finding(FindingKind::Errored, "server-lost", "the server went away")
        }],
        figures: figures(),
        log,
    }
}

fn figures() -> Figures {
    let latency = |of: &str, samples, p50, max| LatencyFigure {
        of: of.into(),
        samples,
        p50,
        max: Micros(max),
        ..LatencyFigure::default()
    };
    let time = |client: &str, lock_wait| TimeFigure {
        client: client.into(),
        pool_wait: Micros(900),
        lock_wait: Micros(lock_wait),
        to_first_row: Micros(1_600),
        rows: Micros(80),
        between: Micros(6_400),
        total: Micros(8_980 + lock_wait),
    };
    Figures {
        latencies: vec![
            latency("alice", 1, None, 19_200),
            latency("alice.credit", 1, None, 14_100),
            latency("bob.debit", 20, Some(Micros(410)), 620),
        ],
        times: vec![time("alice", 13_780), time("bob", 11_260)],
        migration: None,
    }
}

fn passed() -> CaseResult {
    let mut log = log("scenarios/bank/transfers.yaml", "Transfers, retried", None);
    log.events = deadlock_events();
    CaseResult {
        outcome: Outcome::Passed,
        findings: vec![],
        figures: figures(),
        log,
    }
}

fn skipped() -> CaseResult {
    let mut log = log("scenarios/statements.yaml", "Statement statistics", None);
    log.end = CaseEnd::Skipped {
        reason: "the extension pg_stat_statements is not available".into(),
    };
    log.duration = Micros(0);
    CaseResult {
        outcome: Outcome::Skipped,
        findings: vec![],
        figures: figures(),
        log,
    }
}

/// What a case that passed has different from its baseline.
pub fn worse() -> Finding {
    Finding {
        hints: vec!["if this is meant, remember it with --update-baselines".into()],
        ..finding(
            FindingKind::Worse,
            "baseline-statements",
            "\"page\" sends another number of statements in a pass: 3, before 1",
        )
    }
}

/// One case of every outcome.
pub fn results() -> Results {
    let mut results = Results::new(RunFacts {
        started_at: "2026-11-20T10:00:00Z".into(),
        pgauge: "0.1.0".into(),
        random_seed: 42,
        shard: None,
        server: Some(ServerFacts {
            version: "15.18".into(),
            version_num: 150_018,
            place: "embedded".into(),
        }),
        interrupted: None,
        duration: Micros(2_310_000),
    });
    results.cases = vec![passed(), vacuous(), failed(), errored(), skipped()];
    let lost_update = ("scenarios/lost_update.yaml".into(), LOST_UPDATE.into());
    results.sources.extend([lost_update]);
    results
}
