//! What a load shall do, exactly.

use crate::{
    record::Shard,
    spec::workload::{AfterError, Arrivals, Connections, Protocol, Think},
};
use std::time::Duration;

/// Measured traffic of the case's clients.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadPlan {
    /// Traffic before the measurement.
    pub warmup: Duration,
    /// The parts of the measurement, one after the other; at least one.
    pub stages: Vec<StagePlan>,
    /// How many transactions are measured in all, where not time but their number says when it ends.
    pub transactions: Option<u64>,
    /// The scripts and their weights.
    pub mix: Vec<MixPart>,
    /// How beginnings are spaced where stages have a rate.
    pub arrivals: Arrivals,
    /// Over which connections.
    pub connections: Connections,
    /// How long users pause after a transaction.
    pub think: Option<Think>,
    /// By which protocol.
    pub protocol: Protocol,
    /// Whether statements that need nothing of each other are sent together.
    pub pipeline: bool,
    /// What an unexpected error does.
    pub on_error: AfterError,
    /// The number of the first user less one: where several processes share a load, each has users, and so random numbers,
    /// of its own.
    pub users_before: u32,
    /// Which part of the load it is, where several processes share it.
    pub part: Option<Shard>,
    /// Where it waits for the others before it begins.
    pub barrier: Option<Barrier>,
}

/// Where the processes that share a load wait for each other, so that they begin together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barrier {
    /// What all of them call it.
    pub name: String,
    /// Which of the processes this is, from 1.
    pub party: u32,
    /// How many of them there are.
    pub parties: u32,
}

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StagePlan {
    /// How long it is; none where the number of transactions says when it ends.
    pub duration: Option<Duration>,
    /// How many users act.
    pub users: u32,
    /// How many transactions begin in a second, if that is fixed.
    pub rate: Option<f64>,
}

/// A script of the mix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixPart {
    /// Index into the case's clients.
    pub client: usize,
    /// How often it is drawn, against the other weights.
    pub weight: f64,
}

impl LoadPlan {
    /// The part of one of several processes: of the users, and with them of transactions, rate and pool. None where there
    /// are fewer users than processes and none is left for this one. Where there is a barrier, they wait for each other.
    pub fn part_of(&self, shard: Shard, barrier: Option<String>) -> Option<Self> {
        let all = u64::from(self.users());
        let (before, own) = shard.share(all);
        let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let stage = |stage: &StagePlan| {
            let users = shard.share(u64::from(stage.users)).1;
            StagePlan {
                users: narrow(users),
                rate: stage
                    .rate
                    .map(|rate| rate * users as f64 / f64::from(stage.users)),
                ..*stage
            }
        };
        let part = |count: u64| {
            let until = |users: u64| u128::from(count) * u128::from(users) / u128::from(all);
            u64::try_from(until(before + own) - until(before)).unwrap_or(count)
        };
        (own > 0).then(|| Self {
            stages: self.stages.iter().map(stage).collect(),
            transactions: self.transactions.map(part),
            connections: match self.connections {
                Connections::Pool(size) => Connections::Pool(narrow(part(u64::from(size))).max(1)),
                other @ (Connections::PerUser | Connections::PerTransaction) => other,
            },
            users_before: narrow(before),
            part: Some(shard),
            barrier: barrier.map(|name| Barrier {
                name,
                party: shard.index,
                parties: narrow(all.min(u64::from(shard.of))),
            }),
            ..self.clone()
        })
    }

    /// The most users of any stage.
    pub fn users(&self) -> u32 {
        self.stages
            .iter()
            .map(|stage| stage.users)
            .max()
            .unwrap_or(1)
    }

    /// How long it is measured, where spans say it.
    pub fn duration(&self) -> Option<Duration> {
        self.stages.iter().map(|stage| stage.duration).sum()
    }

    /// Whether transactions begin at a rate in any stage.
    pub fn is_open(&self) -> bool {
        self.stages.iter().any(|stage| stage.rate.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_of_a_load_together_are_the_whole_with_users_of_their_own() {
        let stage = |users, rate| StagePlan {
            duration: None,
            users,
            rate,
        };
        let whole = LoadPlan {
            warmup: Duration::ZERO,
            stages: vec![stage(3, Some(90.0)), stage(10, Some(500.0))],
            transactions: Some(1001),
            mix: Vec::new(),
            arrivals: Arrivals::Poisson,
            connections: Connections::Pool(9),
            think: None,
            protocol: Protocol::Prepared,
            pipeline: false,
            on_error: AfterError::GoOn,
            users_before: 0,
            part: None,
            barrier: None,
        };
        let part = |index, of| whole.part_of(Shard { index, of }, Some("b".to_owned()));
        let parts = (1..=4).map(|index| part(index, 4).unwrap());
        let parts: Vec<LoadPlan> = parts.collect();
        let befores: Vec<u32> = parts.iter().map(|part| part.users_before).collect();
        assert_eq!(befores, [0, 2, 5, 7]);
        for stage in 0..2 {
            let users = parts.iter().map(|part| part.stages[stage].users);
            assert_eq!(users.sum::<u32>(), whole.stages[stage].users);
            let rates = parts.iter().filter_map(|part| part.stages[stage].rate);
            let all = whole.stages[stage].rate.unwrap();
            assert!((rates.sum::<f64>() - all).abs() < 1e-6);
        }
        let transactions = parts.iter().filter_map(|part| part.transactions);
        assert_eq!(transactions.sum::<u64>(), 1001);
        let pools = parts.iter().map(|part| match part.connections {
            Connections::Pool(size) => size,
            Connections::PerUser | Connections::PerTransaction => 0,
        });
        assert_eq!(pools.sum::<u32>(), 9);
        assert_eq!(part(1, 11), None);
        // Nobody waits for one who has no user.
        let barrier = part(2, 11).and_then(|part| part.barrier).unwrap();
        assert_eq!((barrier.party, barrier.parties), (2, 10));
    }
}
