//! Connections that the users of one worker share: who comes first gets the next one that is free.

use std::cell::RefCell;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A pool; its connections are made as they are needed.
pub(super) struct Pool<L> {
    places: Semaphore,
    free: RefCell<Vec<L>>,
}

/// A place in the pool, with or without a connection.
pub(super) struct Place<'a, L> {
    pool: &'a Pool<L>,
    /// Given back with the place.
    pub(super) link: Option<L>,
    _permit: SemaphorePermit<'a>,
}

impl<L> Pool<L> {
    /// A pool of so many connections.
    pub(super) fn new(size: usize) -> Self {
        Self {
            places: Semaphore::new(size),
            free: RefCell::default(),
        }
    }

    /// Waits for a place.
    pub(super) async fn place(&self) -> Option<Place<'_, L>> {
        // It is never closed.
        let permit = self.places.acquire().await.ok()?;
        Some(Place {
            pool: self,
            link: self.free.borrow_mut().pop(),
            _permit: permit,
        })
    }
}

impl<L> Drop for Place<'_, L> {
    fn drop(&mut self) {
        self.pool.free.borrow_mut().extend(self.link.take());
    }
}
