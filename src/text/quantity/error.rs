//! What is wrong with a quantity as written, and how should it be written?

use super::Quantity;
use crate::text::list;

/// What is wrong with the text of a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuantityProblem {
    /// There is a number only.
    NoUnit,
    /// There is no number where one must stand.
    NoNumber,
    /// The unit is not one of the allowed ones.
    UnknownUnit(String),
    /// The parts of a duration do not descend, as in `30s2m`.
    Order,
    /// Finer than can be told apart, such as half a byte.
    TooFine,
    /// Larger than can be held.
    TooLarge,
    /// Below zero.
    Negative,
    /// Zero where that makes no sense.
    Zero,
}

/// A text that is not the quantity asked for. `Display` says it in one line, allowed units and example included;
/// [`primary`](Self::primary) and [`hint`](Self::hint) are the parts of a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantityError {
    /// What is wrong.
    pub problem: QuantityProblem,
    /// The text as given.
    pub given: String,
    /// The noun of the quantity asked for.
    pub quantity: &'static str,
    units: &'static [&'static str],
    example: &'static str,
}

impl QuantityError {
    /// The error of `given` as a `Q`.
    pub fn new<Q: Quantity>(given: &str, problem: QuantityProblem) -> Self {
        let problem = match problem {
            // The grammar of numbers has no sign, so this is where one is noticed.
            QuantityProblem::NoNumber if given.starts_with('-') => QuantityProblem::Negative,
            other => other,
        };
        Self {
            problem,
            given: given.to_owned(),
            quantity: Q::NAME,
            units: Q::UNITS,
            example: Q::EXAMPLE,
        }
    }

    /// What is wrong: `"250" is not a duration: a quantity has a unit`.
    pub fn primary(&self) -> String {
        let reason = match &self.problem {
            QuantityProblem::NoUnit => "a quantity has a unit".to_owned(),
            QuantityProblem::NoNumber => "it lacks a number".to_owned(),
            QuantityProblem::UnknownUnit(unit) => format!("unknown unit \"{unit}\""),
            QuantityProblem::Order => "larger units come first, each once".to_owned(),
            QuantityProblem::TooFine => "it is finer than can be told apart".to_owned(),
            QuantityProblem::TooLarge => "it is too large".to_owned(),
            QuantityProblem::Negative => "it must not be negative".to_owned(),
            QuantityProblem::Zero => "it must be greater than zero".to_owned(),
        };
        format!("\"{}\" is not a {}: {reason}", self.given, self.quantity)
    }

    /// What to write instead: `allowed units are s, m and h, as in 250ms`.
    pub fn hint(&self) -> String {
        let units = list(self.units, "and");
        let allowed = if self.units.len() == 1 {
            "the unit is"
        } else {
            "allowed units are"
        };
        format!("{allowed} {units}, as in {}", self.example)
    }
}

impl std::fmt::Display for QuantityError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.primary(), self.hint())
    }
}

impl std::error::Error for QuantityError {}
