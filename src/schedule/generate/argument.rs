//! The generated parameters of statements.

use super::random::Stream;
use super::source::{Draw, Source, Surroundings};
use super::{GenerateError, error::Problem};
use crate::record::Value;
use crate::spec::generator::Generator;
use std::collections::BTreeMap;

/// Generates the values of one parameter of one statement, for one client.
#[derive(Debug)]
pub struct ArgumentGenerator {
    name: String,
    source: Source,
    stream: Stream,
}

impl ArgumentGenerator {
    /// Makes a generator ready. `place` says from the outside in whose parameter it is: the client with its
    /// number, the step, the parameter. Clients and steps of other names get other values.
    ///
    /// # Errors
    ///
    /// A range without values, an unknown reference, a `rhai` text that does not compile.
    pub fn new(
        seed: u64,
        place: &[&str],
        generator: &Generator,
        around: Surroundings<'_>,
    ) -> Result<ArgumentGenerator, GenerateError> {
        let name = place.last().copied().unwrap_or_default();
        let source = Source::new(generator, around).map_err(|problem| problem.of(name))?;
        let whole: Vec<&str> = ["with"].iter().chain(place).copied().collect();
        let stream = Stream::of(seed, &whole);
        Ok(ArgumentGenerator {
            name: name.to_owned(),
            source,
            stream,
        })
    }

    /// The variables that a `rhai` expression reads, for a check of their names.
    pub fn variables(&self) -> Vec<&crate::script::FreeVariable> {
        self.source.variables()
    }

    /// The value of one execution of the statement, counted from 0 by the caller: a sequence takes its next
    /// step with it. A `rhai` expression reads `variables`.
    ///
    /// # Errors
    ///
    /// A `rhai` expression that broke; a sequence that left 64 bits.
    pub fn value(
        &self,
        execution: u64,
        variables: &BTreeMap<String, Value>,
    ) -> Result<Value, GenerateError> {
        let variable = |name: &str| variables.get(name).cloned();
        let draw = Draw {
            index: execution,
            random: self.stream.at(execution),
            variable: &variable,
        };
        self.source
            .draw(draw)
            .map_err(|problem: Problem| problem.of(&self.name))
    }
}
