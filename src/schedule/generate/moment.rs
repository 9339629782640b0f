//! Moments in a range.

use super::error::Problem;
use crate::record::Value;
use crate::record::value::TimestampTz;
use crate::spec::generator::TimestampRange;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Seconds from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.
const EPOCH: i64 = 946_684_800;

/// Whole seconds from a first to a last moment, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moments {
    /// Seconds since 2000-01-01 UTC.
    first: i64,
    pub(super) count: u64,
}

impl Moments {
    pub(super) fn new(spec: &TimestampRange) -> Result<Moments, Problem> {
        let (first, last) = (seconds("from", &spec.from)?, seconds("to", &spec.to)?);
        if first > last {
            let TimestampRange { from, to } = spec;
            return Err(Problem::new(format!(
                "timestamp from {from} to {to} has no values"
            )));
        }
        Ok(Moments {
            first,
            count: first.abs_diff(last) + 1,
        })
    }

    /// The moment so many seconds after the first. PostgreSQL reads its text as a `timestamp` or `date` too.
    pub(super) fn nth(&self, place: u64) -> Value {
        let seconds = self.first.wrapping_add_unsigned(place);
        Value::TimestampTz(TimestampTz(seconds.saturating_mul(1_000_000)))
    }
}

fn seconds(key: &str, text: &str) -> Result<i64, Problem> {
    let text = text.trim();
    let moment = text.parse::<jiff::Timestamp>().or_else(|_| {
        let local = text.parse::<DateTime>()?;
        Ok::<_, jiff::Error>(local.to_zoned(TimeZone::UTC)?.timestamp())
    });
    match moment {
        Ok(moment) => Ok(moment.as_second() - EPOCH),
        Err(_) => Err(
            Problem::new(format!("{key}: \"{text}\" is not a date or a moment"))
                .hint("write 2024-01-31, 2024-01-31 12:30:00 or 2024-01-31T12:30:00+02:00"),
        ),
    }
}
