//! What will a statement answer with? Its command word and its columns, remembered per text so that the driver never has
//! to ask the server about a type while an answer is under way.

use crate::record::Column;
use crate::sql::{self, StatementKind};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::Statement;

/// Texts remembered at most; a hook may make up any number of them.
const LIMIT: usize = 1000;

/// The form of a statement's answer.
#[derive(Debug, Default)]
pub(super) struct Shape {
    command: String,
    effect: Effect,
    columns: Vec<Column>,
    /// Kept, not used again: the driver closes a dropped statement in the background, and where the server ends a
    /// session that has such a message unread, the reason it gives is lost.
    kept: Option<Statement>,
}

/// What matters about a statement here.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// It may return rows.
    Rows,
    /// It changes what tables and types there are, and returns nothing.
    Schema,
    /// It may do both: a procedure, a function, an anonymous block.
    Unknown,
    /// Neither.
    #[default]
    Nothing,
}

impl Shape {
    /// What the text alone tells.
    pub(super) fn of(sql: &str) -> Self {
        let returning = || sql.to_ascii_lowercase().contains("returning");
        let effect = match sql::kind(sql) {
            StatementKind::Read | StatementKind::LockingRead => Effect::Rows,
            StatementKind::Write if returning() => Effect::Rows,
            StatementKind::Write | StatementKind::Transaction(_) => Effect::Nothing,
            StatementKind::Ddl => Effect::Schema,
            StatementKind::Other => Effect::Unknown,
        };
        Self {
            command: sql::command_tag(sql).unwrap_or_default(),
            effect,
            columns: Vec::new(),
            kept: None,
        }
    }

    pub(super) fn prepared(mut self, statement: Statement) -> Self {
        self.columns = statement.columns().iter().map(column).collect();
        self.kept = Some(statement);
        self
    }

    pub(super) fn may_return_rows(&self) -> bool {
        matches!(self.effect, Effect::Rows | Effect::Unknown)
    }

    /// The words of its command tag; empty where the text does not tell.
    pub(super) fn command(&self) -> &str {
        &self.command
    }

    /// Its columns as of when it was prepared.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }
}

/// A column of a result, in the words of a reply.
pub(super) fn column(column: &tokio_postgres::Column) -> Column {
    Column {
        name: column.name().to_owned(),
        type_name: column.type_().name().to_owned(),
    }
}

/// Whether the text moves data between server and client by COPY.
pub(super) fn copies_through_client(text: &str) -> bool {
    let through_client = |text: &str| {
        let lower = text.to_ascii_lowercase();
        lower.contains("stdin") || lower.contains("stdout")
    };
    through_client(text)
        && sql::split(text).statements.iter().any(|statement| {
            let statement = statement.text(text);
            through_client(statement) && sql::command_tag(statement).as_deref() == Some("COPY")
        })
}

/// The shapes that one session knows. All are forgotten when any session of the database may have changed its types.
#[derive(Debug)]
pub(super) struct Shapes {
    known: HashMap<String, Arc<Shape>>,
    as_of: u64,
    schema_version: Arc<AtomicU64>,
}

impl Shapes {
    pub(super) fn new(schema_version: Arc<AtomicU64>) -> Self {
        Self {
            known: HashMap::new(),
            as_of: schema_version.load(Ordering::Relaxed),
            schema_version,
        }
    }

    /// The shape of a text that ran before.
    pub(super) fn get(&mut self, sql: &str) -> Option<Arc<Shape>> {
        let now = self.schema_version.load(Ordering::Relaxed);
        if now != self.as_of || self.known.len() >= LIMIT {
            self.known.clear();
            self.as_of = now;
        }
        self.known.get(sql).cloned()
    }

    /// Remembers a text that the server took.
    pub(super) fn ran(&mut self, sql: &str, shape: &Arc<Shape>) {
        match shape.effect {
            Effect::Schema | Effect::Unknown => self.forget(),
            Effect::Rows | Effect::Nothing => {
                if !self.known.contains_key(sql) {
                    self.known.insert(sql.to_owned(), shape.clone());
                }
            }
        }
    }

    /// Types may have changed, for every session of the database.
    pub(super) fn forget(&mut self) {
        self.schema_version.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_statements_that_may_return_rows_arekept_first() {
        for sql in [
            "SELECT 1",
            "UPDATE t SET a = 1 RETURNING a",
            "CALL p()",
            "FETCH c",
        ] {
            assert!(Shape::of(sql).may_return_rows(), "{sql}");
        }
        for sql in ["BEGIN", "UPDATE t SET a = 1", "CREATE TABLE t (a int)"] {
            assert!(!Shape::of(sql).may_return_rows(), "{sql}");
        }
    }

    #[test]
    fn copy_through_the_client_is_recognised() {
        assert!(copies_through_client(
            "SELECT 1; copy t FROM stdin;\n1\n\\.\n"
        ));
        assert!(copies_through_client("COPY t TO STDOUT"));
        assert!(copies_through_client("COPY t FROM STDIN"));
        assert!(!copies_through_client("COPY t TO '/tmp/x'"));
        assert!(!copies_through_client("SELECT 'copy to stdout'"));
    }

    #[test]
    fn a_change_of_the_schema_by_any_session_makes_all_forget() {
        let version = Arc::new(AtomicU64::new(0));
        let (mut one, mut other) = (Shapes::new(version.clone()), Shapes::new(version));
        one.ran("SELECT 1", &Arc::new(Shape::of("SELECT 1")));
        assert!(one.get("SELECT 1").is_some());
        let create = "CREATE TYPE t AS ENUM ('a')";
        other.ran(create, &Arc::new(Shape::of(create)));
        assert!(one.get("SELECT 1").is_none());
    }
}
