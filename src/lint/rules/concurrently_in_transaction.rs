//! `concurrently-in-transaction`.

use super::super::{Found, Look, Rule, Severity, Statement};

/// CONCURRENTLY where it cannot be.
pub const RULE: Rule = Rule {
    code: "concurrently-in-transaction",
    severity: Severity::Blocking,
    title: "CONCURRENTLY stands in a transaction",
    condition: "A statement with CONCURRENTLY follows a BEGIN of the same script.",
    effect: "The server refuses it: it commits several transactions of its own.",
    bad: "BEGIN;\nCREATE INDEX CONCURRENTLY orders_user ON orders (user_id);\nCOMMIT;",
    good: "CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    let runs = ["index concurrently", "view concurrently"];
    let concurrently = runs.iter().any(|run| statement.says(run));
    (concurrently && statement.in_transaction())
        .then(|| Found::new("", "the server refuses CONCURRENTLY in a transaction"))
}
