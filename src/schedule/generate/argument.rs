//! The generated parameters of statements.

use super::random::Stream;
use super::source::{Draw, Source, Surroundings};
use super::{GenerateError, error::Problem};
use crate::record::Value;
use crate::spec::generator::Generator;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether a parameter has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has.
    Text,
    /// It is NULL.
    Null,
}

fn stream(seed: u64, place: &[&str]) -> Stream {
    let whole: Vec<&str> = ["with"].iter().chain(place).copied().collect();
    Stream::of(seed, &whole)
}

/// Generates the values of one parameter of one statement, for one client.
#[derive(Debug, Clone)]
pub struct ArgumentGenerator {
    name: Arc<str>,
    source: Arc<Source>,
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
        Ok(ArgumentGenerator {
            name: name.into(),
            source: Arc::new(source),
            stream: stream(seed, place),
        })
    }

    /// The same generator at another place, with values of its own. What it was made ready with is shared.
    pub fn at(&self, seed: u64, place: &[&str]) -> ArgumentGenerator {
        ArgumentGenerator {
            stream: stream(seed, place),
            ..self.clone()
        }
    }

    /// Writes the text of the value of one execution, as a parameter in text format; for numbers and random texts
    /// without any memory of its own.
    ///
    /// # Errors
    ///
    /// As [`value`](Self::value).
    pub fn write(
        &self,
        execution: u64,
        variables: &dyn Fn(&str) -> Option<Value>,
        out: &mut Vec<u8>,
    ) -> Result<Presence, GenerateError> {
        let draw = Draw {
            index: execution,
            random: self.stream.at(execution),
            variable: variables,
        };
        self.source
            .write(draw, out)
            .map_err(|problem: Problem| problem.of(&self.name))
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
        self.value_with(execution, &|name| variables.get(name).cloned())
    }

    /// [`value`](Self::value) with variables that are asked for one by one.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn value_with(
        &self,
        execution: u64,
        variables: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<Value, GenerateError> {
        let draw = Draw {
            index: execution,
            random: self.stream.at(execution),
            variable: variables,
        };
        self.source
            .draw(draw)
            .map_err(|problem: Problem| problem.of(&self.name))
    }
}
