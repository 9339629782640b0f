//! `constraint-validated-at-once`.

use super::super::{Claim, Found, Look, Rule, Severity, Statement};

/// A constraint that is checked under the lock that adds it.
pub const RULE: Rule = Rule {
    code: "constraint-validated-at-once",
    severity: Severity::Blocking,
    title: "A constraint is added and checked under one lock",
    condition: "ALTER TABLE … ADD of a FOREIGN KEY or CHECK constraint without NOT VALID, on a table that the script did not \
make itself.",
    effect: "All rows are read while nobody can write (a foreign key: to either table; a check: while nobody can even read). \
NOT VALID takes the lock for a moment, and VALIDATE CONSTRAINT then reads without one that matters.",
    bad: "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users;",
    good: "\
ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_user;",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    let (table, _) = statement.altered_table()?;
    if statement.made_here(&table) {
        return None;
    }
    let says = |words: &[String], run: [&str; 2]| {
        words
            .windows(2)
            .any(|pair| pair[0] == run[0] && pair[1] == run[1])
    };
    let mut actions = statement.actions().into_iter();
    let found = actions.find(|words| {
        let adds = words.first().is_some_and(|word| word == "add");
        let constrains = says(words, ["foreign", "key"])
            || words.get(1).is_some_and(|word| word == "check")
            || (words.get(1).is_some_and(|word| word == "constraint")
                && words.get(3).is_some_and(|word| word == "check"));
        adds && constrains && !says(words, ["not", "valid"])
    });
    found.map(|_| {
        Found::new(
            table.clone(),
            format!("all rows of {table} are read under the lock that adds the constraint"),
        )
        .claim(Claim::Scans)
    })
}
