//! What did clients feel of a migration that ran beside them? Read from the events: the migration is a client too.

use super::failures::{self, FailedStatement};
use crate::{
    measure::{
        trace::{Message, Trace},
        wait::Waits,
    },
    record::{Blocker, ClientId, LoadLog, LockFacts, MIGRATION, Micros, UnderLoad},
    schedule::Case,
    stats::{Ratio, rate_ratio},
};
use std::collections::BTreeSet;

/// A migration beside clients.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MigrationTraffic {
    /// From its first statement to its last answer.
    pub duration: Micros,
    /// What is counted of the clients.
    pub unit: TrafficUnit,
    /// The clients before, during and after.
    pub phases: [TrafficPhase; 3],
    /// Every wait of a client for the migration, or for somebody who waited for it, that was seen. Of a load, the longest
    /// of each client for each lock.
    pub waits: Vec<MigrationWait>,
    /// How many waits were seen.
    pub wait_count: u64,
    /// The most sessions that waited at the same time.
    pub queue: u64,
    /// How many statements, or transactions of a load, failed from its first statement on: while it ran and after it.
    pub failures: u64,
    /// Which statements failed from then on, those that fail most first. Of a load also those that a later try made good.
    pub failed: Vec<FailedStatement>,
    /// Whether the clients had ended before the migration was over.
    pub outlasted: bool,
    /// The error that ended it, if one did: its SQLSTATE, the message and the event.
    pub error: Option<(String, String, u32)>,
}

/// What is counted of clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrafficUnit {
    /// Statements, each with its own answer.
    #[default]
    Statements,
    /// Transactions of a load.
    Transactions,
}

impl TrafficUnit {
    /// One of them, in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Statements => "statement",
            Self::Transactions => "transaction",
        }
    }
}

/// The clients in one phase.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TrafficPhase {
    /// How long it was.
    pub duration: Micros,
    /// Statements that were answered in it, or transactions of a load.
    pub statements: u64,
    /// The longest of them; of a load, one that touched the migration is one of those during it.
    pub longest: Micros,
}

/// A wait for the migration.
#[derive(Debug, Clone, PartialEq)]
pub struct MigrationWait {
    /// Who waited.
    pub client: ClientId,
    /// In which step.
    pub step: Option<String>,
    /// On what, as far as the server told.
    pub lock: Option<LockFacts>,
    /// How long; up to the end of the case where it never ended.
    pub waited: Micros,
    /// The event that began it; none under a load.
    pub event: Option<u32>,
}

impl TrafficPhase {
    /// Statements in a second; none where the phase has no length.
    pub fn rate(&self) -> Option<f64> {
        let seconds = self.duration.duration().as_secs_f64();
        (seconds > 0.0).then(|| self.statements as f64 / seconds)
    }
}

impl MigrationTraffic {
    /// What was left of the throughput before while it ran; none where too few statements would have been answered in
    /// that time to tell.
    pub fn throughput(&self) -> Option<Ratio> {
        let [before, during, _] = &self.phases;
        let counted = |phase: &TrafficPhase| {
            let seconds = phase.duration.duration().as_secs_f64();
            (phase.statements, seconds)
        };
        let expected = before.rate()? * counted(during).1;
        if expected < LEAST_STATEMENTS || (before.statements as f64) < LEAST_STATEMENTS {
            return None;
        }
        rate_ratio(counted(before), counted(during))
    }

    /// None where no migration ran beside clients.
    pub(in crate::measure) fn of(case: &Case, trace: &Trace<'_>, waits: &Waits) -> Option<Self> {
        let is_own = |client: &ClientId| client.script == MIGRATION && client.number.is_none();
        let (own, others): (Vec<&Message<'_>>, Vec<&Message<'_>>) = trace
            .messages
            .iter()
            .partition(|message| is_own(message.client));
        let began = own.first()?.sent;
        let answers = own.iter().filter_map(|message| message.answer.as_ref());
        let ended = answers.map(|(moment, _, _)| *moment).next_back()?;
        let mut traffic = Self {
            duration: ended.at.since(began.at),
            ..Self::default()
        };
        let first = others.first().map_or(began.at, |message| message.sent.at);
        let answered = others.iter().filter_map(|message| message.answer.as_ref());
        let last = answered.map(|(moment, _, _)| moment.at).next_back();
        let last = last.unwrap_or(ended.at);
        traffic.phases[0].duration = began.at.since(first);
        traffic.phases[1].duration = traffic.duration;
        traffic.phases[2].duration = last.since(ended.at);
        let phase = |seq: u32| usize::from(seq > began.seq) + usize::from(seq > ended.seq);
        for message in &others {
            let Some((moment, _, timing)) = &message.answer else {
                continue;
            };
            traffic.phases[phase(moment.seq)].statements += 1;
            let sent = &mut traffic.phases[phase(message.sent.seq)];
            sent.longest = sent.longest.max(timing.total);
        }
        traffic.outlasted = last < ended.at;
        traffic.failed = failures::of_clients(case, trace, &own, &others, began.seq);
        traffic.failures = traffic.failed.iter().map(|failed| failed.count).sum();
        traffic.error = last_error(&own);
        traffic.wait_for(waits, &is_own, last);
        traffic.wait_count = traffic.waits.len() as u64;
        Some(traffic)
    }

    /// A migration in the midst of a load.
    pub(in crate::measure) fn under_load(
        trace: &Trace<'_>,
        load: &LoadLog,
        under: &UnderLoad,
    ) -> Self {
        let own = trace
            .messages
            .iter()
            .filter(|message| message.client.script == MIGRATION);
        let own: Vec<&Message<'_>> = own.collect();
        let mut traffic = Self {
            duration: under.ended.since(under.began),
            unit: TrafficUnit::Transactions,
            queue: under.queue,
            wait_count: under.waits.iter().map(|waits| waits.count).sum(),
            outlasted: load.measured < under.ended,
            error: last_error(&own),
            failed: failures::of_load(load, under, &own),
            ..Self::default()
        };
        let over = under.ended.min(load.measured);
        traffic.phases[0].duration = under.began.min(load.measured);
        traffic.phases[1].duration = over.since(under.began);
        traffic.phases[2].duration = load.measured.since(under.ended);
        for (phase, tally) in traffic.phases.iter_mut().zip(&load.phases) {
            for client in &tally.clients {
                phase.statements += client.completed;
                phase.longest = phase.longest.max(client.latency.max());
            }
        }
        let since = load.phases.iter().skip(1);
        let failed = since.flat_map(|phase| &phase.clients);
        traffic.failures = failed.map(|client| client.failed).sum();
        let waits = under.waits.iter();
        traffic.waits = waits
            .map(|waits| MigrationWait {
                client: ClientId::single(&waits.client),
                step: None,
                lock: Some(waits.lock.clone()),
                waited: waits.longest,
                event: None,
            })
            .collect();
        traffic
    }

    /// Who waits for the migration holds up those who wait for him.
    fn wait_for(&mut self, waits: &Waits, is_own: &dyn Fn(&ClientId) -> bool, last: Micros) {
        let mut held_up: BTreeSet<ClientId> = BTreeSet::new();
        let mut spans: Vec<(u32, u32)> = Vec::new();
        for wait in &waits.all {
            if is_own(&wait.client) {
                continue;
            }
            let blocks = |blocker: &Blocker| {
                let client = blocker.client.as_ref();
                client.is_some_and(|client| is_own(client) || held_up.contains(client))
            };
            if !wait.blockers.iter().any(blocks) {
                continue;
            }
            held_up.insert(wait.client.clone());
            self.waits.push(MigrationWait {
                client: wait.client.clone(),
                step: wait.step.clone(),
                lock: wait.lock.clone(),
                waited: wait.waited.unwrap_or_else(|| last.since(wait.seen_at)),
                event: Some(wait.began),
            });
            spans.push((wait.began, wait.ended.map_or(u32::MAX, |(seq, _)| seq)));
        }
        let at = |seq: u32| {
            spans
                .iter()
                .filter(|(from, to)| *from <= seq && seq < *to)
                .count()
        };
        let most = spans.iter().map(|(from, _)| at(*from)).max();
        self.queue = most.unwrap_or(0) as u64;
    }
}

/// The error that ended the migration.
fn last_error(own: &[&Message<'_>]) -> Option<(String, String, u32)> {
    own.iter().rev().find_map(|message| {
        let (moment, reply, _) = message.answer.as_ref()?;
        let error = reply.error.as_ref()?;
        Some((error.code.clone(), error.message.clone(), moment.seq))
    })
}

/// How many statements are needed to tell that some are missing.
const LEAST_STATEMENTS: f64 = 20.0;
