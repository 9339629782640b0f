//! The interval log: a histogram for each second and client of every load, in the V2 format that HdrHistogram's own tools
//! read, plot and add up.
//!
//! Times are in microseconds; the column of the largest value is in milliseconds, as those tools expect. The tag names the
//! case and the client: `Transfers [load]/shopper`, with `_` for what the format keeps for itself.

use super::results::Results;
use hdrhistogram::serialization::{
    V2DeflateSerializer,
    interval_log::{IntervalLogWriterBuilder, Tag},
};
use std::{
    io,
    time::{Duration, SystemTime},
};

/// Microseconds in a millisecond: by this the largest value is divided.
const DIVISOR: f64 = 1000.0;

/// The content of the log; the loads stand one after the other, each from its own beginning.
///
/// # Errors
///
/// A histogram cannot be written in the format.
pub fn interval_log(results: &Results) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let began = began(results);
    let mut writer = IntervalLogWriterBuilder::new()
        .add_comment("[Logged with pgauge: microseconds, max in milliseconds]")
        .with_start_time(began)
        .with_base_time(began)
        .with_max_value_divisor(DIVISOR)
        .begin_log_with(&mut out, &mut serializer)?;
    for case in &results.cases {
        let Some(load) = &case.log.load else { continue };
        for interval in &load.intervals {
            for (tally, client) in interval.clients.iter().zip(&load.clients) {
                // Never of characters that the format keeps for itself.
                let name = tag(&format!("{}/{}", case.log.case, client.client));
                writer
                    .write_histogram(
                        tally.latency.counts(),
                        interval.from.duration(),
                        interval.length.duration(),
                        Tag::new(&name),
                    )
                    .map_err(|error| io::Error::other(format!("{error:?}")))?;
            }
        }
    }
    drop(writer);
    Ok(out)
}

/// When the run began, since 1970.
fn began(results: &Results) -> SystemTime {
    let moment = results.run.started_at.parse::<jiff::Timestamp>();
    let seconds = moment.map_or(0, |moment| u64::try_from(moment.as_second()).unwrap_or(0));
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A tag has no commas, blanks and line ends.
fn tag(text: &str) -> String {
    let kept = |c: char| {
        if c == ',' || c.is_whitespace() {
            '_'
        } else {
            c
        }
    };
    text.chars().map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        record::{
            Histogram, LoadLog, Micros,
            load::{ClientTally, Interval, IntervalTally},
        },
        report::sample,
    };
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    #[test]
    fn what_is_written_is_read_by_the_formats_own_reader() {
        let mut results = sample::results();
        results.cases.truncate(1);
        let mut latency = Histogram::default();
        latency.record_micros(Micros(1500));
        results.cases[0].log.load = Some(Box::new(LoadLog {
            clients: vec![ClientTally {
                client: "shopper".to_owned(),
                ..ClientTally::default()
            }],
            intervals: vec![Interval {
                from: Micros(2_000_000),
                length: Micros(1_000_000),
                clients: vec![IntervalTally {
                    latency,
                    ..IntervalTally::default()
                }],
                ..Interval::default()
            }],
            ..LoadLog::default()
        }));
        let log = interval_log(&results).unwrap();
        let entries: Vec<LogEntry<'_>> = IntervalLogIterator::new(&log)
            .map(|entry| entry.unwrap())
            .collect();
        let LogEntry::Interval(interval) = entries.last().unwrap() else {
            panic!("{entries:?}")
        };
        assert!(interval.tag().unwrap().as_str().ends_with("/shopper"));
        assert_eq!(interval.start_timestamp(), Duration::from_secs(2));
        assert!((interval.max() - 1.5).abs() < 0.01);
    }
}
