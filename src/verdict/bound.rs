//! Does a value keep within its bound? Counts are exact, measures are bounds in their natural direction, and any
//! other meaning is written out.

use crate::spec::expect::{AtLeast, AtMost, Between, Bound, Exactly};
use std::fmt::Display;

/// What a plain value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Natural {
    /// This and nothing else: counts.
    Exactly,
    /// This or less: latency, waits, error rates.
    AtMost,
    /// This or more: throughput.
    AtLeast,
}

/// A bound with its direction known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit<T> {
    /// This or more.
    AtLeast(T),
    /// This or less.
    AtMost(T),
    /// This and nothing else.
    Exactly(T),
    /// From the first to the second, both included.
    Between(T, T),
}

impl<T: PartialOrd + Copy> Limit<T> {
    /// The meaning of a bound, where a plain value has this direction.
    pub fn of(bound: &Bound<T>, natural: Natural) -> Self {
        match bound {
            Bound::Natural(value) => match natural {
                Natural::Exactly => Self::Exactly(*value),
                Natural::AtMost => Self::AtMost(*value),
                Natural::AtLeast => Self::AtLeast(*value),
            },
            Bound::AtLeast(AtLeast { at_least }) => Self::AtLeast(*at_least),
            Bound::AtMost(AtMost { at_most }) => Self::AtMost(*at_most),
            Bound::Exactly(Exactly { exactly }) => Self::Exactly(*exactly),
            Bound::Between(Between { between }) => Self::Between(between.0, between.1),
        }
    }

    /// The same bound on another scale.
    pub fn map<U>(self, scale: impl Fn(T) -> U) -> Limit<U> {
        match self {
            Self::AtLeast(value) => Limit::AtLeast(scale(value)),
            Self::AtMost(value) => Limit::AtMost(scale(value)),
            Self::Exactly(value) => Limit::Exactly(scale(value)),
            Self::Between(low, high) => Limit::Between(scale(low), scale(high)),
        }
    }

    /// Whether a value keeps within it.
    pub fn holds(&self, value: T) -> bool {
        match self {
            Self::AtLeast(least) => value >= *least,
            Self::AtMost(most) => value <= *most,
            Self::Exactly(only) => value == *only,
            Self::Between(low, high) => value >= *low && value <= *high,
        }
    }
}

impl<T: Display> Limit<T> {
    /// The bound in words: `at most 2ms`, `exactly 3`.
    pub fn words(&self) -> String {
        match self {
            Self::AtLeast(value) => format!("at least {value}"),
            Self::AtMost(value) => format!("at most {value}"),
            Self::Exactly(value) => format!("exactly {value}"),
            Self::Between(low, high) => format!("between {low} and {high}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_value_means_what_its_key_says() {
        let bound = Bound::Natural(3_u64);
        assert!(Limit::of(&bound, Natural::AtMost).holds(2));
        assert!(!Limit::of(&bound, Natural::Exactly).holds(2));
        assert_eq!(Limit::of(&bound, Natural::AtMost).words(), "at most 3");
    }

    #[test]
    fn a_direction_that_is_written_out_counts_whatever_the_key() {
        let bound = Bound::Between(Between {
            between: (1_u64, 3),
        });
        let limit = Limit::of(&bound, Natural::Exactly);
        assert_eq!(
            [0, 1, 3, 4].map(|value| limit.holds(value)),
            [false, true, true, false]
        );
        let bound = Bound::AtLeast(AtLeast { at_least: 2_u64 });
        assert!(Limit::of(&bound, Natural::AtMost).holds(9));
    }
}
