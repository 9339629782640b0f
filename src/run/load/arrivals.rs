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
    seat: Seat,
    /// The moment up to which all beginnings have been given.
    at: Instant,
    stage: Option<Timed>,
    stage_from: Instant,
    /// How many beginnings of the stage, those of all workers, come before the next that can be this one's.
    before: u64,
}

/// Which worker it is. User `n` acts on worker `n % of`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    /// From 0.
    pub(super) index: u32,
    /// How many workers there are.
    pub(super) of: u32,
}

impl Seat {
    /// How many of so many users act on this worker.
    fn own(self, users: u32) -> usize {
        (self.index..users).step_by(self.of as usize).count()
    }

    /// Whether a beginning of a stage is this worker's, where all users have one in turn.
    fn has(self, number: u64, users: u32) -> bool {
        number % u64::from(users) % u64::from(self.of) == u64::from(self.index)
    }
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
    /// The beginnings of a worker.
    pub(super) fn new(clock: Clock, spacing: Spacing, random: Random, seat: Seat) -> Self {
        let at = clock.start;
        let stage = clock.stage(at).copied();
        Self {
            clock,
            spacing,
            random,
            seat,
            at,
            stage,
            stage_from: at,
            before: 0,
        }
    }

    /// The next beginning. `now` matters only where no rate does.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        loop {
            let Some(stage) = self.stage else {
                return Next::Over;
            };
            let own = self.seat.own(stage.plan.users);
            match stage.plan.rate.filter(|rate| own > 0 && *rate > 0.0) {
                Some(rate) => {
                    let due = match self.spacing {
                        Spacing::Uniform => self.evenly(rate, stage.plan.users),
                        Spacing::Poisson => {
                            let share = own as f64 / f64::from(stage.plan.users);
                            self.at + self.gap(rate * share)
                        }
                    };
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
            self.stage_from = self.at;
            self.before = 0;
        }
    }

    /// The next beginning of this worker among those of all, which are alike in their gaps only together. The stage begins
    /// and ends with half a gap, so that they go on evenly where the next one has the same rate.
    fn evenly(&mut self, rate: f64, users: u32) -> Instant {
        while !self.seat.has(self.before, users) {
            self.before += 1;
        }
        let gaps = self.before as f64 + 0.5;
        self.before += 1;
        self.stage_from + Duration::from_secs_f64(gaps / rate)
    }

    /// A gap between beginnings that know nothing of each other.
    fn gap(&mut self, rate: f64) -> Duration {
        // 1 - unit is never 0.
        Duration::from_secs_f64(-(1.0 - self.random.unit()).ln() / rate)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        run::load::clock::tests::plan,
        schedule::{LoadPlan, generate::Stream},
    };

    /// The beginnings of all workers, in milliseconds from the start, and how many each of them has.
    fn beginnings(plan: &LoadPlan, of: u32) -> (Vec<u128>, Vec<usize>) {
        let clock = Clock::new(plan, Instant::now());
        let (mut all, mut each) = (Vec::new(), Vec::new());
        for index in 0..of {
            let random = Stream::of(1, &[&index.to_string()]).at(0);
            let seat = Seat { index, of };
            let mut arrivals = Arrivals::new(clock.clone(), plan.arrivals, random, seat);
            let before = all.len();
            let mut now = clock.start;
            loop {
                match arrivals.next(now) {
                    Next::At(due) => all.push(due.duration_since(clock.start).as_millis()),
                    // None of its users acts in this stage.
                    Next::AsTheyCome => now = clock.stage(now).unwrap().until.unwrap(),
                    Next::Over => break,
                }
            }
            each.push(all.len() - before);
        }
        all.sort_unstable();
        (all, each)
    }

    fn open(spacing: Spacing, stages: &[(u64, u32, f64)]) -> LoadPlan {
        let spans: Vec<_> = stages.iter().map(|(millis, ..)| Some(*millis)).collect();
        let mut plan = plan(0, &spans);
        plan.arrivals = spacing;
        for (stage, (_, users, rate)) in plan.stages.iter_mut().zip(stages) {
            stage.users = *users;
            stage.rate = Some(*rate);
        }
        plan
    }

    #[test]
    fn even_beginnings_of_all_workers_together_have_gaps_alike_in_each_stage() {
        let stages = [(100, 8, 100.0), (120, 3, 50.0), (100, 6, 200.0)];
        let (all, each) = beginnings(&open(Spacing::Uniform, &stages), 4);
        let first = (0..10).map(|number| 5 + number * 10);
        let second = (0..6).map(|number| 110 + number * 20);
        // Half milliseconds are cut off.
        let third = (0..20).map(|number| 222 + number * 5);
        assert_eq!(all, first.chain(second).chain(third).collect::<Vec<u128>>());
        // As many as they have users: 2, 2, 2, 2, then 1, 1, 1, 0, then 2, 2, 1, 1.
        assert_eq!(each, [3 + 2 + 7, 3 + 2 + 7, 2 + 2 + 3, 2 + 3]);
    }

    #[test]
    fn random_beginnings_of_all_workers_together_have_the_rate() {
        let (all, each) = beginnings(&open(Spacing::Poisson, &[(100_000, 6, 100.0)]), 4);
        assert!((9_500..10_500).contains(&all.len()), "{}", all.len());
        assert!(each[0] > each[2] * 3 / 2, "{each:?}");
    }
}
