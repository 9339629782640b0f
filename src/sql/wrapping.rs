//! May a statement be put into a transaction of its own, as far as its words tell? What may not says so itself when it
//! is tried; this is for those that would mean something else there, or would do half of their work first.

use super::{
    kind::{StatementKind, kind},
    words::words,
};

/// Whether a statement that runs by itself does the same between BEGIN and COMMIT.
///
/// LOCK, SAVEPOINT and DECLARE are refused outside of a transaction and mean nothing there. A procedure or DO block may
/// end transactions itself.
pub fn may_be_wrapped(sql: &str) -> bool {
    let words = words(sql);
    match kind(sql) {
        StatementKind::Read
        | StatementKind::LockingRead
        | StatementKind::Write
        | StatementKind::Ddl => !words.iter().any(|word| word.is("concurrently")),
        StatementKind::Other => {
            let is_do = words.first().is_some_and(|word| word.is("do"));
            is_do && !words.iter().any(|word| ends_transactions(&word.text))
        }
        StatementKind::Transaction(_) => false,
    }
}

/// Whether a statement that runs by itself, and in no transaction, may hold up those who read or write a table.
pub fn may_hold_up(sql: &str) -> bool {
    const HARMLESS: [&str; 11] = [
        "analyze",
        "analyse",
        "checkpoint",
        "deallocate",
        "discard",
        "listen",
        "notify",
        "prepare",
        "reset",
        "set",
        "unlisten",
    ];
    let words = words(sql);
    let Some(first) = words.first() else {
        return false;
    };
    let of_no_table = ["system", "database", "tablespace"];
    let second = words.get(1);
    let has = |text: &str| words.iter().any(|word| word.is(text));
    match first.text.as_str() {
        // They let others read and write by themselves.
        "create" | "drop" if has("index") && has("concurrently") => false,
        "reindex" if has("concurrently") => false,
        "vacuum" => has("full"),
        "alter" | "create" | "drop" => !second.is_some_and(|word| word.is_any(&of_no_table)),
        _ => !first.is_any(&HARMLESS),
    }
}

fn ends_transactions(body: &str) -> bool {
    let body = body.to_ascii_lowercase();
    let mut words = body.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.any(|word| word == "commit" || word == "rollback")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_nobody_up_is_known_by_its_words() {
        for sql in [
            "SET lock_timeout = 1",
            "VACUUM t",
            "analyze t",
            "ALTER SYSTEM RESET ALL",
            "DROP INDEX CONCURRENTLY i",
            "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",
            "REINDEX TABLE CONCURRENTLY t",
            "",
        ] {
            assert!(!may_hold_up(sql), "{sql}");
        }
        for sql in [
            "CALL p()",
            "VACUUM (FULL) t",
            "ALTER TYPE t ADD VALUE 'a'",
            "DROP INDEX i",
            "ALTER TABLE p DETACH PARTITION q CONCURRENTLY",
            "EXECUTE q",
        ] {
            assert!(may_hold_up(sql), "{sql}");
        }
    }

    #[test]
    fn what_would_mean_something_else_in_a_transaction_is_left_alone() {
        for sql in [
            "ALTER TABLE t ADD COLUMN a integer",
            "CREATE INDEX ON t (a)",
            "UPDATE t SET a = 1",
            "SELECT set_config('a.b', 'c', false)",
            "DO $$ BEGIN UPDATE t SET a = 1; END $$",
        ] {
            assert!(may_be_wrapped(sql), "{sql}");
        }
        for sql in [
            "CREATE INDEX CONCURRENTLY ON t (a)",
            "REINDEX TABLE CONCURRENTLY t",
            "ALTER TABLE p DETACH PARTITION q CONCURRENTLY",
            "VACUUM t",
            "CALL backfill()",
            "DO $$ BEGIN LOOP UPDATE t SET a = 1; COMMIT; END LOOP; END $$",
            "LOCK TABLE t",
            "SET lock_timeout = '2s'",
            "BEGIN",
            "",
        ] {
            assert!(!may_be_wrapped(sql), "{sql}");
        }
    }
}
