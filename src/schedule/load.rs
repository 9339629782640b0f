//! What a load shall do, exactly.

use crate::spec::workload::{AfterError, Arrivals, Connections, Protocol, Think};
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
