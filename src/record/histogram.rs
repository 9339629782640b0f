//! Spans of time, counted: the one form in which latencies are kept, sent, stored and added up.

use super::Micros;
use hdrhistogram::{
    Histogram as Counts,
    serialization::{Deserializer as ReadsCounts, Serializer as _, V2DeflateSerializer},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::time::Duration;

/// Significant decimal digits: what is told is exact to a thousandth.
const DIGITS: u8 = 3;

/// The distribution of spans, to three significant digits; the largest and the sum are exact.
///
/// Adding two up gives what one would have counted that saw the samples of both.
#[derive(Clone, PartialEq)]
pub struct Histogram {
    /// In microseconds, to the nearest.
    counts: Counts<u64>,
    /// The largest, in microseconds.
    max: u64,
    /// All spans together, in nanoseconds.
    sum: u128,
}

impl Default for Histogram {
    fn default() -> Self {
        // Three digits from 1 up are always accepted.
        #[allow(clippy::expect_used, reason = "constant arguments")]
        let mut counts = Counts::new_with_max(4095, DIGITS).expect("three digits are allowed");
        counts.auto(true);
        Self {
            counts,
            max: 0,
            sum: 0,
        }
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("p50", &self.counts.value_at_quantile(0.5))
            .field("max", &self.max)
            .finish()
    }
}

impl Histogram {
    /// Counts one span.
    pub fn record(&mut self, span: Duration) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let micros = nanos / 1000 + u64::from(nanos % 1000 >= 500);
        // One that grows takes any value.
        let _ = self.counts.record(micros);
        self.max = self.max.max(micros);
        self.sum += u128::from(nanos);
    }

    /// Counts one span that is known in microseconds.
    pub fn record_micros(&mut self, span: Micros) {
        self.record(span.duration());
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        // One that grows takes any other.
        let _ = self.counts.add(&other.counts);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
    }

    /// Forgets everything, and keeps its memory.
    pub fn clear(&mut self) {
        self.counts.reset();
        self.max = 0;
        self.sum = 0;
    }

    /// How many spans.
    pub fn count(&self) -> u64 {
        self.counts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The span that this share of all spans, 0 to 1, does not exceed; zero without any.
    pub fn at(&self, quantile: f64) -> Micros {
        let value = self.counts.value_at_quantile(quantile);
        // A histogram tells the upper end of a value's bucket, which may lie above the largest sample.
        Micros(value.min(self.max))
    }

    /// The largest span, exact to the microsecond.
    pub fn max(&self) -> Micros {
        Micros(self.max)
    }

    /// All spans together.
    pub fn sum(&self) -> Duration {
        let nanos = u64::try_from(self.sum).unwrap_or(u64::MAX);
        Duration::from_nanos(nanos)
    }

    /// The arithmetic mean, in microseconds; none without any span.
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum as f64 / 1000.0 / self.count() as f64)
    }

    /// The counts in microseconds, for reports that draw them or write interval logs.
    pub fn counts(&self) -> &Counts<u64> {
        &self.counts
    }
}

/// The form of a histogram in JSON.
#[derive(Serialize, Deserialize)]
struct Form {
    /// V2, deflated, in base64: what every HdrHistogram library reads.
    hdr: String,
    max: Micros,
    sum_ns: u64,
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.counts, &mut bytes)
            .map_err(|error| serde::ser::Error::custom(format!("{error:?}")))?;
        let form = Form {
            hdr: base64(&bytes),
            max: self.max(),
            sum_ns: u64::try_from(self.sum).unwrap_or(u64::MAX),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form::deserialize(deserializer)?;
        let bytes = from_base64(&form.hdr).ok_or_else(|| D::Error::custom("no base64"))?;
        let mut read: Counts<u64> = ReadsCounts::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| D::Error::custom(format!("no histogram: {error}")))?;
        read.auto(true);
        // Into one of our own, so that equal counts are equal whatever the file's range was.
        let mut own = Self::default();
        own.counts.add(&read).map_err(D::Error::custom)?;
        own.max = form.max.0;
        own.sum = u128::from(form.sum_ns);
        Ok(own)
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        for micros in micros {
            histogram.record_micros(Micros(micros));
        }
        histogram
    }

    #[test]
    fn two_added_up_are_one_that_saw_all_samples() {
        let mut one = of((1..500).map(|n| n * 7));
        one.add(&of((1..500).map(|n| n * 9_000)));
        let both = (1..500).map(|n| n * 7).chain((1..500).map(|n| n * 9_000));
        assert_eq!(one, of(both));
    }

    #[test]
    fn what_is_written_is_read_again_and_can_be_added_to() {
        let histogram = of([3, 40, 40, 1_000_000, 90_000_000]);
        let json = serde_json::to_string(&histogram).unwrap();
        assert!(json.contains("HISTFAAA"), "{json}");
        let mut read: Histogram = serde_json::from_str(&json).unwrap();
        assert_eq!(read, histogram);
        read.add(&histogram);
        assert_eq!((read.count(), read.max()), (10, Micros(90_000_000)));
        assert!(serde_json::from_str::<Histogram>(r#"{"hdr":"?","max":1,"sum_ns":1}"#).is_err());
    }

    #[test]
    fn a_span_counts_to_the_nearest_microsecond_and_sums_up_exactly() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::from_nanos(1_499));
        histogram.record(Duration::from_nanos(1_500));
        assert_eq!(histogram.max(), Micros(2));
        assert_eq!(histogram.sum(), Duration::from_nanos(2_999));
        assert_eq!(histogram.at(0.5), Micros(1));
    }

    #[test]
    fn nothing_has_no_mean() {
        let histogram = Histogram::default();
        assert_eq!((histogram.mean(), histogram.at(0.99)), (None, Micros(0)));
    }
}
