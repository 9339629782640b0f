//! The one order of events of a case.
//!
//! Only the ledger numbers events. While an order is forced, what a client notes is held back until the
//! coordinator reports that client, so that the numbers are the same in every run; otherwise it is
//! entered at once.

use super::Observer;
use crate::record::{Event, EventKind, Micros, RunNo, StatementNo};
use std::{
    cell::{Cell, RefCell},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::time::Instant;

/// The entered events; outlives the thread of the case, so that a panic loses none of them.
#[derive(Debug, Clone, Default)]
pub struct Entries(Arc<Mutex<Vec<Event>>>);

impl Entries {
    /// Takes all events out.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at all events there are by now.
    pub fn look<T>(&self, look: impl FnOnce(&[Event]) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Numbers the events of one case and tells the observer of each.
pub struct Ledger<'a> {
    began: Instant,
    entries: Entries,
    held: RefCell<Vec<Held>>,
    runs: Cell<u32>,
    statements: Cell<u32>,
    observer: &'a dyn Observer,
    case: usize,
}

/// What one client noted and the coordinator has not reported yet.
#[derive(Default)]
struct Held {
    holds: Holds,
    notes: Vec<(Micros, EventKind)>,
}

/// Whether what a client notes waits for the coordinator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Holds {
    /// Entered at once.
    #[default]
    Nothing,
    /// Until [`Ledger::report`].
    UntilReported,
}

/// What has been heard of a step whose end is not reported yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// That it was launched.
    Launch,
    /// All that the server said before its answer, or before the first of several results.
    BeforeAnswer,
}

impl Heard {
    fn ends_before(self, kind: &EventKind) -> bool {
        match kind {
            EventKind::Replied { .. }
            | EventKind::Completed { .. }
            | EventKind::Waiting { .. }
            | EventKind::WaitEnded { .. } => true,
            EventKind::Notice { after_results, .. } => *after_results > 0,
            EventKind::OrderBegan { .. }
            | EventKind::Connected { .. }
            | EventKind::Launched { .. }
            | EventKind::Sent { .. }
            | EventKind::HeldBack { .. }
            | EventKind::Skipped { .. }
            | EventKind::Notified { .. }
            | EventKind::Measured { .. }
            | EventKind::Logged { .. }
            | EventKind::HookEnded { .. }
            | EventKind::Retrying { .. }
            | EventKind::Cancelled { .. }
            | EventKind::Finished { .. } => false,
        }
    }

    fn includes(self, kind: &EventKind) -> bool {
        match self {
            Self::Launch => {
                matches!(kind, EventKind::Launched { .. } | EventKind::Sent { .. })
            }
            Self::BeforeAnswer => true,
        }
    }
}

impl<'a> Ledger<'a> {
    /// An empty ledger for `clients` clients of the case with this index in the plan.
    pub fn new(case: usize, clients: usize, entries: Entries, observer: &'a dyn Observer) -> Self {
        Self {
            began: Instant::now(),
            entries,
            held: RefCell::new((0..clients).map(|_| Held::default()).collect()),
            runs: Cell::new(0),
            statements: Cell::new(0),
            observer,
            case,
        }
    }

    /// The events that were entered.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Who is told.
    pub fn observer(&self) -> &'a dyn Observer {
        self.observer
    }

    /// The index of the case in the plan.
    pub fn case(&self) -> usize {
        self.case
    }

    /// Time since the case began.
    pub fn now(&self) -> Micros {
        self.began.elapsed().into()
    }

    /// A number for an execution of a step.
    pub fn next_run(&self) -> RunNo {
        RunNo(self.runs.replace(self.runs.get() + 1))
    }

    /// A number for a message to the server.
    pub fn next_statement(&self) -> StatementNo {
        StatementNo(self.statements.replace(self.statements.get() + 1))
    }

    /// Says from now on whether the notes of all clients wait for the coordinator; enters what waits.
    pub fn hold(&self, holds: Holds) {
        let clients = self.held.borrow().len();
        for client in 0..clients {
            self.report(client);
            self.held.borrow_mut()[client].holds = holds;
        }
    }

    /// Notes a fact about a client, by its index in the case.
    pub fn note(&self, client: usize, kind: EventKind) {
        let now = self.now();
        let holds = self
            .held
            .borrow()
            .get(client)
            .map_or(Holds::Nothing, |held| held.holds);
        match holds {
            Holds::Nothing => self.enter(now, kind),
            Holds::UntilReported => self.held.borrow_mut()[client].notes.push((now, kind)),
        }
    }

    /// How much of what a client noted is held.
    pub fn held(&self, client: usize) -> usize {
        self.held.borrow()[client].notes.len()
    }

    /// Enters what a client noted and is held; gives how many notices were among it.
    pub fn report(&self, client: usize) -> u32 {
        let notes = std::mem::take(&mut self.held.borrow_mut()[client].notes);
        self.enter_all(notes)
    }

    /// Enters a part of what a client noted and is held; gives how many notices were among it.
    pub fn report_part(&self, client: usize, heard: Heard) -> u32 {
        let notes = std::mem::take(&mut self.held.borrow_mut()[client].notes);
        let mut answered = false;
        let (entered, kept): (Vec<_>, Vec<_>) = notes.into_iter().partition(|(_, kind)| {
            answered |= heard.ends_before(kind);
            !answered && heard.includes(kind)
        });
        self.held.borrow_mut()[client].notes = kept;
        self.enter_all(entered)
    }

    fn enter_all(&self, notes: Vec<(Micros, EventKind)>) -> u32 {
        let mut notices = 0;
        for (at, kind) in notes {
            notices += u32::from(matches!(kind, EventKind::Notice { .. }));
            self.enter(at, kind);
        }
        notices
    }

    /// Enters a fact at its place in the one order.
    pub fn enter(&self, at: Micros, kind: EventKind) {
        let mut entries = self
            .entries
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let seq = u32::try_from(entries.len() + 1).unwrap_or(u32::MAX);
        entries.push(Event { seq, at, kind });
        // Looked at in its place: an answer may be large.
        if let Some(event) = entries.last() {
            self.observer.saw(self.case, event);
        }
    }
}
