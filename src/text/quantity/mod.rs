//! How does an author write a quantity? `250ms`, `500/s`, `1%`, `10x`, `4MB`, `100k`: a number and its unit, each kind
//! a type of its own, so that a percentage cannot stand where a duration belongs.
//!
//! Every type reads what it writes. In YAML and JSON a quantity is a string; only [`Count`] may also be a plain
//! integer, since it is the only one whose unit is the thing counted.

mod error;
mod number;
mod ratio;
mod serial;
mod size;
mod time_span;

pub use error::{QuantityError, QuantityProblem};
pub use ratio::{Factor, Percent, Rate, RatePeriod};
pub use size::{ByteSize, Count};
pub use time_span::TimeSpan;

/// What all quantities have in common: how the author may write them.
pub trait Quantity: std::str::FromStr<Err = QuantityError> + std::fmt::Display {
    /// The noun of messages, such as `duration`.
    const NAME: &'static str;
    /// The allowed units, smallest first.
    const UNITS: &'static [&'static str];
    /// A value as one would write it, such as `250ms`.
    const EXAMPLE: &'static str;
    /// A regular expression (ECMA 262, as in JSON Schema) that every accepted text matches. What it cannot say,
    /// such as the largest value, is left to the parser.
    const PATTERN: &'static str;
}
