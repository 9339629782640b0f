//! A column made ready: its generator, and the options `per`, `unique` and `nullable`.

use super::error::Problem;
use super::like::Like;
use super::permutation::Permutation;
use super::random::{Stream, fingerprint, mix};
use super::source::{Draw, Source, Surroundings, share};
use crate::record::Value;
use crate::spec::generator::{Column as Spec, ColumnOptions, Generator};
use crate::text::did_you_mean;
use std::collections::HashMap;

/// Streams of a column besides that of its values; retries count up from 1.
const NULLS: u64 = u64::MAX;
const ORDER: u64 = u64::MAX - 1;

/// The variable of a `rhai` expression that counts the rows, from 1.
pub(super) const ROW: &str = "row";

/// A column made ready.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    made: Made,
    distinct: Distinct,
    /// The column whose value decides the value of this one.
    per: Option<usize>,
    /// The share of NULL, from 0 to 1.
    nulls: f64,
    stream: Stream,
    /// The columns whose values must be known first.
    pub(super) needs: Vec<usize>,
    /// The columns together with which it is unique.
    with: Vec<usize>,
}

#[derive(Debug)]
enum Made {
    From(Source),
    /// The value of another column of the same table, in this row or an earlier one.
    FromOwn(usize),
}

/// How it is made sure that no value occurs twice.
#[derive(Debug)]
pub(super) enum Distinct {
    /// It is not.
    No,
    /// Every row has a number of its own, and every number a value of its own.
    Numbered(Permutation),
    /// The same, for so many values as there are when the database is.
    NumberedWhenRead,
    /// By trying again: how often, in the rows where it was necessary.
    Retried(HashMap<u64, u64>),
}

/// What a column is made ready in.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) seed: u64,
    pub(super) name: &'a str,
    pub(super) columns: &'a [&'a str],
    pub(super) rows: u64,
    pub(super) around: Surroundings<'a>,
}

/// What a cell is computed from.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) row: u64,
    /// The values of the row as far as they are known.
    pub(super) known: &'a [Value],
    /// The names of the columns, for the variables of `rhai`.
    pub(super) columns: &'a [Column],
}

impl Column {
    pub(super) fn new(name: &str, spec: &Spec, table: Table<'_>) -> Result<Column, Problem> {
        let (made, options) = match spec {
            Spec::Constant(literal) => (
                Made::From(Source::Constant(Value::from_json(&literal.to_json()))),
                None,
            ),
            Spec::Generated(options) => (
                Made::new(&only_generator(options)?, table)?,
                Some(options.as_ref()),
            ),
        };
        let options = options.cloned().unwrap_or_default();
        let mut column = Column {
            name: name.to_owned(),
            made,
            distinct: Distinct::No,
            per: options
                .per
                .as_deref()
                .map(|per| table.column(per))
                .transpose()?,
            nulls: options.nullable.map_or(Ok(0.0), share)?,
            stream: Stream::of(table.seed, &["seed", table.name, name]),
            needs: Vec::new(),
            with: Vec::new(),
        };
        column.needs = column.needs(table)?;
        column.check_per()?;
        if options.unique {
            column.distinct = column.distinct(table.rows)?;
        }
        Ok(column)
    }

    /// A column whose values are like those of production.
    pub(super) fn like(name: &str, like: Like, nulls: f64, stream: Stream) -> Column {
        Column {
            name: name.to_owned(),
            made: Made::From(Source::Like(Box::new(like))),
            distinct: Distinct::No,
            per: None,
            nulls,
            stream,
            needs: Vec::new(),
            with: Vec::new(),
        }
    }

    /// Whether every row has another value by itself.
    pub(super) fn is_key(&self) -> bool {
        matches!(&self.made, Made::From(Source::Like(like)) if matches!(**like, Like::Key(_)))
    }

    /// Makes it unique together with others.
    pub(super) fn make_unique_with(&mut self, others: Vec<usize>) {
        self.needs.clone_from(&others);
        self.with = others;
        self.distinct = Distinct::Retried(HashMap::new());
    }

    /// What must not occur twice: a number that stands for the value and for those together with which it is unique; none
    /// where one of them is NULL.
    pub(super) fn occurrence(&self, value: &Value, known: &[Value]) -> Option<u64> {
        let mut parts = self.with.iter().map(|other| &known[*other]).chain([value]);
        parts.try_fold(0, |sum: u64, part| {
            (!part.is_null()).then(|| match self.with.is_empty() {
                true => stand_in(part),
                false => mix(sum.wrapping_add(stand_in(part))),
            })
        })
    }

    /// Whether its values can be made different only by trying.
    pub(super) fn must_retry(&self) -> bool {
        matches!(self.distinct, Distinct::Retried(_))
    }

    /// Notes how often each row has to try.
    pub(super) fn set_retries(&mut self, retries: HashMap<u64, u64>) {
        self.distinct = Distinct::Retried(retries);
    }

    /// The value of a cell.
    pub(super) fn value(&self, cell: Cell<'_>) -> Result<Value, Problem> {
        let attempt = match &self.distinct {
            Distinct::Retried(retries) => retries.get(&cell.row).copied().unwrap_or(0),
            Distinct::No | Distinct::Numbered(_) | Distinct::NumberedWhenRead => 0,
        };
        self.attempt(cell, attempt)
    }

    /// The value of a cell at the first try, 0, or at a later one.
    pub(super) fn attempt(&self, cell: Cell<'_>, attempt: u64) -> Result<Value, Problem> {
        let index = self
            .per
            .map_or(cell.row, |other| stand_in(&cell.known[other]));
        if self.nulls > 0.0 && self.stream.branch(NULLS).at(index).unit() < self.nulls {
            return Ok(Value::Null);
        }
        let stream = if attempt == 0 {
            self.stream
        } else {
            self.stream.branch(attempt)
        };
        let mut random = stream.at(index);
        let source = match &self.made {
            Made::From(source) => source,
            Made::FromOwn(other) => {
                let row = random.below(cell.row + 1);
                return cell.columns[*other].value(Cell {
                    row,
                    known: &[],
                    ..cell
                });
            }
        };
        let variable = |name: &str| self.variable(name, cell);
        let draw = Draw {
            index: cell.row,
            random,
            variable: &variable,
        };
        match &self.distinct {
            Distinct::Numbered(order) => source.nth(order.at(cell.row), self.stream, draw),
            Distinct::NumberedWhenRead => {
                let count = source.count().unwrap_or_default();
                if cell.row >= count {
                    return Err(too_few(cell.row + 1, count));
                }
                let order = Permutation::new(self.stream.branch(ORDER), count);
                source.nth(order.at(cell.row), self.stream, draw)
            }
            Distinct::No | Distinct::Retried(_) => source.draw(draw),
        }
    }

    fn variable(&self, name: &str, cell: Cell<'_>) -> Option<Value> {
        if name == ROW {
            return Some(Value::Int(i64::try_from(cell.row).ok()?.checked_add(1)?));
        }
        let mut needs = self.needs.iter();
        needs
            .find(|other| cell.columns[**other].name == name)
            .map(|other| cell.known[*other].clone())
    }

    fn needs(&self, table: Table<'_>) -> Result<Vec<usize>, Problem> {
        let mut needs: Vec<usize> = self.per.into_iter().collect();
        let Made::From(source) = &self.made else {
            return Ok(needs);
        };
        for variable in source.variables() {
            if variable.name == ROW {
                continue;
            }
            let Some(other) = table.position(&variable.name) else {
                let problem = Problem::new(format!("unknown variable \"{}\"", variable.name));
                let known = [ROW].into_iter().chain(table.columns.iter().copied());
                let hint = did_you_mean(&variable.name, known).unwrap_or_default();
                return Err(problem.hint(hint).at(variable.place));
            };
            needs.push(other);
        }
        needs.sort_unstable();
        needs.dedup();
        Ok(needs)
    }

    fn check_per(&self) -> Result<(), Problem> {
        let counts = matches!(
            &self.made,
            Made::From(Source::Sequence { .. }) | Made::FromOwn(_)
        );
        if self.per.is_some() && counts {
            return Err(Problem::new(
                "this generator goes by the row and not by the value of another column",
            )
            .hint("drop per"));
        }
        Ok(())
    }

    fn distinct(&self, rows: u64) -> Result<Distinct, Problem> {
        if self.per.is_some() {
            return Err(Problem::new("unique and per contradict each other")
                .hint("per repeats a value wherever the other column repeats one"));
        }
        let Made::From(source) = &self.made else {
            return Ok(Distinct::Retried(HashMap::new()));
        };
        if source.is_read() {
            return Ok(Distinct::NumberedWhenRead);
        }
        let Some(count) = source.count() else {
            return Ok(Distinct::Retried(HashMap::new()));
        };
        if count < rows {
            return Err(too_few(rows, count));
        }
        // Numbers that become visible, as in an address, stay as small as the table.
        let size = if matches!(source, Source::Fake(_)) {
            rows
        } else {
            count
        };
        Ok(Distinct::Numbered(Permutation::new(
            self.stream.branch(ORDER),
            size,
        )))
    }
}

fn too_few(rows: u64, count: u64) -> Problem {
    Problem::new(format!(
        "unique needs {rows} different values and this generator has {count}"
    ))
    .hint("widen it, or lower rows")
}

impl Made {
    fn new(generator: &Generator, table: Table<'_>) -> Result<Made, Problem> {
        if let Generator::Reference(name) = generator
            && let Some((of, column)) = name.rsplit_once('.')
            && of == table.name
            && table.around.seeded.column(name).is_none()
        {
            return Ok(Made::FromOwn(table.column(column)?));
        }
        Source::new(generator, table.around).map(Made::From)
    }
}

impl Column {
    /// The column of the same table that this one refers to.
    pub(super) fn own_reference(&self) -> Option<usize> {
        match self.made {
            Made::FromOwn(other) => Some(other),
            Made::From(_) => None,
        }
    }

    /// Whether its values can be computed without those of other columns.
    pub(super) fn stands_alone(&self) -> bool {
        self.needs.is_empty() && self.own_reference().is_none()
    }
}

impl Table<'_> {
    fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| *name == column)
    }

    fn column(&self, column: &str) -> Result<usize, Problem> {
        self.position(column).ok_or_else(|| {
            let problem = Problem::new(format!("there is no column \"{column}\" here"));
            match did_you_mean(column, self.columns.iter().copied()) {
                Some(hint) => problem.hint(hint),
                None => problem,
            }
        })
    }
}

/// A number that stands for a value: the same for equal values.
pub(super) fn stand_in(value: &Value) -> u64 {
    match value {
        Value::Int(number) => mix(*number as u64),
        Value::Text(text) => fingerprint(text.as_bytes()),
        Value::Null => fingerprint(b"null"),
        other => fingerprint(format!("{} <{other}>", other.kind()).as_bytes()),
    }
}

/// The one generator among a column's keys.
fn only_generator(options: &ColumnOptions) -> Result<Generator, Problem> {
    let mut given = options.generators().into_iter();
    match (given.next(), given.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Problem::new("no generator is named").hint(
            "name one of sequence, uniform, gaussian, zipf, choice, text, fake, timestamp, uuid, bool, reference, rhai",
        )),
        (Some(_), Some(_)) => {
            Err(Problem::new("more than one generator is named").hint("keep one of them"))
        }
    }
}
