//! `no-lock-timeout`.

use super::super::{
    Found, Look, Rule, Severity, Statement,
    script::{behind, names},
};

/// A lock that is waited for without end.
pub const RULE: Rule = Rule {
    code: "no-lock-timeout",
    severity: Severity::Advisory,
    title: "A lock is waited for without a limit",
    condition: "ALTER TABLE, DROP TABLE or TRUNCATE of something that the script did not make itself, without SET \
lock_timeout before it. Only the first one of a script is told.",
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

fn locked(statement: &Statement<'_>) -> Vec<String> {
    let words = statement.words();
    if let Some((table, _)) = statement.altered_table() {
        return vec![table];
    }
    if let Some(rest) = behind(words, "truncate") {
        return names(behind(rest, "table").unwrap_or(rest));
    }
    match statement.begins("drop table") {
        true => statement.dropped_tables(),
        false => Vec::new(),
    }
}
