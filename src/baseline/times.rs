//! Is it faster or slower than it was? Each percentile that is remembered against the one that was measured now.
//!
//! Times hold only where they were taken: what was remembered in another [`Environment`](super::Environment) is
//! incomparable, and so is a percentile that only one of the two had samples enough for.

use super::{
    Timing, Timings,
    compare::{Scope, micros},
};
use crate::spec::{
    quantity::TimeSpan,
    scenario::{BaselineFact, BaselineOptions},
};
use std::{collections::BTreeSet, time::Duration};

/// Two times that are nearer to each other than this are the same: whatever is below, the scheduler of a busy machine
/// decides.
pub const SMALLEST_DIFFERENCE: Duration = Duration::from_millis(1);

/// One percentile or throughput, then and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeCompared {
    /// What it is of: a client, a step, or a query.
    pub of: String,
    /// `p50`, `p95`, `p99` or `throughput`.
    pub measure: &'static str,
    /// How it was; none where it was not remembered.
    pub before: Option<String>,
    /// How it is; none where there are too few samples.
    pub now: Option<String>,
    /// What it amounts to.
    pub judgement: Judgement,
}

/// How a time compares with the one that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judgement {
    /// It went up beyond tolerance.
    Worse,
    /// It went down beyond tolerance.
    Better,
    /// It moved no further than is tolerated.
    Same,
    /// One of the two is not known.
    Incomparable(Missing),
}

/// Which of two times is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// It was not remembered: it is new, or there were too few samples then.
    Before,
    /// There are too few samples now, or it is no more.
    Now,
}

/// Every percentile and throughput that is known then or now, of the same environment; none where the scenario ignores
/// latency.
pub fn compare_times(
    before: &Timings,
    now: &Timings,
    options: Option<&BaselineOptions>,
) -> Vec<TimeCompared> {
    let scope = Scope { options };
    if scope.ignores(BaselineFact::Latency) {
        return Vec::new();
    }
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let each = names
        .into_iter()
        .flat_map(|of| scope.of_one(of, before.get(of), now.get(of)));
    each.collect()
}

fn percentiles(timing: Option<&Timing>) -> [(&'static str, Option<TimeSpan>); 3] {
    [
        ("p50", timing.map(|timing| timing.p50)),
        ("p95", timing.and_then(|timing| timing.p95)),
        ("p99", timing.and_then(|timing| timing.p99)),
    ]
}

impl Scope<'_> {
    /// What is known of one client, step or query.
    fn of_one(self, of: &str, before: Option<&Timing>, now: Option<&Timing>) -> Vec<TimeCompared> {
        let pairs = percentiles(before).into_iter().zip(percentiles(now));
        let spans = pairs.filter_map(|((measure, before), (_, now))| {
            let judgement = judged(before, now, |before, now| self.of_time(before, now))?;
            Some(TimeCompared {
                of: of.to_owned(),
                measure,
                before: before.map(|span| span.to_string()),
                now: now.map(|span| span.to_string()),
                judgement,
            })
        });
        let mut compared: Vec<TimeCompared> = spans.collect();
        let per_second = |timing: Option<&Timing>| timing.and_then(|timing| timing.per_second);
        let (before, now) = (per_second(before), per_second(now));
        let throughput = judged(before, now, |before, now| self.of_throughput(before, now));
        compared.extend(throughput.map(|judgement| TimeCompared {
            of: of.to_owned(),
            measure: "throughput",
            before: before.map(|count| format!("{count}/s")),
            now: now.map(|count| format!("{count}/s")),
            judgement,
        }));
        compared
    }

    fn of_time(self, before: TimeSpan, now: TimeSpan) -> Judgement {
        match self.tolerates_time(before, now) {
            true => Judgement::Same,
            false if now > before => Judgement::Worse,
            false => Judgement::Better,
        }
    }

    /// A throughput may go as far down as a latency may go up: half as slow again is two thirds as much.
    fn of_throughput(self, before: u64, now: u64) -> Judgement {
        match self.tolerates(BaselineFact::Latency, before.min(now), before.max(now)) {
            true => Judgement::Same,
            false if now < before => Judgement::Worse,
            false => Judgement::Better,
        }
    }

    /// Whether a time may have moved this far.
    pub(super) fn tolerates_time(self, before: TimeSpan, now: TimeSpan) -> bool {
        before.0.abs_diff(now.0) < SMALLEST_DIFFERENCE
            || self.tolerates(BaselineFact::Latency, micros(before), micros(now))
    }
}

/// None where neither is known.
fn judged<T>(
    before: Option<T>,
    now: Option<T>,
    judge: impl FnOnce(T, T) -> Judgement,
) -> Option<Judgement> {
    match (before, now) {
        (None, None) => None,
        (None, Some(_)) => Some(Judgement::Incomparable(Missing::Before)),
        (Some(_), None) => Some(Judgement::Incomparable(Missing::Now)),
        (Some(before), Some(now)) => Some(judge(before, now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timings(p50: &str, p99: Option<&str>) -> Timings {
        let timing = Timing {
            p50: p50.parse().unwrap(),
            p95: None,
            p99: p99.map(|span| span.parse().unwrap()),
            per_second: None,
        };
        Timings::from([("page".to_owned(), timing)])
    }

    fn judged(before: &Timings, now: &Timings) -> Vec<(&'static str, Judgement)> {
        let compared = compare_times(before, now, None);
        compared
            .iter()
            .map(|time| (time.measure, time.judgement))
            .collect()
    }

    #[test]
    fn a_time_is_better_the_same_or_worse_beyond_tolerance() {
        let before = timings("10ms", None);
        let judge = |now: &str| judged(&before, &timings(now, None))[0].1;
        assert_eq!(judge("15ms"), Judgement::Same);
        assert_eq!(judge("16ms"), Judgement::Worse);
        assert_eq!(judge("5ms"), Judgement::Same);
        assert_eq!(judge("4ms"), Judgement::Better);
    }

    #[test]
    fn less_than_a_millisecond_is_no_difference() {
        let judge = |before: &str, now: &str| judged(&timings(before, None), &timings(now, None));
        assert_eq!(judge("100us", "1ms")[0].1, Judgement::Same);
        assert_eq!(judge("100us", "1200us")[0].1, Judgement::Worse);
    }

    #[test]
    fn what_only_one_side_knows_is_incomparable() {
        let (few, many) = (timings("10ms", None), timings("10ms", Some("20ms")));
        let missing = |before, now| judged(before, now)[1];
        assert_eq!(
            missing(&few, &many),
            ("p99", Judgement::Incomparable(Missing::Before))
        );
        assert_eq!(
            missing(&many, &few),
            ("p99", Judgement::Incomparable(Missing::Now))
        );
        assert_eq!(judged(&Timings::new(), &few).len(), 1);
    }

    #[test]
    fn a_throughput_is_worse_the_other_way_round() {
        let judge = |before: u64, now: u64| {
            let timings = |per_second| {
                let mut timings = timings("10ms", None);
                timings.get_mut("page").unwrap().per_second = Some(per_second);
                timings
            };
            judged(&timings(before), &timings(now))[1]
        };
        assert_eq!(judge(300, 100), ("throughput", Judgement::Worse));
        assert_eq!(judge(300, 250), ("throughput", Judgement::Same));
        assert_eq!(judge(100, 300), ("throughput", Judgement::Better));
    }

    #[test]
    fn a_scenario_says_what_is_tolerated_or_ignored() {
        let options = |tolerance: &str| BaselineOptions {
            ignore: Vec::new(),
            tolerance: [(BaselineFact::Latency, tolerance.parse().unwrap())]
                .into_iter()
                .collect(),
        };
        let (before, now) = (timings("10ms", None), timings("25ms", None));
        let judge = |options: &BaselineOptions| compare_times(&before, &now, Some(options));
        assert_eq!(judge(&options("200%"))[0].judgement, Judgement::Same);
        assert_eq!(judge(&options("100%"))[0].judgement, Judgement::Worse);
        let ignoring = BaselineOptions {
            ignore: vec![BaselineFact::Latency],
            ..BaselineOptions::default()
        };
        assert_eq!(judge(&ignoring), []);
    }
}
