//! Does a query wait for a lock? One looks from outside while it runs, unless it is over at once: whoever looks takes
//! time from those who are looked at.
//!
//! There is no event to wait for instead: the server tells nobody that a backend begins to wait. What it does tell, in its
//! log (`log_lock_waits`), it tells after `deadlock_timeout`, and not to who has no right to read that.

use super::session::{LockWatch, Queued};
use crate::record::{Breakage, Micros, SeenLockWait};
use std::{cell::RefCell, time::Duration};

/// How long a query runs before one looks; a wait that is shorter is not worth a look.
const LOOK_AFTER: Duration = Duration::from_millis(5);

/// How often one looks then.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The waits of one backend, over all looks.
#[derive(Debug, Default)]
pub(super) struct Waited {
    /// Those that are over, all together.
    over: u64,
    /// The one that was seen last.
    open: Option<SeenLockWait>,
    longest: Option<SeenLockWait>,
}

impl Waited {
    /// Counts what was seen of the backend `pid`.
    fn see(&mut self, queued: &[Queued], pid: i32) {
        let seen = queued.iter().find(|queued| queued.pid == pid);
        let seen = seen.map(|queued| SeenLockWait {
            waited: queued.waited,
            lock: queued.lock.clone(),
        });
        let goes_on = match (&self.open, &seen) {
            (Some(open), Some(seen)) => open.lock == seen.lock && open.waited <= seen.waited,
            _ => false,
        };
        if let Some(open) = self.open.take().filter(|_| !goes_on) {
            self.over += open.waited.0;
        }
        let longest = self.longest.as_ref().map(|longest| longest.waited);
        if seen.as_ref().map(|seen| seen.waited) > longest {
            self.longest.clone_from(&seen);
        }
        self.open = seen;
    }

    /// All waits together, with the lock of the longest.
    fn total(self) -> Option<SeenLockWait> {
        let open = self.open.map_or(0, |open| open.waited.0);
        self.longest.map(|longest| SeenLockWait {
            waited: Micros(self.over + open),
            ..longest
        })
    }
}

/// Does something on the session of the backend `pid`, and tells what that waited for meanwhile. `watch` opens a
/// session that looks, if it comes to that.
///
/// # Errors
///
/// The session that looks broke.
pub(super) async fn watched<T, W: LockWatch>(
    pid: i32,
    works: impl Future<Output = T>,
    watch: impl AsyncFnOnce() -> Result<W, Breakage>,
) -> Result<(T, Option<SeenLockWait>), Breakage> {
    let waited = RefCell::new(Waited::default());
    let looks = async {
        tokio::time::sleep(LOOK_AFTER).await;
        let mut watch = watch().await?;
        loop {
            let queued = watch.queue().await?;
            waited.borrow_mut().see(&queued, pid);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let done = tokio::select! {
        biased;
        done = works => done,
        broken = looks => {
            let broken: Result<std::convert::Infallible, Breakage> = broken;
            match broken {
                Ok(never) => match never {},
                Err(breakage) => return Err(breakage),
            }
        }
    };
    Ok((done, waited.take().total()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::LockFacts;

    fn queued(pid: i32, mode: &str, millis: u64) -> Queued {
        Queued {
            pid,
            by: vec![9],
            strangers: Vec::new(),
            application: "pgauge".to_owned(),
            lock: LockFacts {
                kind: "relation".to_owned(),
                mode: mode.to_owned(),
                relation: Some("orders".to_owned()),
            },
            waited: Micros(millis * 1000),
        }
    }

    #[test]
    fn waits_are_added_up_and_the_longest_is_named() {
        let mut waited = Waited::default();
        waited.see(&[queued(1, "ShareLock", 5), queued(2, "ShareLock", 90)], 1);
        waited.see(&[queued(1, "ShareLock", 10)], 1);
        waited.see(&[], 1);
        waited.see(&[queued(1, "ExclusiveLock", 20)], 1);
        waited.see(&[queued(1, "ExclusiveLock", 30)], 1);
        waited.see(&[queued(1, "ExclusiveLock", 2)], 1);
        let total = waited.total().unwrap();
        assert_eq!(
            (total.waited, total.lock.mode.as_str()),
            (Micros(42_000), "ExclusiveLock")
        );
    }

    #[test]
    fn who_was_never_seen_waiting_did_not_wait() {
        let mut waited = Waited::default();
        waited.see(&[queued(2, "ShareLock", 90)], 1);
        assert_eq!(waited.total(), None);
    }
}
