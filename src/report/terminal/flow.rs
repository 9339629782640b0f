//! How is a load doing right now? A line for each interval, and how the throughput went until now as a small picture.

use crate::{
    record::{Histogram, load::Interval},
    report::load::per_second,
    run::LoadProgress,
    text::{format_duration, plural, thousands},
};

/// The steps of the picture.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// So many intervals are in the picture.
const WIDTH: usize = 24;

/// The throughputs of a load, interval by interval.
#[derive(Debug, Default)]
pub(super) struct Flow {
    rates: Vec<f64>,
}

impl Flow {
    /// An interval is over; gives the line that tells of it.
    pub(super) fn add(&mut self, progress: &LoadProgress<'_>) -> String {
        let (count, micros) = (done(progress.interval).count(), progress.interval.length.0);
        self.rates.push(count as f64 / micros.max(1) as f64);
        if self.rates.len() > WIDTH {
            self.rates.remove(0);
        }
        line(progress)
    }

    /// `▁▃▇█`, the highest as high as it goes.
    pub(super) fn picture(&self) -> String {
        let most = self.rates.iter().copied().fold(0.0, f64::max);
        let bar = |rate: &f64| match most > 0.0 {
            true => BARS[((rate / most * 7.0).round() as usize).min(7)],
            false => BARS[0],
        };
        self.rates.iter().map(bar).collect()
    }
}

/// `3 s of 30 s: 14,102/s, p50 98 µs, p99 9.98 ms, 0 errors, 8 users`
fn line(progress: &LoadProgress<'_>) -> String {
    let interval = progress.interval;
    let latency = done(interval);
    let failed: u64 = interval.clients.iter().map(|tally| tally.failed).sum();
    let of = match progress.of {
        Some(of) => format!(" of {}", format_duration(of)),
        None => String::new(),
    };
    let warmup = if progress.warmup { " (warmup)" } else { "" };
    let percentiles = match latency.is_empty() {
        true => "nothing completed".to_owned(),
        false => format!(
            "p50 {}, p99 {}",
            format_duration(latency.at(0.5).duration()),
            format_duration(latency.at(0.99).duration())
        ),
    };
    let errors = match failed {
        1 => "1 error".to_owned(),
        errors => format!("{} errors", thousands(errors)),
    };
    format!(
        "{}{of}{warmup}: {}, {percentiles}, {errors}, {}",
        format_duration(progress.elapsed),
        per_second(latency.count(), interval.length),
        plural(u64::from(interval.users), "user")
    )
}

fn done(interval: &Interval) -> Histogram {
    let mut all = Histogram::default();
    for tally in &interval.clients {
        all.add(&tally.latency);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Micros, load::IntervalTally};
    use std::time::Duration;

    fn interval(count: u64) -> Interval {
        let mut tally = IntervalTally {
            failed: 1,
            ..IntervalTally::default()
        };
        for _ in 0..count {
            tally.latency.record(Duration::from_micros(250));
        }
        Interval {
            users: 8,
            length: Micros(1_000_000),
            clients: vec![tally],
            ..Interval::default()
        }
    }

    fn add(flow: &mut Flow, count: u64) -> String {
        flow.add(&LoadProgress {
            interval: &interval(count),
            clients: &[],
            warmup: false,
            elapsed: Duration::from_secs(3),
            of: Some(Duration::from_secs(30)),
        })
    }

    #[test]
    fn an_interval_is_a_line() {
        let mut flow = Flow::default();
        assert_eq!(
            add(&mut flow, 1200),
            "3 s of 30 s: 1,200/s, p50 250 µs, p99 250 µs, 1 error, 8 users"
        );
        assert_eq!(
            add(&mut flow, 0),
            "3 s of 30 s: 0.0/s, nothing completed, 1 error, 8 users"
        );
    }

    #[test]
    fn a_stall_is_seen_in_the_picture() {
        let mut flow = Flow::default();
        for count in [1000, 1000, 0, 500] {
            add(&mut flow, count);
        }
        assert_eq!(flow.picture(), "██▁▅");
    }
}
