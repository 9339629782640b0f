//! `drop-in-use`.

use super::super::{Found, Look, Rule, Severity, Statement, script::begins};
use crate::text::list;

/// A column or table that goes away.
pub const RULE: Rule = Rule {
    code: "drop-in-use",
    severity: Severity::Advisory,
    title: "A table or column is dropped",
    condition: "DROP TABLE, or ALTER TABLE … DROP of a column, of something that the script did not make itself.",
    effect: "Its data are gone for good, and programs that still name it fail. Do it in a release of its own, after nothing \
reads it any more, and silence this rule there.",
    bad: "ALTER TABLE orders DROP COLUMN note;",
    good: "-- pgauge: ignore drop-in-use: nothing has read it since release 41\nALTER TABLE orders DROP COLUMN note;",
    look: Look::Statement(look),
};

fn look(statement: &Statement<'_>) -> Option<Found> {
    if statement.begins("drop table") {
        let mut tables = statement.dropped_tables();
        tables.retain(|table| !statement.made_here(table));
        let whose = if tables.len() == 1 { "its" } else { "their" };
        let first = tables.first()?;
        let all = list(&tables, "and");
        return Some(Found::new(
            first.clone(),
            format!("{all} and {whose} data are gone for good"),
        ));
    }
    let (table, _) = statement.altered_table()?;
    let mut actions = statement.actions().into_iter();
    let drops = actions.any(|words| begins(words, "drop") && !begins(words, "drop constraint"));
    (drops && !statement.made_here(&table)).then(|| {
        Found::new(
            table.clone(),
            format!("a column of {table} and its data are gone for good"),
        )
    })
}
