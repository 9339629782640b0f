//! What do variables hold that are known before the script runs, or drawn for every pass?

use super::{Given, expression::Expression};
use crate::isolation::layout::quoted;

/// What a variable of the command line holds.
pub(super) fn constant(given: &Given, name: &str) -> Option<Expression> {
    if let Some(text) = given.defines.get(name) {
        let number = text.parse().map(Expression::Integer);
        let number = number.or_else(|_| text.parse().map(Expression::Number));
        // A text is no part of an expression, and is known by its name.
        return Some(number.unwrap_or(Expression::Null));
    }
    (name == "scale").then_some(Expression::Integer(given.scale))
}

/// A value of the command line as an argument of `with`.
pub(super) fn literal(value: &Expression, given: &Given, name: &str) -> String {
    match (value, given.defines.get(name)) {
        (Expression::Integer(number), _) => number.to_string(),
        (Expression::Number(number), _) => format!("{number:?}"),
        (_, Some(text)) => quoted(text),
        (_, None) => "null".to_owned(),
    }
}

/// The argument of `with` that draws the same, for a draw with constant bounds, or a constant.
pub(super) fn argument(expression: &Expression) -> Option<String> {
    if let Some(constant) = expression.constant() {
        return match constant {
            Expression::Integer(number) => Some(number.to_string()),
            Expression::Number(number) => Some(format!("{number:?}")),
            _ => None,
        };
    }
    let Expression::Call(name, arguments) = expression else {
        return None;
    };
    let constants: Vec<Expression> = arguments
        .iter()
        .map(Expression::constant)
        .collect::<Option<_>>()?;
    let integer = |at: usize| match constants.get(at) {
        Some(Expression::Integer(number)) => Some(*number),
        _ => None,
    };
    let parameter = || match constants.get(2)? {
        Expression::Integer(number) => Some(*number as f64),
        Expression::Number(number) => Some(*number),
        _ => None,
    };
    let (from, to) = (integer(0)?, integer(1)?);
    match (name.as_str(), constants.len()) {
        ("random", 2) => Some(format!("{{ uniform: {{ from: {from}, to: {to} }} }}")),
        // pgbench cuts the bell at the parameter, in standard deviations.
        ("random_gaussian", 3) => {
            let (mean, width) = (
                (from as f64 + to as f64) / 2.0,
                (to as f64 - from as f64) + 1.0,
            );
            let deviation = width / (2.0 * parameter()?);
            Some(format!(
                "{{ gaussian: {{ mean: {mean}, stddev: {deviation}, from: {from}, to: {to} }} }}"
            ))
        }
        ("random_zipfian", 3) => {
            let exponent = parameter()?;
            Some(format!(
                "{{ zipf: {{ from: {from}, max: {to}, exponent: {exponent} }} }}"
            ))
        }
        _ => None,
    }
}
