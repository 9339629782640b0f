//! One of a list, with weights.

use super::error::Problem;
use super::random::Random;
use crate::record::Value;
use crate::spec::generator;

/// A list and how far its weights have added up at each value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    values: Vec<Value>,
    /// Empty where all are equally frequent.
    sums: Vec<f64>,
}

impl Choice {
    pub(super) fn new(spec: &generator::Choice) -> Result<Choice, Problem> {
        let (literals, weights) = match spec {
            generator::Choice::Even(values) => (values, [].as_slice()),
            generator::Choice::Weighted(weighted) => {
                (&weighted.values, weighted.weights.as_slice())
            }
        };
        let values: Vec<Value> = literals
            .iter()
            .map(|literal| Value::from_json(&literal.0))
            .collect();
        if values.is_empty() {
            return Err(Problem::new("choice has no values"));
        }
        if !weights.is_empty() && weights.len() != values.len() {
            let (values, weights) = (values.len(), weights.len());
            return Err(
                Problem::new(format!("choice has {values} values and {weights} weights"))
                    .hint("give one weight for each value, or none"),
            );
        }
        if weights
            .iter()
            .any(|weight| !weight.is_finite() || *weight < 0.0)
        {
            return Err(Problem::new("a weight of choice must be 0 or more"));
        }
        let sums: Vec<f64> = weights
            .iter()
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        if sums
            .last()
            .is_some_and(|sum| *sum <= 0.0 || !sum.is_finite())
        {
            return Err(Problem::new("the weights of choice add up to nothing"));
        }
        Ok(Choice { values, sums })
    }

    pub(super) fn draw(&self, random: &mut Random) -> Value {
        let place = match self.sums.last() {
            None => random.below(self.values.len() as u64) as usize,
            Some(total) => {
                let at = random.unit() * total;
                self.sums.partition_point(|sum| *sum <= at)
            }
        };
        self.values[place.min(self.values.len() - 1)].clone()
    }

    /// How many values there are, where all are equally frequent and none is listed twice.
    pub(super) fn count(&self) -> Option<u64> {
        let twice = |at: usize| self.values[..at].contains(&self.values[at]);
        let distinct = self.sums.is_empty() && !(0..self.values.len()).any(twice);
        distinct.then_some(self.values.len() as u64)
    }

    pub(super) fn nth(&self, place: u64) -> Value {
        self.values[place as usize % self.values.len()].clone()
    }
}
