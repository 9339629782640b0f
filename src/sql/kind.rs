//! What does a statement do, as far as its words tell? A function that a SELECT calls may still
//! write: that only the server knows.

use super::words::{Word, contains_run, starts_with, words};

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// Reads and locks no row: SELECT, TABLE, VALUES, SHOW, EXPLAIN without ANALYZE, COPY … TO.
    Read,
    /// A SELECT with FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE or FOR KEY SHARE.
    LockingRead,
    /// INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY … FROM, and a WITH that holds one of them.
    Write,
    /// Begins, ends or divides a transaction.
    Transaction(TransactionControl),
    /// Changes the schema or privileges: CREATE, ALTER, DROP, SELECT INTO, GRANT, REINDEX …
    Ddl,
    /// Anything else: SET, CALL, DO, LOCK, VACUUM, cursors, prepared statements …
    Other,
}

/// What a statement does with its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionControl {
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, END.
    Commit,
    /// ROLLBACK, ABORT.
    Rollback,
    /// SAVEPOINT.
    Savepoint,
    /// ROLLBACK TO SAVEPOINT.
    RollbackTo,
    /// RELEASE SAVEPOINT.
    Release,
    /// PREPARE TRANSACTION.
    Prepare,
    /// COMMIT PREPARED.
    CommitPrepared,
    /// ROLLBACK PREPARED.
    RollbackPrepared,
}

/// Classifies a statement; of several, the first. A text without words is [`StatementKind::Other`].
pub fn kind(sql: &str) -> StatementKind {
    of_words(&words(sql))
}

fn of_words(words: &[Word]) -> StatementKind {
    let Some(first) = words.iter().find(|word| !word.is("(")) else {
        return StatementKind::Other;
    };
    if let Some(control) = transaction_control(words) {
        return StatementKind::Transaction(control);
    }
    match first.text.as_str() {
        "select" | "with" | "table" | "values" => query(words),
        "insert" | "update" | "delete" | "merge" | "truncate" => StatementKind::Write,
        "show" => StatementKind::Read,
        "explain" => explain(words),
        "copy" => copy(words),
        "create" | "alter" | "drop" | "grant" | "revoke" | "comment" | "security" | "reindex"
        | "cluster" | "refresh" | "import" | "reassign" => StatementKind::Ddl,
        _ => StatementKind::Other,
    }
}

fn transaction_control(words: &[Word]) -> Option<TransactionControl> {
    use TransactionControl::*;
    let prepared = words.get(1).is_some_and(|word| word.is("prepared"));
    Some(match words.first()?.text.as_str() {
        "begin" => Begin,
        "start" if starts_with(words, &["start", "transaction"]) => Begin,
        "commit" if prepared => CommitPrepared,
        "rollback" if prepared => RollbackPrepared,
        "commit" | "end" => Commit,
        "rollback" | "abort" if words.iter().any(|word| word.is("to")) => RollbackTo,
        "rollback" | "abort" => Rollback,
        "savepoint" => Savepoint,
        "release" => Release,
        "prepare" if starts_with(words, &["prepare", "transaction"]) => Prepare,
        _ => return None,
    })
}

const MODIFYING: [&str; 4] = ["insert", "update", "delete", "merge"];

/// SELECT, TABLE, VALUES, or a WITH with whatever follows it.
fn query(words: &[Word]) -> StatementKind {
    if words.first().is_some_and(|word| word.is("with")) && writes(words) {
        return StatementKind::Write;
    }
    if is_select_into(words) {
        return StatementKind::Ddl;
    }
    let locks = [
        &["for", "update"][..],
        &["for", "share"],
        &["for", "no", "key", "update"],
        &["for", "key", "share"],
    ];
    match locks.iter().any(|lock| contains_run(words, lock)) {
        true => StatementKind::LockingRead,
        false => StatementKind::Read,
    }
}

/// Whether a WITH statement modifies data: in its main statement, or in a part `AS (INSERT …)`.
fn writes(words: &[Word]) -> bool {
    let in_part = words.windows(3).any(|run| {
        run[0].is_any(&["as", "materialized"]) && run[1].is("(") && run[2].is_any(&MODIFYING)
    });
    // The main statement follows a part's closing parenthesis.
    let in_main = words
        .windows(2)
        .any(|run| run[1].depth == 0 && run[0].is(")") && run[1].is_any(&MODIFYING));
    in_part || in_main
}

/// Whether this is a SELECT … INTO, which creates a table.
pub(super) fn is_select_into(words: &[Word]) -> bool {
    let mut top = words.iter().filter(|word| word.depth == 0);
    top.by_ref().any(|word| word.is("select")) && top.any(|word| word.is("into"))
}

fn explain(words: &[Word]) -> StatementKind {
    let options_end = match words.get(1) {
        Some(word) if word.is("(") => 2 + words.iter().skip(2).take_while(|w| w.depth > 0).count(),
        _ => words.len().min(1),
    };
    let inner = words
        .iter()
        .skip(options_end)
        .position(|w| !w.is_any(&["analyze", "verbose", ")"]));
    let inner = &words[inner.map_or(words.len(), |at| options_end + at)..];
    let mut options = words[..words.len() - inner.len()].windows(2);
    let executes = options.any(|run| {
        run[0].is_any(&["analyze", "analyse"]) && !run[1].is_any(&["false", "off", "0"])
    }) || words.get(1).is_some_and(|word| word.is("analyze"));
    if executes {
        of_words(inner)
    } else {
        StatementKind::Read
    }
}

/// COPY … FROM writes; COPY … TO reads, or does what its query does.
fn copy(words: &[Word]) -> StatementKind {
    if words.iter().any(|word| word.depth == 0 && word.is("from")) {
        return StatementKind::Write;
    }
    match words.get(1) {
        Some(open) if open.is("(") => {
            let query = words
                .iter()
                .skip(2)
                .take_while(|word| word.depth > 0)
                .cloned();
            let query: Vec<Word> = query
                .map(|word| Word {
                    depth: word.depth - 1,
                    ..word
                })
                .collect();
            of_words(&query)
        }
        _ => StatementKind::Read,
    }
}

/// Whether the rows of the query come in a stated order: ORDER BY outside any parentheses, in the
/// last statement of the text.
pub fn has_order_by(sql: &str) -> bool {
    let script = super::split(sql);
    let last = script
        .statements
        .last()
        .map_or("", |statement| statement.text(sql));
    let top: Vec<Word> = words(last)
        .into_iter()
        .filter(|word| word.depth == 0)
        .collect();
    contains_run(&top, &["order", "by"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatementKind::*;
    use proptest::prelude::*;

    #[test]
    fn what_only_reads_is_a_read() {
        for sql in [
            "SELECT 1",
            "-- c\n (SELECT 1) UNION (SELECT 2)",
            "((select 1))",
            "TABLE t",
            "VALUES (1), (2)",
            "SHOW work_mem",
            "EXPLAIN DELETE FROM t",
            "EXPLAIN (ANALYZE false, BUFFERS) DELETE FROM t",
            "EXPLAIN (VERBOSE) UPDATE t SET a = 1",
            "EXPLAIN (ANALYZE) SELECT 1",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "SELECT 'FOR UPDATE', \"insert\" FROM t",
            "SELECT substring(a for update_count) FROM t",
            "COPY t TO STDOUT",
            "COPY (SELECT 1 FROM t) TO STDOUT",
            ";; SELECT 1; DELETE FROM t",
        ] {
            assert_eq!(kind(sql), Read, "{sql}");
        }
    }

    #[test]
    fn a_select_that_locks_rows_is_a_locking_read() {
        for sql in [
            "SELECT * FROM t FOR UPDATE",
            "SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED",
            "SELECT * FROM (SELECT * FROM t FOR SHARE) x",
            "WITH a AS (SELECT 1 FOR KEY SHARE) SELECT * FROM a",
        ] {
            assert_eq!(kind(sql), LockingRead, "{sql}");
        }
    }

    #[test]
    fn what_modifies_rows_is_a_write() {
        for sql in [
            "INSERT INTO t SELECT 1",
            "update t set a = 1",
            "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a",
            "WITH a AS NOT MATERIALIZED (SELECT 1) UPDATE t SET b = 1",
            "WITH a(x) AS MATERIALIZED (MERGE INTO t USING u ON true) TABLE a",
            "EXPLAIN ANALYZE DELETE FROM t",
            "EXPLAIN (BUFFERS, ANALYZE) DELETE FROM t",
            "EXPLAIN (ANALYZE true) INSERT INTO t VALUES (1)",
            "EXPLAIN ANALYZE VERBOSE UPDATE t SET a = 1",
            "COPY t (a, b) FROM STDIN",
            "COPY (DELETE FROM t RETURNING *) TO STDOUT",
            "TRUNCATE t",
        ] {
            assert_eq!(kind(sql), Write, "{sql}");
        }
    }

    #[test]
    fn transaction_control_is_told_apart() {
        use TransactionControl::*;
        for (sql, control) in [
            ("begin isolation level serializable", Begin),
            ("START TRANSACTION", Begin),
            ("END", Commit),
            ("COMMIT AND CHAIN", Commit),
            ("ABORT", Rollback),
            ("ROLLBACK TO SAVEPOINT a", RollbackTo),
            ("ROLLBACK WORK", Rollback),
            ("SAVEPOINT a", Savepoint),
            ("RELEASE a", Release),
            ("PREPARE TRANSACTION 'x'", Prepare),
            ("COMMIT PREPARED 'x'", CommitPrepared),
            ("ROLLBACK PREPARED 'x'", RollbackPrepared),
        ] {
            assert_eq!(kind(sql), Transaction(control), "{sql}");
        }
    }

    #[test]
    fn schema_changes_and_the_rest_are_told_apart() {
        for sql in [
            "CREATE INDEX CONCURRENTLY ON t (a)",
            "SELECT 1 AS a INTO t",
            "WITH x AS (SELECT 1) SELECT * INTO u FROM x",
            "GRANT SELECT ON t TO u",
            "REFRESH MATERIALIZED VIEW v",
            "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
        ] {
            assert_eq!(kind(sql), Ddl, "{sql}");
        }
        for sql in [
            "",
            "-- only\n",
            "SET work_mem = 1",
            "PREPARE p AS SELECT 1",
            "LOCK t",
            "DO $$$$",
            "((",
        ] {
            assert_eq!(kind(sql), Other, "{sql}");
        }
    }

    #[test]
    fn only_an_order_by_outside_parentheses_orders_the_rows() {
        for sql in [
            "SELECT a FROM t ORDER BY a",
            "(SELECT 1 ORDER BY 1)",
            "SELECT 1; SELECT 2 order by 1;",
        ] {
            assert!(has_order_by(sql), "{sql}");
        }
        for sql in [
            "SELECT * FROM (SELECT a FROM t ORDER BY a) x",
            "SELECT rank() OVER (ORDER BY a) FROM t",
            "(SELECT 1 ORDER BY 1) UNION (SELECT 2 ORDER BY 1)",
            "SELECT 1 ORDER BY 1; SELECT 2",
            "SELECT 'order by'",
        ] {
            assert!(!has_order_by(sql), "{sql}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_classified(sql in "(\\PC|\\(|\\)|;| |explain|analyze|copy|with|as|select|from){0,30}") {
            let _ = (kind(&sql), has_order_by(&sql));
        }
    }
}
