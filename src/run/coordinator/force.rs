//! A forced order, as PostgreSQL's own isolation tester forces it: the order of events is the same in every run,
//! however fast the machine is, because what happened is reported at fixed points only.
//!
//! For each entry of the launch list, in turn: its session's earlier step is waited out; the step is launched and
//! *settled*, that is over or seen waiting; then each older waiter, in launch order, is looked at once, and waited for
//! if it goes on, until it is over or waits again. A waiter may also be held back by what its entry says ([`MarkerPlan`]).

use super::Coordinator;
use crate::{
    record::{Breakage, EventKind, Hold},
    run::{
        client::Permit,
        ledger::Heard,
        session::{Canceller, LockWatch, Session},
    },
    schedule::{LaunchPlan, MarkerPlan},
    text::format_duration,
};
use std::{ops::Range, time::Duration};
use tokio::time::Instant;

/// Pauses before each look at the locks, growing, that the step's end cuts short. Locks send no word, so somebody has
/// to look: not at once, since nine steps of ten are over within 0.25 ms and would be waited for in vain; and not much
/// later, since who waits for a lock does so after 0.1 ms.
const PAUSES: [Duration; 6] = [
    Duration::from_micros(200),
    Duration::from_micros(200),
    Duration::from_micros(400),
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
];

/// What a step that was launched is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Done,
    Waiting,
}

/// Whether a lock wait settles a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockWait {
    Settles,
    IsWaitedOut,
}

/// Whether a launched step is looked at for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    First,
    Again,
}

/// A launched step that has not been reported as over.
#[derive(Debug, Clone)]
struct Launched {
    client: usize,
    /// The entry of the order.
    launch: usize,
    /// How many notices each [`MarkerPlan::AfterNotices`] waits for, counted from the first of the case.
    targets: Vec<(usize, u32)>,
}

impl<S: Session, W: LockWatch> Coordinator<'_, S, W> {
    /// Forces these entries of the case's order.
    pub(super) async fn force(&mut self, launches: Range<usize>) -> Result<(), Breakage> {
        let case = self.case;
        let order = case.order.as_deref().unwrap_or_default();
        let mut waiting: Vec<Launched> = Vec::new();
        for launch in launches {
            let Some(plan) = order.get(launch) else { break };
            if self.shall_end() {
                return Ok(());
            }
            self.finish_earlier_step(plan.client, &mut waiting).await?;
            let launched = self.launch(plan, launch);
            let settled = self
                .attempt(&launched, Look::First, LockWait::Settles)
                .await?;
            self.sweep(&mut waiting, LockWait::Settles).await?;
            if settled == Settled::Waiting {
                waiting.push(launched);
            }
        }
        self.sweep(&mut waiting, LockWait::IsWaitedOut).await?;
        match waiting.is_empty() || self.shall_end() {
            true => Ok(()),
            false => Err(self.stuck(&waiting)),
        }
    }

    fn launch(&mut self, plan: &LaunchPlan, launch: usize) -> Launched {
        let targets = plan.markers.iter().filter_map(|marker| match marker {
            MarkerPlan::AfterNotices { client, count } => {
                Some((*client, self.notices[*client].saturating_add(*count)))
            }
            MarkerPlan::Once | MarkerPlan::After { .. } => None,
        });
        let launched = Launched {
            client: plan.client,
            launch,
            targets: targets.collect(),
        };
        self.active[plan.client] = Some(launch);
        let permit = Permit::Step {
            step: plan.step,
            launch,
            error_is_expected: plan.expected_error.is_some(),
        };
        self.permit(plan.client, permit);
        launched
    }

    /// A session takes one step at a time: waits until an earlier one is over. It may be held back by a step of
    /// somebody else, so that the others are looked at as well.
    async fn finish_earlier_step(
        &mut self,
        client: usize,
        waiting: &mut Vec<Launched>,
    ) -> Result<(), Breakage> {
        let began = Instant::now();
        while let Some(at) = waiting.iter().position(|one| one.client == client) {
            let earlier = waiting[at].clone();
            let settled = self
                .attempt(&earlier, Look::Again, LockWait::IsWaitedOut)
                .await?;
            if settled == Settled::Done {
                waiting.remove(at);
            }
            self.sweep(waiting, LockWait::Settles).await?;
            let still = waiting.iter().any(|one| one.client == client);
            if still && self.is_beyond_patience(began) {
                return Err(self.gave_up(client, began, waiting));
            }
            if self.shall_end() {
                return Ok(());
            }
            if still {
                self.hear_until(Instant::now() + Duration::from_millis(1))
                    .await;
            }
        }
        Ok(())
    }

    /// Looks at each waiter once, in launch order. It is done again as long as one of those that are left is held back
    /// by its entry, and something came to an end, or a notice came, that may let it go.
    async fn sweep(
        &mut self,
        waiting: &mut Vec<Launched>,
        lock_wait: LockWait,
    ) -> Result<(), Breakage> {
        loop {
            let before = (waiting.len(), self.notices_heard());
            let mut still = Vec::with_capacity(waiting.len());
            let mut seen = self.look_at_all(waiting, lock_wait).await?;
            for launched in waiting.drain(..) {
                let client = launched.client;
                // Nothing has happened since all were looked at that could have let this one go on.
                if seen.as_ref().is_some_and(|seen| seen.contains(&client))
                    && !self.is_over(client).await
                {
                    self.hear(client);
                    self.enter_waits(&[client]).await?;
                    still.push(launched);
                    continue;
                }
                seen = None;
                if self.attempt(&launched, Look::Again, lock_wait).await? == Settled::Waiting {
                    still.push(launched);
                }
            }
            *waiting = still;
            let held = waiting
                .iter()
                .any(|launched| !self.markers(launched).is_empty());
            let news = waiting.len() < before.0 || self.notices_heard() > before.1;
            if !(held && news) || self.shall_end() {
                return Ok(());
            }
        }
    }

    /// One look at all waiters: those that wait. None where a wait is waited out.
    async fn look_at_all(
        &mut self,
        waiting: &[Launched],
        lock_wait: LockWait,
    ) -> Result<Option<Vec<usize>>, Breakage> {
        if lock_wait == LockWait::IsWaitedOut || waiting.is_empty() {
            return Ok(None);
        }
        let clients: Vec<usize> = waiting.iter().map(|launched| launched.client).collect();
        self.look(&clients).await?;
        let blocked = clients
            .into_iter()
            .filter(|client| self.is_blocked(*client))
            .collect();
        Ok(Some(blocked))
    }

    /// Settles a launched step and reports it: as over, unless something holds it back, or as waiting.
    async fn attempt(
        &mut self,
        launched: &Launched,
        look: Look,
        lock_wait: LockWait,
    ) -> Result<Settled, Breakage> {
        let client = launched.client;
        if look == Look::First && self.markers(launched).contains(&MarkerPlan::Once) {
            self.until_sent(client).await;
            self.shared.ledger.report_part(client, Heard::Launch);
            self.hold_back(client, Vec::new());
            return Ok(Settled::Waiting);
        }
        if self.settle(client, lock_wait).await? == Settled::Waiting {
            return Ok(Settled::Waiting);
        }
        let holds = self.holds(launched);
        if holds.is_empty() {
            self.hear(client);
            self.active[client] = None;
            return Ok(Settled::Done);
        }
        self.notices[client] += self.shared.ledger.report_part(client, Heard::BeforeAnswer);
        if look == Look::First {
            self.hold_back(client, holds);
        }
        Ok(Settled::Waiting)
    }

    /// Enters what a client noted.
    pub(super) fn hear(&mut self, client: usize) {
        self.notices[client] += self.shared.ledger.report(client);
    }

    fn notices_heard(&self) -> u32 {
        self.notices.iter().sum()
    }

    fn hold_back(&self, client: usize, by: Vec<Hold>) {
        let line = self.shared.board.line(client);
        if let Some(run) = self.shared.board.last_run(client) {
            let event = EventKind::HeldBack {
                run,
                client: line.client,
                by,
            };
            self.shared.ledger.enter(self.shared.ledger.now(), event);
        }
    }

    fn markers(&self, launched: &Launched) -> &[MarkerPlan] {
        let order = self.case.order.as_deref().unwrap_or_default();
        order
            .get(launched.launch)
            .map_or(&[], |plan| plan.markers.as_slice())
    }

    /// What holds back the report that a step is over, now.
    fn holds(&self, launched: &Launched) -> Vec<Hold> {
        let order = self.case.order.as_deref().unwrap_or_default();
        let steps = self
            .markers(launched)
            .iter()
            .filter_map(|marker| match marker {
                MarkerPlan::After { client, step } => {
                    let active = order.get(self.active[*client]?)?;
                    let plan = &self.case.clients[*client];
                    (active.step == *step).then(|| Hold::Step {
                        client: plan.id.clone(),
                        step: plan.steps[*step].name.clone(),
                    })
                }
                MarkerPlan::Once | MarkerPlan::AfterNotices { .. } => None,
            });
        let notices = launched.targets.iter().filter_map(|(client, target)| {
            let missing = target.saturating_sub(self.notices[*client]);
            (missing > 0).then(|| Hold::Notices {
                client: self.case.clients[*client].id.clone(),
                missing,
            })
        });
        steps.chain(notices).collect()
    }

    /// Waits until a client's step is over or, where that is an answer, seen waiting; a wait is entered. One that takes
    /// longer than the case allows a step is cancelled, and given up after twice that time.
    pub(super) async fn settle(
        &mut self,
        client: usize,
        lock_wait: LockWait,
    ) -> Result<Settled, Breakage> {
        let began = Instant::now();
        let mut cancelled = false;
        let mut looks = 0;
        loop {
            if self.is_over(client).await {
                return Ok(Settled::Done);
            }
            if !cancelled && self.is_late(began) {
                self.cancel(client, began).await;
                cancelled = true;
            }
            if self.is_beyond_patience(began) {
                return Err(self.gave_up(client, began, &[]));
            }
            let pause = PAUSES[looks.min(PAUSES.len() - 1)];
            looks += 1;
            self.hear_for(pause).await;
            if self.idle[client] {
                continue;
            }
            let waits = self.look_at(client).await?;
            if waits && !self.is_over(client).await {
                self.hear(client);
                self.enter_waits(&[client]).await?;
                if lock_wait == LockWait::Settles {
                    return Ok(Settled::Waiting);
                }
            }
        }
    }

    /// Whether a client's step is over by what has arrived by now. The runtime is given the chance to
    /// read the socket, and the client's task to act on it, until nothing more comes of it.
    async fn is_over(&mut self, client: usize) -> bool {
        let mut noted = self.shared.ledger.held(client);
        let mut quiet = 0;
        while quiet < 4 {
            tokio::task::yield_now().await;
            self.hear_what_came();
            if self.idle[client] {
                return true;
            }
            let now = self.shared.ledger.held(client);
            quiet = if now == noted { quiet + 1 } else { 0 };
            noted = now;
        }
        false
    }

    /// Waits until a client has sent its message, whatever becomes of it.
    async fn until_sent(&mut self, client: usize) {
        while !self.idle[client] && self.shared.board.line(client).asking.is_none() {
            tokio::task::yield_now().await;
            self.hear_what_came();
        }
    }

    // ---- limits ----

    fn is_late(&self, began: Instant) -> bool {
        let limit = self.case.step_timeout;
        limit.is_some_and(|limit| began.elapsed() > limit)
    }

    fn is_beyond_patience(&self, began: Instant) -> bool {
        let limit = self.case.step_timeout;
        limit.is_some_and(|limit| began.elapsed() > limit * 2)
    }

    async fn cancel(&self, client: usize, began: Instant) {
        if let Some(run) = self.shared.board.last_run(client) {
            let event = EventKind::Cancelled {
                run,
                client: self.case.clients[client].id.clone(),
                after: began.elapsed().into(),
            };
            self.shared.ledger.enter(self.shared.ledger.now(), event);
        }
        self.cancellers[client].cancel().await;
    }

    fn gave_up(&self, client: usize, began: Instant, waiting: &[Launched]) -> Breakage {
        let name = self.name_of_active(client);
        let span = format_duration(Duration::from_secs(began.elapsed().as_secs()));
        let others: Vec<String> = waiting
            .iter()
            .map(|launched| self.name_of_active(launched.client))
            .collect();
        let mut detail = self.shared.board.describe(self.shared.ledger.now());
        if !others.is_empty() {
            detail = format!("launched and not over: {}; {detail}", others.join(", "));
        }
        Breakage {
            code: "step-timeout".to_owned(),
            message: format!("step \"{name}\" timed out after {span}"),
            detail: Some(detail),
            hint: Some(
                "look for a step that waits for one that the order launches later".to_owned(),
            ),
            path: self.path_of_active(client),
            ..Breakage::default()
        }
    }

    /// What is left when everything is over and its report is held back all the same.
    fn stuck(&self, waiting: &[Launched]) -> Breakage {
        let names: Vec<String> = waiting
            .iter()
            .map(|launched| format!("\"{}\"", self.name_of_active(launched.client)))
            .collect();
        Breakage {
            code: "mutually-blocking".to_owned(),
            message: format!(
                "the order cannot end: {} {} held back",
                crate::text::list(&names, "and"),
                if names.len() == 1 { "is" } else { "are" },
            ),
            hint: Some(
                "look at \"after\" and \"after_notices\": what they name does not come".to_owned(),
            ),
            path: waiting
                .first()
                .and_then(|launched| self.path_of_active(launched.client)),
            ..Breakage::default()
        }
    }

    fn name_of_active(&self, client: usize) -> String {
        let plan = &self.case.clients[client];
        let order = self.case.order.as_deref().unwrap_or_default();
        let launched = self.active[client].and_then(|launch| order.get(launch));
        let step = launched.map_or("", |launch| plan.steps[launch.step].name.as_str());
        format!("{}.{step}", plan.id)
    }

    fn path_of_active(&self, client: usize) -> Option<String> {
        let order = self.case.order.as_deref().unwrap_or_default();
        let launched = order.get(self.active[client]?)?;
        Some(launched.path.clone())
    }
}
