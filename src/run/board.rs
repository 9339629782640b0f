//! What everyone is doing at this moment: for the coordinator's looks, and for the message when a case
//! has to be given up.

use crate::{
    record::{Blocker, ClientId, EventKind, MIGRATION, Micros, RunNo},
    schedule::ClientPlan,
};
use std::cell::RefCell;

/// One line per client, shared by the tasks of a case.
pub struct Board {
    lines: RefCell<Vec<Line>>,
}

/// What one client is doing.
#[derive(Debug, Clone)]
pub struct Line {
    /// Who.
    pub client: ClientId,
    /// The client's backend; 0 before it has one.
    pub pid: i32,
    /// The step it is in, or the last one.
    pub step: Option<String>,
    /// The execution of that step.
    pub run: Option<RunNo>,
    /// The message that the server has not finished answering.
    pub asking: Option<Asking>,
    /// The wait that it is seen in.
    pub waiting: Option<Wait>,
    /// The execution of a step that it was last seen waiting in, also when that wait is over.
    pub waited: Option<RunNo>,
}

/// A message that the server has not finished answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// The execution of a step that it belongs to.
    pub run: RunNo,
    /// When it was sent.
    pub since: Micros,
}

/// A wait that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The execution of a step that waits.
    pub run: RunNo,
    /// When it began.
    pub since: Micros,
    /// Whom it waits for.
    pub blockers: Vec<Blocker>,
}

impl Board {
    /// A board for these clients, the scenario's own session among them; none of them does anything.
    pub fn new(clients: impl IntoIterator<Item = ClientId>) -> Self {
        let line = |client| Line {
            client,
            pid: 0,
            step: None,
            run: None,
            asking: None,
            waiting: None,
            waited: None,
        };
        Self {
            lines: RefCell::new(clients.into_iter().map(line).collect()),
        }
    }

    /// A client has a session.
    pub fn connected(&self, client: usize, pid: i32) {
        self.lines.borrow_mut()[client].pid = pid;
    }

    /// A client begins a step.
    pub fn begins(&self, client: usize, step: &str, run: RunNo) {
        let line = &mut self.lines.borrow_mut()[client];
        line.step = Some(step.to_owned());
        line.run = Some(run);
    }

    /// The execution of the step that a client is in, or of its last one.
    pub fn last_run(&self, client: usize) -> Option<RunNo> {
        self.lines.borrow()[client].run
    }

    /// A client sent a message.
    pub fn asks(&self, client: usize, asking: Asking) {
        self.lines.borrow_mut()[client].asking = Some(asking);
    }

    /// The server finished answering; gives the end of the wait, if one was seen, as an event.
    pub fn answered(&self, client: usize, now: Micros) -> Option<EventKind> {
        self.lines.borrow_mut()[client].asking = None;
        self.goes_on(client, now)
    }

    /// A client was seen waiting; `true` if that is news: no wait before, or other blockers.
    pub fn waits(&self, client: usize, wait: Wait) -> bool {
        let line = &mut self.lines.borrow_mut()[client];
        line.waited = Some(wait.run);
        match &mut line.waiting {
            Some(known) if known.run == wait.run => {
                let news = known.blockers != wait.blockers;
                known.blockers = wait.blockers;
                news
            }
            waiting => {
                *waiting = Some(wait);
                true
            }
        }
    }

    /// A client that was seen waiting goes on; gives the event.
    pub fn goes_on(&self, client: usize, now: Micros) -> Option<EventKind> {
        let line = &mut self.lines.borrow_mut()[client];
        let wait = line.waiting.take()?;
        Some(EventKind::WaitEnded {
            run: wait.run,
            client: line.client.clone(),
            waited: now.since(wait.since),
        })
    }

    /// One client's line.
    pub fn line(&self, client: usize) -> Line {
        self.lines.borrow()[client].clone()
    }

    /// The backends of all clients that have one, and of the session that migrates; the scenario's own session is none
    /// of them.
    pub fn client_pids(&self) -> Vec<i32> {
        let lines = self.lines.borrow();
        let acting = lines.iter().filter(|line| !line.is_own());
        acting
            .map(|line| line.pid)
            .filter(|pid| *pid != 0)
            .collect()
    }

    /// Backends as blockers: clients of the case first, then others, each once.
    pub fn blockers(&self, pids: &[i32]) -> Vec<Blocker> {
        let lines = self.lines.borrow();
        let client = |pid| {
            lines
                .iter()
                .find(|line| line.pid == pid && pid != 0)
                .map(|line| line.client.clone())
        };
        let mut blockers: Vec<Blocker> = pids
            .iter()
            .map(|pid| Blocker {
                client: client(*pid),
                pid: *pid,
            })
            .collect();
        blockers.sort_by_key(|blocker| {
            (
                blocker.client.is_none(),
                blocker.client.clone(),
                blocker.pid,
            )
        });
        blockers.dedup();
        blockers
    }

    /// Which clients wait for an answer, by index, with their lines.
    pub fn asking(&self) -> Vec<(usize, Line)> {
        let lines = self.lines.borrow();
        let asking = |(_, line): &(usize, &Line)| line.asking.is_some();
        lines
            .iter()
            .enumerate()
            .filter(asking)
            .map(|(index, line)| (index, line.clone()))
            .collect()
    }

    /// A sentence on what everyone is doing, for a message.
    pub fn describe(&self, now: Micros) -> String {
        let lines = self.lines.borrow();
        // The scenario's own session, and the one that migrates, are worth a word only while they do something.
        let told = lines.iter().filter(|line| {
            let is_client = !line.is_own() && line.client.script != MIGRATION;
            is_client || line.asking.is_some()
        });
        let told: Vec<String> = told.map(|line| line.describe(now)).collect();
        told.join("; ")
    }
}

impl Line {
    /// Whether it is that of the scenario's own session.
    fn is_own(&self) -> bool {
        self.client == ClientPlan::own_session().id
    }

    fn describe(&self, now: Micros) -> String {
        let client = &self.client;
        let Some(step) = &self.step else {
            return format!("client \"{client}\" has not begun");
        };
        let Some(asking) = self.asking else {
            return format!("client \"{client}\" is idle after step \"{step}\"");
        };
        let span = crate::text::format_duration(now.since(asking.since).duration());
        match &self.waiting {
            Some(wait) => {
                let names: Vec<String> = wait.blockers.iter().map(blocker_name).collect();
                let names = names.join(" and ");
                format!(
                    "client \"{client}\" has been waiting for {names} for {span} in step \"{step}\""
                )
            }
            None => format!("client \"{client}\" has been running step \"{step}\" for {span}"),
        }
    }
}

fn blocker_name(blocker: &Blocker) -> String {
    match &blocker.client {
        Some(client) => format!("\"{client}\""),
        None => format!("a session outside the case (backend {})", blocker.pid),
    }
}
