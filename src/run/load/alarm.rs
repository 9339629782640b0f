//! Waking up on time. The runtime's own timer counts in milliseconds, which a schedule of thousands of beginnings in a
//! second cannot bear: what a transaction begins late would be counted as latency. So each worker has one timer of the
//! system, which is exact to some microseconds, and a list of who is to be woken when.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
    time::{Duration, Instant},
};

/// Who is to be woken, by moment and by the order of asking.
type Sleepers = BTreeMap<(Instant, u64), Option<Waker>>;

/// Wakes tasks of one worker.
pub(in crate::run) struct Alarm {
    timer: timer::Timer,
    sleepers: RefCell<Sleepers>,
    asked: Cell<u64>,
}

impl Alarm {
    /// An alarm, which [`ring`](Self::ring) has to drive.
    ///
    /// # Errors
    ///
    /// The system has no timer left.
    pub(in crate::run) fn new() -> std::io::Result<Rc<Self>> {
        Ok(Rc::new(Self {
            timer: timer::Timer::new()?,
            sleepers: RefCell::default(),
            asked: Cell::default(),
        }))
    }

    /// Waits until a moment; does not wait where it is past.
    pub(super) async fn until(&self, moment: Instant) {
        if Instant::now() >= moment {
            return;
        }
        let number = self.asked.replace(self.asked.get() + 1);
        let bed = Bed {
            alarm: self,
            key: (moment, number),
        };
        self.sleepers.borrow_mut().insert(bed.key, None);
        self.set();
        poll_fn(|context| {
            let mut sleepers = self.sleepers.borrow_mut();
            match sleepers.get_mut(&bed.key) {
                Some(waker) => {
                    *waker = Some(context.waker().clone());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            }
        })
        .await;
    }

    /// Waits for a span.
    pub(in crate::run) async fn after(&self, span: Duration) {
        self.until(Instant::now() + span).await;
    }

    /// Wakes everybody now: what they wait for is called off.
    pub(super) fn wake_all(&self) {
        let all = std::mem::take(&mut *self.sleepers.borrow_mut());
        for waker in all.into_values().flatten() {
            waker.wake();
        }
    }

    /// Wakes whoever is to be woken, for ever.
    pub(in crate::run) async fn ring(&self) {
        loop {
            self.timer.rung().await;
            let now = Instant::now();
            let due = {
                let mut sleepers = self.sleepers.borrow_mut();
                let later = sleepers.split_off(&(now + Duration::from_nanos(1), 0));
                std::mem::replace(&mut *sleepers, later)
            };
            for waker in due.into_values().flatten() {
                waker.wake();
            }
            self.set();
        }
    }

    /// Sets the timer to the first of all moments.
    fn set(&self) {
        let first = self
            .sleepers
            .borrow()
            .keys()
            .next()
            .map(|(moment, _)| *moment);
        if let Some(first) = first {
            self.timer
                .set(first.saturating_duration_since(Instant::now()));
        }
    }
}

/// A sleeper's place in the list, given up when it is gone.
struct Bed<'a> {
    alarm: &'a Alarm,
    key: (Instant, u64),
}

impl Drop for Bed<'_> {
    fn drop(&mut self) {
        self.alarm.sleepers.borrow_mut().remove(&self.key);
    }
}

/// A timer of the system.
#[cfg(target_os = "linux")]
mod timer {
    use nix::sys::{
        time::TimeSpec,
        timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
    };
    use std::{
        io,
        os::fd::{AsFd, OwnedFd},
        time::Duration,
    };
    use tokio::io::unix::AsyncFd;

    pub(super) struct Timer {
        timer: TimerFd,
        /// The same timer, as the runtime watches it.
        rings: AsyncFd<OwnedFd>,
    }

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
            let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
            let watched = timer.as_fd().try_clone_to_owned()?;
            #[allow(
                deprecated,
                reason = "its successor takes unsafe code for what an owned descriptor promises"
            )]
            let rings = AsyncFd::new(watched)?;
            Ok(Self { timer, rings })
        }

        pub(super) fn set(&self, span: Duration) {
            // Zero would switch it off.
            let span = TimeSpec::from_duration(span.max(Duration::from_nanos(1)));
            // A valid span is always taken.
            let _ = self
                .timer
                .set(Expiration::OneShot(span), TimerSetTimeFlags::empty());
        }

        pub(super) async fn rung(&self) {
            let Ok(mut ready) = self.rings.readable().await else {
                return std::future::pending().await;
            };
            // Reading takes the ring away; one that was set again meanwhile has nothing to read.
            let _ = self.timer.wait();
            ready.clear_ready();
        }
    }
}

/// Where the system has no such timer, that of the runtime.
#[cfg(not(target_os = "linux"))]
mod timer {
    use std::{
        cell::Cell,
        io,
        time::{Duration, Instant},
    };
    use tokio::sync::Notify;

    pub(super) struct Timer {
        at: Cell<Option<Instant>>,
        set: Notify,
    }

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self {
                at: Cell::new(None),
                set: Notify::new(),
            })
        }

        pub(super) fn set(&self, span: Duration) {
            self.at.set(Some(Instant::now() + span));
            self.set.notify_one();
        }

        pub(super) async fn rung(&self) {
            loop {
                match self.at.get() {
                    None => self.set.notified().await,
                    Some(at) => tokio::select! {
                        () = tokio::time::sleep_until(at.into()) => {
                            self.at.set(None);
                            return;
                        }
                        () = self.set.notified() => {}
                    },
                }
            }
        }
    }
}
