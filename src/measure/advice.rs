//! What could be sent instead of one statement for each row? The text of one statement, where the repeated one is
//! simple enough to be rewritten word by word; else the two ways in words.

use super::trace::Message;
use crate::sql::rewrite::{first_table, for_all};

/// What to send instead of one statement for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The repeated statement for all values at once, `… WHERE id = ANY($1)`, where it can be written.
    pub statement: Option<String>,
    /// The table that the repeated statement reads, where its form shows it.
    pub table: Option<String>,
    /// The table that the parent statement reads, where its form shows it.
    pub parent_table: Option<String>,
}

/// What to send instead of a message that was repeated with other values at these positions of its
/// [binds](super::texts::binds).
pub(super) fn advice(repeated: &Message<'_>, parent_sql: &str, varying: &[usize]) -> Advice {
    let statement = match varying {
        [position] => for_all(repeated.sql, *position, repeated.params.len()),
        _ => None,
    };
    Advice {
        statement: statement.map(|statement| statement.sql),
        table: first_table(repeated.sql),
        parent_table: first_table(parent_sql),
    }
}
