//! What does an expectation look at? One case with its log and measurements, and the words for what happened in it.

use super::{
    Terms,
    finding::{FindingPlace, Within},
};
use crate::{
    measure::{
        Measurements, names_of,
        trace::{StepRun, Trace},
    },
    record::{CaseLog, ClientId, Reply, StepEnd},
    schedule::{Case, ClientPlan, StatementPlan, StepPlan, StepWork},
    spec::client::{Statement, Step},
    sql::{Condition, StatementKind, TransactionControl, kind},
    text::format_duration,
};

/// One case with everything that is known of it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What was to be done.
    pub case: &'a Case,
    /// What was noted.
    pub log: &'a CaseLog,
    /// The events, joined up.
    pub trace: &'a Trace<'a>,
    /// What they amount to.
    pub measurements: &'a Measurements,
    /// What is judged against besides the scenario.
    pub terms: &'a Terms,
}

impl<'a> Context<'a> {
    /// The place of what a JSON pointer leads to.
    pub fn place(&self, pointer: impl Into<String>) -> FindingPlace {
        FindingPlace {
            case: self.case.id.clone(),
            pointer: pointer.into(),
            within: Within::All,
        }
    }

    /// The client with this name.
    pub fn client(&self, id: &ClientId) -> Option<&'a ClientPlan> {
        self.case.clients.iter().find(|plan| plan.id == *id)
    }

    /// The step of a client.
    pub fn step(&self, client: &ClientId, step: &str) -> Option<&'a StepPlan> {
        let steps = &self.client(client)?.steps;
        steps.iter().find(|plan| plan.name == step)
    }

    /// The plan and the author's words of a step that is a statement.
    pub fn statement(
        &self,
        client: &ClientId,
        step: &str,
    ) -> Option<(&'a StepPlan, &'a StatementPlan, &'a Statement)> {
        let plan = self.client(client)?;
        let index = plan.steps.iter().position(|plan| plan.name == step)?;
        let StepWork::Statement(statement) = &plan.steps[index].work else {
            return None;
        };
        let author = self.case.scenario.clients.get(&client.script)?;
        let Step::Statement(words) = author.steps.get(index)? else {
            return None;
        };
        Some((&plan.steps[index], statement, words))
    }

    /// The sessions that a name means: one (`shopper[3]`), or all of a script's.
    pub fn sessions(&self, name: &str) -> Vec<&'a ClientId> {
        let ids = self.case.clients.iter().map(|plan| &plan.id);
        ids.filter(|id| names_of(id).any(|known| known == name))
            .collect()
    }

    /// The executions of a step, by `client.step`, in the order of their permits.
    pub fn runs_of(&self, step: &str) -> Vec<&'a StepRun<'a>> {
        let Some((client, step)) = step.split_once('.') else {
            return Vec::new();
        };
        let named = |run: &&StepRun<'a>| {
            run.step == step && names_of(run.client).any(|known| known == client)
        };
        self.trace.runs.iter().filter(named).collect()
    }

    /// The execution that an entry of the order led to.
    pub fn launched(&self, index: usize) -> Option<&'a StepRun<'a>> {
        let mut runs = self.trace.runs.iter();
        runs.find(|run| run.launch == Some(index))
    }

    /// What an execution came to, for a label: `returned UPDATE 1 after 4 ms`.
    pub fn ending(&self, run: &StepRun<'a>) -> String {
        let Some((completed, end)) = &run.completed else {
            return "did not end".to_owned();
        };
        let spans = self.trace.messages_of(run).filter_map(|m| m.answer);
        let total: u64 = spans.map(|(_, _, timing)| timing.total.0).sum();
        let span = match total {
            0 => completed.at.since(run.launched.at),
            total => crate::record::Micros(total),
        };
        let after = format_duration(span.duration());
        match end {
            StepEnd::Done => match self.trace.own_reply(run).and_then(Reply::last) {
                Some(_) => format!("returned {} after {after}", self.tag(run)),
                None => format!("ended after {after}"),
            },
            StepEnd::Error { code } if code.is_empty() => {
                format!("lost its connection after {after}")
            }
            StepEnd::Error { code } => format!("got {} after {after}", condition(code)),
            StepEnd::HookFailed => format!("was ended by its hook after {after}"),
            StepEnd::Skipped => format!("was skipped by its hook after {after}"),
        }
    }

    /// The command tag of the last answer to a step's own statement, such as `UPDATE 1`.
    pub fn tag(&self, run: &StepRun<'a>) -> String {
        let result = self.trace.own_reply(run).and_then(Reply::last);
        result.map_or_else(
            || "nothing".to_owned(),
            |result| match &*result.command {
                "" => crate::text::plural(result.row_count, "row"),
                "BEGIN" | "COMMIT" | "ROLLBACK" => result.command.clone().into_owned(),
                command => format!("{command} {}", result.row_count),
            },
        )
    }

    /// The last step of a client that had ended before an event, if one had.
    pub fn last_step_before(&self, client: &ClientId, seq: u32) -> Option<&'a StepRun<'a>> {
        let mut runs = self.trace.runs.iter().rev();
        runs.find(|run| {
            let ended = run.completed.is_some_and(|(moment, _)| moment.seq < seq);
            run.client == client && ended
        })
    }

    /// Whether a client was in a transaction just before an event, by what it had sent until then.
    pub fn was_in_transaction(&self, client: &ClientId, seq: u32) -> bool {
        let own = self.trace.messages.iter().rev();
        let mut own = own.filter(|message| message.client == client && message.sent.seq < seq);
        let control = own.find_map(|message| match kind(message.sql) {
            StatementKind::Transaction(control) => Some(control),
            StatementKind::Read
            | StatementKind::LockingRead
            | StatementKind::Write
            | StatementKind::Ddl
            | StatementKind::Other => None,
        });
        control.is_some_and(|control| match control {
            TransactionControl::Begin
            | TransactionControl::Savepoint
            | TransactionControl::RollbackTo
            | TransactionControl::Release => true,
            TransactionControl::Commit
            | TransactionControl::Rollback
            | TransactionControl::Prepare
            | TransactionControl::CommitPrepared
            | TransactionControl::RollbackPrepared => false,
        })
    }
}

/// An SQLSTATE as messages say it: `unique_violation (23505)`.
pub fn condition(code: &str) -> String {
    match Condition::from_code(code) {
        Some(condition) => condition.to_string(),
        None if code.is_empty() => "a lost connection".to_owned(),
        None => code.to_owned(),
    }
}

/// The SQLSTATE of a condition that an author named; the checks before a run refuse names that do not exist.
pub fn code_of(state: &crate::spec::quantity::SqlState) -> String {
    let condition = state.0.parse::<Condition>();
    condition.map_or_else(|_| state.0.clone(), |known| known.code().to_owned())
}

/// A key as a segment of a JSON pointer.
pub fn segment(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
