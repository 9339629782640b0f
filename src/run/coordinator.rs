//! The coordinator: gives permits, settles each launched step, watches the locks.
//!
//! A forced order follows PostgreSQL's own isolation tester: every step is *settled* (done, or seen
//! waiting for a lock that a session of the case holds up) before the next is launched, and what
//! happened is reported at fixed points only: the new step first, then older waiters in launch order.
//! So the order of events is the same in every run, however fast the machine is.

use super::{
    board::{Line, Wait},
    client::{Announced, Announcement, Permit, Shared},
    session::{Blocked, LockWatch},
};
use crate::{
    record::{Breakage, EventKind, LockFacts, Micros},
    schedule::{Case, LaunchPlan},
};
use std::time::Duration;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    time::{Instant, sleep_until},
};

/// Pauses between two looks at the locks, growing. Locks send no word, so somebody has to look. The
/// first looks follow each other without a pause: a look takes 0.1 ms, and nearly every step is settled
/// within a few of them.
const PAUSES: [Duration; 6] = [
    Duration::ZERO,
    Duration::ZERO,
    Duration::ZERO,
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
];

/// How long a message must be out before its session's locks are looked at when no order is forced:
/// looking costs the server something, and short waits are not worth disturbing what is measured.
const WORTH_A_LOOK: Duration = Duration::from_millis(2);

/// What a step that was launched is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Done,
    Waiting,
}

/// Whether a lock wait settles a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LockWait {
    Settles,
    IsWaitedOut,
}

/// The one who decides who takes the next step.
pub struct Coordinator<'a, W> {
    case: &'a Case,
    shared: Shared<'a>,
    permits: Vec<UnboundedSender<Permit>>,
    announcements: UnboundedReceiver<Announcement>,
    watch: W,
    /// Clients that used up a permit and have not got another one.
    idle: Vec<bool>,
    /// What the last look saw.
    blocked: Vec<Blocked>,
    lost: Option<Breakage>,
}

impl<'a, W: LockWatch> Coordinator<'a, W> {
    /// A coordinator of clients that wait for their first permits.
    pub fn new(
        case: &'a Case,
        shared: Shared<'a>,
        permits: Vec<UnboundedSender<Permit>>,
        announcements: UnboundedReceiver<Announcement>,
        watch: W,
    ) -> Self {
        let idle = vec![true; permits.len()];
        Self {
            case,
            shared,
            permits,
            announcements,
            watch,
            idle,
            blocked: Vec::new(),
            lost: None,
        }
    }

    /// Has the clients act: in the forced order, or freely side by side.
    ///
    /// # Errors
    ///
    /// The watching session broke, or a client lost its session.
    pub async fn coordinate(mut self) -> Result<(), Breakage> {
        match &self.case.order {
            Some(order) => self.force(order).await?,
            None => self.let_run(Permit::Script).await?,
        }
        self.lost.map_or(Ok(()), Err)
    }

    // ---- a forced order ----

    async fn force(&mut self, order: &[LaunchPlan]) -> Result<(), Breakage> {
        self.shared.ledger.hold(super::ledger::Holds::UntilReported);
        let mut waiting: Vec<usize> = Vec::new();
        for (launch, plan) in order.iter().enumerate() {
            if self.shared.stop.requested() || self.lost.is_some() {
                break;
            }
            self.finish_earlier_step(plan.client, &mut waiting).await?;
            let permit = Permit::Step {
                step: plan.step,
                launch,
                error_is_expected: plan.expected_error.is_some(),
            };
            self.permit(plan.client, permit);
            let settled = self.settle(plan.client, LockWait::Settles).await?;
            self.sweep(&mut waiting).await?;
            if settled == Settled::Waiting {
                waiting.push(plan.client);
            }
        }
        for client in waiting {
            self.settle(client, LockWait::IsWaitedOut).await?;
        }
        self.shared.ledger.hold(super::ledger::Holds::Nothing);
        if self.shared.stop.requested() || self.lost.is_some() {
            return Ok(());
        }
        self.let_run(Permit::Retry).await
    }

    /// A session takes one step at a time: waits until an earlier one is over.
    async fn finish_earlier_step(
        &mut self,
        client: usize,
        waiting: &mut Vec<usize>,
    ) -> Result<(), Breakage> {
        if waiting.contains(&client) {
            self.settle(client, LockWait::IsWaitedOut).await?;
            waiting.retain(|other| *other != client);
            self.sweep(waiting).await?;
        }
        Ok(())
    }

    /// Looks at each older waiter once, in launch order; one that goes on is waited for until it is
    /// done or waits again.
    async fn sweep(&mut self, waiting: &mut Vec<usize>) -> Result<(), Breakage> {
        let mut still = Vec::with_capacity(waiting.len());
        for client in waiting.drain(..) {
            if self.settle(client, LockWait::Settles).await? == Settled::Waiting {
                still.push(client);
            }
        }
        *waiting = still;
        Ok(())
    }

    /// Waits until a client's step is done or, where that is an answer, seen waiting; then enters what
    /// the client noted.
    async fn settle(&mut self, client: usize, lock_wait: LockWait) -> Result<Settled, Breakage> {
        let mut looks = 0;
        loop {
            if self.is_over(client).await {
                self.shared.ledger.report(client);
                return Ok(Settled::Done);
            }
            let pause = PAUSES[looks.min(PAUSES.len() - 1)];
            looks += 1;
            if !pause.is_zero() {
                self.hear_until(Instant::now() + pause).await;
                if self.idle[client] {
                    continue;
                }
            }
            let waits = self.look(&[client]).await?;
            if waits && !self.is_over(client).await {
                self.shared.ledger.report(client);
                self.enter_waits(&[client]).await?;
                if lock_wait == LockWait::Settles {
                    return Ok(Settled::Waiting);
                }
            }
        }
    }

    /// Whether a client's step is over by what has arrived by now. The runtime is given the chance to
    /// read the socket, and the client's task to act on it.
    async fn is_over(&mut self, client: usize) -> bool {
        for _ in 0..4 {
            tokio::task::yield_now().await;
            while let Ok(announcement) = self.announcements.try_recv() {
                self.hear(announcement);
            }
            if self.idle[client] {
                return true;
            }
        }
        false
    }

    // ---- clients that run freely ----

    async fn let_run(&mut self, permit: Permit) -> Result<(), Breakage> {
        for client in 0..self.permits.len() {
            let retries = self.case.clients[client].retry.is_some();
            if permit == Permit::Script || retries {
                self.permit(client, permit);
            }
        }
        let mut pause = WORTH_A_LOOK;
        while self.idle.contains(&false) {
            if !self.hear_until(Instant::now() + pause).await {
                continue;
            }
            let now = self.shared.ledger.now();
            let asking: Vec<usize> = self
                .shared
                .board
                .asking()
                .into_iter()
                .filter(|(_, line)| is_worth_a_look(line, now))
                .map(|(client, _)| client)
                .collect();
            if asking.is_empty() {
                pause = WORTH_A_LOOK;
                continue;
            }
            let any = self.look(&asking).await?;
            if any {
                self.enter_waits(&asking).await?;
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        Ok(())
    }

    // ---- permits and announcements ----

    fn permit(&mut self, client: usize, permit: Permit) {
        // A client whose session is gone takes no permit; that it is gone has been heard.
        self.idle[client] = self.permits[client].send(permit).is_err();
    }

    fn hear(&mut self, announcement: Announcement) {
        let Announcement { client, what } = announcement;
        self.idle[client] = true;
        match what {
            Announced::StepOver | Announced::ScriptOver => {}
            Announced::Lost { message } => {
                let id = &self.case.clients[client].id;
                self.lost.get_or_insert_with(|| Breakage {
                    code: "session-lost".to_owned(),
                    message: format!("client \"{id}\" lost its session: {message}"),
                    path: Some(self.case.clients[client].path.clone()),
                    ..Breakage::default()
                });
                self.shared.stop.request();
            }
        }
    }

    /// Hears announcements up to a moment; `true` if the moment came before any announcement.
    async fn hear_until(&mut self, moment: Instant) -> bool {
        tokio::select! {
            biased;
            Some(announcement) = self.announcements.recv() => {
                self.hear(announcement);
                false
            }
            () = sleep_until(moment) => true,
        }
    }

    // ---- locks ----

    /// Asks who of these clients waits; writes it on the board. `true` if anyone does.
    async fn look(&mut self, clients: &[usize]) -> Result<bool, Breakage> {
        let lines: Vec<(usize, Line)> = clients
            .iter()
            .map(|client| (*client, self.shared.board.line(*client)))
            .filter(|(_, line)| line.asking.is_some())
            .collect();
        if lines.is_empty() {
            return Ok(false);
        }
        let pids: Vec<i32> = lines.iter().map(|(_, line)| line.pid).collect();
        let blocked = self.watch.blocked(&pids, &self.shared.board.pids()).await?;
        for (client, line) in lines {
            // The answer may have come while the server was asked about the locks.
            if self.shared.board.line(client).asking != line.asking {
                continue;
            }
            if !blocked.iter().any(|blocked| blocked.pid == line.pid)
                && let Some(event) = self.shared.board.goes_on(client, self.shared.ledger.now())
            {
                self.shared.ledger.note(client, event);
            }
        }
        self.blocked = blocked;
        Ok(!self.blocked.is_empty())
    }

    /// Enters the waits that the last look saw and that are news, with what is waited for.
    async fn enter_waits(&mut self, clients: &[usize]) -> Result<(), Breakage> {
        for client in clients {
            let line = self.shared.board.line(*client);
            let Some(asking) = line.asking else { continue };
            let Some(blocked) = self.blocked.iter().find(|blocked| blocked.pid == line.pid) else {
                continue;
            };
            let blockers = self.shared.board.blockers(&blocked.by);
            if line
                .waiting
                .as_ref()
                .is_some_and(|known| known.run == asking.run && known.blockers == blockers)
            {
                continue;
            }
            let facts = self.watch.wait_facts(&[line.pid]).await?.pop();
            let now = self.shared.ledger.now();
            let began = facts
                .as_ref()
                .and_then(|facts| facts.for_)
                .map(|span| now.since(span));
            let since = began.unwrap_or(now).max(asking.since);
            let lock: Option<LockFacts> = facts.map(|facts| facts.lock);
            let wait = Wait {
                run: asking.run,
                since,
                blockers: blockers.clone(),
            };
            if self.shared.board.waits(*client, wait) {
                let event = EventKind::Waiting {
                    run: asking.run,
                    client: line.client,
                    blockers,
                    lock,
                };
                self.shared.ledger.enter(now, event);
            }
        }
        Ok(())
    }
}

fn is_worth_a_look(line: &Line, now: Micros) -> bool {
    line.asking
        .is_some_and(|asking| now.since(asking.since).duration() >= WORTH_A_LOOK)
}
