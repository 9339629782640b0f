//! Which transactions of an order committed, and what did each of them see?

use crate::{
    measure::trace::{StepRun, Trace},
    record::{CaseLog, Reply, StepEnd},
    run::NextStep,
    schedule::{Case, StepWork},
    spec::client::Control,
    sql::{StatementKind, TransactionControl, kind},
};
use std::collections::HashSet;

/// A transaction that committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Whose, by index.
    pub client: usize,
    /// Which of the client's committed transactions, from 1.
    pub number: usize,
    /// Its steps, by their place in the script.
    pub steps: Vec<usize>,
    /// What each of its steps returned.
    pub saw: Vec<Saw>,
    /// The event with which it began to see the tables: its first statement after `begin`.
    pub began: Option<u32>,
    /// The event with which it committed.
    committed: u32,
}

/// What a step returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saw {
    /// `alice.read`
    pub step: String,
    /// Its rows, sorted, or how many it changed.
    pub returned: String,
}

impl Transaction {
    /// The steps to take for it.
    pub fn launches(&self) -> impl Iterator<Item = NextStep> {
        let client = self.client;
        self.steps.iter().map(move |step| NextStep {
            client,
            step: *step,
        })
    }
}

/// The transactions that committed, in the order of their commits.
pub fn committed(case: &Case, log: &CaseLog, moving: &HashSet<String>) -> Vec<Transaction> {
    let trace = Trace::read(case, log);
    let mut all = Vec::new();
    for client in 0..case.clients.len() {
        all.extend(of_client(case, &trace, client, moving));
    }
    all.sort_by_key(|transaction| transaction.committed);
    all
}

fn of_client(
    case: &Case,
    trace: &Trace<'_>,
    client: usize,
    moving: &HashSet<String>,
) -> Vec<Transaction> {
    let plan = &case.clients[client];
    let mut all: Vec<Transaction> = Vec::new();
    let mut open: Option<Transaction> = None;
    for pass in trace.passes.iter().filter(|pass| *pass.client == plan.id) {
        open = None;
        for run in pass.runs.iter().map(|index| &trace.runs[*index]) {
            let Some(step) = plan.steps.iter().position(|step| step.name == run.step) else {
                continue;
            };
            let Some((moment, end)) = run.completed else {
                continue;
            };
            let went_well = *end == StepEnd::Done;
            let control = control(&plan.steps[step].work);
            if control == Some(TransactionControl::Begin) && open.is_none() {
                open = went_well.then(|| Transaction {
                    client,
                    number: 0,
                    steps: Vec::new(),
                    saw: Vec::new(),
                    began: None,
                    committed: 0,
                });
            }
            let alone = open.is_none();
            let transaction = open.get_or_insert_with(|| Transaction {
                client,
                number: 0,
                steps: Vec::new(),
                saw: Vec::new(),
                began: None,
                committed: 0,
            });
            transaction.steps.push(step);
            transaction.saw.extend(saw(trace, run, moving));
            if control != Some(TransactionControl::Begin) {
                transaction.began.get_or_insert(run.launched.seq);
            }
            transaction.committed = moment.seq;
            let ended = match control {
                Some(TransactionControl::Commit | TransactionControl::Prepare) => {
                    // An aborted transaction answers COMMIT with ROLLBACK.
                    let reply = trace.own_reply(run).and_then(Reply::last);
                    Some(went_well && reply.is_none_or(|reply| reply.command != "ROLLBACK"))
                }
                Some(TransactionControl::Rollback) => Some(false),
                _ if alone => Some(went_well),
                _ => None,
            };
            if let Some(committed) = ended
                && let Some(mut transaction) = open.take()
                && committed
                && !(alone && control.is_some())
            {
                transaction.number = all.len() + 1;
                all.push(transaction);
            }
        }
    }
    drop(open);
    all
}

fn control(work: &StepWork) -> Option<TransactionControl> {
    match work {
        StepWork::Control(Control::Begin) => Some(TransactionControl::Begin),
        StepWork::Control(Control::Commit) => Some(TransactionControl::Commit),
        StepWork::Control(Control::Rollback) => Some(TransactionControl::Rollback),
        StepWork::Statement(statement) => match kind(&statement.sql) {
            StatementKind::Transaction(control) => Some(control),
            StatementKind::Read
            | StatementKind::LockingRead
            | StatementKind::Write
            | StatementKind::Ddl
            | StatementKind::Other => None,
        },
    }
}

fn saw(trace: &Trace<'_>, run: &StepRun<'_>, moving: &HashSet<String>) -> Vec<Saw> {
    let step = format!("{}.{}", run.client, run.step);
    let messages = trace.messages_of(run).filter(|message| message.is_own());
    let results = messages
        .filter_map(|message| message.answer.map(|(_, reply, _)| reply))
        .flat_map(|reply| &reply.results);
    results
        .filter(|result| !result.columns.is_empty() || changes(&result.command))
        .map(|result| {
            let kept: Vec<usize> = (0..result.columns.len())
                .filter(|at| !moving.contains(&result.columns[*at].name))
                .collect();
            let mut rows: Vec<String> = result
                .rows
                .iter()
                .map(|row| {
                    let values: Vec<String> = kept.iter().map(|at| row[*at].to_string()).collect();
                    values.join(", ")
                })
                .collect();
            rows.sort();
            let returned = match rows.as_slice() {
                _ if result.columns.is_empty() => {
                    format!("{} {}", result.command, result.row_count)
                }
                [] => "no row".to_owned(),
                [one] => one.clone(),
                several => format!("({})", several.join("), (")),
            };
            Saw {
                step: step.clone(),
                returned,
            }
        })
        .collect()
}

fn changes(command: &str) -> bool {
    matches!(command, "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY")
}
