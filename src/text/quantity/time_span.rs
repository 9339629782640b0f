//! How long? `250ms`, `1.5s`, `2m30s`.

use std::time::Duration;

use super::number::{exact_decimal, scaled, split_number};
use super::{Quantity, QuantityError, QuantityProblem};

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// A length of time as an author writes it, exact to the nanosecond: one or more numbers with units, larger units
/// first, such as `250ms`, `1.5s`, `2m30s`, `1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeSpan(
    /// The length.
    pub Duration,
);

impl Quantity for TimeSpan {
    const NAME: &'static str = "duration";
    const UNITS: &'static [&'static str] = &["ns", "us", "ms", "s", "m", "h"];
    const EXAMPLE: &'static str = "250ms or 2m30s";
    const PATTERN: &'static str = r"^([0-9]+(\.[0-9]+)? *(ns|us|µs|μs|ms|s|m|h) *)+$";
}

fn nanos_in(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter look alike and both are typed.
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => NANOS_PER_SECOND,
        "m" => 60 * NANOS_PER_SECOND,
        "h" => 3_600 * NANOS_PER_SECOND,
        _ => return None,
    })
}

fn parse_nanos(text: &str) -> Result<u128, QuantityProblem> {
    let mut rest = text;
    let mut total: u128 = 0;
    let mut smallest = u128::MAX;
    loop {
        let (number, tail) = split_number(rest).ok_or(QuantityProblem::NoNumber)?;
        let end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        if unit.is_empty() {
            return Err(QuantityProblem::NoUnit);
        }
        let scale = nanos_in(unit).ok_or_else(|| QuantityProblem::UnknownUnit(unit.to_owned()))?;
        if scale >= smallest {
            return Err(QuantityProblem::Order);
        }
        smallest = scale;
        total = total
            .checked_add(scaled(number, scale)?)
            .ok_or(QuantityProblem::TooLarge)?;
        rest = tail.trim_start_matches(' ');
        if rest.is_empty() {
            return Ok(total);
        }
    }
}

impl std::str::FromStr for TimeSpan {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse_nanos(text.trim())
            .and_then(|nanos| u64::try_from(nanos).map_err(|_| QuantityProblem::TooLarge))
            .map(|nanos| Self(Duration::from_nanos(nanos)))
            .map_err(|problem| QuantityError::new::<Self>(text, problem))
    }
}

impl std::fmt::Display for TimeSpan {
    /// The shortest of the accepted forms, exact: `1500ms` comes out as `1.5s`, `90s` as `1m30s`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nanos = self.0.as_nanos();
        let seconds = nanos / NANOS_PER_SECOND;
        let exact = |amount, unit| exact_decimal(amount, unit, 9).unwrap_or_default();
        if nanos == 0 {
            return f.write_str("0s");
        }
        if seconds < 60 {
            let (unit, name) = [(NANOS_PER_SECOND, "s"), (1_000_000, "ms"), (1_000, "us")]
                .into_iter()
                .find(|(unit, _)| nanos >= *unit)
                .unwrap_or((1, "ns"));
            return write!(f, "{}{name}", exact(nanos, unit));
        }
        if seconds >= 3_600 {
            write!(f, "{}h", seconds / 3_600)?;
        }
        let minutes = seconds % 3_600 / 60;
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        let rest = nanos % (60 * NANOS_PER_SECOND);
        if rest > 0 {
            write!(f, "{}s", exact(rest, NANOS_PER_SECOND))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> QuantityProblem {
        text.parse::<TimeSpan>().unwrap_err().problem
    }

    #[test]
    fn every_unit_is_read_exactly() {
        let nanos = |text: &str| text.parse::<TimeSpan>().unwrap().0.as_nanos();
        assert_eq!(nanos("500us"), 500_000);
        assert_eq!(nanos("500µs"), 500_000);
        assert_eq!(nanos("250ms"), 250_000_000);
        assert_eq!(nanos("250 ms"), 250_000_000);
        assert_eq!(nanos("0.1s"), 100_000_000);
        assert_eq!(nanos("2m30s"), 150_000_000_000);
        assert_eq!(nanos("2m 30s"), 150_000_000_000);
        assert_eq!(nanos("1h"), 3_600_000_000_000);
        assert_eq!(nanos("0s"), 0);
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        for (text, shown) in [
            ("250ms", "250ms"),
            ("1500ms", "1.5s"),
            ("90s", "1m30s"),
            ("1h0.25s", "1h0.25s"),
            ("7ns", "7ns"),
            ("870µs", "870us"),
            ("0ms", "0s"),
        ] {
            let span: TimeSpan = text.parse().unwrap();
            assert_eq!(span.to_string(), shown);
            assert_eq!(shown.parse::<TimeSpan>().unwrap(), span);
        }
    }

    #[test]
    fn a_bare_number_is_told_that_a_quantity_has_a_unit() {
        let error = "250".parse::<TimeSpan>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"250\" is not a duration: a quantity has a unit; allowed units are ns, us, ms, s, m and h, as in 250ms or 2m30s"
        );
    }

    #[test]
    fn wrong_texts_say_what_is_wrong() {
        assert_eq!(
            problem("5 days"),
            QuantityProblem::UnknownUnit("days".to_owned())
        );
        assert_eq!(
            problem("5MS"),
            QuantityProblem::UnknownUnit("MS".to_owned())
        );
        assert_eq!(problem("30s2m"), QuantityProblem::Order);
        assert_eq!(problem("1s1s"), QuantityProblem::Order);
        assert_eq!(problem("soon"), QuantityProblem::NoNumber);
        assert_eq!(problem("-5s"), QuantityProblem::Negative);
        assert_eq!(problem("1.s"), QuantityProblem::NoNumber);
        assert_eq!(problem(""), QuantityProblem::NoNumber);
        assert_eq!(problem("0.5ns"), QuantityProblem::TooFine);
        assert_eq!(problem("99999999999h"), QuantityProblem::TooLarge);
        assert_eq!(
            problem("99999999999999999999999999999999999999999999h"),
            QuantityProblem::TooLarge
        );
    }
}
