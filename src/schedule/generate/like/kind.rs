//! What does a value of a type look like, as a key, at a rank, between two bounds?

use super::{
    super::{error::Problem, random::Stream},
    between::{Between, Bucket},
};
use crate::{
    record::{Value, value::TimestampTz},
    schedule::statistics::ColumnStatistics,
};
use jiff::{civil::DateTime, tz::TimeZone};

/// Seconds from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.
const EPOCH: i64 = 946_684_800;

/// A kind of type whose values can be made.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Kind {
    /// smallint, integer, bigint.
    Whole,
    /// numeric, real, double precision, with so many digits after the point.
    Decimal { digits: usize },
    /// date, timestamp, timestamptz.
    Moment,
    /// uuid.
    Uuid,
    /// boolean.
    Switch,
    /// Texts of so many characters, and of as many at most.
    Letters { length: usize, most: usize },
    /// json and jsonb.
    Document,
    /// An array of anything.
    List,
    /// Of others the values themselves are known, or none.
    Other { type_name: String },
}

impl Kind {
    pub(super) fn of(column: &ColumnStatistics) -> Self {
        let name = column.type_name.as_str();
        match name {
            "smallint" | "integer" | "bigint" => Self::Whole,
            "numeric" | "real" | "double precision" => Self::Decimal {
                digits: digits(column),
            },
            "date" | "timestamp without time zone" | "timestamp with time zone" => Self::Moment,
            "uuid" => Self::Uuid,
            "boolean" => Self::Switch,
            "text" | "character varying" | "character" | "citext" | "name" | "bytea" => {
                Self::Letters {
                    length: length(column),
                    most: column.length.map_or(usize::MAX, |most| most as usize),
                }
            }
            "json" | "jsonb" => Self::Document,
            name if name.ends_with("[]") => Self::List,
            name => Self::Other {
                type_name: name.to_owned(),
            },
        }
    }

    /// A value as the export tells it.
    pub(super) fn read(&self, text: &str) -> Value {
        match self {
            Self::Whole => text
                .parse()
                .map_or_else(|_| Value::Text(text.to_owned()), Value::Int),
            _ => Value::Text(text.to_owned()),
        }
    }

    /// The key of a row, counted from 0: no two rows have the same.
    pub(super) fn key(&self, row: u64) -> Result<Value, Problem> {
        let number = i64::try_from(row).unwrap_or(i64::MAX).saturating_add(1);
        Ok(match self {
            Self::Whole | Self::Decimal { .. } => Value::Int(number),
            // One each minute, from 2020 on.
            Self::Moment => moment(20 * 366 * 86_400 + number.saturating_mul(60)),
            Self::Uuid => uuid(row),
            Self::Letters { length, most } => {
                Value::Text(letters(row, (*length).max(KEY_LENGTH).min(*most)))
            }
            Self::Switch | Self::Document | Self::List | Self::Other { .. } => {
                return Err(self.unknown());
            }
        })
    }

    /// The value of a rank, which lies at this place of those that are not common.
    pub(super) fn of_rank(&self, rank: u64, at: Place, bounds: &Bounds) -> Result<Value, Problem> {
        if bounds.is_known() && !matches!(self, Self::Letters { .. }) {
            return Ok(bounds.at(at.share));
        }
        Ok(match self {
            Self::Letters { length, most } => match bounds.bucket(at) {
                Some(bucket) => Value::Text(in_bucket(bucket, rank, *length, *most)),
                None => Value::Text(letters(rank, *length)),
            },
            Self::Switch => Value::Bool(rank.is_multiple_of(2)),
            Self::Document => Value::Text("{}".to_owned()),
            Self::List => Value::Text("{}".to_owned()),
            Self::Whole | Self::Decimal { .. } | Self::Moment | Self::Uuid => self.key(rank)?,
            Self::Other { .. } => return Err(self.unknown()),
        })
    }

    fn unknown(&self) -> Problem {
        let what = match self {
            Self::Other { type_name } => type_name.as_str(),
            Self::Switch => "boolean",
            Self::Document => "json",
            Self::List => "array",
            _ => "this",
        };
        Problem::new(format!("no values of type {what} can be made up"))
            .hint("leave the table out of \"tables\", and seed it by an item of its own")
    }
}

/// Where a value stands among those of its column that are not common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Place {
    /// How far, from 0 to less than 1.
    pub(in super::super) share: f64,
    /// How many different ones there are.
    pub(in super::super) of: f64,
}

/// Characters that a key of letters has at least: 36 to the power of 6 are two thousand million.
const KEY_LENGTH: usize = 6;

/// Digits after the point, as the values of the export have them.
fn digits(column: &ColumnStatistics) -> usize {
    let known = column.common.iter().flatten().chain(&column.histogram);
    let digits = known.map(|text| text.split_once('.').map_or(0, |(_, rest)| rest.len()));
    digits.max().unwrap_or(2).min(15)
}

/// Characters of a text: its bytes without the byte that says how long it is.
fn length(column: &ColumnStatistics) -> usize {
    let mean = column
        .width
        .map_or(12, |width| (width as usize).saturating_sub(1).max(1));
    column.length.map_or(mean, |most| mean.min(most as usize))
}

/// The bounds of a histogram, ready to be interpolated.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Bounds {
    /// Nothing is known.
    None,
    /// Whole numbers.
    Whole(Vec<f64>),
    /// Decimals with so many digits.
    Decimal(Vec<f64>, usize),
    /// Microseconds since 2000-01-01.
    Moment(Vec<f64>),
    /// Anything else: between two of them nothing can be made up.
    Texts(Vec<String>),
}

impl Bounds {
    pub(super) fn of(column: &ColumnStatistics, kind: &Kind) -> Self {
        let texts = &column.histogram;
        if texts.is_empty() {
            return Self::None;
        }
        let numbers = || {
            texts
                .iter()
                .map(|text| text.parse().ok())
                .collect::<Option<Vec<f64>>>()
        };
        let known = match kind {
            Kind::Whole => numbers().map(Self::Whole),
            Kind::Decimal { digits } => numbers().map(|numbers| Self::Decimal(numbers, *digits)),
            Kind::Moment => {
                let moments = texts.iter().map(|text| micros(text));
                moments.collect::<Option<Vec<f64>>>().map(Self::Moment)
            }
            _ => None,
        };
        known.unwrap_or_else(|| Self::Texts(texts.clone()))
    }

    pub(super) fn is_known(&self) -> bool {
        *self != Self::None
    }

    /// Whether there is always something between two of its bounds.
    pub(super) fn is_continuous(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Decimal(..) | Self::Moment(_))
    }

    /// The value at a place from 0 to 1.
    pub(super) fn at(&self, place: f64) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Whole(bounds) => Value::Int(between(bounds, place).round() as i64),
            Self::Decimal(bounds, digits) => {
                Value::Text(format!("{:.*}", *digits, between(bounds, place)))
            }
            Self::Moment(bounds) => {
                Value::TimestampTz(TimestampTz(between(bounds, place).round() as i64))
            }
            Self::Texts(texts) => {
                let at = (place * texts.len() as f64) as usize;
                Value::Text(texts[at.min(texts.len() - 1)].clone())
            }
        }
    }

    /// The texts around a place.
    fn bucket(&self, at: Place) -> Option<Bucket<'_>> {
        let Self::Texts(texts) = self else {
            return None;
        };
        let buckets = (texts.len() - 1) as f64;
        let below = (at.share * buckets) as usize;
        let low = texts.get(below)?;
        Some(Bucket {
            low,
            high: texts.get(below + 1).unwrap_or(low),
            place: at.share * buckets - below as f64,
            texts: at.of / buckets.max(1.0),
        })
    }
}

/// The number at a place between bounds that have equally many values between them.
fn between(bounds: &[f64], place: f64) -> f64 {
    let last = bounds.len() - 1;
    let at = place.clamp(0.0, 1.0) * last as f64;
    let below = (at.floor() as usize).min(last);
    let above = (below + 1).min(last);
    bounds[below] + (bounds[above] - bounds[below]) * (at - below as f64)
}

/// Microseconds from 2000-01-01 to a date or moment as PostgreSQL writes it.
fn micros(text: &str) -> Option<f64> {
    let moment = text.parse::<jiff::Timestamp>().or_else(|_| {
        // PostgreSQL writes an offset of whole hours as two digits.
        format!("{text}:00").parse::<jiff::Timestamp>()
    });
    let moment = moment.or_else(|_| {
        let local = text.parse::<DateTime>()?;
        Ok::<_, jiff::Error>(local.to_zoned(TimeZone::UTC)?.timestamp())
    });
    Some(moment.ok()?.as_microsecond() as f64 - EPOCH as f64 * 1e6)
}

fn moment(seconds: i64) -> Value {
    Value::TimestampTz(TimestampTz(seconds.saturating_mul(1_000_000)))
}

fn uuid(rank: u64) -> Value {
    let stream = Stream::of(0, &["like", "uuid"]);
    let high = stream.distinct(rank);
    let low = stream.branch(1).distinct(rank);
    // The version and variant of RFC 9562; the bits of the rank that they take are in the lower half too.
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    Value::Uuid(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
}

/// A text of so many characters that begins with what spells the rank.
fn letters(rank: u64, length: usize) -> String {
    let mut text = String::with_capacity(length);
    spell(rank, length, &mut text);
    fill(rank, length, &mut text);
    text
}

/// A text between two others. Where there is none, as between equal ones, it goes on where the lower one ends.
fn in_bucket(bucket: Bucket<'_>, rank: u64, length: usize, most: usize) -> String {
    match bucket.text(most) {
        Some(Between { start, alphabet }) => {
            let mut text = start;
            let mut random = Stream::of(0, &["like", "letters"]).at(rank);
            for _ in text.chars().count()..length {
                text.push(alphabet[random.below(alphabet.len() as u64) as usize]);
            }
            text
        }
        None => {
            let mut text: String = bucket.low.chars().take(most).collect();
            let length = (text.chars().count() + KEY_LENGTH).max(length).min(most);
            spell(rank, length, &mut text);
            fill(rank, length, &mut text);
            text
        }
    }
}

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Appends the digits of a rank, as far as the length allows: always [`KEY_LENGTH`] of them where it does, so that no text
/// begins as another rank's does.
fn spell(mut rank: u64, length: usize, text: &mut String) {
    let mut digits = 0;
    while text.chars().count() < length && (digits < KEY_LENGTH || rank > 0) {
        text.push(char::from(ALPHABET[(rank % 36) as usize]));
        rank /= 36;
        digits += 1;
    }
}

/// Appends letters that depend on the rank alone.
fn fill(rank: u64, length: usize, text: &mut String) {
    let mut random = Stream::of(0, &["like", "letters"]).at(rank);
    for _ in text.chars().count()..length {
        text.push(char::from(ALPHABET[random.below(36) as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(type_name: &str, histogram: &[&str]) -> ColumnStatistics {
        ColumnStatistics {
            type_name: type_name.into(),
            histogram: histogram.iter().map(|text| (*text).into()).collect(),
            width: Some(9.0),
            ..ColumnStatistics::default()
        }
    }

    fn at(column: &ColumnStatistics, share: f64) -> String {
        let kind = Kind::of(column);
        let bounds = Bounds::of(column, &kind);
        let place = Place { share, of: 10.0 };
        kind.of_rank(7, place, &bounds).unwrap().to_string()
    }

    #[test]
    fn values_lie_between_the_bounds_of_the_histogram() {
        assert_eq!(at(&column("integer", &["0", "10", "1000"]), 0.25), "5");
        assert_eq!(at(&column("integer", &["0", "10", "1000"]), 0.75), "505");
        assert_eq!(at(&column("numeric", &["1.50", "2.50"]), 0.5), "2.00");
        let moments = ["2024-01-01 00:00:00+00", "2024-01-03 00:00:00+00"];
        assert!(at(&column("timestamp with time zone", &moments), 0.5).starts_with("2024-01-02"));
        assert!(at(&column("date", &["2024-01-01", "2024-01-03"]), 0.5).starts_with("2024-01-02"));
    }

    #[test]
    fn texts_lie_between_the_bounds_have_their_length_and_are_all_different() {
        let bounds = ["user100", "user199", "user299"];
        for length in [8, 12] {
            let names = ColumnStatistics {
                width: Some(f64::from(length) + 1.0),
                ..column("text", &bounds)
            };
            let kind = Kind::of(&names);
            let known = Bounds::of(&names, &kind);
            let mut made = std::collections::BTreeSet::new();
            for rank in 0..400_u32 {
                let place = Place {
                    share: (f64::from(rank) + 0.5) / 400.0,
                    of: 400.0,
                };
                let value = kind.of_rank(u64::from(rank), place, &known).unwrap();
                let text = value.to_string();
                let bucket = usize::from(rank >= 200);
                assert!(
                    *bounds[bucket] < *text && *text < *bounds[bucket + 1],
                    "{text} at {rank}"
                );
                assert_eq!(text.len(), length as usize, "{text}");
                made.insert(text);
            }
            assert_eq!(made.len(), 400);
        }
    }

    #[test]
    fn between_equal_bounds_texts_are_different_all_the_same() {
        let names = column("text", &["same", "same"]);
        let text = at(&names, 0.5);
        assert!(text.starts_with("same") && text.len() > 4, "{text}");
    }

    #[test]
    fn keys_are_all_different() {
        for name in ["integer", "text", "uuid", "timestamp with time zone"] {
            let kind = Kind::of(&column(name, &[]));
            let keys: std::collections::BTreeSet<String> = (0..5000)
                .map(|row| kind.key(row).unwrap().to_string())
                .collect();
            assert_eq!(keys.len(), 5000, "{name}");
        }
    }
}
