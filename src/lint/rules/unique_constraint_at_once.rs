//! `unique-constraint-at-once`.

use super::super::{Claim, Found, Look, Rule, Severity, Statement, script::added_column};

/// A unique constraint whose index is built under the lock.
pub const RULE: Rule = Rule {
    code: "unique-constraint-at-once",
    severity: Severity::Blocking,
    title: "A key is added and its index built under one lock",
    condition: "ALTER TABLE … ADD of a PRIMARY KEY or UNIQUE constraint without USING INDEX, or of a column that is UNIQUE \
or the PRIMARY KEY, on a table that the script did not make itself.",
    effect: "The index is built under ACCESS EXCLUSIVE lock: nobody can read or write until it is there.",
    bad: "ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (email);",
    good: "\
CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);
ALTER TABLE users ADD CONSTRAINT users_email UNIQUE USING INDEX users_email;",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    let (table, _) = statement.altered_table()?;
    if statement.made_here(&table) {
        return None;
    }
    let mut actions = statement.actions().into_iter();
    let found = actions.find(|words| {
        if let Some((_, column)) = added_column(words) {
            return column
                .iter()
                .any(|word| word == "unique" || word == "primary");
        }
        let at = match words.get(1).map(String::as_str) {
            Some("constraint") => 3,
            _ => 1,
        };
        let key = words
            .get(at)
            .is_some_and(|word| word == "unique" || word == "primary");
        let ready = words
            .windows(2)
            .any(|pair| pair[0] == "using" && pair[1] == "index");
        words.first().is_some_and(|word| word == "add") && key && !ready
    });
    found.map(|_| {
        Found::new(
            table.clone(),
            format!("nobody can read {table} while the index of its new key is built"),
        )
        .claim(Claim::BlocksReads)
    })
}
