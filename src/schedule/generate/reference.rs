//! Which values does an earlier table have, for other tables to refer to?

use super::{GenerateError, TableGenerator};
use crate::record::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// The values of one column that can be referred to.
pub trait ReferencedValues: std::fmt::Debug + Send + Sync {
    /// How many values there are; none before they are known.
    fn rows(&self) -> Option<u64>;

    /// A value below [`rows`](ReferencedValues::rows).
    ///
    /// # Errors
    ///
    /// What the column's own generator says.
    fn value(&self, row: u64) -> Result<Value, GenerateError>;
}

/// A column that SQL, a file, CSV or pgbench fills: its different values are read from the database when they are there.
#[derive(Debug)]
pub struct ReadColumn {
    name: String,
    values: RwLock<Option<Vec<Value>>>,
}

impl ReadColumn {
    /// A column by its name `table.column` that was not read yet.
    pub fn new(name: String) -> Self {
        Self {
            name,
            values: RwLock::default(),
        }
    }

    /// Its name `table.column`, as the author wrote it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table and the column.
    pub fn parts(&self) -> (&str, &str) {
        self.name.rsplit_once('.').unwrap_or((&self.name, ""))
    }

    /// Its values as they were read, in an order that is the same in every run. Another database, such as one on another
    /// server, may have others: what was read last counts.
    pub fn fill(&self, values: Vec<Value>) {
        *self.values.write().unwrap_or_else(PoisonError::into_inner) = Some(values);
    }
}

impl ReferencedValues for ReadColumn {
    fn rows(&self) -> Option<u64> {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        values.as_ref().map(|values| values.len() as u64)
    }

    fn value(&self, row: u64) -> Result<Value, GenerateError> {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let value = values.as_ref().and_then(|values| values.get(row as usize));
        value.cloned().ok_or_else(|| GenerateError {
            of: self.name.clone(),
            message: "its values are known only when the database is there".to_owned(),
            hint: None,
            place: None,
        })
    }
}

/// A column of a generated table: its values are computed again, not kept.
#[derive(Debug)]
struct Regenerated {
    table: Arc<TableGenerator>,
    column: usize,
}

impl ReferencedValues for Regenerated {
    fn rows(&self) -> Option<u64> {
        Some(self.table.rows())
    }

    fn value(&self, row: u64) -> Result<Value, GenerateError> {
        self.table.cell(self.column, row)
    }
}

/// The columns that are seeded so far.
#[derive(Debug, Clone, Default)]
pub struct Seeded {
    columns: HashMap<String, Arc<dyn ReferencedValues>>,
    /// Those whose values need no database.
    computed: HashSet<String>,
}

/// Where the values of a generated table come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// From nothing but the seed of everything random.
    Nothing,
    /// Also from columns that were read.
    Database,
}

impl Seeded {
    /// Lets later generators refer to all columns of a table. A table that was there before is replaced.
    pub fn add_table(&mut self, table: Arc<TableGenerator>, needs: Needs) {
        for (column, name) in table.columns().enumerate() {
            let name = format!("{}.{name}", table.table());
            let table = Arc::clone(&table);
            match needs {
                Needs::Nothing => self.computed.insert(name.clone()),
                Needs::Database => self.computed.remove(&name),
            };
            self.columns
                .insert(name, Arc::new(Regenerated { table, column }));
        }
    }

    /// Lets later generators refer to a column with known values, by its name `table.column`.
    pub fn add_column(&mut self, name: &str, values: Arc<dyn ReferencedValues>) {
        self.columns.insert(name.to_owned(), values);
    }

    /// Whether the values of a column are known without a database.
    pub fn is_computed(&self, name: &str) -> bool {
        self.computed.contains(name)
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
