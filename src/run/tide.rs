//! Clients around a migration: it begins when each of them has gone through its script as often as it says, they go on
//! until it is over, and as often again after it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};
use tokio::sync::Notify;

/// What the clients and the migration know of each other.
#[derive(Debug, Default)]
pub struct Tide {
    ready: RefCell<BTreeSet<usize>>,
    over: Cell<bool>,
    changed: Notify,
}

impl Tide {
    /// A client has done what it does before the migration, or will do nothing more.
    pub fn ready(&self, client: usize) {
        self.ready.borrow_mut().insert(client);
        self.changed.notify_waiters();
    }

    /// Waits until so many clients are ready.
    pub async fn all_ready(&self, clients: usize) {
        loop {
            let changed = self.changed.notified();
            if self.ready.borrow().len() >= clients {
                return;
            }
            changed.await;
        }
    }

    /// The migration is over.
    pub fn turn(&self) {
        self.over.set(true);
    }

    /// Whether the migration is over.
    pub fn has_turned(&self) -> bool {
        self.over.get()
    }
}
