//! Which date or time does a text name? The ISO forms, with `T` or a blank, any offset, `BC` and
//! the infinities.

use super::{Civil, DAY, Date, SECOND, Time, TimeTz, Timestamp, TimestampTz};
use std::str::FromStr;

/// A text that names no date or time of the type asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATime;

impl FromStr for Date {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Date, NotATime> {
        if let Some(infinity) = infinity(text) {
            return Ok(Date([i32::MIN, i32::MAX][usize::from(infinity)]));
        }
        let moment = Reader::moment(text).ok_or(NotATime)?;
        if moment.time.is_some() || moment.offset.is_some() {
            return Err(NotATime);
        }
        moment.days.try_into().map(Date).map_err(|_| NotATime)
    }
}

impl FromStr for Time {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Time, NotATime> {
        let mut reader = Reader { rest: text.trim() };
        let time = reader.time().ok_or(NotATime)?;
        reader.rest.is_empty().then_some(Time(time)).ok_or(NotATime)
    }
}

impl FromStr for TimeTz {
    type Err = NotATime;

    /// Without an offset it is UTC.
    fn from_str(text: &str) -> Result<TimeTz, NotATime> {
        let mut reader = Reader { rest: text.trim() };
        let time = reader.time().map(Time).ok_or(NotATime)?;
        let offset = reader.offset().ok_or(NotATime)?.unwrap_or(0);
        let whole = reader.rest.is_empty();
        whole.then_some(TimeTz { time, offset }).ok_or(NotATime)
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;

    /// An offset other than zero is refused: PostgreSQL would drop it silently.
    fn from_str(text: &str) -> Result<Timestamp, NotATime> {
        if let Some(infinity) = infinity(text) {
            return Ok(Timestamp([i64::MIN, i64::MAX][usize::from(infinity)]));
        }
        let moment = Reader::moment(text).ok_or(NotATime)?;
        if moment.offset.unwrap_or(0) != 0 {
            return Err(NotATime);
        }
        moment.micros().map(Timestamp).ok_or(NotATime)
    }
}

impl FromStr for TimestampTz {
    type Err = NotATime;

    /// Without an offset it is UTC.
    fn from_str(text: &str) -> Result<TimestampTz, NotATime> {
        if let Some(infinity) = infinity(text) {
            return Ok(TimestampTz([i64::MIN, i64::MAX][usize::from(infinity)]));
        }
        let moment = Reader::moment(text).ok_or(NotATime)?;
        moment.micros().map(TimestampTz).ok_or(NotATime)
    }
}

/// `Some(true)` for infinity, `Some(false)` for -infinity.
fn infinity(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "infinity" => Some(true),
        "-infinity" => Some(false),
        _ => None,
    }
}

struct Moment {
    days: i64,
    time: Option<i64>,
    offset: Option<i32>,
}

impl Moment {
    fn micros(&self) -> Option<i64> {
        let local = i128::from(self.days) * i128::from(DAY) + i128::from(self.time.unwrap_or(0));
        let offset = i128::from(self.offset.unwrap_or(0)) * i128::from(SECOND);
        (local - offset).try_into().ok()
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn moment(text: &str) -> Option<Moment> {
        let text = text.trim();
        let (text, before_christ) = match text
            .len()
            .checked_sub(3)
            .map(|at| text.split_at_checked(at))
        {
            Some(Some((head, era))) if era.eq_ignore_ascii_case(" bc") => (head, true),
            Some(Some((head, era))) if era.eq_ignore_ascii_case(" ad") => (head, false),
            _ => (text, false),
        };
        let mut reader = Reader { rest: text };
        let days = reader.date(before_christ)?;
        let (mut time, mut offset) = (None, None);
        if reader.take(['T', 't']) || reader.skip_blanks() {
            time = Some(reader.time()?);
            offset = reader.offset()?;
        }
        reader
            .rest
            .is_empty()
            .then_some(Moment { days, time, offset })
    }

    fn date(&mut self, before_christ: bool) -> Option<i64> {
        let year = self.number(4..=9)?;
        let month = self.take(['-']).then(|| self.number(1..=2))??;
        let day = self.take(['-']).then(|| self.number(1..=2))??;
        if year == 0 {
            return None;
        }
        let year = if before_christ { 1 - year } else { year };
        Civil { year, month, day }.to_days()
    }

    /// Microseconds since midnight.
    fn time(&mut self) -> Option<i64> {
        let hour = self.number(1..=2)?;
        let minute = self.take([':']).then(|| self.number(2..=2))??;
        let second = if self.take([':']) {
            self.number(2..=2)?
        } else {
            0
        };
        let fraction = if self.take(['.']) {
            self.fraction()?
        } else {
            0
        };
        let micros = (hour * 3600 + minute * 60 + second) * SECOND + fraction;
        (minute < 60 && second <= 60 && micros <= DAY).then_some(micros)
    }

    /// Decimals of a second in microseconds, rounded.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.digits();
        if digits.is_empty() {
            return None;
        }
        let padded: String = digits.chars().chain("000000".chars()).take(6).collect();
        let up = digits.as_bytes().get(6).is_some_and(|digit| *digit >= b'5');
        Some(padded.parse::<i64>().ok()? + i64::from(up))
    }

    /// Seconds east of Greenwich, if an offset follows; `None` outside if it is malformed.
    fn offset(&mut self) -> Option<Option<i32>> {
        self.skip_blanks();
        if self.rest.is_empty() {
            return Some(None);
        }
        if ["z", "utc", "gmt"]
            .iter()
            .any(|name| self.rest.eq_ignore_ascii_case(name))
        {
            self.rest = "";
            return Some(Some(0));
        }
        let sign = if self.take(['-']) {
            -1
        } else {
            self.take(['+']).then_some(1)?
        };
        let digits = self.digits();
        let (hour, mut minute) = match digits.len() {
            1 | 2 => (digits.parse::<i32>().ok()?, 0),
            4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
            _ => return None,
        };
        if digits.len() < 3 && self.take([':']) {
            minute = i32::try_from(self.number(2..=2)?).ok()?;
        }
        let second = if self.take([':']) {
            self.number(2..=2)?
        } else {
            0
        };
        let second = i32::try_from(second).ok()?;
        (hour < 16 && minute < 60 && second < 60)
            .then_some(Some(sign * (hour * 3600 + minute * 60 + second)))
    }

    fn number(&mut self, length: std::ops::RangeInclusive<usize>) -> Option<i64> {
        let digits = self.digits();
        length
            .contains(&digits.len())
            .then(|| digits.parse().ok())?
    }

    fn digits(&mut self) -> String {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let digits = digits.to_owned();
        self.rest = rest;
        digits
    }

    fn take<const N: usize>(&mut self, wanted: [char; N]) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip_blanks(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start_matches(' ');
        self.rest.len() < before
    }
}
