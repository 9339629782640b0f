//! Which statements of clients failed since a migration began, and when the first of each did: while which of its
//! statements ran, or after it.

use crate::{
    measure::trace::{Message, Trace},
    record::{ClientId, LoadLog, Micros, UnderLoad},
    schedule::{Case, StepWork},
};

/// Statements of one step that failed with the same SQLSTATE.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedStatement {
    /// Whose.
    pub client: ClientId,
    /// In which step; none where no connection was to be had.
    pub step: Option<String>,
    /// The SQLSTATE; the empty one where a connection broke.
    pub code: String,
    /// What the first one said.
    pub message: String,
    /// How many since the migration began.
    pub count: u64,
    /// How many before it began: with those it has nothing to do.
    pub before: u64,
    /// When the first one came.
    pub first: FirstFailure,
    /// The events of the answers; none of a load.
    pub events: Vec<u32>,
}

/// When the first statement failed, seen from the migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstFailure {
    /// While a statement of it ran.
    During {
        /// Which.
        sql: String,
        /// How long after it was sent.
        after: Micros,
    },
    /// Between two of its statements.
    Between {
        /// The one that was over.
        sql: String,
        /// How long after it was answered.
        after: Micros,
    },
    /// When all of it was over.
    Behind {
        /// How long after its last answer.
        after: Micros,
    },
}

impl FirstFailure {
    fn of(own: &[&Message<'_>], at: Micros) -> Self {
        let begun = own.iter().rposition(|message| message.sent.at <= at);
        // What came in the same microsecond as the beginning came with it.
        let index = begun.unwrap_or(0);
        let Some(message) = own.get(index) else {
            return Self::Behind { after: Micros(0) };
        };
        let sql = message.sql.to_owned();
        match &message.answer {
            Some((answered, _, _)) if answered.at <= at => {
                let after = at.since(answered.at);
                match index + 1 == own.len() {
                    true => Self::Behind { after },
                    false => Self::Between { sql, after },
                }
            }
            Some(_) | None => Self::During {
                sql,
                after: at.since(message.sent.at),
            },
        }
    }
}

/// Of clients that run freely: `began` is the event with which the migration did.
pub(super) fn of_clients(
    case: &Case,
    trace: &Trace<'_>,
    own: &[&Message<'_>],
    others: &[&Message<'_>],
    began: u32,
) -> Vec<FailedStatement> {
    let mut failed: Vec<FailedStatement> = Vec::new();
    let mut before: Vec<(ClientId, Option<String>, String)> = Vec::new();
    for message in others {
        let Some((moment, reply, _)) = &message.answer else {
            continue;
        };
        let Some(error) = &reply.error else { continue };
        let run = message.run.and_then(|run| trace.run(run));
        let step = run.map(|run| run.step.to_owned());
        let client = ClientId::single(&message.client.script);
        if is_foreseen(case, &client, step.as_deref(), &error.code) {
            continue;
        }
        if moment.seq < began {
            before.push((client, step, error.code.clone()));
            continue;
        }
        let same = |one: &FailedStatement| {
            one.client == client && one.step == step && one.code == error.code
        };
        if let Some(known) = failed.iter_mut().find(|one| same(one)) {
            known.count += 1;
            known.events.push(moment.seq);
            continue;
        }
        failed.push(FailedStatement {
            client,
            step,
            code: error.code.clone(),
            message: error.message.clone(),
            count: 1,
            before: 0,
            first: FirstFailure::of(own, moment.at),
            events: vec![moment.seq],
        });
    }
    for (client, step, code) in before {
        let same = |one: &&mut FailedStatement| {
            one.client == client && one.step == step && one.code == code
        };
        if let Some(known) = failed.iter_mut().find(same) {
            known.before += 1;
        }
    }
    failed.sort_by_key(|failed| std::cmp::Reverse(failed.count));
    failed
}

/// Whether the author says that a step ends so.
fn is_foreseen(case: &Case, client: &ClientId, step: Option<&str>, code: &str) -> bool {
    let plans = case.clients.iter();
    let mut steps = plans
        .filter(|plan| plan.id.script == client.script)
        .flat_map(|plan| plan.steps.iter())
        .filter(|plan| Some(plan.name.as_str()) == step);
    steps.any(|plan| match &plan.work {
        StepWork::Statement(statement) => statement.expected_error.as_deref() == Some(code),
        StepWork::Control(_) => false,
    })
}

/// Of the clients of a load.
pub(super) fn of_load(
    load: &LoadLog,
    under: &UnderLoad,
    own: &[&Message<'_>],
) -> Vec<FailedStatement> {
    let [before, during, after] = load.phases.as_slice() else {
        return Vec::new();
    };
    let mut failed: Vec<FailedStatement> = Vec::new();
    for tally in during.refused.iter().chain(&after.refused) {
        let same = |one: &FailedStatement| {
            one.client.script == tally.client && one.step == tally.step && one.code == tally.code
        };
        // The first one came in the phase that is looked at first.
        if let Some(known) = failed.iter_mut().find(|one| same(one)) {
            known.count += tally.count;
            continue;
        }
        let mut earlier = before.refused.iter().filter(|earlier| {
            earlier.client == tally.client
                && earlier.step == tally.step
                && earlier.code == tally.code
        });
        failed.push(FailedStatement {
            client: ClientId::single(&tally.client),
            step: tally.step.clone(),
            code: tally.code.clone(),
            message: tally.message.clone(),
            count: tally.count,
            before: earlier.next().map_or(0, |earlier| earlier.count),
            first: FirstFailure::of(own, Micros(under.clock.0 + tally.first.0)),
            events: Vec::new(),
        });
    }
    failed.sort_by_key(|failed| std::cmp::Reverse(failed.count));
    failed
}
