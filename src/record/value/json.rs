//! How does a JSON document look as `jsonb`, and which value is a JSON number?

use super::{Numeric, Value};
use serde_json::{Number, Value as Json};
use std::fmt;

/// An integer of 64 bits, else an exact numeric (beyond `i64`), else a float.
pub(super) fn number(n: &Number) -> Value {
    if let Some(i) = n.as_i64() {
        Value::Int(i)
    } else if let Some(u) = n.as_u64() {
        Value::Numeric(Numeric::from(u))
    } else {
        Value::Float(n.as_f64().unwrap_or(f64::NAN))
    }
}

/// Writes the document as `jsonb_out` does: one space after `:` and `,`.
pub(super) fn write(f: &mut fmt::Formatter<'_>, document: &Json) -> fmt::Result {
    match document {
        Json::Array(items) => {
            f.write_str("[")?;
            for (at, item) in items.iter().enumerate() {
                f.write_str(if at > 0 { ", " } else { "" })?;
                write(f, item)?;
            }
            f.write_str("]")
        }
        Json::Object(members) => {
            f.write_str("{")?;
            for (at, (key, member)) in members.iter().enumerate() {
                f.write_str(if at > 0 { ", " } else { "" })?;
                write!(f, "{}: ", Json::from(key.as_str()))?;
                write(f, member)?;
            }
            f.write_str("}")
        }
        scalar => write!(f, "{scalar}"),
    }
}

/// Whether two documents are equal: objects regardless of order, numbers by value.
pub(super) fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => super::same(&number(a), &number(b)),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}
