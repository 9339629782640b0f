//! `index-not-concurrent`.

use super::super::{Claim, Found, Look, Rule, Severity, Statement, script::name};

/// An index that is built while nobody can write.
pub const RULE: Rule = Rule {
    code: "index-not-concurrent",
    severity: Severity::Blocking,
    title: "An index is built while nobody can write to its table",
    condition: "CREATE INDEX without CONCURRENTLY, on a table that the script did not make itself.",
    effect: "The table is under SHARE lock until the index is built: every INSERT, UPDATE and DELETE waits, for minutes on a \
large table.",
    bad: "CREATE INDEX orders_user ON orders (user_id);",
    good: "CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    let creates = statement.begins("create index") || statement.begins("create unique index");
    if !creates || statement.says("index concurrently") {
        return None;
    }
    let mut rest = statement.after("on")?;
    if rest.first().is_some_and(|word| word == "only") {
        rest = &rest[1..];
    }
    let (table, _) = name(rest)?;
    (!statement.made_here(&table)).then(|| {
        Found::new(
            table.clone(),
            format!("nobody can write to {table} while this index is built"),
        )
        .claim(Claim::BlocksWrites)
    })
}
