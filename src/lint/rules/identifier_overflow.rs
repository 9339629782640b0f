//! `identifier-overflow`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};
use crate::{sql::identifier::written, text::thousands};

/// An identifier that will not fit.
pub const RULE: Rule = Rule {
    code: "identifier-overflow",
    severity: Severity::Blocking,
    title: "An identifier will not fit into its column",
    condition: "A sequence has given more than half of what its smallint or integer column can hold, or a foreign key is \
narrower than the column that it refers to.",
    effect: "On the day it overflows, every INSERT fails. Widening the column then rewrites the table under a lock that \
nobody passes.",
    bad: "\
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id integer NOT NULL REFERENCES users);
CREATE INDEX ON orders (user_id);",
    good: "\
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users);
CREATE INDEX ON orders (user_id);",
    look: Look::Schema(look),
};

/// The largest value of a type, if it is a whole number.
fn largest(type_name: &str) -> Option<i64> {
    match type_name {
        "smallint" => Some(i64::from(i16::MAX)),
        "integer" => Some(i64::from(i32::MAX)),
        "bigint" => Some(i64::MAX),
        _ => None,
    }
}

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (table, column) in schema.columns() {
        let of = format!("{}.{}", table.title(), column.name);
        let sequence = column.sequence.as_ref();
        let last = sequence.and_then(|sequence| sequence.last);
        let widen = format!(
            "ALTER TABLE {} ALTER COLUMN {} TYPE bigint;",
            cure::table(table),
            written(&column.name)
        );
        if let (Some(last), Some(most)) = (last, largest(&column.type_name))
            && last > most / 2
        {
            let percent = last as f64 / most as f64 * 100.0;
            let says = format!(
                "{of} has used {percent:.0}% of what {} can hold",
                column.type_name
            );
            let given = thousands(last.unsigned_abs());
            found.push(
                Found::new(of.clone(), says)
                    .detail(format!("the sequence has reached {given}"))
                    .cure(widen.clone()),
            );
        }
        found.extend(narrow(schema, table, &column.name, &of).map(|found| found.cure(widen)));
    }
    found
}

fn narrow(
    schema: &Schema<'_>,
    table: &crate::record::Table,
    column: &str,
    of: &str,
) -> Option<Found> {
    let (key, at) = table.foreign_keys.iter().find_map(|key| {
        let at = key.columns.iter().position(|name| name == column)?;
        Some((key, at))
    })?;
    let to = schema
        .catalog?
        .table(&format!("{}.{}", key.to_schema, key.to_table))?;
    let referred = to.column(key.to_columns.get(at)?)?;
    let own = largest(&table.column(column)?.type_name)?;
    let theirs = largest(&referred.type_name)?;
    (own < theirs).then(|| {
        let says = format!(
            "{of} is {}, and {}.{} that it refers to is {}",
            table.column(column).map_or("", |column| &column.type_name),
            to.title(),
            referred.name,
            referred.type_name
        );
        Found::new(of, says)
    })
}
