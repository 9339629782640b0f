//! How are PostgreSQL's numbers written? `numeric` with its scale and its three special values, and
//! floats in the shortest form that reads back the same.

use bigdecimal::BigDecimal;
use std::fmt;
use std::str::FromStr;

/// The most digits before the decimal point a `numeric` can have (PostgreSQL, "Numeric Types").
const MAX_DIGITS_BEFORE_POINT: i64 = 131_072;
/// The most digits after the decimal point a `numeric` can have (PostgreSQL, "Numeric Types").
const MAX_DIGITS_AFTER_POINT: i64 = 16_383;

/// A value of type `numeric`. `==` compares by value: 1.5 equals 1.50, NaN equals NaN.
#[derive(Debug, Clone, PartialEq)]
pub enum Numeric {
    /// A finite decimal; its scale is the number of digits printed after the point.
    Finite(BigDecimal),
    /// `NaN`.
    NaN,
    /// `Infinity`.
    Infinity,
    /// `-Infinity`.
    NegInfinity,
}

impl Numeric {
    /// The nearest double, as PostgreSQL's cast gives it.
    pub fn to_f64(&self) -> f64 {
        match self {
            Numeric::Finite(decimal) => decimal.to_plain_string().parse().unwrap_or(f64::NAN),
            Numeric::NaN => f64::NAN,
            Numeric::Infinity => f64::INFINITY,
            Numeric::NegInfinity => f64::NEG_INFINITY,
        }
    }

    /// The decimal that the shortest form of the float spells: 0.1 is one tenth.
    pub fn from_f64(float: f64) -> Numeric {
        if float.is_nan() {
            Numeric::NaN
        } else if float.is_infinite() {
            [Numeric::Infinity, Numeric::NegInfinity][usize::from(float < 0.0)].clone()
        } else {
            format!("{float:e}").parse().unwrap_or(Numeric::NaN)
        }
    }
}

impl From<i64> for Numeric {
    fn from(i: i64) -> Numeric {
        Numeric::Finite(i.into())
    }
}

impl From<u64> for Numeric {
    fn from(u: u64) -> Numeric {
        Numeric::Finite(u.into())
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Numeric::Finite(decimal) => f.write_str(&decimal.to_plain_string()),
            Numeric::NaN => f.write_str("NaN"),
            Numeric::Infinity => f.write_str("Infinity"),
            Numeric::NegInfinity => f.write_str("-Infinity"),
        }
    }
}

/// A text that is no `numeric`, or one outside its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNumeric;

impl FromStr for Numeric {
    type Err = NotNumeric;

    /// Reads what PostgreSQL reads as `numeric`, surrounding blanks included.
    fn from_str(text: &str) -> Result<Numeric, NotNumeric> {
        let text = text.trim();
        if let Some(special) = special(text) {
            return Ok(special);
        }
        let looks_decimal = text
            .chars()
            .all(|c| c.is_ascii_digit() || "+-.eE".contains(c))
            && text.contains(|c: char| c.is_ascii_digit());
        if !looks_decimal {
            return Err(NotNumeric);
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().map_err(|_| NotNumeric)?;
        if exponent.abs() > MAX_DIGITS_BEFORE_POINT || mantissa.contains(['e', 'E']) {
            return Err(NotNumeric);
        }
        let decimal = BigDecimal::from_str(text).map_err(|_| NotNumeric)?;
        if decimal.fractional_digit_count() > MAX_DIGITS_AFTER_POINT {
            return Err(NotNumeric);
        }
        // A negative scale (from `1e3`) has no place in PostgreSQL.
        let scale = decimal.fractional_digit_count().max(0);
        Ok(Numeric::Finite(decimal.with_scale(scale)))
    }
}

fn special(text: &str) -> Option<Numeric> {
    Some(match text.to_ascii_lowercase().as_str() {
        "nan" => Numeric::NaN,
        "infinity" | "inf" | "+infinity" | "+inf" => Numeric::Infinity,
        "-infinity" | "-inf" => Numeric::NegInfinity,
        _ => return None,
    })
}

/// Reads what PostgreSQL reads as `float8`.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    match text.parse::<Numeric>().ok()? {
        Numeric::Finite(_) => text.trim().parse().ok(),
        special => Some(special.to_f64()),
    }
}

/// The text of a `float8` as `float8out` gives it: shortest digits that read back the same, an
/// exponent below 1e-4 and from 1e15 on.
pub(super) fn float_text(float: f64) -> String {
    if float.is_nan() {
        return "NaN".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..15).contains(&exponent) {
        return format!("{float}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_float8out_prints_them() {
        for (float, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123456789012345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1.5e300, "1.5e+300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(float_text(float), text);
        }
    }

    #[test]
    fn numerics_keep_their_scale_and_compare_by_value() {
        let parse = |text: &str| text.parse::<Numeric>().unwrap();
        assert_eq!(parse("1.50").to_string(), "1.50");
        assert_eq!(parse("0.00").to_string(), "0.00");
        assert_eq!(parse("1e3").to_string(), "1000");
        assert_eq!(parse("-.5").to_string(), "-0.5");
        assert_eq!(parse("1.5"), parse("1.50"));
        assert_eq!(parse("nan"), Numeric::NaN);
    }

    #[test]
    fn a_numeric_out_of_postgresqls_range_is_refused() {
        for text in [
            "1e999999999",
            "1e-999999999",
            "",
            ".",
            "e5",
            "1e",
            "abc",
            "1_0",
            "0x1",
            "1e5e5",
        ] {
            assert_eq!(text.parse::<Numeric>(), Err(NotNumeric), "{text}");
        }
    }

    #[test]
    fn a_float_is_the_decimal_it_is_written_as() {
        assert_eq!(Numeric::from_f64(0.1), "0.1".parse().unwrap());
        assert_eq!(Numeric::from_f64(-2000.0), "-2000".parse().unwrap());
    }
}
