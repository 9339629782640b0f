//! Which values does an earlier table have, for other tables to refer to?

use super::{GenerateError, TableGenerator};
use crate::record::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The values of one column that can be referred to.
pub trait ReferencedValues: std::fmt::Debug + Send + Sync {
    /// How many rows the column has.
    fn rows(&self) -> u64;

    /// Its value in a row below [`rows`](ReferencedValues::rows).
    ///
    /// # Errors
    ///
    /// What the column's own generator says.
    fn value(&self, row: u64) -> Result<Value, GenerateError>;
}

/// A column whose values were read from the database or from a file.
impl ReferencedValues for Vec<Value> {
    fn rows(&self) -> u64 {
        self.len() as u64
    }

    fn value(&self, row: u64) -> Result<Value, GenerateError> {
        Ok(self.get(row as usize).cloned().unwrap_or(Value::Null))
    }
}

/// A column of a generated table: its values are computed again, not kept.
#[derive(Debug)]
struct Regenerated {
    table: Arc<TableGenerator>,
    column: usize,
}

impl ReferencedValues for Regenerated {
    fn rows(&self) -> u64 {
        self.table.rows()
    }

    fn value(&self, row: u64) -> Result<Value, GenerateError> {
        self.table.cell(self.column, row)
    }
}

/// The columns that are seeded so far.
#[derive(Debug, Clone, Default)]
pub struct Seeded {
    columns: HashMap<String, Arc<dyn ReferencedValues>>,
}

impl Seeded {
    /// Lets later generators refer to all columns of a table. A table that was there before is replaced.
    pub fn add_table(&mut self, table: Arc<TableGenerator>) {
        for (column, name) in table.columns().enumerate() {
            let name = format!("{}.{name}", table.table());
            let table = Arc::clone(&table);
            self.columns
                .insert(name, Arc::new(Regenerated { table, column }));
        }
    }

    /// Lets later generators refer to a column with known values, by its name `table.column`.
    pub fn add_column(&mut self, name: &str, values: Arc<dyn ReferencedValues>) {
        self.columns.insert(name.to_owned(), values);
    }

    /// The column of a name `table.column`.
    pub fn column(&self, name: &str) -> Option<&Arc<dyn ReferencedValues>> {
        self.columns.get(name)
    }

    /// The names `table.column` that are known, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.columns.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}
