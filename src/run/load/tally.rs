//! What one worker counts: whole sums for the end, and the interval that is under way.

use super::{
    link::ArgumentBuffer,
    mark::Mark,
    script::{Course, Traffic},
};
use crate::record::{
    Micros, ServerError,
    load::{
        ClientTally, ConnectionTally, Crowding, ErrorTally, HookTally, IntervalTally,
        MismatchTally, Parts, PhaseClient, PhaseTally, RefusedTally, ScheduleTally, StepTally,
    },
};
use std::time::{Duration, Instant};

/// The counts of one worker.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Script by script. Their latencies are in the intervals only.
    pub(super) clients: Vec<ClientTally>,
    pub(super) connections: ConnectionTally,
    pub(super) schedule: ScheduleTally,
    /// The interval that is under way, script by script.
    pub(super) interval: Vec<IntervalTally>,
    /// How users come by connections in it.
    pub(super) crowding: Crowding,
    /// Before, during and after a migration.
    pub(super) phases: Vec<PhaseTally>,
}

/// Whether what happens is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// It is.
    Yes,
    /// It belongs to the warmup: only those who look on are told.
    Warmup,
}

impl Tally {
    pub(super) fn new(traffic: &Traffic) -> Self {
        let clients = traffic.scripts.iter().map(|script| ClientTally {
            client: script.name.clone(),
            steps: script
                .steps
                .iter()
                .map(|step| StepTally {
                    step: step.name.clone(),
                    ..StepTally::default()
                })
                .collect(),
            ..ClientTally::default()
        });
        Self {
            clients: clients.collect(),
            interval: vec![IntervalTally::default(); traffic.scripts.len()],
            phases: vec![
                PhaseTally {
                    clients: vec![PhaseClient::default(); traffic.scripts.len()],
                    refused: Vec::new(),
                };
                3
            ],
            ..Self::default()
        }
    }

    /// A transaction ended.
    pub(super) fn transaction(
        &mut self,
        script: usize,
        ended: Result<(), ()>,
        took: Duration,
        parts: &Parts,
    ) {
        match ended {
            Ok(()) => self.interval[script].latency.record(took),
            Err(()) => {
                self.interval[script].failed += 1;
                self.clients[script].failed.record(took);
            }
        }
        self.clients[script].parts.add(parts);
    }

    /// A statement of a step succeeded.
    pub(super) fn step(&mut self, script: usize, step: usize, took: Duration, rows: u64) {
        let step = &mut self.clients[script].steps[step];
        step.latency.record(took);
        step.most_rows = step.most_rows.max(rows);
    }

    /// Keeps the parameters of the first execution of a step.
    pub(super) fn sample(&mut self, script: usize, step: usize, arguments: &ArgumentBuffer) {
        let sample = &mut self.clients[script].steps[step].sample;
        if sample.is_none() {
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let values = arguments.values().map(|value| value.map(text));
            *sample = Some(values.collect());
        }
    }

    /// A statement of a step was refused.
    pub(super) fn refused(&mut self, script: usize, step: usize, error: &ServerError) {
        let client = &mut self.clients[script];
        let step = &mut client.steps[step];
        *step.errors.entry(error.code.clone()).or_default() += 1;
        let tally = client.errors.entry(error.code.clone());
        let tally = tally.or_insert_with(|| ErrorTally {
            step: Some(step.step.clone()),
            first: error.clone(),
            ..ErrorTally::default()
        });
        tally.count += 1;
    }

    /// A statement of a step was refused, though the step does not expect it and no later try makes it good.
    pub(super) fn unexpected(
        &mut self,
        script: usize,
        step: usize,
        error: &ServerError,
        course: Course,
    ) {
        let unexpected = &mut self.clients[script].steps[step].unexpected;
        let tally = unexpected.entry(error.code.clone());
        let tally = tally.or_insert_with(|| ErrorTally {
            first: error.clone(),
            ..ErrorTally::default()
        });
        tally.count += 1;
        tally.fatal += u64::from(course == Course::Ends);
    }

    /// A transaction beside a migration ended.
    pub(super) fn beside(
        &mut self,
        script: usize,
        ended: Result<Duration, ()>,
        span: (Instant, Instant),
        mark: &Mark,
    ) {
        let client = &mut self.phases[mark.phase(span.1)].clients[script];
        let Ok(took) = ended else {
            client.failed += 1;
            return;
        };
        client.completed += 1;
        let touched = &mut self.phases[mark.touched(span.0, span.1)];
        touched.clients[script].latency.record(took);
    }

    /// A statement beside a migration was refused, or a connection for it.
    pub(super) fn refused_beside(
        &mut self,
        script: usize,
        step: Option<usize>,
        error: &ServerError,
        at: (Instant, Micros),
        mark: &Mark,
    ) {
        let client = &self.clients[script];
        let refused = RefusedTally {
            client: client.client.clone(),
            step: step.map(|step| client.steps[step].step.clone()),
            code: error.code.clone(),
            message: error.message.clone(),
            count: 1,
            first: at.1,
        };
        self.phases[mark.phase(at.0)].refuse(&refused);
    }

    /// An error ended a transaction.
    pub(super) fn fatal(&mut self, script: usize, code: &str) {
        if let Some(tally) = self.clients[script].errors.get_mut(code) {
            tally.fatal += 1;
        }
    }

    /// A connection was waited for.
    pub(super) fn waited(&mut self, span: Duration) {
        self.connections.wait.record(span);
        self.crowding.wait.record(span);
    }

    /// No connection was to be had for a transaction.
    pub(super) fn no_connection(&mut self, script: usize, error: &ServerError) {
        self.crowding.refused += 1;
        let first = || ErrorTally {
            first: error.clone(),
            ..ErrorTally::default()
        };
        let code = &error.code;
        for tally in [
            self.connections
                .refused
                .entry(code.clone())
                .or_insert_with(first),
            self.clients[script]
                .errors
                .entry(code.clone())
                .or_insert_with(first),
        ] {
            tally.count += 1;
            tally.fatal += 1;
        }
    }

    /// A step did not come to what it says under a key.
    pub(super) fn mismatch(
        &mut self,
        script: usize,
        step: usize,
        key: &str,
        words: impl FnOnce() -> String,
    ) {
        let tally = self.clients[script].steps[step]
            .mismatch
            .get_or_insert_with(|| MismatchTally {
                count: 0,
                key: key.to_owned(),
                first: words(),
            });
        tally.count += 1;
    }

    /// A hook did not come to a good end.
    pub(super) fn hook(&mut self, script: usize, hook: HookTally) {
        match &mut self.clients[script].hook {
            Some(known) => known.count += 1,
            none => *none = Some(hook),
        }
    }
}
