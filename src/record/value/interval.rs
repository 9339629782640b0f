//! How are intervals held, printed and read? As months, days and microseconds, in the style
//! `postgres` (`1 year 2 mons -3 days 04:05:06`), and read in ISO 8601 as well.

use super::datetime::{DAY, SECOND, write_seconds};
use std::fmt;
use std::str::FromStr;

/// An `interval`. `==` compares the parts; PostgreSQL's `=` compares [`Interval::span`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Months, years included.
    pub months: i32,
    /// Days, weeks included.
    pub days: i32,
    /// Microseconds, hours and minutes included.
    pub micros: i64,
}

impl Interval {
    /// Infinity, from PostgreSQL 17 on.
    pub const INFINITY: Interval = Interval {
        months: i32::MAX,
        days: i32::MAX,
        micros: i64::MAX,
    };
    /// -infinity, from PostgreSQL 17 on.
    pub const NEG_INFINITY: Interval = Interval {
        months: i32::MIN,
        days: i32::MIN,
        micros: i64::MIN,
    };

    /// The length in microseconds by which PostgreSQL compares: a month has 30 days, a day 24 hours.
    pub fn span(&self) -> i128 {
        let days = i128::from(self.months) * 30 + i128::from(self.days);
        days * i128::from(DAY) + i128::from(self.micros)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Interval::INFINITY => return f.write_str("infinity"),
            Interval::NEG_INFINITY => return f.write_str("-infinity"),
            _ => {}
        }
        // As `EncodeInterval` does: after a negative part a positive one shows its sign.
        let (mut blank, mut negative) = ("", false);
        let parts = [
            (self.months / 12, "year"),
            (self.months % 12, "mon"),
            (self.days, "day"),
        ];
        for (amount, unit) in parts.into_iter().filter(|(amount, _)| *amount != 0) {
            let plus = if negative && amount > 0 { "+" } else { "" };
            let plural = if amount == 1 { "" } else { "s" };
            write!(f, "{blank}{plus}{amount} {unit}{plural}")?;
            (blank, negative) = (" ", amount < 0);
        }
        if self.micros == 0 && !blank.is_empty() {
            return Ok(());
        }
        let sign = if self.micros < 0 {
            "-"
        } else if negative {
            "+"
        } else {
            ""
        };
        let micros = self.micros.unsigned_abs();
        let (hours, minutes) = (micros / 3_600_000_000, micros / 60_000_000 % 60);
        write!(f, "{blank}{sign}{hours:02}:{minutes:02}:")?;
        write_seconds(f, (micros % 60_000_000) as i64)
    }
}

/// A text that is no interval, or one out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnInterval;

impl FromStr for Interval {
    type Err = NotAnInterval;

    /// Reads `1 day 02:00`, `250ms`, `@ 1 hour ago`, `P1DT2H`, `infinity`; a bare number is seconds.
    fn from_str(text: &str) -> Result<Interval, NotAnInterval> {
        let lower = text.trim().to_ascii_lowercase();
        match lower.as_str() {
            "infinity" => return Ok(Interval::INFINITY),
            "-infinity" => return Ok(Interval::NEG_INFINITY),
            _ => {}
        }
        let sum = match lower.strip_prefix('p') {
            Some(designators) => iso(designators),
            None => words(lower.trim_start_matches('@')),
        };
        sum.and_then(Sum::interval).ok_or(NotAnInterval)
    }
}

/// What has been added up so far, wide enough never to overflow.
#[derive(Default)]
struct Sum {
    months: i128,
    days: i128,
    micros: i128,
}

/// Decimals are held in millionths.
const ONE: i128 = 1_000_000;

impl Sum {
    /// Adds an amount in millionths of a unit. Fractions of months go to days, of days to time.
    fn add(&mut self, amount: i128, unit: &str) -> Option<()> {
        let seconds = |seconds: i128| amount * seconds;
        match unit {
            "us" | "usec" | "usecs" | "microsecond" | "microseconds" => self.micros += amount / ONE,
            "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => {
                self.micros += amount / 1000
            }
            "s" | "sec" | "secs" | "second" | "seconds" => self.micros += seconds(1),
            "m" | "min" | "mins" | "minute" | "minutes" => self.micros += seconds(60),
            "h" | "hr" | "hrs" | "hour" | "hours" => self.micros += seconds(3600),
            "d" | "day" | "days" => self.add_days(amount),
            "w" | "week" | "weeks" => self.add_days(amount * 7),
            "mon" | "mons" | "month" | "months" => {
                self.months += amount / ONE;
                self.add_days(amount % ONE * 30);
            }
            "y" | "yr" | "yrs" | "year" | "years" => self.months += amount * 12 / ONE,
            _ => return None,
        }
        Some(())
    }

    fn add_days(&mut self, amount: i128) {
        self.days += amount / ONE;
        self.micros += amount % ONE * 86_400;
    }

    fn negated(self) -> Sum {
        Sum {
            months: -self.months,
            days: -self.days,
            micros: -self.micros,
        }
    }

    fn interval(self) -> Option<Interval> {
        Some(Interval {
            months: self.months.try_into().ok()?,
            days: self.days.try_into().ok()?,
            micros: self.micros.try_into().ok()?,
        })
    }
}

/// `1 year 2 mons 3 days 04:05:06.7 ago`
fn words(text: &str) -> Option<Sum> {
    let (mut rest, ago) = match text.trim_end().strip_suffix("ago") {
        Some(rest) => (rest.trim(), true),
        None => (text.trim(), false),
    };
    let mut sum = Sum::default();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || "+-.:".contains(c)));
        let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
        if number.contains(':') {
            sum.micros += clock(number)?;
            rest = after.trim_start();
            continue;
        }
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let bare_seconds = unit.is_empty() && after.is_empty();
        sum.add(millionths(number)?, if bare_seconds { "s" } else { unit })?;
        rest = after.trim_start();
    }
    Some(if ago { sum.negated() } else { sum })
}

/// `1y2m3dt4h5m6s`: the letter p is gone, the case is lower.
fn iso(text: &str) -> Option<Sum> {
    let (date, time) = text.split_once('t').unwrap_or((text, ""));
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let mut sum = Sum::default();
    for (mut rest, month_or_minute) in [(date, "mon"), (time, "min")] {
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
            let (number, after) = rest.split_at(end);
            let (unit, after) = after.split_at(1);
            let of_time = matches!(unit, "h" | "s");
            if unit != "m" && of_time != (month_or_minute == "min") {
                return None;
            }
            sum.add(
                millionths(number)?,
                if unit == "m" { month_or_minute } else { unit },
            )?;
            rest = after;
        }
    }
    Some(sum)
}

/// `[-]hours:minutes[:seconds[.decimals]]` in microseconds.
fn clock(text: &str) -> Option<i128> {
    let (sign, digits) = sign(text);
    let mut parts = digits.split(':');
    let hours = whole(parts.next()?)?;
    let minutes = whole(parts.next()?).filter(|minutes| *minutes < 60)?;
    let seconds = match parts.next() {
        Some(seconds) if seconds.starts_with(|c: char| c.is_ascii_digit()) => millionths(seconds)?,
        Some(_) => return None,
        None => 0,
    };
    let valid = parts.next().is_none() && seconds < 60 * ONE;
    let second = i128::from(SECOND);
    valid.then_some(sign * ((hours * 3600 + minutes * 60) * second + seconds))
}

/// A signed decimal in millionths, rounded toward zero.
fn millionths(text: &str) -> Option<i128> {
    let (sign, digits) = sign(text);
    let (integer, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    if integer.is_empty() && decimals.is_empty() {
        return None;
    }
    let integer = if integer.is_empty() {
        0
    } else {
        whole(integer)?
    };
    let all_digits = decimals.chars().all(|c| c.is_ascii_digit());
    let padded: String = decimals.chars().chain("000000".chars()).take(6).collect();
    let fraction = all_digits.then(|| padded.parse::<i128>().ok())??;
    Some(sign * (integer * ONE + fraction))
}

fn sign(text: &str) -> (i128, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// At most 19 digits, so that sums stay far from the limits of `i128`.
fn whole(digits: &str) -> Option<i128> {
    let plain = digits.len() <= 19 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3600 * SECOND;

    fn interval(months: i32, days: i32, micros: i64) -> Interval {
        Interval {
            months,
            days,
            micros,
        }
    }

    #[test]
    fn intervals_print_as_psql_prints_them() {
        for (value, text) in [
            (interval(0, 0, 0), "00:00:00"),
            (interval(14, 3, 4 * HOUR), "1 year 2 mons 3 days 04:00:00"),
            (interval(-12, 0, 0), "-1 years"),
            (interval(-1, 1, 0), "-1 mons +1 day"),
            (interval(0, -1, 500_000), "-1 days +00:00:00.5"),
            (interval(0, 0, -90 * SECOND), "-00:01:30"),
            (interval(0, 1, 0), "1 day"),
            (interval(0, 0, 100 * HOUR), "100:00:00"),
            (Interval::INFINITY, "infinity"),
        ] {
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn intervals_read_in_the_forms_people_write() {
        for (text, value) in [
            ("250ms", interval(0, 0, 250_000)),
            ("1.5 hours", interval(0, 0, HOUR + HOUR / 2)),
            ("2 weeks", interval(0, 14, 0)),
            ("@ 1 hour ago", interval(0, 0, -HOUR)),
            ("P1Y2M3DT4H5M6S", interval(14, 3, 4 * HOUR + 306 * SECOND)),
            ("1.5 days", interval(0, 1, 12 * HOUR)),
            ("90", interval(0, 0, 90 * SECOND)),
            ("1 day 02:00", interval(0, 1, 2 * HOUR)),
        ] {
            assert_eq!(text.parse(), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_interval_is_refused() {
        for text in [
            "",
            "x",
            "1 fortnight",
            "1:2:3:4",
            "P",
            "P1H",
            "1 2",
            "ago",
            "99999999999 years",
            "1:99",
            "é",
        ] {
            assert_eq!(text.parse::<Interval>(), Err(NotAnInterval), "{text}");
        }
    }

    #[test]
    fn a_month_spans_thirty_days() {
        assert_eq!(interval(1, 0, 0).span(), interval(0, 30, 0).span());
        assert_eq!(interval(0, 1, 0).span(), interval(0, 0, DAY).span());
    }

    proptest! {
        #[test]
        fn every_interval_reads_back(months in any::<i32>(), days in any::<i32>(), micros in any::<i64>()) {
            let value = interval(months, days, micros);
            prop_assert_eq!(value.to_string().parse(), Ok(value));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,20}|[0-9a-z:+.@ -]{0,30}") {
            let _ = text.parse::<Interval>();
        }
    }
}
