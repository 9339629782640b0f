//! `type-change`.

use super::super::{
    Claim, Found, Look, Rule, Severity, Statement,
    script::{altered_column, begins},
};

/// A column that gets another type.
pub const RULE: Rule = Rule {
    code: "type-change",
    severity: Severity::Blocking,
    title: "A column gets another type",
    condition: "ALTER COLUMN … TYPE, on a table that the script did not make itself. Some changes, such as a longer varchar, \
write nothing anew: the trace of the migration tells.",
    effect: "The table and its indexes are written anew under ACCESS EXCLUSIVE lock, and twice the room is needed. Programs \
that read the old type break.",
    bad: "ALTER TABLE orders ALTER COLUMN id TYPE bigint;",
    good: "\
ALTER TABLE orders ADD COLUMN id_new bigint;
-- fill it piece by piece, keep it up to date by a trigger, and change over when it is complete",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    let (table, _) = statement.altered_table()?;
    if statement.made_here(&table) {
        return None;
    }
    let mut actions = statement.actions().into_iter();
    let found = actions.find(|words| {
        altered_column(words)
            .is_some_and(|(_, change)| begins(change, "type") || begins(change, "set data type"))
    });
    found.map(|_| {
        Found::new(
            table.clone(),
            format!("{table} is written anew while nobody can use it"),
        )
        .claim(Claim::Rewrites)
    })
}
