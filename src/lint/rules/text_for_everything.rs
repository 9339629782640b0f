//! `text-for-everything`.

use super::super::{Found, Look, Rule, Schema, Severity};
use super::words_of;

/// Numbers, dates and flags in text.
pub const RULE: Rule = Rule {
    code: "text-for-everything",
    severity: Severity::Advisory,
    title: "A number, a date or a flag is stored as text",
    condition: "A column of type text, varchar or char has a name that says number, date or flag: it ends in at, on, date, \
time, count, quantity, price, amount or total, or begins with is or has.",
    effect: "'10' sorts before '9', the 31st of February is welcome, sums need a cast that fails on the first odd row, and \
the planner estimates ranges badly.",
    bad: "CREATE TABLE orders (id bigint PRIMARY KEY, order_date text NOT NULL, total_price text NOT NULL);",
    good: "CREATE TABLE orders (id bigint PRIMARY KEY, order_date date NOT NULL, total_price numeric(12,2) NOT NULL);",
    look: Look::Schema(look),
};

const LAST: [(&str, &str); 10] = [
    ("at", "timestamptz"),
    ("on", "date"),
    ("date", "date"),
    ("time", "timestamptz"),
    ("count", "integer"),
    ("quantity", "integer"),
    ("price", "numeric"),
    ("amount", "numeric"),
    ("total", "numeric"),
    ("salary", "numeric"),
];

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let columns = schema
        .columns()
        .filter(|(_, column)| is_text(&column.type_name));
    columns
        .filter_map(|(table, column)| {
            let meant = meant(&column.name)?;
            let of = format!("{}.{}", table.title(), column.name);
            let says = format!("{of} is {}; its name says {meant}", column.type_name);
            Some(Found::new(of, says))
        })
        .collect()
}

fn is_text(type_name: &str) -> bool {
    type_name == "text" || type_name.starts_with("character")
}

fn meant(name: &str) -> Option<&'static str> {
    let words = words_of(name);
    let (first, last) = (words.first()?, words.last()?);
    if words.len() > 1 && (first == "is" || first == "has") {
        return Some("boolean");
    }
    let known = LAST.iter().find(|(word, _)| word == last)?;
    // "at" and "on" alone say nothing.
    (words.len() > 1 || last.len() > 2).then_some(known.1)
}
