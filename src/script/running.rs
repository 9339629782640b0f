//! What does the hook that runs on this thread have around it?
//!
//! rhai's native functions are shared by all threads and take no context of ours, so the one run that a thread
//! is in lies in a thread-local for as long as it lasts. A hook runs from beginning to end on one thread.

use super::{Effect, HookEnd, Host, Limit, Limits, Place, RunControl};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Running>>> = const { RefCell::new(None) };
}

/// The clock is read once in so many operations: an operation takes well under a microsecond, a clock 30 ns.
const OPERATIONS_BETWEEN_LOOKS: u64 = 64;

/// Whether [`Running::must_end`] is to be asked, at an operation of the interpreter counted from 1.
pub(super) fn is_time_to_look(operations: u64) -> bool {
    operations % OPERATIONS_BETWEEN_LOOKS == 1
}

/// One run of a hook, as its native functions see it.
pub(super) struct Running {
    pub(super) host: Arc<dyn Host>,
    pub(super) limits: Limits,
    control: RunControl,
    started: Instant,
    waited: Cell<Duration>,
    random_seed: u64,
    /// Made when the first number is drawn.
    random: RefCell<Option<ChaCha8Rng>>,
    effects: RefCell<Vec<Effect>>,
    end: RefCell<Option<HookEnd>>,
}

impl Running {
    pub(super) fn new(
        host: Arc<dyn Host>,
        limits: Limits,
        control: RunControl,
        random_seed: u64,
    ) -> Self {
        Running {
            host,
            limits,
            control,
            started: Instant::now(),
            waited: Cell::new(Duration::ZERO),
            random_seed,
            random: RefCell::default(),
            effects: RefCell::default(),
            end: RefCell::default(),
        }
    }

    /// Makes this the run of the current thread while `work` lasts, also if `work` panics.
    pub(super) fn during<T>(self: &Rc<Self>, work: impl FnOnce() -> T) -> T {
        let previous = CURRENT.with_borrow_mut(|current| current.replace(Rc::clone(self)));
        let _restore = Restore(previous);
        work()
    }

    /// The run that the current thread is in.
    pub(super) fn current() -> Option<Rc<Running>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Lets `work` wait for the world without counting its time as the hook's own.
    pub(super) fn waiting<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = work();
        self.waited.set(self.waited.get() + began.elapsed());
        result
    }

    /// Draws from the run's own random numbers.
    pub(super) fn draw<T>(&self, draw: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        let mut random = self.random.borrow_mut();
        draw(random.get_or_insert_with(|| ChaCha8Rng::seed_from_u64(self.random_seed)))
    }

    /// Keeps an effect; false when there are too many of them.
    pub(super) fn keep(&self, effect: Effect) -> bool {
        let mut effects = self.effects.borrow_mut();
        let room = effects.len() < self.limits.effects;
        if room {
            effects.push(effect);
        }
        room
    }

    /// Notes how the hook ends. The first end counts: rhai's `sort` swallows what its comparison raises.
    pub(super) fn end(&self, end: HookEnd) {
        self.end.borrow_mut().get_or_insert(end);
    }

    /// What was kept and the end that was noted.
    pub(super) fn finish(&self) -> (Option<HookEnd>, Vec<Effect>) {
        (self.end.take(), self.effects.take())
    }

    /// Whether the hook must end now.
    pub(super) fn must_end(&self) -> Option<HookEnd> {
        let cancelled = self.control.cancelled.as_ref();
        if cancelled.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Some(HookEnd::Cancelled);
        }
        let place = Place::START;
        let now = Instant::now();
        if self
            .control
            .deadline
            .is_some_and(|deadline| now >= deadline)
        {
            let limit = Limit::Deadline;
            return Some(HookEnd::LimitExceeded { limit, place });
        }
        let own = (now - self.started).saturating_sub(self.waited.get());
        let limit = Limit::Running(self.limits.running);
        (own >= self.limits.running).then_some(HookEnd::LimitExceeded { limit, place })
    }
}

struct Restore(Option<Rc<Running>>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}
