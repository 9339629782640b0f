//! `volatile-default`.

use super::super::{
    Claim, Found, Look, Rule, Severity, Statement,
    script::{added_column, begins},
};

/// A column whose default must be worked out row by row.
pub const RULE: Rule = Rule {
    code: "volatile-default",
    severity: Severity::Blocking,
    title: "A new column has a default that differs from row to row",
    condition: "ADD COLUMN with a DEFAULT that calls a volatile function (random, gen_random_uuid, clock_timestamp, \
nextval, uuid_generate_v4 …), with a serial type, as an identity, or generated and stored, on a table that the \
script did not make itself.",
    effect: "The table is written anew under ACCESS EXCLUSIVE lock. A constant default costs nothing.",
    bad: "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    good: "\
ALTER TABLE orders ADD COLUMN token uuid;
ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();
-- fill the old rows piece by piece",
    look: Look::Statement(look),
};

const VOLATILE: [&str; 10] = [
    "random",
    "gen_random_uuid",
    "uuid_generate_v1",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
    "clock_timestamp",
    "timeofday",
    "nextval",
    "gen_random_bytes",
];

const SERIAL: [&str; 6] = [
    "serial",
    "bigserial",
    "smallserial",
    "serial4",
    "serial8",
    "serial2",
];

fn look(statement: &Statement<'_>) -> Option<Found> {
    let (table, _) = statement.altered_table()?;
    if statement.made_here(&table) {
        return None;
    }
    let mut actions = statement.actions().into_iter();
    let found =
        actions.find(|words| added_column(words).is_some_and(|(_, column)| differs(column)));
    found.map(|_| {
        Found::new(
            table.clone(),
            format!("{table} is written anew while nobody can use it"),
        )
        .claim(Claim::Rewrites)
    })
}

/// Whether a column of this type, with what else is said of it, has a value of its own in each row.
fn differs(column: &[String]) -> bool {
    let has = |run: &str| (0..column.len()).any(|at| begins(&column[at..], run));
    let default = column.iter().position(|word| word == "default");
    let calls = default.is_some_and(|at| {
        column[at..]
            .windows(2)
            .any(|pair| VOLATILE.contains(&pair[0].as_str()) && pair[1] == "(")
    });
    let serial = SERIAL.iter().any(|kind| begins(column, kind));
    // What is generated and not stored is worked out when it is read.
    let generated = has("generated always as (") && has("stored");
    calls || serial || generated || has("as identity")
}
