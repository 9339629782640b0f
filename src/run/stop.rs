//! Why and when a case must end before its time.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::watch;

/// The wish of the whole run to end, such as `SIGINT`; `None` while nobody wishes it.
pub type Interrupt = watch::Receiver<Option<String>>;

/// Tells every task of a case to take no further step.
#[derive(Debug, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    skip: RefCell<Option<String>>,
}

impl Stop {
    /// Asks every task to take no further step.
    pub fn request(&self) {
        self.requested.store(true, Ordering::Relaxed);
    }

    /// Asks for the end because a hook called `skip`.
    pub fn skip_case(&self, reason: String) {
        self.skip.borrow_mut().get_or_insert(reason);
        self.request();
    }

    /// Whether the end was asked for.
    pub fn requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// The reason that a hook gave for skipping the case.
    pub fn skipped(&self) -> Option<String> {
        self.skip.borrow().clone()
    }

    /// The flag itself, for hooks that run on a thread of their own.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.requested)
    }
}

/// Waits until the run shall end; gives what ended it.
pub async fn interrupted(mut interrupt: Interrupt) -> String {
    let wish = interrupt
        .wait_for(Option::is_some)
        .await
        .map(|wish| wish.clone());
    match wish {
        Ok(Some(by)) => by,
        // Nobody can wish it any more.
        _ => std::future::pending().await,
    }
}
