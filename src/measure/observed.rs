//! What was sent that is worth trying again on a copy? One statement for each row of an earlier result, and whatever reads
//! or writes rows, one of each fingerprint with the values of its first sending.
//!
//! Sessions with other settings send other statements, whatever the text: a search path decides which table is meant. Of a
//! load the first values of each step are known.

use super::{
    Repetitions,
    texts::Texts,
    trace::{Message, Trace},
};
use crate::{
    record::{
        ClientId, Event, LoadLog, Lookups, Observed, ObservedStatement, Sender, SentBy,
        SentStatement, Value,
    },
    schedule::{Case, ClientPlan, StepWork},
    sql::{StatementKind, fingerprint, kind, split},
};
use indexmap::{IndexMap, map::Entry};
use std::collections::HashMap;

/// Looks through the events of a case, and through what its load counted.
pub fn observed(case: &Case, events: &[Event], load: Option<&LoadLog>) -> Observed {
    let trace = Trace::of_events(case, events);
    let texts = Texts::default();
    let lookups: Vec<Lookups> = Repetitions::lookups(&trace, &texts);
    let mut different = Different::new(case);
    for message in &trace.messages {
        different.add_message(message, &trace);
    }
    if let Some(load) = load {
        different.add_load(load);
    }
    Observed {
        statements: different.statements.into_values().collect(),
        lookups,
    }
}

/// A message, apart from when and by whom.
pub(super) fn as_sent(message: &Message<'_>) -> SentStatement {
    SentStatement {
        sql: message.sql.to_owned(),
        params: message.params.to_vec(),
    }
}

/// Statements that differ in more than their values.
struct Different<'a> {
    case: &'a Case,
    /// By the first client with the same settings, and by fingerprint.
    statements: IndexMap<(Option<usize>, String), ObservedStatement>,
    /// What each text says, statement by statement.
    read: HashMap<&'a str, Vec<(&'a str, String)>>,
    settings: HashMap<&'a ClientId, Option<usize>>,
}

impl<'a> Different<'a> {
    fn new(case: &'a Case) -> Self {
        Self {
            case,
            statements: IndexMap::new(),
            read: HashMap::new(),
            settings: HashMap::new(),
        }
    }

    fn add_message(&mut self, message: &Message<'a>, trace: &Trace<'a>) {
        match message.by {
            SentBy::Step | SentBy::ForEach { .. } | SentBy::Hook => {}
            // Queries are watched, and what is set up is no work.
            SentBy::Setup | SentBy::Teardown | SentBy::Query { .. } => return,
        }
        let answered = message.reply().is_some_and(|reply| reply.error.is_none());
        if !answered {
            return;
        }
        let run = message.run.and_then(|run| trace.run(run));
        let sender = Sender {
            client: message.client.clone(),
            step: run.map(|run| run.step.to_owned()),
            by_hook: *message.by == SentBy::Hook,
            event: Some(message.sent.seq),
            times: 1,
        };
        self.add(message.client, &sender, message.sql, message.params);
    }

    fn add_load(&mut self, load: &LoadLog) {
        let case = self.case;
        for tally in &load.clients {
            let client = case.clients.iter();
            let mut client = client.filter(|plan| plan.id.script == tally.client);
            let Some(client) = client.next() else {
                continue;
            };
            for (plan, tally) in client.steps.iter().zip(&tally.steps) {
                let (StepWork::Statement(statement), Some(sample)) = (&plan.work, &tally.sample)
                else {
                    continue;
                };
                let values = sample.iter().cloned();
                let params: Vec<Value> = values
                    .map(|value| value.map_or(Value::Null, Value::Text))
                    .collect();
                let sender = Sender {
                    client: client.id.clone(),
                    step: Some(plan.name.clone()),
                    by_hook: false,
                    event: None,
                    times: tally.latency.count(),
                };
                if sender.times > 0 {
                    self.add(&client.id, &sender, &statement.sql, &params);
                }
            }
        }
    }

    fn add(&mut self, client: &'a ClientId, sender: &Sender, sql: &'a str, params: &[Value]) {
        let class = self.class(client);
        let statements = self.read.entry(sql).or_insert_with(|| worth_a_look(sql));
        for (text, fingerprint) in statements {
            match self.statements.entry((class, fingerprint.clone())) {
                Entry::Occupied(mut known) => known.get_mut().sender.times += sender.times,
                Entry::Vacant(free) => {
                    free.insert(ObservedStatement {
                        sender: sender.clone(),
                        sent: SentStatement {
                            sql: (*text).to_owned(),
                            params: params.to_vec(),
                        },
                    });
                }
            }
        }
    }

    /// The first client whose sessions have the settings of this one.
    fn class(&mut self, client: &'a ClientId) -> Option<usize> {
        let plans = &self.case.clients;
        let same = |one: &ClientPlan, other: &ClientPlan| {
            one.settings == other.settings && one.isolation == other.isolation
        };
        *self.settings.entry(client).or_insert_with(|| {
            let own = plans.iter().find(|plan| plan.id == *client)?;
            plans.iter().position(|plan| same(plan, own))
        })
    }
}

/// The statements of a text that can be explained, with their fingerprints. A batch has no parameters.
fn worth_a_look(sql: &str) -> Vec<(&str, String)> {
    let script = split(sql);
    let texts = script
        .statements
        .iter()
        .map(|statement| statement.text(sql));
    let explained = texts.filter(|text| match kind(text) {
        StatementKind::Read | StatementKind::LockingRead | StatementKind::Write => true,
        StatementKind::Transaction(_) | StatementKind::Ddl | StatementKind::Other => false,
    });
    explained.map(|text| (text, fingerprint(text).id)).collect()
}
