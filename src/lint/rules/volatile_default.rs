//! `volatile-default`.

use super::super::{Claim, Found, Look, Rule, Severity, Statement};

/// A column whose default must be worked out row by row.
pub const RULE: Rule = Rule {
    code: "volatile-default",
    severity: Severity::Blocking,
    title: "A new column has a default that differs from row to row",
    condition: "ADD COLUMN with a DEFAULT that calls a volatile function (random, gen_random_uuid, clock_timestamp, \
nextval, uuid_generate_v4 …), with a serial type, or generated and stored, on a table that the script did not make itself.",
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
    let found = actions.find(|words| {
        let adds = words.first().is_some_and(|word| word == "add")
            && words.get(1).is_none_or(|word| word != "constraint");
        let calls = words
            .windows(2)
            .any(|pair| VOLATILE.contains(&pair[0].as_str()) && pair[1] == "(");
        let default = words.iter().any(|word| word == "default");
        let serial = words.iter().any(|word| SERIAL.contains(&word.as_str()));
        let generated = words.iter().any(|word| word == "generated");
        adds && (calls && default || serial || generated)
    });
    found.map(|_| {
        Found::new(
            table.clone(),
            format!("{table} is written anew while nobody can use it"),
        )
        .claim(Claim::Rewrites)
    })
}
