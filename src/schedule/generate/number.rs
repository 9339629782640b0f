//! Numbers: uniform, gaussian, zipf.
//!
//! Ranges and digits are worked out in whole numbers of the smallest digit, and the few functions that are not
//! exact by IEEE 754 come from `libm`, which computes them alike on every platform; std does not promise that.

use super::error::Problem;
use super::random::Random;
use super::source::integer;
use crate::record::{Numeric, Value};
use crate::spec::generator;
use bigdecimal::BigDecimal;
use std::io::Write;

/// Whole numbers beyond this are not all doubles, and a bound could mean its neighbour.
const MAX_EXACT: f64 = (1_u64 << 53) as f64;

/// A range of decimals with a fixed number of digits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Range {
    /// The least, in units of the last digit.
    least: i64,
    /// How many there are.
    pub(super) count: u64,
    digits: Digits,
}

impl Range {
    pub(super) fn new(spec: &generator::Uniform) -> Result<Range, Problem> {
        let digits = Digits::new(spec.scale)?;
        let least = digits.exact("from", spec.from)?;
        let most = digits.exact("to", spec.to)?;
        if least > most {
            return Err(empty("uniform", spec.from, spec.to));
        }
        Ok(Range {
            least,
            count: least.abs_diff(most) + 1,
            digits,
        })
    }

    /// The number at this place of the range.
    pub(super) fn nth(&self, place: u64) -> Value {
        self.digits.value(self.least.wrapping_add_unsigned(place))
    }
}

impl Range {
    /// Writes the text of the number at this place.
    pub(super) fn write(&self, place: u64, out: &mut Vec<u8>) {
        self.digits
            .write(self.least.wrapping_add_unsigned(place), out);
    }
}

/// Numbers around a mean.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gaussian {
    mean: f64,
    stddev: f64,
    least: i64,
    most: i64,
    digits: Digits,
}

/// How often a value outside the limits is drawn again before the limits are taken as a uniform range:
/// where they are so narrow, the bell is flat between them.
const REDRAWS: usize = 1000;

impl Gaussian {
    pub(super) fn new(spec: &generator::Gaussian) -> Result<Gaussian, Problem> {
        let digits = Digits::new(spec.scale)?;
        let bound = |key, bound: Option<f64>, none: i64| {
            bound.map_or(Ok(none), |bound| digits.exact(key, bound))
        };
        let all = MAX_EXACT as i64;
        let (least, most) = (bound("from", spec.from, -all)?, bound("to", spec.to, all)?);
        if !spec.mean.is_finite() || !spec.stddev.is_finite() || spec.stddev < 0.0 {
            return Err(Problem::new(
                "gaussian needs a finite mean and a stddev of 0 or more",
            ));
        }
        if least > most {
            let (from, to) = (spec.from.unwrap_or_default(), spec.to.unwrap_or_default());
            return Err(empty("gaussian", from, to));
        }
        let gaussian = Gaussian {
            mean: spec.mean,
            stddev: spec.stddev,
            least,
            most,
            digits,
        };
        gaussian.check_limits()?;
        Ok(gaussian)
    }

    /// Limits far from the mean would be met by chance once in ages.
    fn check_limits(&self) -> Result<(), Problem> {
        let unit = self.digits.unit;
        let (least, most) = (self.least as f64 / unit, self.most as f64 / unit);
        let reach = 3.0 * self.stddev + 1.0 / unit;
        if least > self.mean + reach || most < self.mean - reach {
            return Err(Problem::new(format!(
                "from {least} to {most} lies more than three stddev from the mean {}",
                self.mean
            )));
        }
        Ok(())
    }

    pub(super) fn draw(&self, random: &mut Random) -> Value {
        for _ in 0..REDRAWS {
            let value = self.mean + self.stddev * standard_normal(random);
            // Casting saturates, so an enormous value is out of limits and not wrapped.
            let number = (value * self.digits.unit).round() as i64;
            if (self.least..=self.most).contains(&number) {
                return self.digits.value(number);
            }
        }
        let width = self.least.abs_diff(self.most) + 1;
        self.digits
            .value(self.least.wrapping_add_unsigned(random.below(width)))
    }
}

/// The polar method (Marsaglia and Bray, 1964).
fn standard_normal(random: &mut Random) -> f64 {
    loop {
        let (x, y) = (2.0 * random.unit() - 1.0, 2.0 * random.unit() - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * libm::sqrt(-2.0 * libm::log(square) / square);
        }
    }
}

/// Whole numbers of which the small ones are frequent: rejection-inversion (Hörmann and Derflinger,
/// "Rejection-inversion to generate variates from monotone discrete distributions", 1996), with the
/// expansions near 0 that Apache Commons RNG uses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Zipf {
    from: i64,
    count: f64,
    exponent: f64,
    area_to_first: f64,
    area_to_last: f64,
    accept: f64,
}

impl Zipf {
    pub(super) fn new(spec: &generator::Zipf) -> Result<Zipf, Problem> {
        let max = i64::try_from(spec.max).unwrap_or(i64::MAX);
        if spec.from > max {
            return Err(empty("zipf", spec.from as f64, spec.max as f64));
        }
        if !spec.exponent.is_finite() || spec.exponent < 0.0 {
            return Err(Problem::new("the exponent of zipf must be 0 or more"));
        }
        let count = spec.from.abs_diff(max) as f64 + 1.0;
        if count > MAX_EXACT {
            return Err(Problem::new("zipf draws from at most 2^53 numbers"));
        }
        let exponent = spec.exponent;
        let mut zipf = Zipf {
            from: spec.from,
            count,
            exponent,
            area_to_first: 0.0,
            area_to_last: 0.0,
            accept: 0.0,
        };
        zipf.area_to_first = zipf.area(1.5) - 1.0;
        zipf.area_to_last = zipf.area(count + 0.5);
        zipf.accept = 2.0 - zipf.area_inverse(zipf.area(2.5) - zipf.weight(2.0));
        Ok(zipf)
    }

    pub(super) fn draw(&self, random: &mut Random) -> Value {
        loop {
            let area = self.area_to_last + random.unit() * (self.area_to_first - self.area_to_last);
            let x = self.area_inverse(area);
            let rank = (x + 0.5).floor().clamp(1.0, self.count);
            if rank - x <= self.accept || area >= self.area(rank + 0.5) - self.weight(rank) {
                return Value::Int(self.from.wrapping_add(rank as i64 - 1));
            }
        }
    }

    fn weight(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// The integral of the weight, up to a constant.
    fn area(&self, x: f64) -> f64 {
        let log = libm::log(x);
        expm1_over((1.0 - self.exponent) * log) * log
    }

    fn area_inverse(&self, area: f64) -> f64 {
        // Rounding may lead out of the logarithm's domain.
        let t = (area * (1.0 - self.exponent)).max(-1.0);
        libm::exp(log1p_over(t) * area)
    }
}

fn log1p_over(x: f64) -> f64 {
    if x.abs() > 1e-8 {
        libm::log1p(x) / x
    } else {
        1.0 - x * (0.5 - x * (1.0 / 3.0 - 0.25 * x))
    }
}

fn expm1_over(x: f64) -> f64 {
    if x.abs() > 1e-8 {
        libm::expm1(x) / x
    } else {
        1.0 + x * 0.5 * (1.0 + x * (1.0 / 3.0) * (1.0 + 0.25 * x))
    }
}

/// Digits after the decimal point.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Digits {
    scale: u8,
    /// 10 to the power of the scale: exact for all allowed scales.
    unit: f64,
}

impl Digits {
    fn new(scale: u8) -> Result<Digits, Problem> {
        if scale > 15 {
            return Err(Problem::new(format!(
                "a scale of {scale} is more than the 15 digits a number has"
            )));
        }
        Ok(Digits {
            scale,
            unit: 10_u64.pow(scale.into()) as f64,
        })
    }

    /// A bound in units of the last digit.
    fn exact(self, key: &str, bound: f64) -> Result<i64, Problem> {
        let scaled = (bound * self.unit).round();
        if !bound.is_finite() || scaled.abs() > MAX_EXACT {
            return Err(Problem::new(format!(
                "{key}: {bound} is more than 2^53 units of its last digit"
            )));
        }
        if scaled / self.unit != bound {
            let problem = Problem::new(format!(
                "{key}: {bound} has more digits than a scale of {} keeps",
                self.scale
            ));
            return Err(problem.hint("raise scale, or round the bound"));
        }
        Ok(scaled as i64)
    }

    /// Writes what [`value`](Self::value) gives, as text.
    fn write(self, units: i64, out: &mut Vec<u8>) {
        if self.scale == 0 {
            return integer(units, out);
        }
        if units < 0 {
            out.push(b'-');
        }
        let unit = self.unit as u64;
        let (whole, rest) = (units.unsigned_abs() / unit, units.unsigned_abs() % unit);
        // A vector takes everything.
        let _ = write!(
            out,
            "{whole}.{rest:0width$}",
            width = usize::from(self.scale)
        );
    }

    fn value(self, units: i64) -> Value {
        match self.scale {
            0 => Value::Int(units),
            scale => Value::Numeric(Numeric::Finite(BigDecimal::new(units.into(), scale.into()))),
        }
    }
}

fn empty(generator: &str, from: f64, to: f64) -> Problem {
    Problem::new(format!("{generator} from {from} to {to} has no values"))
}
