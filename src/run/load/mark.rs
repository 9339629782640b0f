//! When did a migration in the midst of a load begin, and when was it over? Told by the one who migrates, read by the
//! workers that count.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// What has not happened yet.
const NOT_YET: u64 = u64::MAX;

/// The beginning and the end of a migration, as all threads see them.
#[derive(Debug)]
pub(in crate::run) struct Mark {
    epoch: Instant,
    /// Nanoseconds since the epoch.
    began: AtomicU64,
    ended: AtomicU64,
}

impl Mark {
    /// A migration that has not begun.
    pub(in crate::run) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            began: AtomicU64::new(NOT_YET),
            ended: AtomicU64::new(NOT_YET),
        }
    }

    /// Its first statement is sent now; what comes later is no beginning.
    pub(in crate::run) fn begin(&self) {
        let now = self.nanos(Instant::now());
        // Somebody told it before.
        let _ = self
            .began
            .compare_exchange(NOT_YET, now, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Its last statement is answered.
    pub(in crate::run) fn end(&self) {
        self.begin();
        self.ended
            .store(self.nanos(Instant::now()), Ordering::Relaxed);
    }

    /// When it began, if it has.
    pub(in crate::run) fn began(&self) -> Option<Instant> {
        self.instant(&self.began)
    }

    /// When it was over, if it is.
    pub(in crate::run) fn ended(&self) -> Option<Instant> {
        self.instant(&self.ended)
    }

    /// The phase of a moment: 0 before, 1 during, 2 after.
    pub(super) fn phase(&self, moment: Instant) -> usize {
        let at = self.nanos(moment);
        usize::from(at >= self.began.load(Ordering::Relaxed))
            + usize::from(at >= self.ended.load(Ordering::Relaxed))
    }

    /// The phase of a span: what touches the migration belongs to it.
    pub(super) fn touched(&self, from: Instant, to: Instant) -> usize {
        match (self.phase(from), self.phase(to)) {
            (from, to) if from == to => from,
            _ => 1,
        }
    }

    fn nanos(&self, moment: Instant) -> u64 {
        super::user::nanos(moment.saturating_duration_since(self.epoch))
    }

    fn instant(&self, nanos: &AtomicU64) -> Option<Instant> {
        let nanos = nanos.load(Ordering::Relaxed);
        (nanos != NOT_YET).then(|| self.epoch + Duration::from_nanos(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_before_during_or_after_and_a_span_that_touches_it_is_during() {
        let mark = Mark::new();
        let before = Instant::now();
        assert_eq!((mark.phase(before), mark.began()), (0, None));
        mark.begin();
        let during = Instant::now();
        let began = mark.began();
        mark.begin();
        assert_eq!(mark.began(), began);
        mark.end();
        let after = Instant::now();
        assert_eq!([before, during, after].map(|at| mark.phase(at)), [0, 1, 2]);
        assert_eq!(mark.touched(before, before), 0);
        assert_eq!(mark.touched(before, during), 1);
        assert_eq!(mark.touched(before, after), 1);
        assert_eq!(mark.touched(during, after), 1);
        assert_eq!(mark.touched(after, after), 2);
    }
}
