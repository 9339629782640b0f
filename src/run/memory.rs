//! What a script remembers while it is gone through: saved variables and the rows of earlier steps.

use crate::record::{Reply, ResultSet, Value};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

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

    /// Keeps the last result of a step, and the named columns of its first row; without a row, or
    /// without such a column, the variable is NULL.
    pub fn keep(&mut self, step: &str, save: &[(String, String)], reply: &Reply) {
        let result = reply.last().cloned().unwrap_or_default();
        for (variable, column) in save {
            self.saved.insert(
                variable.clone(),
                value_of(&result, column, 0).unwrap_or(Value::Null),
            );
        }
        self.results.insert(step.to_owned(), Arc::new(result));
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
