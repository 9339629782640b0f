//! Adding up what several processes, or several threads of one, counted.

use super::{
    ClientTally, ConnectionTally, ErrorTally, HookTally, IntervalTally, MismatchTally, NumberTally,
    Parts, ScheduleTally, StepTally,
};
use std::collections::BTreeMap;

impl ClientTally {
    /// Adds what another one counted of the same script.
    pub fn add(&mut self, other: &Self) {
        self.latency.add(&other.latency);
        self.failed.add(&other.failed);
        add_errors(&mut self.errors, &other.errors);
        self.retries += other.retries;
        self.gave_up += other.gave_up;
        self.parts.add(&other.parts);
        for (own, other) in self.steps.iter_mut().zip(&other.steps) {
            own.add(other);
        }
        for (name, numbers) in &other.measured {
            self.measured.entry(name.clone()).or_default().add(numbers);
        }
        add_first(&mut self.hook, other.hook.as_ref(), HookTally::add);
    }
}

impl StepTally {
    /// Adds what another one counted of the same step.
    pub fn add(&mut self, other: &Self) {
        self.latency.add(&other.latency);
        for (code, count) in &other.errors {
            *self.errors.entry(code.clone()).or_default() += count;
        }
        add_first(
            &mut self.mismatch,
            other.mismatch.as_ref(),
            MismatchTally::add,
        );
    }
}

impl ErrorTally {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.fatal += other.fatal;
    }
}

impl MismatchTally {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
    }
}

impl HookTally {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
    }
}

impl NumberTally {
    /// Counts one number.
    pub fn record(&mut self, value: f64) {
        self.add(&Self {
            count: 1,
            sum: value,
            min: value,
            max: value,
            last: value,
        });
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        if self.count == 0 {
            *self = *other;
        } else if other.count > 0 {
            self.count += other.count;
            self.sum += other.sum;
            self.min = self.min.min(other.min);
            self.max = self.max.max(other.max);
            self.last = other.last;
        }
    }
}

impl Parts {
    /// Adds the times of other transactions.
    pub fn add(&mut self, other: &Self) {
        self.lag += other.lag;
        self.pool_wait += other.pool_wait;
        self.connect += other.connect;
        self.prepare += other.prepare;
        self.first_row += other.first_row;
        self.rows += other.rows;
        self.between_tries += other.between_tries;
        self.total += other.total;
    }
}

impl ConnectionTally {
    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.wait.add(&other.wait);
        self.connect.add(&other.connect);
        add_errors(&mut self.refused, &other.refused);
        self.lost += other.lost;
    }
}

impl ScheduleTally {
    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.lag.add(&other.lag);
        self.offered += other.offered;
        self.begun += other.begun;
    }
}

impl IntervalTally {
    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.latency.add(&other.latency);
        self.failed += other.failed;
        self.retries += other.retries;
    }
}

fn add_errors(own: &mut BTreeMap<String, ErrorTally>, other: &BTreeMap<String, ErrorTally>) {
    for (code, tally) in other {
        match own.get_mut(code) {
            Some(own) => own.add(tally),
            None => {
                own.insert(code.clone(), tally.clone());
            }
        }
    }
}

/// Counts on where something is known already; else takes the other's first.
fn add_first<T: Clone>(own: &mut Option<T>, other: Option<&T>, add: fn(&mut T, &T)) {
    match (own, other) {
        (Some(own), Some(other)) => add(own, other),
        (own @ None, Some(other)) => *own = Some(other.clone()),
        (_, None) => {}
    }
}
