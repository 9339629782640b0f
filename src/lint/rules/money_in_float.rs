//! `money-in-float`.

use super::super::{Found, Look, Rule, Schema, Severity, cure};
use super::words_of;
use crate::sql::identifier::written;

/// Money in a type that cannot hold a cent.
pub const RULE: Rule = Rule {
    code: "money-in-float",
    severity: Severity::Blocking,
    title: "An amount of money is stored as a floating-point number",
    condition: "A column of type real or double precision has a name that says money: amount, balance, cost, fee, price, \
salary, tax, total and the like.",
    effect: "0.1 + 0.2 is not 0.3: sums do not add up, comparisons fail, and the error grows with every row.",
    bad: "CREATE TABLE invoices (id bigint PRIMARY KEY, total double precision NOT NULL);",
    good: "CREATE TABLE invoices (id bigint PRIMARY KEY, total numeric(12,2) NOT NULL);",
    look: Look::Schema(look),
};

const MONEY: [&str; 18] = [
    "amount", "balance", "budget", "charge", "cost", "credit", "debit", "fee", "money", "paid",
    "payment", "price", "refund", "revenue", "salary", "subtotal", "tax", "total",
];

fn look(schema: &Schema<'_>) -> Vec<Found> {
    let floats = schema.columns().filter(|(_, column)| {
        matches!(column.type_name.as_str(), "real" | "double precision")
            && words_of(&column.name)
                .iter()
                .any(|word| MONEY.contains(&word.as_str()))
    });
    floats
        .map(|(table, column)| {
            let of = format!("{}.{}", table.title(), column.name);
            let says = format!("{of} holds money as {}", column.type_name);
            let cure = format!(
                "ALTER TABLE {} ALTER COLUMN {} TYPE numeric(14,2);",
                cure::table(table),
                written(&column.name)
            );
            Found::new(of, says).cure(cure)
        })
        .collect()
}
