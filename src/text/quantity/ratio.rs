//! How much of, how often, how many times? `1%`, `500/s`, `10x`.

use super::number::split_number;
use super::{Quantity, QuantityError, QuantityProblem};

/// Parts of a hundred, as written: `1%` holds 1. Zero is allowed, and more than a hundred (a change may be larger
/// than what changed).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Percent(
    /// The percentage, not the fraction.
    pub f64,
);

/// How many times as much: `10x`. Always greater than zero.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Factor(
    /// The multiplier.
    pub f64,
);

/// How often something happens: `500/s`, `30/m`, `1.5k/s`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many in one period.
    pub amount: f64,
    /// The period as the author wrote it.
    pub per: RatePeriod,
}

/// The period of a [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RatePeriod {
    /// `/s`
    Second,
    /// `/m`
    Minute,
    /// `/h`
    Hour,
}

impl Percent {
    /// The share of one: `1%` is 0.01.
    pub fn fraction(self) -> f64 {
        self.0 / 100.0
    }
}

impl Rate {
    /// The same rate as a number of things in each second.
    pub fn per_second(self) -> f64 {
        match self.per {
            RatePeriod::Second => self.amount,
            RatePeriod::Minute => self.amount / 60.0,
            RatePeriod::Hour => self.amount / 3_600.0,
        }
    }
}

impl PartialOrd for Rate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.per_second().partial_cmp(&other.per_second())
    }
}

impl Quantity for Percent {
    const NAME: &'static str = "percentage";
    const UNITS: &'static [&'static str] = &["%"];
    const EXAMPLE: &'static str = "1%";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *%$";
}

impl Quantity for Factor {
    const NAME: &'static str = "factor";
    const UNITS: &'static [&'static str] = &["x"];
    const EXAMPLE: &'static str = "10x";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *x$";
}

impl Quantity for Rate {
    const NAME: &'static str = "rate";
    const UNITS: &'static [&'static str] = &["/s", "/m", "/h"];
    const EXAMPLE: &'static str = "500/s";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *[kM]?/ *[smh]$";
}

/// The number and its unit, which must not be missing.
fn parse(text: &str) -> Result<(f64, &str), QuantityProblem> {
    let (number, unit) = split_number(text).ok_or(QuantityProblem::NoNumber)?;
    let value: f64 = number.parse().map_err(|_| QuantityProblem::NoNumber)?;
    if !value.is_finite() {
        return Err(QuantityProblem::TooLarge);
    }
    match unit {
        "" => Err(QuantityProblem::NoUnit),
        unit => Ok((value, unit)),
    }
}

fn unknown<T>(unit: &str) -> Result<T, QuantityProblem> {
    Err(QuantityProblem::UnknownUnit(unit.to_owned()))
}

fn parse_rate(text: &str) -> Result<Rate, QuantityProblem> {
    let (amount, unit) = parse(text)?;
    let (scale, period) = match unit.split_once('/') {
        Some(("", period)) => (1.0, period),
        Some(("k", period)) => (1_000.0, period),
        Some(("M", period)) => (1_000_000.0, period),
        Some(_) | None => return unknown(unit),
    };
    let per = match period.trim_start_matches(' ') {
        "s" => RatePeriod::Second,
        "m" => RatePeriod::Minute,
        "h" => RatePeriod::Hour,
        _ => return unknown(unit),
    };
    Ok(Rate {
        amount: amount * scale,
        per,
    })
}

impl std::str::FromStr for Percent {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        match parse(text.trim()) {
            Ok((value, "%")) => Ok(Self(value)),
            Ok((_, unit)) => unknown(unit),
            Err(problem) => Err(problem),
        }
        .map_err(|problem| QuantityError::new::<Self>(text, problem))
    }
}

impl std::str::FromStr for Factor {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        match parse(text.trim()) {
            Ok((value, "x")) if value > 0.0 => Ok(Self(value)),
            Ok((_, "x")) => Err(QuantityProblem::Zero),
            Ok((_, unit)) => unknown(unit),
            Err(problem) => Err(problem),
        }
        .map_err(|problem| QuantityError::new::<Self>(text, problem))
    }
}

impl std::str::FromStr for Rate {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse_rate(text.trim()).map_err(|problem| QuantityError::new::<Self>(text, problem))
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl std::fmt::Display for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x", self.0)
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let period = match self.per {
            RatePeriod::Second => "s",
            RatePeriod::Minute => "m",
            RatePeriod::Hour => "h",
        };
        write!(f, "{}/{period}", self.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_needs_its_sign() {
        let percent: Percent = "0.5%".parse().unwrap();
        assert_eq!(percent.to_string(), "0.5%");
        assert_eq!(percent.fraction(), 0.005);
        let error = "1".parse::<Percent>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"1\" is not a percentage: a quantity has a unit; the unit is %, as in 1%"
        );
        assert_eq!(
            "1x".parse::<Percent>().unwrap_err().problem,
            QuantityProblem::UnknownUnit("x".to_owned())
        );
    }

    #[test]
    fn a_factor_is_greater_than_zero() {
        assert_eq!("10x".parse::<Factor>().unwrap(), Factor(10.0));
        assert_eq!("1.5x".parse::<Factor>().unwrap().to_string(), "1.5x");
        assert_eq!(
            "0x".parse::<Factor>().unwrap_err().problem,
            QuantityProblem::Zero
        );
    }

    #[test]
    fn a_rate_keeps_the_period_it_was_written_with() {
        for (text, shown) in [
            ("500/s", "500/s"),
            ("100/m", "100/m"),
            ("1.5k/s", "1500/s"),
            ("0.5/h", "0.5/h"),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.to_string(), shown);
            assert_eq!(shown.parse::<Rate>().unwrap(), rate);
        }
        assert_eq!("120/m".parse::<Rate>().unwrap().per_second(), 2.0);
        assert_eq!(
            "500".parse::<Rate>().unwrap_err().problem,
            QuantityProblem::NoUnit
        );
        assert_eq!(
            "500/d".parse::<Rate>().unwrap_err().problem,
            QuantityProblem::UnknownUnit("/d".to_owned())
        );
    }
}
