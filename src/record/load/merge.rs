//! Adding up what several processes, or several threads of one, counted.

use super::{
    BufferFacts, CheckpointFacts, ClientTally, ConnectionTally, Crowding, ErrorTally, HookTally,
    Interval, IntervalTally, LinesTally, LoadEnd, LoadLog, LoadServer, MismatchTally, NumberTally,
    Parts, PhaseTally, RefusedTally, ScheduleTally, StageLooks, StatementFacts, StepTally,
    WaitFacts, WalFacts,
};
use std::collections::BTreeMap;

/// Whether processes that shared a load had one server or several: what a server counts as a whole, its WAL and its
/// checkpoints, each of them saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Servers {
    /// All of them used the same one.
    One,
    /// Each used one of its own.
    Several,
}

impl LoadLog {
    /// Adds what another process counted of the same load, at the same time.
    pub fn add(&mut self, other: &Self, servers: Servers) {
        self.warmup = self.warmup.max(other.warmup);
        self.measured = self.measured.max(other.measured);
        self.users += other.users;
        self.workers += other.workers;
        self.cpu.0 += other.cpu.0;
        if self.end == LoadEnd::Complete {
            self.end = other.end.clone();
        }
        for (own, other) in self.clients.iter_mut().zip(&other.clients) {
            own.add(other);
        }
        self.connections.add(&other.connections);
        add_first(
            &mut self.schedule,
            other.schedule.as_ref(),
            ScheduleTally::add,
        );
        self.add_intervals(&other.intervals);
        self.add_phases(&other.phases);
        for looks in &other.looks {
            match self.looks.iter_mut().find(|own| own.stage == looks.stage) {
                Some(own) => own.add(looks),
                None => self.looks.push(*looks),
            }
        }
        match (&mut self.server, &other.server) {
            (Some(own), Some(other)) => own.add(other, servers),
            (own @ None, Some(other)) => *own = Some(other.clone()),
            (_, None) => {}
        }
    }

    /// Whether another process counted the same scripts and steps.
    pub fn has_scripts_of(&self, other: &Self) -> bool {
        let names = |load: &Self| -> Vec<(String, Vec<String>)> {
            let steps = |tally: &ClientTally| {
                let steps = tally.steps.iter();
                steps.map(|step| step.step.clone()).collect()
            };
            let clients = load.clients.iter();
            clients
                .map(|tally| (tally.client.clone(), steps(tally)))
                .collect()
        };
        names(self) == names(other)
    }

    /// Adds what came before, during and after a migration.
    fn add_phases(&mut self, others: &[PhaseTally]) {
        if self.phases.is_empty() {
            self.phases = others.to_vec();
            return;
        }
        for (own, other) in self.phases.iter_mut().zip(others) {
            own.add(other);
        }
    }

    /// Adds intervals: those of a stage that began at the same time since the warmup are one.
    fn add_intervals(&mut self, others: &[Interval]) {
        for other in others {
            let place = |interval: &Interval| (interval.stage, interval.from);
            match self.intervals.binary_search_by_key(&place(other), place) {
                Ok(found) => self.intervals[found].add(other),
                Err(place) => self.intervals.insert(place, other.clone()),
            }
        }
    }
}

impl Interval {
    fn add(&mut self, other: &Self) {
        self.length = self.length.max(other.length);
        self.users += other.users;
        for (own, other) in self.clients.iter_mut().zip(&other.clients) {
            own.add(other);
        }
        self.crowding.add(&other.crowding);
    }
}

impl PhaseTally {
    /// Adds what another worker or process counted in the same phase.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.clients.iter_mut().zip(&other.clients) {
            own.completed += other.completed;
            own.failed += other.failed;
            own.latency.add(&other.latency);
        }
        for refused in &other.refused {
            self.refuse(refused);
        }
    }

    /// Adds statements that were refused to those of the same step with the same SQLSTATE.
    pub fn refuse(&mut self, refused: &RefusedTally) {
        let place = |tally: &RefusedTally| {
            (tally.client == refused.client)
                && (tally.step == refused.step)
                && (tally.code == refused.code)
        };
        let Some(own) = self.refused.iter_mut().find(|own| place(own)) else {
            self.refused.push(refused.clone());
            return;
        };
        own.count += refused.count;
        if refused.first < own.first {
            own.first = refused.first;
            own.message.clone_from(&refused.message);
        }
    }
}

impl Crowding {
    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.wait.add(&other.wait);
        self.refused += other.refused;
        self.felt_until = self.felt_until.max(other.felt_until);
    }
}

impl StageLooks {
    /// Adds what another process saw of its own sessions.
    fn add(&mut self, other: &Self) {
        self.looks += other.looks;
        self.most_sessions += other.most_sessions;
        self.idle_in_transaction += other.idle_in_transaction;
    }
}

impl LoadServer {
    /// Adds what was told to another process: its own database, and the whole of its server.
    fn add(&mut self, other: &Self, servers: Servers) {
        for statement in &other.statements {
            match self
                .statements
                .iter_mut()
                .find(|own| own.sql == statement.sql)
            {
                Some(own) => own.add(statement),
                None => self.statements.push(statement.clone()),
            }
        }
        self.statements
            .sort_by_key(|statement| std::cmp::Reverse(statement.exec));
        self.waits.add(&other.waits);
        add_first(&mut self.buffers, other.buffers.as_ref(), BufferFacts::add);
        match servers {
            Servers::One => {
                add_first(&mut self.wal, other.wal.as_ref(), WalFacts::widen);
                let checkpoints = other.checkpoints.as_ref();
                add_first(&mut self.checkpoints, checkpoints, CheckpointFacts::widen);
            }
            Servers::Several => {
                add_first(&mut self.wal, other.wal.as_ref(), WalFacts::add);
                let checkpoints = other.checkpoints.as_ref();
                add_first(&mut self.checkpoints, checkpoints, CheckpointFacts::add);
            }
        }
        for why in &other.missing {
            if !self.missing.contains(why) {
                self.missing.push(why.clone());
            }
        }
    }
}

impl StatementFacts {
    /// Adds what was counted of the same statement elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.exec.0 += other.exec.0;
        self.plan.0 += other.plan.0;
        self.rows += other.rows;
        self.hit += other.hit;
        self.read += other.read;
        self.dirtied += other.dirtied;
        self.temp_written += other.temp_written;
        self.wal_bytes += other.wal_bytes;
    }
}

impl WaitFacts {
    fn add(&mut self, other: &Self) {
        self.looks += other.looks;
        self.active += other.active;
        for (event, count) in &other.waiting {
            *self.waiting.entry(event.clone()).or_default() += count;
        }
        self.idle_in_transaction += other.idle_in_transaction;
        self.idle += other.idle;
    }
}

impl BufferFacts {
    fn add(&mut self, other: &Self) {
        self.hit += other.hit;
        self.read += other.read;
        self.read_time.0 += other.read_time.0;
        self.temp_files += other.temp_files;
        self.temp_bytes += other.temp_bytes;
        self.deadlocks += other.deadlocks;
        self.commits += other.commits;
        self.rollbacks += other.rollbacks;
    }
}

impl WalFacts {
    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.records += other.records;
        self.full_pages += other.full_pages;
    }

    /// The larger of two that saw the same.
    fn widen(&mut self, other: &Self) {
        self.bytes = self.bytes.max(other.bytes);
        self.records = self.records.max(other.records);
        self.full_pages = self.full_pages.max(other.full_pages);
    }
}

impl CheckpointFacts {
    fn add(&mut self, other: &Self) {
        self.timed += other.timed;
        self.requested += other.requested;
        self.written += other.written;
    }

    /// The larger of two that saw the same.
    fn widen(&mut self, other: &Self) {
        self.timed = self.timed.max(other.timed);
        self.requested = self.requested.max(other.requested);
        self.written = self.written.max(other.written);
    }
}

impl ClientTally {
    /// Adds what another one counted of the same script.
    pub fn add(&mut self, other: &Self) {
        self.latency.add(&other.latency);
        self.failed.add(&other.failed);
        add_errors(&mut self.errors, &other.errors);
        self.retries += other.retries;
        self.gave_up += other.gave_up;
        self.despite_errors += other.despite_errors;
        self.parts.add(&other.parts);
        for (own, other) in self.steps.iter_mut().zip(&other.steps) {
            own.add(other);
        }
        for (name, numbers) in &other.measured {
            self.measured.entry(name.clone()).or_default().add(numbers);
        }
        self.logged.add(&other.logged);
        add_first(&mut self.hook, other.hook.as_ref(), HookTally::add);
    }
}

impl StepTally {
    /// Adds what another one counted of the same step.
    pub fn add(&mut self, other: &Self) {
        self.planning = self.planning.max(other.planning);
        self.latency.add(&other.latency);
        self.most_rows = self.most_rows.max(other.most_rows);
        if self.sample.is_none() {
            self.sample.clone_from(&other.sample);
        }
        for (code, count) in &other.errors {
            *self.errors.entry(code.clone()).or_default() += count;
        }
        add_errors(&mut self.unexpected, &other.unexpected);
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

impl LinesTally {
    fn add(&mut self, other: &Self) {
        let count = self.count + other.count;
        for line in &other.first {
            self.record(line.clone());
        }
        self.count = count;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Histogram, Micros};
    use std::time::Duration;

    /// The log of a process that saw these samples, in nanoseconds, of one client, one after the other in seconds.
    fn counted(samples: &[u64], per_interval: usize) -> LoadLog {
        let histogram = |samples: &[u64]| {
            let mut histogram = Histogram::default();
            for nanos in samples {
                histogram.record(Duration::from_nanos(*nanos));
            }
            histogram
        };
        let intervals = samples.chunks(per_interval).enumerate();
        let intervals = intervals.map(|(second, samples)| Interval {
            from: Micros(second as u64 * 1_000_000),
            length: Micros(1_000_000),
            users: 1,
            clients: vec![IntervalTally {
                latency: histogram(samples),
                ..IntervalTally::default()
            }],
            ..Interval::default()
        });
        LoadLog {
            users: 1,
            measured: Micros(3_000_000),
            clients: vec![ClientTally {
                client: "shopper".to_owned(),
                latency: histogram(samples),
                ..ClientTally::default()
            }],
            intervals: intervals.collect(),
            ..LoadLog::default()
        }
    }

    #[test]
    fn what_several_processes_counted_is_what_one_would_have_counted() {
        // From a microsecond to hours, so that the histograms of the parts have different ranges.
        let samples: Vec<u64> = (0..3000_u64)
            .map(|n| 700 + n * n * n * (n % 7 + 1) * 131)
            .collect();
        let one = counted(&samples, 1000);
        let mut parts = (0..3).map(|part| {
            let own: Vec<u64> = samples.iter().copied().skip(part).step_by(3).collect();
            // As it comes from a file.
            let json = serde_json::to_string(&counted(&own, 334)).unwrap();
            serde_json::from_str::<LoadLog>(&json).unwrap()
        });
        let mut merged = parts.next().unwrap();
        for part in parts {
            merged.add(&part, Servers::Several);
        }
        assert_eq!(merged.clients[0].latency, one.clients[0].latency);
        assert_eq!((merged.users, merged.intervals.len()), (3, 3));
        let mut seconds = Histogram::default();
        for interval in &merged.intervals {
            seconds.add(&interval.clients[0].latency);
        }
        assert_eq!(seconds, one.clients[0].latency);
    }

    #[test]
    fn unexpected_errors_of_a_step_are_added_up_by_kind() {
        let met = |code: &str, fatal| {
            let error = ErrorTally {
                count: 2,
                fatal,
                ..ErrorTally::default()
            };
            StepTally {
                unexpected: BTreeMap::from([(code.to_owned(), error)]),
                ..StepTally::default()
            }
        };
        let mut step = met("23505", 2);
        step.add(&met("23505", 0));
        step.add(&met("40001", 1));
        let counts = step.unexpected.iter();
        let counts = counts.map(|(code, error)| (code.as_str(), error.count, error.fatal));
        assert_eq!(
            counts.collect::<Vec<_>>(),
            [("23505", 4, 2), ("40001", 2, 1)]
        );
    }

    #[test]
    fn what_all_saw_of_one_server_counts_once() {
        let saw = || LoadLog {
            server: Some(LoadServer {
                wal: Some(WalFacts {
                    bytes: 10,
                    ..WalFacts::default()
                }),
                ..LoadServer::default()
            }),
            ..LoadLog::default()
        };
        let bytes = |servers| {
            let mut merged = saw();
            merged.add(&saw(), servers);
            merged.server.and_then(|server| server.wal).unwrap().bytes
        };
        assert_eq!((bytes(Servers::One), bytes(Servers::Several)), (10, 20));
    }
}
