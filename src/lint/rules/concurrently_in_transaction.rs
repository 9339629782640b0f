//! `concurrently-in-transaction`.

use super::super::{Found, Look, Rule, Severity, Statement, script::begins};

/// CONCURRENTLY where it cannot be.
pub const RULE: Rule = Rule {
    code: "concurrently-in-transaction",
    severity: Severity::Blocking,
    title: "CONCURRENTLY stands in a transaction",
    condition: "CREATE INDEX, DROP INDEX, REINDEX or DETACH PARTITION with CONCURRENTLY follows a BEGIN of the same script, \
and the transaction has not ended. REFRESH MATERIALIZED VIEW CONCURRENTLY may stand in one.",
    effect: "The server refuses it: it commits several transactions of its own.",
    bad: "BEGIN;\nCREATE INDEX CONCURRENTLY orders_user ON orders (user_id);\nCOMMIT;",
    good: "CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    (is_refused(statement) && statement.in_transaction())
        .then(|| Found::new("", "the server refuses CONCURRENTLY in a transaction"))
}

/// Whether a transaction has no room for the statement.
fn is_refused(statement: &Statement<'_>) -> bool {
    let says = |word: &String| word == "concurrently";
    let mut actions = statement.actions().into_iter();
    statement.says("index concurrently")
        || (statement.begins("reindex") && statement.words().iter().any(says))
        || actions.any(|words| begins(words, "detach partition") && words.last().is_some_and(says))
}
