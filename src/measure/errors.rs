//! Which errors did the steps and the clients meet, and how often did a client try again?

use super::{names_of, trace::Trace};
use crate::record::{CaseLog, EventKind};
use std::collections::BTreeMap;

/// The errors of a step or of a client, expected ones included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorCounts {
    /// Executions of the step, or tries of passes through the client's script.
    pub executions: u64,
    /// How many of them met an error.
    pub failed: u64,
    /// How many errors of each SQLSTATE; the empty one where a connection broke.
    pub by_code: BTreeMap<String, u64>,
    /// How often the client tried again; 0 for a step.
    pub retries: u64,
}

impl ErrorCounts {
    /// How many errors.
    pub fn count(&self) -> u64 {
        self.by_code.values().sum()
    }

    /// The share of executions that met an error, 0 to 1; none where there were no executions.
    pub fn rate(&self) -> Option<f64> {
        (self.executions > 0).then(|| self.failed as f64 / self.executions as f64)
    }

    /// The sum of both.
    pub fn and(&self, other: &Self) -> Self {
        let mut by_code = self.by_code.clone();
        for (code, count) in &other.by_code {
            *by_code.entry(code.clone()).or_default() += count;
        }
        Self {
            executions: self.executions + other.executions,
            failed: self.failed + other.failed,
            by_code,
            retries: self.retries + other.retries,
        }
    }
}

/// The errors of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors {
    /// Of steps: `shopper.pick` for all sessions of a client, and `shopper[3].pick` for one of several.
    pub steps: BTreeMap<String, ErrorCounts>,
    /// Of clients: `shopper`, and `shopper[3]` for one of several.
    pub clients: BTreeMap<String, ErrorCounts>,
    /// Of all clients together.
    pub all: ErrorCounts,
}

impl Errors {
    /// The errors of a step or a client, whichever has that name.
    pub fn get(&self, of: &str) -> Option<&ErrorCounts> {
        self.steps.get(of).or_else(|| self.clients.get(of))
    }

    pub(super) fn of(log: &CaseLog, trace: &Trace<'_>) -> Self {
        let mut errors = Self::default();
        for run in trace.runs.iter().filter(|run| run.completed.is_some()) {
            for name in names_of(run.client) {
                let counts = errors
                    .steps
                    .entry(format!("{name}.{}", run.step))
                    .or_default();
                counts.add(run.error_code());
            }
        }
        for pass in &trace.passes {
            let runs = pass.runs.iter().map(|index| &trace.runs[*index]);
            let codes: Vec<&str> = runs.filter_map(|run| run.error_code()).collect();
            let own = names_of(pass.client).map(Some);
            for name in own.chain([None]) {
                let counts = errors.counts_of(name);
                counts.executions += 1;
                counts.failed += u64::from(!codes.is_empty());
                for code in &codes {
                    *counts.by_code.entry((*code).to_owned()).or_default() += 1;
                }
            }
        }
        for event in &log.events {
            if let EventKind::Retrying { client, .. } = &event.kind {
                for name in names_of(client).map(Some).chain([None]) {
                    errors.counts_of(name).retries += 1;
                }
            }
        }
        errors
    }

    /// The counts of a client, or of all of them.
    fn counts_of(&mut self, client: Option<String>) -> &mut ErrorCounts {
        match client {
            Some(name) => self.clients.entry(name).or_default(),
            None => &mut self.all,
        }
    }
}

impl ErrorCounts {
    fn add(&mut self, code: Option<&str>) {
        self.executions += 1;
        if let Some(code) = code {
            self.failed += 1;
            *self.by_code.entry(code.to_owned()).or_default() += 1;
        }
    }
}
