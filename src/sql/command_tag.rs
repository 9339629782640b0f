//! Which command tag does the server answer this statement with? The driver keeps the number of
//! rows of a tag and hides its words.

use super::words::{Word, starts_with, words};

/// The words of the tag, without numbers: `UPDATE`, `SELECT`, `CREATE TABLE`. `None` for a text
/// without words and for EXECUTE, which answers with the tag of what was prepared. `CREATE TABLE IF
/// NOT EXISTS … AS` is taken to find no table.
pub fn command_tag(sql: &str) -> Option<String> {
    let words = words(sql);
    let first = words.iter().find(|word| !word.is("("))?;
    let tag = match first.text.as_str() {
        "select" | "table" | "values" => "SELECT",
        "with" => return Some(main_verb(&words)),
        "create" => return Some(create(&words)),
        "alter" | "drop" => return Some(format!("{} {}", upper(first), object(&words[1..]))),
        "start" => "START TRANSACTION",
        "end" => "COMMIT",
        "abort" => "ROLLBACK",
        "analyse" => "ANALYZE",
        "lock" => "LOCK TABLE",
        "truncate" => "TRUNCATE TABLE",
        "declare" => "DECLARE CURSOR",
        "refresh" => "REFRESH MATERIALIZED VIEW",
        "security" => "SECURITY LABEL",
        "import" => "IMPORT FOREIGN SCHEMA",
        "reassign" => "REASSIGN OWNED",
        "close" if starts_with(&words, &["close", "all"]) => "CLOSE CURSOR ALL",
        "close" => "CLOSE CURSOR",
        "set" if starts_with(&words, &["set", "constraints"]) => "SET CONSTRAINTS",
        "prepare" if starts_with(&words, &["prepare", "transaction"]) => "PREPARE TRANSACTION",
        "deallocate" if words.last().is_some_and(|word| word.is("all")) => "DEALLOCATE ALL",
        "commit" | "rollback" if words.get(1).is_some_and(|word| word.is("prepared")) => {
            return Some(format!("{} PREPARED", upper(first)));
        }
        "grant" | "revoke" if !words.iter().any(|word| word.depth == 0 && word.is("on")) => {
            return Some(format!("{} ROLE", upper(first)));
        }
        "discard" => return Some(discard(&words)),
        "execute" => return None,
        _ => return Some(upper(first)),
    };
    Some(tag.to_owned())
}

fn upper(word: &Word) -> String {
    word.text.to_ascii_uppercase()
}

/// The verb that follows the parts of a WITH.
fn main_verb(words: &[Word]) -> String {
    const VERBS: [&str; 4] = ["insert", "update", "delete", "merge"];
    let verb = words
        .windows(2)
        .find(|run| run[0].depth == 0 && run[0].is(")") && run[1].is_any(&VERBS));
    verb.map_or("SELECT".to_owned(), |run| upper(&run[1]))
}

fn create(words: &[Word]) -> String {
    const MODIFIERS: [&str; 13] = [
        "or",
        "replace",
        "temp",
        "temporary",
        "global",
        "local",
        "unlogged",
        "unique",
        "recursive",
        "constraint",
        "trusted",
        "procedural",
        "default",
    ];
    let modifiers = words[1..]
        .iter()
        .take_while(|word| word.is_any(&MODIFIERS))
        .count();
    let object = object(&words[1 + modifiers..]);
    match object.as_str() {
        "TABLE" | "MATERIALIZED VIEW" if is_by_query(words) && !is_without_data(words) => {
            "SELECT".to_owned()
        }
        "TABLE" if is_by_query(words) => "CREATE TABLE AS".to_owned(),
        _ => format!("CREATE {object}"),
    }
}

/// Whether the new table or view is made from a query; filled at once, it answers as SELECT does.
fn is_by_query(words: &[Word]) -> bool {
    const BEGINNINGS: [&str; 6] = ["select", "with", "table", "values", "execute", "("];
    let mut pairs = words.windows(2);
    pairs.any(|run| run[0].depth == 0 && run[0].is("as") && run[1].is_any(&BEGINNINGS))
}

fn is_without_data(words: &[Word]) -> bool {
    starts_with(
        &words[words.len().saturating_sub(3)..],
        &["with", "no", "data"],
    )
}

/// The kind of object that CREATE, ALTER or DROP names first, as tags spell it.
fn object(words: &[Word]) -> String {
    const PAIRS: [[&str; 2]; 12] = [
        ["access", "method"],
        ["event", "trigger"],
        ["foreign", "data"],
        ["foreign", "table"],
        ["materialized", "view"],
        ["operator", "class"],
        ["operator", "family"],
        ["text", "search"],
        ["user", "mapping"],
        ["default", "privileges"],
        ["large", "object"],
        ["procedural", "language"],
    ];
    let pair = PAIRS.into_iter().find(|pair| starts_with(words, pair));
    let spelled = |count: usize| {
        let words: Vec<String> = words.iter().take(count).map(upper).collect();
        words.join(" ")
    };
    match (pair, words.first()) {
        (Some(["foreign", "data"] | ["text", "search"]), _) => spelled(3),
        (Some(["procedural", _]), _) => "LANGUAGE".to_owned(),
        (Some(_), _) => spelled(2),
        (None, Some(word)) if word.is_any(&["user", "group"]) => "ROLE".to_owned(),
        (None, _) => spelled(1),
    }
}

fn discard(words: &[Word]) -> String {
    match words.get(1).map(|word| word.text.as_str()) {
        Some("temporary") => "DISCARD TEMP".to_owned(),
        Some(what) => format!("DISCARD {}", what.to_ascii_uppercase()),
        None => "DISCARD".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_spelled_as_the_server_spells_them() {
        for (sql, tag) in [
            ("(select 1)", "SELECT"),
            (
                "WITH a AS (DELETE FROM t RETURNING 1) SELECT * FROM a",
                "SELECT",
            ),
            ("WITH a AS (SELECT 1) UPDATE t SET x = 1", "UPDATE"),
            ("begin", "BEGIN"),
            ("END", "COMMIT"),
            ("ROLLBACK TO a", "ROLLBACK"),
            ("COMMIT PREPARED 'x'", "COMMIT PREPARED"),
            (
                "CREATE TEMP TABLE t (a int GENERATED ALWAYS AS (1) STORED)",
                "CREATE TABLE",
            ),
            ("CREATE TABLE t AS SELECT 1", "SELECT"),
            ("CREATE TABLE t AS SELECT 1 WITH NO DATA", "CREATE TABLE AS"),
            ("CREATE MATERIALIZED VIEW v AS SELECT 1", "SELECT"),
            ("CREATE UNIQUE INDEX ON t (a)", "CREATE INDEX"),
            (
                "CREATE OR REPLACE FUNCTION f() RETURNS int AS 'x' LANGUAGE sql",
                "CREATE FUNCTION",
            ),
            ("CREATE USER u", "CREATE ROLE"),
            (
                "CREATE TEXT SEARCH CONFIGURATION c (COPY = english)",
                "CREATE TEXT SEARCH CONFIGURATION",
            ),
            ("DROP FOREIGN DATA WRAPPER w", "DROP FOREIGN DATA WRAPPER"),
            ("ALTER TABLE t ADD a int", "ALTER TABLE"),
            ("TRUNCATE t", "TRUNCATE TABLE"),
            ("LOCK t", "LOCK TABLE"),
            ("GRANT a TO b", "GRANT ROLE"),
            ("GRANT SELECT (x) ON t TO b", "GRANT"),
            ("DISCARD TEMPORARY", "DISCARD TEMP"),
            ("copy t from stdin", "COPY"),
        ] {
            assert_eq!(command_tag(sql).as_deref(), Some(tag), "{sql}");
        }
    }

    #[test]
    fn what_the_text_cannot_tell_has_no_tag() {
        for sql in ["", "-- nothing", ";", "((", "EXECUTE p"] {
            assert_eq!(command_tag(sql), None, "{sql}");
        }
    }
}
