//! `no-lock-timeout`.

use super::super::{Found, Look, Rule, Severity, Statement};

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
    let kinds = ["alter table", "drop table", "truncate"];
    if !kinds.iter().any(|kind| statement.begins(kind)) {
        return None;
    }
    let limited = statement.earlier_says("lock_timeout");
    let told = kinds.iter().any(|kind| statement.came_before(kind));
    let table = statement.altered_table().map(|(table, _)| table);
    let made = table
        .as_ref()
        .is_some_and(|table| statement.made_here(table));
    (!limited && !told && !made).then(|| {
        let of = table.unwrap_or_default();
        Found::new(
            of,
            "this waits for its lock without a limit, and everybody behind it",
        )
    })
}
