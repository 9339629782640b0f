//! `not-null-at-once`.

use super::super::{
    Claim, Found, Look, Rule, Severity, Statement,
    script::{altered_column, begins},
};

/// NOT NULL that reads the whole table.
pub const RULE: Rule = Rule {
    code: "not-null-at-once",
    severity: Severity::Blocking,
    title: "NOT NULL is set without a validated check before it",
    condition: "ALTER COLUMN … SET NOT NULL, on a table that the script did not make itself, without VALIDATE CONSTRAINT \
before it in the script.",
    effect: "All rows are read under ACCESS EXCLUSIVE lock: nobody can read or write. A validated CHECK (column IS NOT NULL) \
spares the scan; drop it afterwards.",
    bad: "ALTER TABLE orders ALTER COLUMN user_id SET NOT NULL;",
    good: "\
ALTER TABLE orders ADD CONSTRAINT orders_user_set CHECK (user_id IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_user_set;
ALTER TABLE orders ALTER COLUMN user_id SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT orders_user_set;",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    let (table, _) = statement.altered_table()?;
    if statement.made_here(&table) || statement.earlier_says("validate constraint") {
        return None;
    }
    let mut actions = statement.actions().into_iter();
    let found = actions.find(|words| {
        altered_column(words).is_some_and(|(_, change)| begins(change, "set not null"))
    });
    found.map(|_| {
        Found::new(
            table.clone(),
            format!("all rows of {table} are read while nobody can use it"),
        )
        .claim(Claim::Scans)
    })
}
