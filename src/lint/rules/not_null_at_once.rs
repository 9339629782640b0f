//! `not-null-at-once`.

use super::super::{
    Claim, Found, Look, Rule, Severity, Statement,
    script::{altered_column, begins, behind},
};

/// NOT NULL that reads the whole table.
pub const RULE: Rule = Rule {
    code: "not-null-at-once",
    severity: Severity::Blocking,
    title: "NOT NULL is set without a validated check before it",
    condition: "ALTER COLUMN … SET NOT NULL, on a table that the script did not make itself, without a check \
before it in the script that the column IS NOT NULL, and its VALIDATE CONSTRAINT. A constraint of another script that is \
validated here is taken for such a check.",
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
    if statement.made_here(&table) {
        return None;
    }
    let earlier: Vec<&[String]> = statement
        .earlier()
        .filter(|earlier| {
            earlier
                .altered_table()
                .is_some_and(|(name, _)| name == table)
        })
        .flat_map(|earlier| earlier.actions())
        .collect();
    let mut actions = statement.actions().into_iter();
    let found = actions.find(|words| {
        altered_column(words).is_some_and(|(column, change)| {
            begins(change, "set not null") && !is_known(column, &earlier)
        })
    });
    found.map(|_| {
        Found::new(
            table.clone(),
            format!("all rows of {table} are read while nobody can use it"),
        )
        .claim(Claim::Scans)
    })
}

/// Whether earlier actions on the table have made sure that a column has no NULL: by a check that was validated, or added
/// at once.
fn is_known(column: &str, earlier: &[&[String]]) -> bool {
    earlier.iter().any(|action| {
        let not_valid = (0..action.len()).any(|at| begins(&action[at..], "not valid"));
        let at_once = forbids_null(action, column) && !not_valid;
        let Some([constraint, ..]) = behind(action, "validate constraint") else {
            return at_once;
        };
        let added = earlier.iter().find(|action| {
            behind(action, "add constraint").and_then(<[String]>::first) == Some(constraint)
        });
        // One that another script has added is trusted.
        added.is_none_or(|added| forbids_null(added, column))
    })
}

/// Whether an action adds a constraint that the column is not NULL.
fn forbids_null(action: &[String], column: &str) -> bool {
    let Some(rest) = behind(action, "add") else {
        return false;
    };
    let rest = match behind(rest, "constraint") {
        Some(named) => named.get(1..).unwrap_or_default(),
        None => rest,
    };
    let checks = begins(rest, "check")
        && !rest.iter().any(|word| word == "or")
        && rest
            .windows(4)
            .any(|run| run[0] == column && begins(&run[1..], "is not null"));
    let not_null = behind(rest, "not null").and_then(<[String]>::first);
    checks || not_null.is_some_and(|name| name == column)
}
