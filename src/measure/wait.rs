//! Who waited for whom, on what and how long?

use super::trace::Trace;
use crate::record::{Blocker, CaseLog, ClientId, EventKind, LockFacts, Micros, RunNo};
use std::collections::BTreeSet;

/// One wait that was seen, from its beginning to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// The execution of a step that waited.
    pub run: RunNo,
    /// Who waited.
    pub client: ClientId,
    /// In which step; none in a hook of the client itself.
    pub step: Option<String>,
    /// Every session that was seen ahead of it, in the order in which they were seen.
    pub blockers: Vec<Blocker>,
    /// On what, as far as the server told.
    pub lock: Option<LockFacts>,
    /// How long; none where the case was over before.
    pub waited: Option<Micros>,
    /// The event that began it.
    pub began: u32,
    /// When it was first seen, on the case's clock.
    pub seen_at: Micros,
    /// The event that ended it, and when.
    pub ended: Option<(u32, Micros)>,
}

impl Wait {
    /// Whether it was seen waiting for this client: one session (`shopper[3]`), or any of a script's.
    pub fn is_for(&self, name: &str) -> bool {
        let clients = self.blockers.iter().filter_map(|b| b.client.as_ref());
        clients
            .into_iter()
            .any(|client| super::names_of(client).any(|known| known == name))
    }
}

/// That a client was seen waiting for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitEdge {
    /// Who waited.
    pub waiter: ClientId,
    /// In which step; none in a hook of the client itself.
    pub step: Option<String>,
    /// Whom for; none for a session outside the case.
    pub blocker: Option<ClientId>,
}

/// Every wait of a case, in the order in which they began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Waits {
    /// One after the other.
    pub all: Vec<Wait>,
}

impl Waits {
    pub(super) fn of(log: &CaseLog, trace: &Trace<'_>) -> Self {
        let mut all: Vec<Wait> = Vec::new();
        for event in &log.events {
            match &event.kind {
                EventKind::Waiting {
                    run,
                    client,
                    blockers,
                    lock,
                    seen_by: _,
                } => {
                    let open = all.iter_mut().rev().find(|wait| wait.run == *run);
                    // The same wait is noted again when others come to stand ahead of it.
                    if let Some(wait) = open.filter(|wait| wait.ended.is_none()) {
                        let new = blockers.iter().filter(|b| !wait.blockers.contains(b));
                        let new: Vec<Blocker> = new.cloned().collect();
                        wait.blockers.extend(new);
                        wait.lock = wait.lock.take().or_else(|| lock.clone());
                        continue;
                    }
                    all.push(Wait {
                        run: *run,
                        client: client.clone(),
                        step: trace.run(*run).map(|run| run.step.to_owned()),
                        blockers: blockers.clone(),
                        lock: lock.clone(),
                        waited: None,
                        began: event.seq,
                        seen_at: event.at,
                        ended: None,
                    });
                }
                EventKind::WaitEnded { run, waited, .. } => {
                    let wait = all.iter_mut().rev().find(|wait| wait.run == *run);
                    if let Some(wait) = wait.filter(|wait| wait.ended.is_none()) {
                        wait.waited = Some(*waited);
                        wait.ended = Some((event.seq, event.at));
                    }
                }
                EventKind::OrderBegan { .. }
                | EventKind::HeldBack { .. }
                | EventKind::Connected { .. }
                | EventKind::Launched { .. }
                | EventKind::Sent { .. }
                | EventKind::Replied { .. }
                | EventKind::Completed { .. }
                | EventKind::Skipped { .. }
                | EventKind::Notice { .. }
                | EventKind::Notified { .. }
                | EventKind::Measured { .. }
                | EventKind::Logged { .. }
                | EventKind::HookEnded { .. }
                | EventKind::Retrying { .. }
                | EventKind::Cancelled { .. }
                | EventKind::Finished { .. } => {}
            }
        }
        Self { all }
    }

    /// The waits of one execution of a step.
    pub fn of_run(&self, run: RunNo) -> impl Iterator<Item = &Wait> {
        self.all.iter().filter(move |wait| wait.run == run)
    }

    /// Who was seen waiting for whom, each once.
    pub fn edges(&self) -> BTreeSet<WaitEdge> {
        let edges = self.all.iter().flat_map(|wait| {
            wait.blockers.iter().map(|blocker| WaitEdge {
                waiter: wait.client.clone(),
                step: wait.step.clone(),
                blocker: blocker.client.clone(),
            })
        });
        edges.collect()
    }
}
