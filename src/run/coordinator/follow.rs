//! An order that is made up on the way: whoever makes it up is told who can take a step, says who does, and is told what
//! came of it. A step is settled as in a forced order; in the end every open transaction is rolled back.

use super::{
    Coordinator,
    force::{LockWait, Settled},
};
use crate::{
    record::Breakage,
    run::{
        client::{AfterStep, Permit},
        ledger::Holds,
        route::{NextStep, Route, Settlement, Settling},
        session::{LockWatch, Session},
    },
};

impl<S: Session, W: LockWatch> Coordinator<'_, S, W> {
    /// Lets the steps be taken that the route says, one after the other.
    pub(super) async fn follow(&mut self, route: &dyn Route) -> Result<(), Breakage> {
        self.shared.ledger.hold(Holds::UntilReported);
        let mut next = vec![0; self.permits.len()];
        let mut waiting: Vec<usize> = Vec::new();
        let mut rolled_back: Vec<usize> = Vec::new();
        let mut launches = 0;
        while !self.shall_end() {
            let ready = self.ready(&next, &waiting);
            if ready.is_empty() && !waiting.is_empty() {
                // Whoever does not wait has come to his end, and what he left open may be what they wait for. Those who
                // wait for one another are helped by the server: one of them is given up, sooner or later.
                for client in 0..self.permits.len() {
                    if !waiting.contains(&client) && !rolled_back.contains(&client) {
                        self.roll_back(client).await?;
                        rolled_back.push(client);
                    }
                }
                self.look_again(&mut waiting).await?;
                continue;
            }
            let Some(step) = route.next(&ready) else {
                break;
            };
            let permit = Permit::Step {
                step: step.step,
                launch: launches,
                error_is_expected: false,
            };
            launches += 1;
            next[step.client] = step.step + 1;
            self.permit(step.client, permit);
            let settled = self.settle_and_hear(step.client, LockWait::Settles).await?;
            let before = waiting.clone();
            self.look_again(&mut waiting).await?;
            let released = before
                .into_iter()
                .filter(|client| !waiting.contains(client));
            let released = released.map(|client| (client, self.settling(client)));
            let released = released.collect();
            let end = match settled {
                Settled::Done => self.settling(step.client),
                Settled::Waiting => {
                    waiting.push(step.client);
                    Settling::Waits
                }
            };
            let held = self.watch.held(self.shared.board.line(step.client).pid);
            route.settled(Settlement {
                step,
                end,
                held: held.await?,
                released,
            });
        }
        self.end_transactions(waiting).await?;
        self.shared.ledger.hold(Holds::Nothing);
        self.retry_one_by_one().await
    }

    /// The next steps of those who can take one.
    fn ready(&self, next: &[usize], waiting: &[usize]) -> Vec<NextStep> {
        let clients = self.case.clients.iter().enumerate();
        let ready = clients.filter(|(client, plan)| {
            let can = self.after[*client] != AfterStep::Ended && next[*client] < plan.steps.len();
            can && !waiting.contains(client)
        });
        ready
            .map(|(client, _)| NextStep {
                client,
                step: next[client],
            })
            .collect()
    }

    fn settling(&self, client: usize) -> Settling {
        match self.after[client] {
            AfterStep::GoesOn => Settling::Done,
            AfterStep::Failed => Settling::Failed,
            AfterStep::Ended => Settling::EndedScript,
        }
    }

    async fn settle_and_hear(
        &mut self,
        client: usize,
        lock_wait: LockWait,
    ) -> Result<Settled, Breakage> {
        let settled = self.settle(client, lock_wait).await?;
        self.hear(client);
        Ok(settled)
    }

    /// Looks at each older waiter once, in launch order.
    async fn look_again(&mut self, waiting: &mut Vec<usize>) -> Result<(), Breakage> {
        let mut still = Vec::with_capacity(waiting.len());
        for client in waiting.drain(..) {
            if self.settle_and_hear(client, LockWait::Settles).await? == Settled::Waiting {
                still.push(client);
            }
        }
        *waiting = still;
        Ok(())
    }

    /// Rolls back what is open, so that those who wait come to an end, and what is asked afterwards waits for nobody.
    async fn end_transactions(&mut self, mut waiting: Vec<usize>) -> Result<(), Breakage> {
        let mut open: Vec<usize> = (0..self.permits.len()).collect();
        loop {
            let (stuck, free): (Vec<usize>, Vec<usize>) = open
                .into_iter()
                .partition(|client| waiting.contains(client));
            open = stuck;
            for client in free {
                self.roll_back(client).await?;
            }
            if open.is_empty() || self.lost.is_some() {
                return Ok(());
            }
            self.look_again(&mut waiting).await?;
        }
    }

    async fn roll_back(&mut self, client: usize) -> Result<(), Breakage> {
        self.permit(client, Permit::RollBack);
        self.settle_and_hear(client, LockWait::IsWaitedOut)
            .await
            .map(drop)
    }

    /// Scripts that start again after an error do so one after the other, so that the order stays the same in every run.
    async fn retry_one_by_one(&mut self) -> Result<(), Breakage> {
        for client in 0..self.permits.len() {
            if self.shall_end() {
                break;
            }
            if self.case.clients[client].retry.is_some() {
                self.permit(client, Permit::Retry);
                self.settle_and_hear(client, LockWait::IsWaitedOut).await?;
                self.roll_back(client).await?;
            }
        }
        Ok(())
    }
}
