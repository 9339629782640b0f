//! When does what begin and end? The stages of a load on the clock, once it has been said when it begins.

use crate::schedule::{LoadPlan, StagePlan};
use std::time::{Duration, Instant};

/// How long an interval is.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// The stages with their moments.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// When users begin to act.
    pub(super) start: Instant,
    /// The end of the warmup: what should begin from now on is measured.
    pub(super) measured_from: Instant,
    stages: Vec<Timed>,
}

/// A stage with its moments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed {
    /// Which, from 0.
    pub(super) index: u32,
    /// What it asks for.
    pub(super) plan: StagePlan,
    /// When it ends; none where the number of transactions says when.
    pub(super) until: Option<Instant>,
}

impl Clock {
    /// The clock of a load that begins now.
    pub(super) fn new(plan: &LoadPlan, start: Instant) -> Self {
        let measured_from = start + plan.warmup;
        let mut until = Some(measured_from);
        let mut stages = Vec::new();
        for (index, stage) in plan.stages.iter().enumerate() {
            until = until.zip(stage.duration).map(|(at, span)| at + span);
            stages.push(Timed {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                plan: *stage,
                until,
            });
        }
        Self {
            start,
            measured_from,
            stages,
        }
    }

    /// The stage of a moment; none when all are over.
    pub(super) fn stage(&self, now: Instant) -> Option<&Timed> {
        self.stages
            .iter()
            .find(|stage| stage.until.is_none_or(|until| now < until))
    }

    /// The stage after one.
    pub(super) fn after(&self, stage: &Timed) -> Option<&Timed> {
        self.stages.get(stage.index as usize + 1)
    }

    /// Whether a stage begins at a moment, other than the first one.
    pub(super) fn begins_stage(&self, now: Instant) -> bool {
        self.stages.iter().any(|stage| stage.until == Some(now))
    }

    /// When nothing begins any more; none where the number of transactions says when.
    pub(super) fn end(&self) -> Option<Instant> {
        self.stages.last().and_then(|stage| stage.until)
    }

    /// The end of the interval that begins at a moment: about a second later, and never across the end of the warmup or of
    /// a stage. None in the last one, which ends with the last transaction.
    pub(super) fn interval_end(&self, from: Instant) -> Option<Instant> {
        let stage = self.stage(from)?;
        let borders = [
            (from < self.measured_from).then_some(self.measured_from),
            stage.until,
        ];
        let border = borders.into_iter().flatten().min();
        let end = from + INTERVAL;
        let end = match border {
            // What would be left is too short to say anything.
            Some(border) if border < end + INTERVAL / 4 => border,
            _ => end,
        };
        (self.end() != Some(end)).then_some(end)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::spec::workload::{AfterError, Arrivals, Connections, Protocol};

    /// A load with stages of so many milliseconds.
    pub(in crate::run::load) fn plan(warmup: u64, stages: &[Option<u64>]) -> LoadPlan {
        let stages = stages.iter().map(|millis| StagePlan {
            duration: millis.map(Duration::from_millis),
            users: 1,
            rate: None,
        });
        LoadPlan {
            warmup: Duration::from_millis(warmup),
            stages: stages.collect(),
            transactions: None,
            mix: Vec::new(),
            arrivals: Arrivals::Poisson,
            connections: Connections::PerUser,
            think: None,
            protocol: Protocol::Prepared,
            pipeline: false,
            on_error: AfterError::GoOn,
            users_before: 0,
            part: None,
            barrier: None,
        }
    }

    fn ends(clock: &Clock) -> Vec<u128> {
        let mut at = clock.start;
        let mut ends = Vec::new();
        while let Some(end) = clock.interval_end(at) {
            ends.push(end.duration_since(clock.start).as_millis());
            at = end;
            if ends.len() > 20 {
                break;
            }
        }
        ends
    }

    #[test]
    fn intervals_end_with_warmup_and_stages_and_the_last_one_with_the_last_transaction() {
        let start = Instant::now();
        let clock = Clock::new(&plan(1500, &[Some(2100), Some(500)]), start);
        assert_eq!(ends(&clock), [1000, 1500, 2500, 3600]);
        assert_eq!(clock.end(), Some(start + Duration::from_millis(4100)));
    }

    #[test]
    fn without_spans_there_is_no_end() {
        let clock = Clock::new(&plan(0, &[None]), Instant::now());
        assert_eq!(ends(&clock)[..3], [1000, 2000, 3000]);
        assert_eq!(clock.end(), None);
    }
}
