//! What a script remembers while it is gone through: saved variables and the rows of earlier steps.

use super::step::ROWS_TO_READ;
use crate::{
    record::{Reply, ResultSet, Value},
    text::list,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// What becomes of what a step returned before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// The step is taken again.
    IsReplaced,
    /// It is the same execution, for an earlier row of its `for_each`.
    StaysBefore,
}

/// Saved variables and results of one pass through a script.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Variables by name.
    pub saved: BTreeMap<String, Value>,
    /// The last result of each step by the step's name.
    pub results: HashMap<String, Arc<ResultSet>>,
}

impl Memory {
    /// Forgets everything: each pass stands for itself.
    pub fn begin_iteration(&mut self) {
        *self = Self::default();
    }

    /// Keeps the last result of a step, behind what it returned for earlier rows of its `for_each`.
    pub fn keep(&mut self, step: &str, reply: &Reply, earlier: Earlier) {
        let result = reply.last().cloned().unwrap_or_default();
        match (earlier, self.results.get_mut(step)) {
            (Earlier::StaysBefore, Some(known)) => {
                let known = Arc::make_mut(known);
                known.row_count += result.row_count;
                let room = ROWS_TO_READ.saturating_sub(known.rows.len());
                known.rows.extend(result.rows.into_iter().take(room));
            }
            (Earlier::StaysBefore, None) | (Earlier::IsReplaced, _) => {
                self.results.insert(step.to_owned(), Arc::new(result));
            }
        }
    }

    /// Saves a column of the first row under a name; without a row it is NULL, as a subquery would be.
    ///
    /// # Errors
    ///
    /// There is no such column; says which there are.
    pub fn save(&mut self, variable: &str, column: &str, reply: &Reply) -> Result<(), String> {
        let empty = ResultSet::default();
        let result = reply.last().unwrap_or(&empty);
        if result.column(column).is_none() {
            let columns: Vec<&str> = result.columns.iter().map(|c| c.name.as_str()).collect();
            return Err(match columns.is_empty() {
                true => format!("there is no column \"{column}\": the statement returns none"),
                false => format!(
                    "there is no column \"{column}\": the statement returns {}",
                    list(&columns, "and")
                ),
            });
        }
        let value = value_of(result, column, 0).unwrap_or(Value::Null);
        self.saved.insert(variable.to_owned(), value);
        Ok(())
    }

    /// How many rows an earlier step returned; 0 where it was not taken.
    pub fn rows_of(&self, step: &str) -> usize {
        self.results.get(step).map_or(0, |result| result.rows.len())
    }

    /// A column of a row of an earlier step; none where there is no such step, row or column.
    pub fn column(&self, step: &str, column: &str, row: usize) -> Option<Value> {
        value_of(self.results.get(step)?, column, row)
    }
}

fn value_of(result: &ResultSet, column: &str, row: usize) -> Option<Value> {
    result.rows.get(row)?.get(result.column(column)?).cloned()
}
