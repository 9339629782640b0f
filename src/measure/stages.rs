//! What does a load amount to, stage by stage? How throughput, latency and the wait for connections go with the number of
//! users, and where the knee of that curve is.

use crate::record::{
    Histogram, LoadLog, Micros,
    load::{Interval, StageLooks},
};

/// One stage of a load.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StageFigures {
    /// Which, from 0.
    pub stage: u32,
    /// How many users acted.
    pub users: u32,
    /// How long it was.
    pub span: Micros,
    /// Of the transactions that were completed in it.
    pub latency: Histogram,
    /// How many failed.
    pub failed: u64,
    /// Waiting for a connection.
    pub wait: Histogram,
    /// Connections that were refused.
    pub refused: u64,
    /// Where there were more users in the stage before: how long that was still felt, by a refused connection or by a
    /// transaction from then.
    pub recovered: Option<Micros>,
    /// What the sessions were seen doing; none where nobody looked.
    pub looks: Option<StageLooks>,
}

impl StageFigures {
    /// Completed transactions in a second.
    pub fn rate(&self) -> f64 {
        self.latency.count() as f64 * 1e6 / self.span.0.max(1) as f64
    }

    /// Throughput divided by the mean latency: what Kleinrock calls power.
    fn power(&self) -> f64 {
        match self.latency.mean() {
            Some(mean) if mean > 0.0 => self.rate() / mean,
            Some(_) | None => 0.0,
        }
    }

    /// Sessions seen idle in a transaction at a time, on average.
    pub fn idle_in_transaction(&self) -> Option<f64> {
        let looks = self.looks.filter(|looks| looks.looks > 0)?;
        Some(looks.idle_in_transaction as f64 / looks.looks as f64)
    }
}

/// The stages of a load, in order.
pub fn stages(load: &LoadLog) -> Vec<StageFigures> {
    let mut stages: Vec<StageFigures> = Vec::new();
    let mut from = Micros(0);
    for interval in &load.intervals {
        if stages
            .last()
            .is_none_or(|last| last.stage != interval.stage)
        {
            let before = stages.last().map_or(0, |before| before.users);
            from = interval.from;
            stages.push(StageFigures {
                stage: interval.stage,
                users: interval.users,
                recovered: (before > interval.users).then_some(Micros(0)),
                looks: load
                    .looks
                    .iter()
                    .copied()
                    .find(|looks| looks.stage == interval.stage),
                ..StageFigures::default()
            });
        }
        if let Some(stage) = stages.last_mut() {
            add(stage, interval, from);
        }
    }
    stages
}

fn add(stage: &mut StageFigures, interval: &Interval, from: Micros) {
    stage.span.0 += interval.length.0;
    for tally in &interval.clients {
        stage.latency.add(&tally.latency);
        stage.failed += tally.failed;
    }
    stage.wait.add(&interval.crowding.wait);
    stage.refused += interval.crowding.refused;
    if let (Some(recovered), Some(until)) = (&mut stage.recovered, interval.crowding.felt_until) {
        *recovered = (*recovered).max(until.since(from));
    }
}

/// The stage at the knee of the curve: more users than its own bring more latency than throughput. It is the one with the
/// most power, throughput divided by latency (L. Kleinrock, "Power and deterministic rules of thumb for probabilistic
/// problems in computer communications", ICC 1979). None where users are not raised twice at least.
pub fn knee(stages: &[StageFigures]) -> Option<&StageFigures> {
    let mut rising: Vec<&StageFigures> = Vec::new();
    for stage in stages {
        if rising.last().is_none_or(|last| stage.users > last.users) {
            rising.push(stage);
        }
    }
    let highest = rising
        .iter()
        .copied()
        .filter(|stage| stage.power() > 0.0)
        .max_by(|a, b| a.power().total_cmp(&b.power()));
    highest.filter(|_| rising.len() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::load::{Crowding, IntervalTally};

    /// An interval of a second with so many transactions of so many microseconds.
    fn interval(stage: u32, second: u64, users: u32, count: u64, micros: u64) -> Interval {
        let mut latency = Histogram::default();
        for _ in 0..count {
            latency.record_micros(Micros(micros));
        }
        Interval {
            stage,
            users,
            from: Micros(second * 1_000_000),
            length: Micros(1_000_000),
            clients: vec![IntervalTally {
                latency,
                ..IntervalTally::default()
            }],
            ..Interval::default()
        }
    }

    #[test]
    fn the_knee_is_where_more_users_bring_more_latency_than_throughput() {
        let curve = [(1, 100, 10_000), (10, 900, 11_000), (50, 950, 52_000)];
        let intervals = curve.into_iter().zip(0..);
        let intervals = intervals
            .map(|((users, count, micros), stage)| {
                interval(stage, u64::from(stage), users, count, micros)
            })
            .collect();
        let load = LoadLog {
            intervals,
            ..LoadLog::default()
        };
        let stages = stages(&load);
        assert_eq!(knee(&stages).map(|stage| stage.users), Some(10));
        assert_eq!(knee(&stages[..2]), None);
    }

    #[test]
    fn a_stage_with_fewer_users_has_recovered_when_the_one_before_is_felt_no_more() {
        let felt = |second: u64| Crowding {
            felt_until: Some(Micros(second * 1_000_000 + 250_000)),
            ..Crowding::default()
        };
        let mut intervals = vec![interval(0, 0, 100, 5, 10), interval(0, 1, 100, 5, 10)];
        intervals.extend((2..5).map(|second| interval(1, second, 10, 5, 10)));
        intervals[0].crowding = felt(0);
        intervals[3].crowding = felt(3);
        let load = LoadLog {
            intervals,
            ..LoadLog::default()
        };
        let recovered: Vec<_> = stages(&load).iter().map(|stage| stage.recovered).collect();
        assert_eq!(recovered, [None, Some(Micros(1_250_000))]);
    }
}
