//! Looking at the locks: who waits, for whom, and which of it is news.

use super::Coordinator;
use crate::{
    record::{Breakage, EventKind, LockFacts, Witness},
    run::{
        board::{Line, Wait},
        session::{Blocked, LockWatch, Session},
    },
};

impl<S: Session, W: LockWatch> Coordinator<'_, S, W> {
    /// Asks whether a client waits, and goes on at once where its step ends meanwhile. `true` if it waits.
    pub(super) async fn look_at(&mut self, client: usize) -> Result<bool, Breakage> {
        let line = self.shared.board.line(client);
        self.blocked.clear();
        if line.asking.is_none() {
            return Ok(false);
        }
        let mut heard = Vec::new();
        let asked = [line.pid];
        let sessions = self.shared.board.client_pids();
        let blocked = {
            let look = self.watch.blocked(&asked, &sessions);
            let mut look = std::pin::pin!(look);
            loop {
                tokio::select! {
                    biased;
                    Some(announcement) = self.announcements.recv() => {
                        let is_over = announcement.client == client;
                        heard.push(announcement);
                        if is_over {
                            break None;
                        }
                    }
                    blocked = &mut look => break Some(blocked?),
                }
            }
        };
        for announcement in heard {
            self.take_note(announcement);
        }
        let Some(blocked) = blocked else {
            return Ok(false);
        };
        self.saw(vec![(client, line)], blocked);
        Ok(!self.blocked.is_empty())
    }

    /// Asks who of these clients waits; writes it on the board. `true` if anyone does.
    pub(super) async fn look(&mut self, clients: &[usize]) -> Result<bool, Breakage> {
        let lines: Vec<(usize, Line)> = clients
            .iter()
            .map(|client| (*client, self.shared.board.line(*client)))
            .filter(|(_, line)| line.asking.is_some())
            .collect();
        if lines.is_empty() {
            self.blocked.clear();
            return Ok(false);
        }
        let pids: Vec<i32> = lines.iter().map(|(_, line)| line.pid).collect();
        let sessions = self.shared.board.client_pids();
        let blocked = self.watch.blocked(&pids, &sessions).await?;
        self.saw(lines, blocked);
        Ok(!self.blocked.is_empty())
    }

    /// Notes what a look at these clients came to.
    fn saw(&mut self, lines: Vec<(usize, Line)>, mut blocked: Vec<Blocked>) {
        for (client, line) in lines {
            // The answer may have come while the server was asked about the locks, and the next question been put, of which
            // nothing was seen.
            if self.shared.board.line(client).asking != line.asking {
                blocked.retain(|blocked| blocked.pid != line.pid);
                continue;
            }
            if !blocked.iter().any(|blocked| blocked.pid == line.pid)
                && let Some(event) = self.shared.board.goes_on(client, self.shared.ledger.now())
            {
                self.shared.ledger.note(client, event);
            }
        }
        self.blocked = blocked;
    }

    /// Whether the last look saw a client waiting.
    pub(super) fn is_blocked(&self, client: usize) -> bool {
        let line = self.shared.board.line(client);
        let seen = self.blocked.iter().any(|blocked| blocked.pid == line.pid);
        seen && line.asking.is_some()
    }

    /// Enters the waits that the last look saw and that are news, with what is waited for.
    pub(super) async fn enter_waits(&mut self, clients: &[usize]) -> Result<(), Breakage> {
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
                    seen_by: Witness::Look,
                };
                self.shared.ledger.enter(now, event);
            }
        }
        Ok(())
    }
}
