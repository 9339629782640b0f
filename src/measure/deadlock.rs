//! Which deadlocks happened, who was cancelled for them, and how long until everyone had gone on?

use super::{
    trace::{Message, PassEnd, StepRun, Trace},
    wait::Waits,
};
use crate::{
    record::{Blocker, CaseLog, ClientId, EventKind, Micros, ServerError},
    schedule::Case,
    text::quantity::TimeSpan,
};
use std::{collections::HashMap, time::Duration};

/// The SQLSTATE of a deadlock's victim.
const DEADLOCK_DETECTED: &str = "40P01";

/// One deadlock that the server resolved by cancelling a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Deadlock {
    /// The event of the victim's error.
    pub event: u32,
    /// Whose statement was cancelled.
    pub victim: ClientId,
    /// In which step; none in a hook of the client itself.
    pub step: Option<String>,
    /// Who waited for whom when it was found, the victim first.
    pub cycle: Vec<CycleEdge>,
    /// How long the victim waited until its error, its `deadlock_timeout` included.
    pub detection: Detection,
    /// The victim's `deadlock_timeout`, where the scenario sets it.
    pub deadlock_timeout: Option<Duration>,
    /// The other clients of the cycle.
    pub survivors: Vec<Survivor>,
    /// What became of the victim's work.
    pub retry: VictimRetry,
}

impl Deadlock {
    /// From the victim's error until every survivor had gone on and, where the victim retries, its retry
    /// had succeeded; none where that never came.
    pub fn recovery(&self) -> Option<Micros> {
        let mut recovery = match self.retry {
            VictimRetry::NotAsked => Micros(0),
            VictimRetry::Succeeded(after) => after,
            VictimRetry::Failed => return None,
        };
        for survivor in &self.survivors {
            recovery = recovery.max(survivor.went_on?);
        }
        Some(recovery)
    }
}

/// One side of the cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleEdge {
    /// Who waited.
    pub waiter: Blocker,
    /// Whom for.
    pub blocker: Blocker,
    /// On what, in the server's words (`ShareLock on transaction 731`), where it told.
    pub lock: Option<String>,
}

/// How long a deadlock was there before the server found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// From the start of the victim's wait to its error.
    Waited(Micros),
    /// The wait was too short to be seen; from the sending of the victim's statement to its error.
    AtMost(Micros),
}

impl Detection {
    /// The span.
    pub fn span(self) -> Micros {
        match self {
            Self::Waited(span) | Self::AtMost(span) => span,
        }
    }
}

/// A client of the cycle that was not cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivor {
    /// Who.
    pub client: ClientId,
    /// From the victim's error until it had what it waited for; none where that never came.
    pub went_on: Option<Micros>,
}

/// What became of the work of a deadlock's victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VictimRetry {
    /// Its client has no `retry` for deadlocks.
    NotAsked,
    /// A later try of the same pass went through, so long after the error.
    Succeeded(Micros),
    /// No later try went through.
    Failed,
}

/// Every deadlock of a case, in the order of the victims' errors.
pub(super) fn deadlocks(
    case: &Case,
    log: &CaseLog,
    trace: &Trace<'_>,
    waits: &Waits,
) -> Vec<Deadlock> {
    let scene = Scene {
        case,
        trace,
        waits,
        clients: clients_by_pid(log),
    };
    let cancelled = trace.messages.iter().filter_map(|message| {
        let error = message.reply()?.error.as_ref()?;
        (error.code == DEADLOCK_DETECTED).then(|| scene.deadlock(message, error))
    });
    cancelled.flatten().collect()
}

fn clients_by_pid(log: &CaseLog) -> HashMap<i32, ClientId> {
    let connected = log.events.iter().filter_map(|event| match &event.kind {
        EventKind::Connected { client, pid, .. } => Some((*pid, client.clone())),
        _ => None,
    });
    connected.collect()
}

/// What the deadlocks of a case are read from.
struct Scene<'a> {
    case: &'a Case,
    trace: &'a Trace<'a>,
    waits: &'a Waits,
    clients: HashMap<i32, ClientId>,
}

impl Scene<'_> {
    fn deadlock(&self, message: &Message<'_>, error: &ServerError) -> Option<Deadlock> {
        let (replied, _, timing) = message.answer?;
        let run = message.run.and_then(|run| self.trace.run(run));
        let mut cycle = self.told(error);
        if cycle.is_empty() {
            cycle = self.seen(message.client, replied.seq);
        }
        if let Some(first) = cycle
            .iter()
            .position(|edge| edge.waiter.client.as_ref() == Some(message.client))
        {
            cycle.rotate_left(first);
        }
        let own_wait = message.run.and_then(|run| {
            let own = self.waits.of_run(run).filter(|w| w.began < replied.seq);
            own.last().and_then(|wait| wait.waited)
        });
        Some(Deadlock {
            event: replied.seq,
            victim: message.client.clone(),
            step: run.map(|run| run.step.to_owned()),
            survivors: self.survivors(&cycle, message.client, replied),
            cycle,
            detection: own_wait.map_or(Detection::AtMost(timing.total), Detection::Waited),
            deadlock_timeout: self.deadlock_timeout(message.client),
            retry: self.retry(message.client, run, replied),
        })
    }

    fn blocker(&self, pid: i32) -> Blocker {
        let client = self.clients.get(&pid).cloned();
        Blocker { client, pid }
    }

    /// The cycle as the server's detail tells it; empty where it speaks another language than English.
    fn told(&self, error: &ServerError) -> Vec<CycleEdge> {
        let edges = error.told_waits().into_iter().map(|wait| CycleEdge {
            waiter: self.blocker(wait.waiter),
            blocker: self.blocker(wait.blocker),
            lock: Some(wait.lock),
        });
        edges.collect()
    }

    /// The cycle as far as the waits that were seen show it, beginning at the victim.
    fn seen(&self, victim: &ClientId, before: u32) -> Vec<CycleEdge> {
        let mut cycle: Vec<CycleEdge> = Vec::new();
        let mut waiter = victim.clone();
        loop {
            let own = self.waits.all.iter().rev();
            let mut own = own.filter(|wait| wait.client == waiter && wait.began < before);
            let Some(wait) = own.next() else { break };
            let known = wait
                .blockers
                .iter()
                .find(|blocker| blocker.client.is_some());
            let Some(blocker) = known.or_else(|| wait.blockers.first()) else {
                break;
            };
            let pid = self.clients.iter().find(|(_, client)| **client == waiter);
            cycle.push(CycleEdge {
                waiter: Blocker {
                    client: Some(waiter.clone()),
                    pid: pid.map_or(0, |(pid, _)| *pid),
                },
                blocker: blocker.clone(),
                lock: None,
            });
            match &blocker.client {
                Some(next)
                    if cycle
                        .iter()
                        .all(|edge| edge.waiter.client.as_ref() != Some(next)) =>
                {
                    waiter = next.clone();
                }
                Some(_) | None => break,
            }
        }
        cycle
    }

    fn survivors(
        &self,
        cycle: &[CycleEdge],
        victim: &ClientId,
        error: super::trace::Moment,
    ) -> Vec<Survivor> {
        let mut survivors: Vec<Survivor> = Vec::new();
        let sides = cycle.iter().flat_map(|edge| [&edge.waiter, &edge.blocker]);
        for client in sides.filter_map(|side| side.client.as_ref()) {
            if client == victim || survivors.iter().any(|known| known.client == *client) {
                continue;
            }
            survivors.push(Survivor {
                client: client.clone(),
                went_on: self.went_on(client, error).map(|at| at.since(error.at)),
            });
        }
        survivors
    }

    /// When a survivor had what it waited for: the end of the wait that was seen, else the answer to
    /// the message that was out when the victim got its error.
    fn went_on(&self, client: &ClientId, error: super::trace::Moment) -> Option<Micros> {
        let waits = self.waits.all.iter().rev();
        let mut waits = waits.filter(|wait| wait.client == *client && wait.began < error.seq);
        if let Some(wait) = waits.next() {
            return wait.ended.map(|(_, at)| at);
        }
        let messages = self.trace.messages.iter().rev();
        let mut messages = messages.filter(|m| m.client == client && m.sent.seq < error.seq);
        let (replied, _, _) = messages.next()?.answer?;
        Some(replied.at)
    }

    fn deadlock_timeout(&self, client: &ClientId) -> Option<Duration> {
        let plan = self.case.clients.iter().find(|plan| plan.id == *client);
        let own = plan.and_then(|plan| plan.settings.get("deadlock_timeout"));
        let database = &self.case.database.settings;
        let text = own.or_else(|| database.get("deadlock_timeout"))?;
        // PostgreSQL reads a plain number as milliseconds.
        let milliseconds = text.trim().parse().map(Duration::from_millis).ok();
        milliseconds.or_else(|| text.parse().map(|TimeSpan(span)| span).ok())
    }

    fn retry(
        &self,
        victim: &ClientId,
        run: Option<&StepRun<'_>>,
        error: super::trace::Moment,
    ) -> VictimRetry {
        let plan = self.case.clients.iter().find(|plan| plan.id == *victim);
        let retry = plan.and_then(|plan| plan.retry.as_ref());
        let asked = retry.is_some_and(|retry| retry.codes.iter().any(|c| c == DEADLOCK_DETECTED));
        let Some(run) = run.filter(|_| asked) else {
            return VictimRetry::NotAsked;
        };
        let failed = self.trace.passes.iter().find(|pass| {
            let runs = pass.runs.iter().map(|index| &self.trace.runs[*index]);
            runs.into_iter().any(|known| known.run == run.run)
        });
        let later = self.trace.passes.iter().rev().find(|pass| {
            failed.is_some_and(|failed| {
                pass.client == victim
                    && pass.iteration == failed.iteration
                    && pass.attempt > failed.attempt
            })
        });
        let went_through = later.filter(|pass| pass.end == PassEnd::Complete);
        match went_through.and_then(|pass| self.trace.span(pass)) {
            Some((_, to)) => VictimRetry::Succeeded(to.since(error.at)),
            None => VictimRetry::Failed,
        }
    }
}
