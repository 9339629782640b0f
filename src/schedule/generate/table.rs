//! The rows of a seeded table.

use super::column::{Cell, Column, Table};
use super::error::Problem;
use super::{GenerateError, Surroundings};
use crate::record::Value;
use crate::spec::generator::Column as ColumnSpec;
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};

/// What a table is to hold.
#[derive(Debug, Clone, Copy)]
pub struct TableSpec<'a> {
    /// Its name as in the seed.
    pub table: &'a str,
    /// How many rows.
    pub rows: u64,
    /// How the value of each column comes about.
    pub columns: &'a IndexMap<String, ColumnSpec>,
}

/// Generates the rows of a table, in any order and from any thread.
#[derive(Debug)]
pub struct TableGenerator {
    table: String,
    rows: u64,
    columns: Vec<Column>,
    /// The columns in an order in which each comes after those that it needs.
    order: Vec<usize>,
}

/// The most rows in which a generator without numbered values can be made unique: all values are tried
/// beforehand, and remembered by 8 bytes each while that lasts.
const MAX_RETRIED_ROWS: u64 = 5_000_000;

/// How often a row tries to find a value that no earlier row has.
const MAX_TRIES: u64 = 1000;

impl TableGenerator {
    /// Makes a table's generators ready.
    ///
    /// # Errors
    ///
    /// What is wrong with the first wrong column: ranges without values, unknown columns, columns that need
    /// each other, `unique` where there are not enough values, a `rhai` text that does not compile.
    pub fn new(
        seed: u64,
        spec: TableSpec<'_>,
        around: Surroundings<'_>,
    ) -> Result<TableGenerator, GenerateError> {
        let names: Vec<&str> = spec.columns.keys().map(String::as_str).collect();
        let table = Table {
            seed,
            name: spec.table,
            columns: &names,
            rows: spec.rows,
            around,
        };
        let mut columns = Vec::new();
        for (name, column) in spec.columns {
            columns.push(Column::new(name, column, table).map_err(|problem| problem.of(name))?);
        }
        Self::of_columns(spec.table, spec.rows, columns)
    }

    /// A table of columns that were made ready.
    pub(super) fn of_columns(
        table: &str,
        rows: u64,
        columns: Vec<Column>,
    ) -> Result<TableGenerator, GenerateError> {
        check_own_references(&columns)?;
        let order = order(&columns)?;
        let mut generator = TableGenerator {
            table: table.to_owned(),
            rows,
            columns,
            order,
        };
        generator.find_retries()?;
        Ok(generator)
    }

    /// The table's name as in the seed.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The names of its columns, in the order of the values of a row.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Puts the values of a row, counted from 0, into `values`, and nothing else.
    ///
    /// # Errors
    ///
    /// A `rhai` expression that broke; a sequence that left 64 bits.
    pub fn row(&self, row: u64, values: &mut Vec<Value>) -> Result<(), GenerateError> {
        values.clear();
        values.resize(self.columns.len(), Value::Null);
        self.fill(row, &self.order, values)
    }

    /// The value of one cell: column and row counted from 0.
    ///
    /// # Errors
    ///
    /// Those of [`row`](TableGenerator::row).
    pub fn cell(&self, column: usize, row: u64) -> Result<Value, GenerateError> {
        if self.columns[column].needs.is_empty() {
            return self.value(column, row, &[]);
        }
        let mut values = Vec::new();
        self.row(row, &mut values)?;
        Ok(values.swap_remove(column))
    }

    fn fill(&self, row: u64, order: &[usize], values: &mut [Value]) -> Result<(), GenerateError> {
        for &column in order {
            values[column] = self.value(column, row, values)?;
        }
        Ok(())
    }

    fn value(&self, column: usize, row: u64, known: &[Value]) -> Result<Value, GenerateError> {
        let column = &self.columns[column];
        let cell = Cell {
            row,
            known,
            columns: &self.columns,
        };
        column
            .value(cell)
            .map_err(|problem| problem.of(&column.name))
    }

    /// Tries beforehand the columns whose values can be made different only by trying, so that a row can later be
    /// asked for alone.
    fn find_retries(&mut self) -> Result<(), GenerateError> {
        for place in 0..self.order.len() {
            let column = self.order[place];
            if self.columns[column].must_retry() {
                let retries = self.retries_of(place);
                let name = &self.columns[column].name;
                let retries = retries.map_err(|problem| problem.of(name))?;
                self.columns[column].set_retries(retries);
            }
        }
        Ok(())
    }

    fn retries_of(&self, place: usize) -> Result<HashMap<u64, u64>, Problem> {
        if self.rows > MAX_RETRIED_ROWS {
            return Err(Problem::new(format!(
                "unique works for this generator up to {MAX_RETRIED_ROWS} rows, and here are {}",
                self.rows
            ))
            .hint(
                "sequence, uniform, text, uuid, timestamp and fake: email are unique in any number",
            ));
        }
        let column = &self.columns[self.order[place]];
        let earlier = self.needed(self.order[place], &self.order[..place]);
        let mut seen = HashSet::new();
        let mut retries = HashMap::new();
        let mut known = vec![Value::Null; self.columns.len()];
        for row in 0..self.rows {
            let before = self.fill(row, &earlier, &mut known);
            before.map_err(|error| Problem::new(error.to_string()))?;
            let cell = Cell {
                row,
                known: &known,
                columns: &self.columns,
            };
            let attempt = first_unseen(column, cell, &mut seen)?;
            if attempt > 0 {
                retries.insert(row, attempt);
            }
        }
        Ok(retries)
    }
}

impl TableGenerator {
    /// Those of some columns, in their order, from which a column is computed. The others may not be known yet: what
    /// they refer to is read from the database.
    fn needed(&self, column: usize, order: &[usize]) -> Vec<usize> {
        let mut needed = self.columns[column].needs.clone();
        for other in order.iter().rev() {
            if needed.contains(other) {
                needed.extend(&self.columns[*other].needs);
            }
        }
        let needed = order.iter().filter(|other| needed.contains(other));
        needed.copied().collect()
    }
}

fn first_unseen(column: &Column, cell: Cell<'_>, seen: &mut HashSet<u64>) -> Result<u64, Problem> {
    for attempt in 0..MAX_TRIES {
        let value = column.attempt(cell, attempt)?;
        let occurrence = column.occurrence(&value, cell.known);
        if occurrence.is_none_or(|occurrence| seen.insert(occurrence)) {
            return Ok(attempt);
        }
    }
    Err(Problem::new(format!(
        "unique: no value was found for row {} that the rows before do not have",
        cell.row + 1
    ))
    .hint("the generator has too few values for so many rows: widen it, or lower rows"))
}

/// A column that refers to its own table looks at other rows, where only a column by itself can be computed.
fn check_own_references(columns: &[Column]) -> Result<(), GenerateError> {
    for column in columns {
        if let Some(other) = column.own_reference()
            && !columns[other].stands_alone()
        {
            let other = &columns[other].name;
            let problem = Problem::new(format!(
                "it refers to \"{other}\" of its own table, which depends on other columns"
            ));
            return Err(problem.of(&column.name));
        }
    }
    Ok(())
}

fn order(columns: &[Column]) -> Result<Vec<usize>, GenerateError> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < columns.len() {
        let ready = |at: &usize| {
            !order.contains(at) && columns[*at].needs.iter().all(|need| order.contains(need))
        };
        let Some(next) = (0..columns.len()).find(ready) else {
            let stuck = columns
                .iter()
                .enumerate()
                .filter(|(at, _)| !order.contains(at));
            let names: Vec<String> = stuck
                .map(|(_, column)| format!("\"{}\"", column.name))
                .collect();
            let problem = Problem::new(format!(
                "the columns {} depend on each other",
                names.join(", ")
            ));
            return Err(problem.of(names[0].trim_matches('"')));
        };
        order.push(next);
    }
    Ok(order)
}
