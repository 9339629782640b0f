//! `no-lock-timeout`.

use super::super::{
    Found, Look, Rule, Severity, Statement,
    script::{begins, behind, names},
};

/// A lock that is waited for without end.
pub const RULE: Rule = Rule {
    code: "no-lock-timeout",
    severity: Severity::Advisory,
    title: "A lock is waited for without a limit",
    condition: "ALTER TABLE, DROP TABLE, TRUNCATE, LOCK TABLE, VACUUM FULL or CLUSTER of something that the script did not make \
itself, or DROP INDEX without CONCURRENTLY, without SET lock_timeout before it. Only the first one of a script is told.",
    effect: "Behind one long transaction the statement waits, and behind it everybody else: even reads queue up.",
    bad: "ALTER TABLE orders ADD COLUMN remark text;",
    good: "SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN remark text;",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    let of = in_use(statement)?;
    let limited = statement
        .earlier()
        .any(|earlier| earlier.says("lock_timeout"));
    let told = || {
        statement
            .earlier()
            .any(|earlier| in_use(&earlier).is_some())
    };
    (!limited && !told()).then(|| {
        Found::new(
            of,
            "this waits for its lock without a limit, and everybody behind it",
        )
    })
}

/// The first table that the statement locks and that may be in use.
fn in_use(statement: &Statement<'_>) -> Option<String> {
    let mut locked = locked(statement).into_iter();
    locked.find(|table| !statement.made_here(table))
}

/// The tables that the statement locks against everybody; of all of them, or of one that it does not name, an empty name.
fn locked(statement: &Statement<'_>) -> Vec<String> {
    let words = statement.words();
    let behind_any = |runs: &[&str]| runs.iter().find_map(|run| behind(words, run));
    if let Some((table, _)) = statement.altered_table() {
        return vec![table];
    }
    if statement.begins("drop table") {
        return statement.dropped_tables();
    }
    if let Some(rest) = behind_any(&["truncate table", "truncate", "lock table", "lock"]) {
        let waits = !statement.says("nowait");
        return if waits { names(rest) } else { Vec::new() };
    }
    if let Some(rest) = behind_any(&["vacuum", "cluster"]) {
        let (options, rest) = options(rest);
        let full = statement.begins("cluster") || options.iter().any(|word| word == "full");
        return match names(rest) {
            none if full && none.is_empty() => vec![String::new()],
            tables if full => tables,
            _ => Vec::new(),
        };
    }
    match statement.begins("drop index") && !statement.says("index concurrently") {
        true => vec![String::new()],
        false => Vec::new(),
    }
}

/// The options of VACUUM or CLUSTER, in parentheses or without them, and what stands behind.
fn options(words: &[String]) -> (&[String], &[String]) {
    let known = ["full", "freeze", "verbose", "analyze", "analyse"];
    let end = match begins(words, "(") {
        true => words.iter().position(|word| word == ")").map(|at| at + 1),
        false => words
            .iter()
            .position(|word| !known.contains(&word.as_str())),
    };
    words.split_at(end.unwrap_or(words.len()))
}
