//! When should transactions begin, where a rate says it? A schedule that nobody's slowness delays: what begins late was
//! due all the same, and its latency counts from then.

use super::clock::{Clock, Timed};
use crate::{schedule::generate::Random, spec::workload::Arrivals as Spacing};
use std::time::{Duration, Instant};

/// The beginnings of one worker's transactions, one after the other.
pub(super) struct Arrivals {
    clock: Clock,
    spacing: Spacing,
    random: Random,
    /// This worker's part of the rate, 0 to 1.
    share: Box<dyn Fn(u32) -> f64>,
    /// The moment up to which all beginnings have been given.
    at: Instant,
    stage: Option<Timed>,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A transaction is due then.
    At(Instant),
    /// No rate says when, until then at least.
    AsTheyCome,
    /// Nothing begins any more.
    Over,
}

impl Arrivals {
    /// The beginnings of a worker; `share` says which part of the users of a stage it has.
    pub(super) fn new(
        clock: Clock,
        spacing: Spacing,
        random: Random,
        share: Box<dyn Fn(u32) -> f64>,
    ) -> Self {
        let at = clock.start;
        let stage = clock.stage(at).copied();
        Self {
            clock,
            spacing,
            random,
            share,
            at,
            stage,
        }
    }

    /// The next beginning. `now` matters only where no rate does.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        loop {
            let Some(stage) = self.stage else {
                return Next::Over;
            };
            let rate = stage
                .plan
                .rate
                .map(|rate| rate * (self.share)(stage.plan.users));
            match rate.filter(|rate| *rate > 0.0) {
                Some(rate) => {
                    let due = self.at + self.gap(rate);
                    if stage.until.is_none_or(|until| due < until) {
                        self.at = due;
                        return Next::At(due);
                    }
                }
                None if stage.until.is_none_or(|until| now < until) => return Next::AsTheyCome,
                None => {}
            }
            self.stage = self.clock.after(&stage).copied();
            self.at = stage.until.unwrap_or(self.at);
        }
    }

    fn gap(&mut self, rate: f64) -> Duration {
        let mean = 1.0 / rate;
        Duration::from_secs_f64(match self.spacing {
            Spacing::Uniform => mean,
            // 1 - unit is never 0.
            Spacing::Poisson => -mean * (1.0 - self.random.unit()).ln(),
        })
    }

    /// How many more were due before the end and nobody took.
    pub(super) fn left(&mut self) -> u64 {
        let now = Instant::now();
        let mut left = 0;
        // Where transactions are counted, none is due that is not wanted.
        while self.clock.end().is_some() && matches!(self.next(now), Next::At(_)) {
            left += 1;
        }
        left
    }
}
