//! A generator made ready: checked, its tables computed, its expression compiled.

use super::argument::Presence;
use super::choice::Choice;
use super::error::Problem;
use super::like::Like;
use super::moment::Moments;
use super::number::{Gaussian, Range, Zipf};
use super::random::{Random, Stream};
use super::reference::{ReferencedValues, Seeded};
use super::text::{Letters, numbered, numbered_count, realistic};
use crate::record::Value;
use crate::script::{
    Hook, HookEnd, HookKind, HookScope, Hooks, NoSession, RunControl, ScriptError,
};
use crate::spec::generator::{Fake, Generator, Sequence};
use crate::text::did_you_mean;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// What a generator needs around it to be made ready.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Compiles `rhai`.
    pub hooks: &'a Hooks,
    /// What `reference` can name.
    pub seeded: &'a Seeded,
}

/// A generator made ready.
#[derive(Debug)]
pub(super) enum Source {
    Constant(Value),
    Sequence { start: i64, step: i64 },
    Uniform(Range),
    Gaussian(Gaussian),
    Zipf(Zipf),
    Choice(Choice),
    Letters(Letters),
    Fake(Fake),
    Moment(Moments),
    Uuid,
    Bool { share: f64 },
    Reference(Arc<dyn ReferencedValues>),
    Rhai { hook: Hook, host: Arc<NoSession> },
    Like(Box<Like>),
}

/// What one value is drawn from.
pub(super) struct Draw<'a> {
    /// Which value of a sequence, counted from 0.
    pub(super) index: u64,
    pub(super) random: Random,
    /// The variables of a `rhai` expression by name; asked only for those it reads.
    pub(super) variable: &'a dyn Fn(&str) -> Option<Value>,
}

impl Source {
    pub(super) fn new(spec: &Generator, around: Surroundings<'_>) -> Result<Source, Problem> {
        Ok(match spec {
            Generator::Sequence(Sequence::Start(start)) => Source::Sequence {
                start: *start,
                step: 1,
            },
            Generator::Sequence(Sequence::Full(full)) => Source::Sequence {
                start: full.start,
                step: full.step,
            },
            Generator::Uniform(uniform) => Source::Uniform(Range::new(uniform)?),
            Generator::Gaussian(gaussian) => Source::Gaussian(Gaussian::new(gaussian)?),
            Generator::Zipf(zipf) => Source::Zipf(Zipf::new(zipf)?),
            Generator::Choice(choice) => Source::Choice(Choice::new(choice)?),
            Generator::Text(text) => Source::Letters(Letters::new(text)?),
            Generator::Fake(kind) => Source::Fake(*kind),
            Generator::Timestamp(range) => Source::Moment(Moments::new(range)?),
            Generator::Uuid(_) => Source::Uuid,
            Generator::Bool(percent) => Source::Bool {
                share: share(*percent)?,
            },
            Generator::Reference(name) => Source::Reference(referenced(name, around.seeded)?),
            Generator::Rhai(text) => Source::Rhai {
                hook: around.hooks.compile(text, HookKind::Expression)?,
                host: Arc::new(NoSession),
            },
        })
    }

    /// A value; equal draws give equal values.
    pub(super) fn draw(&self, draw: Draw<'_>) -> Result<Value, Problem> {
        let mut random = draw.random;
        Ok(match self {
            Source::Constant(value) => value.clone(),
            Source::Sequence { start, step } => sequence(*start, *step, draw.index)?,
            Source::Uniform(range) => range.nth(random.below(range.count)),
            Source::Gaussian(gaussian) => gaussian.draw(&mut random),
            Source::Zipf(zipf) => zipf.draw(&mut random),
            Source::Choice(choice) => choice.draw(&mut random),
            Source::Letters(letters) => Value::Text(letters.draw(&mut random)),
            Source::Fake(kind) => Value::Text(realistic(*kind, &mut random)),
            Source::Moment(moments) => moments.nth(random.below(moments.count)),
            Source::Uuid => uuid(random.bits(), random.bits()),
            Source::Bool { share } => Value::Bool(random.unit() < *share),
            Source::Reference(values) => pick(values.as_ref(), &mut random)?,
            Source::Rhai { hook, host } => evaluate(hook, host, random.bits(), draw.variable)?,
            Source::Like(like) => like.draw(draw.index, random)?,
        })
    }

    /// Writes the text form of the value that [`draw`](Source::draw) gives.
    pub(super) fn write(&self, draw: Draw<'_>, out: &mut Vec<u8>) -> Result<Presence, Problem> {
        let mut random = draw.random.clone();
        match self {
            Source::Uniform(range) => range.write(random.below(range.count), out),
            Source::Letters(letters) => letters.write(&mut random, out),
            _ => return Ok(write(&self.draw(draw)?, out)),
        }
        Ok(Presence::Text)
    }

    /// How many different values [`nth`](Source::nth) has; `None` where they cannot be numbered.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Source::Sequence { step: 0, .. } => Some(1),
            Source::Sequence { .. } | Source::Uuid => Some(u64::MAX),
            Source::Uniform(range) => Some(range.count),
            Source::Moment(moments) => Some(moments.count),
            Source::Choice(choice) => choice.count(),
            Source::Letters(letters) => Some(letters.count()),
            Source::Fake(kind) => numbered_count(*kind),
            Source::Reference(values) => values.rows(),
            Source::Constant(_) => Some(1),
            Source::Bool { .. }
            | Source::Gaussian(_)
            | Source::Zipf(_)
            | Source::Rhai { .. }
            | Source::Like(_) => None,
        }
    }

    /// Whether its values can be numbered, and how many there are is known only when the database is there.
    pub(super) fn is_read(&self) -> bool {
        matches!(self, Source::Reference(values) if values.rows().is_none())
    }

    /// The value of a number below [`count`](Source::count): another one for every number.
    pub(super) fn nth(
        &self,
        number: u64,
        stream: Stream,
        draw: Draw<'_>,
    ) -> Result<Value, Problem> {
        let mut random = draw.random;
        Ok(match self {
            Source::Uniform(range) => range.nth(number),
            Source::Moment(moments) => moments.nth(number),
            Source::Choice(choice) => choice.nth(number),
            Source::Letters(letters) => Value::Text(letters.nth(number, &mut random)),
            Source::Fake(kind) => Value::Text(numbered(*kind, number, &mut random)),
            Source::Uuid => uuid(stream.distinct(number), random.bits()),
            Source::Reference(values) => values.value(number).map_err(inside)?,
            Source::Sequence { start, step } => sequence(*start, *step, draw.index)?,
            Source::Constant(_)
            | Source::Bool { .. }
            | Source::Gaussian(_)
            | Source::Zipf(_)
            | Source::Rhai { .. }
            | Source::Like(_) => return self.draw(Draw { random, ..draw }),
        })
    }

    /// The variables that a `rhai` expression reads.
    pub(super) fn variables(&self) -> Vec<&crate::script::FreeVariable> {
        match self {
            Source::Rhai { hook, .. } => hook.free_variables().collect(),
            _ => Vec::new(),
        }
    }
}

/// Writes the text form of a value; NULL has none.
pub(super) fn write(value: &Value, out: &mut Vec<u8>) -> Presence {
    match value {
        Value::Int(number) => integer(*number, out),
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        other => match other.to_text() {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => return Presence::Null,
        },
    }
    Presence::Text
}

/// Writes a whole number.
pub(super) fn integer(number: i64, out: &mut Vec<u8>) {
    // A vector takes everything.
    let _ = write!(out, "{number}");
}

/// A percentage as a share of one, from 0 to 1.
pub(super) fn share(percent: crate::text::quantity::Percent) -> Result<f64, Problem> {
    let share = percent.fraction();
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err(Problem::new(format!(
        "{percent} is not a share: it must be from 0% to 100%"
    )))
}

fn sequence(start: i64, step: i64, index: u64) -> Result<Value, Problem> {
    let offset = i64::try_from(index)
        .ok()
        .and_then(|index| index.checked_mul(step));
    match offset.and_then(|offset| start.checked_add(offset)) {
        Some(number) => Ok(Value::Int(number)),
        None => Err(Problem::new("the sequence leaves the range of 64 bits")),
    }
}

/// 122 bits: the 64 of `distinct`, whole, and 58 of `rest`, with the version and variant of RFC 9562.
fn uuid(distinct: u64, rest: u64) -> Value {
    let high = ((distinct & !0xfff) << 4) | 0x4000 | (distinct & 0xfff);
    // The four bits that the version pushed out of the upper half open the lower one, after the variant.
    let low = (0b10 << 62) | ((distinct >> 60) << 58) | (rest >> 6);
    let both = (u128::from(high) << 64) | u128::from(low);
    Value::Uuid(both.to_be_bytes())
}

fn referenced(name: &str, seeded: &Seeded) -> Result<Arc<dyn ReferencedValues>, Problem> {
    let Some(values) = seeded.column(name) else {
        let problem = Problem::new(format!(
            "\"{name}\" is no column that is seeded before this one"
        ));
        return Err(match did_you_mean(name, seeded.names()) {
            Some(hint) => problem.hint(hint),
            None => problem.hint("write table.column, of a table that stands earlier in the seed"),
        });
    };
    if values.rows() == Some(0) {
        return Err(Problem::new(format!("\"{name}\" has no rows to refer to")));
    }
    Ok(Arc::clone(values))
}

/// How often another row is picked when the referenced column is NULL in one.
const PICKS: usize = 100;

fn pick(values: &dyn ReferencedValues, random: &mut Random) -> Result<Value, Problem> {
    let rows = values.rows().unwrap_or_default();
    for _ in 0..PICKS {
        let value = values.value(random.below(rows)).map_err(inside)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::Null)
}

/// The error of a referenced column, said by the column that refers to it.
fn inside(error: super::GenerateError) -> Problem {
    let problem = Problem::new(format!(
        "in the referenced column \"{}\": {}",
        error.of, error.message
    ));
    match error.hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

fn evaluate(
    hook: &Hook,
    host: &Arc<NoSession>,
    random_seed: u64,
    variable: &dyn Fn(&str) -> Option<Value>,
) -> Result<Value, Problem> {
    let named = hook
        .free_variables()
        .filter_map(|free| Some((free.name.clone(), variable(&free.name)?)));
    let variables: BTreeMap<String, Value> = named.collect();
    let scope = HookScope {
        variables,
        random_seed,
        ..HookScope::default()
    };
    match hook.run(&scope, host.clone(), &RunControl::default()).end {
        HookEnd::Finished(value) => Ok(value),
        HookEnd::AssertionFailed { message, place } | HookEnd::Failed { message, place } => {
            Err(Problem::new(message).at(place))
        }
        HookEnd::Skipped { place, .. } => Err(Problem::new("a value cannot be skipped").at(place)),
        HookEnd::SqlFailed { error, place } => Err(Problem::new(error.message).at(place)),
        HookEnd::LimitExceeded { limit, place } => Err(Problem::new(limit.to_string()).at(place)),
        HookEnd::Cancelled => Err(Problem::new("the hook was cancelled")),
        HookEnd::Broken(ScriptError {
            message,
            hint,
            place,
        }) => {
            let problem = Problem::new(message).at(place);
            Err(hint.into_iter().fold(problem, Problem::hint))
        }
    }
}
