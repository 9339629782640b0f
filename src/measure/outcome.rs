//! What would isolationtester have told of a case? The events as the facts of its text form, order by order.
//!
//! Two things are told elsewhere than they were noted. A NOTIFY is told behind the next step of its session that comes
//! to its end, since nobody looks for it before; and a notice that came between two results of one message stands
//! between their tables.

use crate::{
    isolation::{Cast, Fact, Table, Trace},
    record::{
        Breakage, CaseEnd, CaseLog, ClientId, Event, EventKind, Reply, ResultSet, RunNo, SentBy,
        ServerError, StatementNo, Value, Witness,
    },
    schedule::Case,
};
use std::collections::{HashMap, HashSet};

/// What libpq says of a connection that is gone.
const LOST: &str = "server closed the connection unexpectedly\n\
    \tThis probably means the server terminated abnormally\n\
    \tbefore or while processing the request.";

/// All that happened in a case, as isolationtester would have told it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The orders, in the order in which they ran.
    pub traces: Vec<Trace>,
    /// For each fact of each order, the event that it was told by.
    pub events: Vec<Vec<u32>>,
}

impl Outcome {
    /// Tells the events of a case.
    pub fn of(case: &Case, log: &CaseLog) -> Self {
        let mut teller = Teller::new(case);
        for event in &log.events {
            teller.tell(event);
        }
        if let CaseEnd::Broke(breakage) = &log.end {
            teller.broke(breakage);
        }
        teller.outcome
    }
}

/// A message that was sent.
struct Sent<'a> {
    run: Option<RunNo>,
    client: &'a ClientId,
    by: &'a SentBy,
}

/// An execution of a step.
struct Running<'a> {
    name: &'a str,
    client: &'a ClientId,
    /// Whether it was told as waiting.
    waits: bool,
    replies: Vec<&'a Reply>,
}

struct Teller<'a> {
    case: &'a Case,
    outcome: Outcome,
    sent: HashMap<StatementNo, Sent<'a>>,
    running: HashMap<RunNo, Running<'a>>,
    pids: HashMap<i32, &'a ClientId>,
    /// Notices between results, by client: after how many results, and the fact.
    between: HashMap<&'a ClientId, Vec<(u32, Fact)>>,
    notified: HashMap<&'a ClientId, Vec<Fact>>,
    told_lost: HashSet<&'a ClientId>,
}

impl<'a> Teller<'a> {
    fn new(case: &'a Case) -> Self {
        let mut teller = Self {
            case,
            outcome: Outcome::default(),
            sent: HashMap::new(),
            running: HashMap::new(),
            pids: HashMap::new(),
            between: HashMap::new(),
            notified: HashMap::new(),
            told_lost: HashSet::new(),
        };
        if case.rounds.is_empty() {
            teller.begin(0..case.order.as_ref().map_or(0, Vec::len));
        }
        teller
    }

    fn begin(&mut self, launches: std::ops::Range<usize>) {
        let order = self.case.order.as_deref().unwrap_or_default();
        let launches = order.get(launches).unwrap_or_default();
        let names = launches.iter().map(|launch| {
            let name = step_name(self.case, launch.client, launch.step);
            name.to_owned()
        });
        self.outcome.traces.push(Trace {
            launches: names.collect(),
            facts: Vec::new(),
        });
        self.outcome.events.push(Vec::new());
    }

    fn fact(&mut self, seq: u32, fact: Fact) {
        if let (Some(trace), Some(events)) = (
            self.outcome.traces.last_mut(),
            self.outcome.events.last_mut(),
        ) {
            trace.facts.push(fact);
            events.push(seq);
        }
    }

    fn tell(&mut self, event: &'a Event) {
        let seq = event.seq;
        match &event.kind {
            EventKind::OrderBegan { order, .. } => {
                let round = usize::try_from(*order).unwrap_or(usize::MAX);
                let launches = self.case.rounds.get(round);
                self.begin(launches.map_or(0..0, |round| round.launches.clone()));
            }
            EventKind::Connected { client, pid, .. } => {
                self.pids.insert(*pid, client);
            }
            EventKind::Launched {
                run, client, step, ..
            } => self.launched(*run, client, step),
            EventKind::Sent {
                statement,
                run,
                client,
                by,
                ..
            } => {
                let run = *run;
                self.sent.insert(*statement, Sent { run, client, by });
            }
            EventKind::Replied {
                statement, reply, ..
            } => self.replied(seq, *statement, reply),
            EventKind::Waiting { run, seen_by, .. } => match seen_by {
                Witness::Look => self.waits(seq, *run),
                Witness::Server => {}
            },
            EventKind::HeldBack { run, .. } => self.waits(seq, *run),
            EventKind::Completed { run, .. } => self.completed(seq, *run),
            EventKind::Notice {
                client,
                severity,
                message,
                detail,
                hint,
                after_results,
                code: _,
            } => {
                let fact = Fact::Notice {
                    session: session_name(self.case, client).to_owned(),
                    severity: severity.clone(),
                    text: notice_text(message, detail.as_deref(), hint.as_deref()),
                };
                match after_results {
                    0 => self.fact(seq, fact),
                    results => {
                        let between = self.between.entry(client).or_default();
                        between.push((*results, fact));
                    }
                }
            }
            EventKind::Notified {
                client,
                channel,
                payload,
                from_pid,
            } => {
                let from = match self.pids.get(from_pid) {
                    Some(client) => session_name(self.case, client).to_owned(),
                    None => format!("PID {from_pid}"),
                };
                let fact = Fact::Notify {
                    session: session_name(self.case, client).to_owned(),
                    channel: channel.clone(),
                    payload: payload.clone(),
                    from,
                };
                self.notified.entry(client).or_default().push(fact);
            }
            EventKind::Cancelled { run, after, .. } => {
                if let Some(running) = self.running.get(run) {
                    let fact = Fact::Cancelled {
                        step: running.name.to_owned(),
                        seconds: after.duration().as_secs(),
                    };
                    self.fact(seq, fact);
                }
            }
            EventKind::WaitEnded { .. }
            | EventKind::Skipped { .. }
            | EventKind::Measured { .. }
            | EventKind::Logged { .. }
            | EventKind::HookEnded { .. }
            | EventKind::Retrying { .. }
            | EventKind::Finished { .. } => {}
        }
    }

    fn launched(&mut self, run: RunNo, client: &'a ClientId, step: &'a str) {
        let plan = client_index(self.case, client);
        let index = plan.and_then(|client| {
            let mut steps = self.case.clients[client].steps.iter();
            steps.position(|plan| plan.name == *step)
        });
        let name = match (plan, index) {
            (Some(client), Some(index)) => step_name(self.case, client, index),
            _ => step,
        };
        self.running.insert(
            run,
            Running {
                name,
                client,
                waits: false,
                replies: Vec::new(),
            },
        );
    }

    fn replied(&mut self, seq: u32, statement: StatementNo, reply: &'a Reply) {
        let Some(sent) = self.sent.remove(&statement) else {
            return;
        };
        if let Some(run) = sent.run {
            if let Some(running) = self.running.get_mut(&run)
                && matches!(sent.by, SentBy::Step | SentBy::ForEach { .. })
            {
                running.replies.push(reply);
            }
            return;
        }
        let what = match sent.by {
            SentBy::Setup => "setup",
            SentBy::Teardown => "teardown",
            SentBy::Step | SentBy::ForEach { .. } | SentBy::Hook | SentBy::Query { .. } => return,
        };
        // Behind the last result of what is sent around an order nothing else is told of it.
        let between = self.between.remove(sent.client).unwrap_or_default();
        for (_, fact) in between {
            self.fact(seq, fact);
        }
        match &reply.error {
            Some(error) => {
                let of = match client_index(self.case, sent.client) {
                    Some(_) => {
                        let session = session_name(self.case, sent.client);
                        format!("{what} of session {session}")
                    }
                    None => what.to_owned(),
                };
                let said = match error.code.as_str() {
                    "" => "no connection to the server".to_owned(),
                    _ => format!("{}:  {}", error.severity, error.message),
                };
                let message = format!("{of} failed: {said}");
                self.fact(seq, Fact::Said { message });
            }
            None => {
                if let Some(table) = reply.last().and_then(table) {
                    self.fact(seq, Fact::Rows(table));
                }
            }
        }
    }

    /// A step is told as waiting once.
    fn waits(&mut self, seq: u32, run: RunNo) {
        let Some(running) = self.running.get_mut(&run).filter(|run| !run.waits) else {
            return;
        };
        running.waits = true;
        let step = running.name.to_owned();
        self.fact(seq, Fact::Waiting { step });
    }

    fn completed(&mut self, seq: u32, run: RunNo) {
        let Some(running) = self.running.remove(&run) else {
            return;
        };
        let step = running.name.to_owned();
        self.fact(
            seq,
            match running.waits {
                true => Fact::Completed { step },
                false => Fact::Done { step },
            },
        );
        let mut between = self
            .between
            .remove(running.client)
            .unwrap_or_default()
            .into_iter()
            .peekable();
        let mut read = 0;
        for reply in running.replies {
            for result in &reply.results {
                while let Some((_, fact)) = between.next_if(|(after, _)| *after <= read) {
                    self.fact(seq, fact);
                }
                if let Some(table) = table(result) {
                    self.fact(seq, Fact::Rows(table));
                }
                read += 1;
            }
            if let Some(error) = &reply.error {
                self.error(seq, running.client, error);
            }
        }
        for (_, fact) in between {
            self.fact(seq, fact);
        }
        for fact in self.notified.remove(running.client).unwrap_or_default() {
            self.fact(seq, fact);
        }
    }

    fn error(&mut self, seq: u32, client: &'a ClientId, error: &ServerError) {
        if !error.code.is_empty() {
            self.fact(
                seq,
                Fact::Error {
                    severity: error.severity.clone(),
                    message: error.message.clone(),
                },
            );
        }
        if error.ends_session() && self.told_lost.insert(client) {
            let message = LOST.to_owned();
            self.fact(seq, Fact::Lost { message });
        }
    }

    /// What the tester says when it gives up.
    fn broke(&mut self, breakage: &Breakage) {
        let message = match breakage.code.as_str() {
            "mutually-blocking" => {
                "failed to complete permutation due to mutually-blocking steps".to_owned()
            }
            "step-timeout" => breakage.message.replace('"', ""),
            _ => return,
        };
        let last = self.outcome.events.last().and_then(|events| events.last());
        self.fact(last.copied().unwrap_or(0), Fact::Said { message });
    }
}

fn client_index(case: &Case, client: &ClientId) -> Option<usize> {
    case.clients.iter().position(|plan| plan.id == *client)
}

/// The name of a step in the text form: the cast has the steps of all sessions, one session after the other.
fn step_name(case: &Case, client: usize, step: usize) -> &str {
    let before: usize = case
        .clients
        .iter()
        .take(client)
        .map(|plan| plan.steps.len())
        .sum();
    let Cast { steps, .. } = &case.cast;
    steps.get(before + step).map_or("", |step| &step.name)
}

fn session_name<'a>(case: &'a Case, client: &'a ClientId) -> &'a str {
    let name = client_index(case, client).and_then(|at| case.cast.sessions.get(at));
    name.map_or(client.script.as_str(), String::as_str)
}

fn notice_text(message: &str, detail: Option<&str>, hint: Option<&str>) -> String {
    let mut text = message.to_owned();
    for (word, more) in [("DETAIL", detail), ("HINT", hint)] {
        if let Some(more) = more {
            text.push_str(&format!("\n{word}:  {more}"));
        }
    }
    text
}

/// A result as a table; none where it has no columns.
fn table(result: &ResultSet) -> Option<Table> {
    if result.columns.is_empty() {
        return None;
    }
    let text = |value: &Value| value.to_text().unwrap_or_default();
    let rows = result.rows.iter();
    Some(Table {
        columns: result
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect(),
        rows: rows.map(|row| row.iter().map(text).collect()).collect(),
    })
}
