//! What is a value that went to the server or came back? Its type, its text as psql prints it, and
//! whether it means the same as another.
//!
//! Values are inert: they are decoded in `pg`, written in YAML or saved by a step, compared in
//! `verdict`, printed in `report`.

mod array;
mod datetime;
mod form;
mod interval;
mod json;
mod numeric;
mod rows;
mod same;

pub use datetime::{Date, Time, TimeTz, Timestamp, TimestampTz};
pub use interval::Interval;
pub use numeric::Numeric;
pub use rows::{Row, RowOrder, RowsDifference, compare_rows};
pub use same::same;

use crate::text::shortened;
use std::fmt;

/// One value of a column, a parameter, or an expectation.
///
/// [`fmt::Display`] prints it as psql does with `DateStyle` ISO and `TimeZone` UTC. Two things
/// print otherwise: NULL, which is `NULL` here and nothing there, and JSON, which is printed in the
/// form of `jsonb`. A `float4` from 1e6 on is printed without the exponent psql gives it.
/// `==` compares representations; whether two values mean the same is [`same`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// `boolean`.
    Bool(bool),
    /// `int2`, `int4`, `int8`, `oid`, `xid`, `cid`.
    Int(i64),
    /// `float8`, and `float4` through its shortest decimal form.
    Float(f64),
    /// `numeric`, with its scale.
    Numeric(Numeric),
    /// `text`, `varchar`, `bpchar`, `name`, `"char"`, `citext`, enums and whatever else is a string.
    Text(String),
    /// `bytea`.
    Bytea(Vec<u8>),
    /// `date`.
    Date(Date),
    /// `time`.
    Time(Time),
    /// `timetz`.
    TimeTz(TimeTz),
    /// `timestamp`.
    Timestamp(Timestamp),
    /// `timestamptz`.
    TimestampTz(TimestampTz),
    /// `interval`.
    Interval(Interval),
    /// `uuid`.
    Uuid([u8; 16]),
    /// `json` and `jsonb`. Numbers beyond 64 bits or 17 digits are rounded.
    Json(serde_json::Value),
    /// An array whose subscripts begin at 1; one of more dimensions is an array of arrays.
    Array(Vec<Value>),
    /// A value of any other type, known by its text form.
    Other {
        /// The name of the type as in `pg_type.typname`, `int4range`.
        type_name: String,
        /// The text form.
        text: String,
    },
}

/// So many characters of a value are shown in a message; the JSON results have all of it.
const LONGEST_SHOWN: usize = 200;

impl Value {
    /// The value of a YAML or JSON literal: a sequence is an array, a mapping is a JSON document,
    /// a number is an integer where it is one of 64 bits.
    pub fn from_json(literal: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match literal {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => json::number(n),
            Json::String(s) => Value::Text(s.clone()),
            Json::Array(items) => Value::Array(items.iter().map(Value::from_json).collect()),
            Json::Object(_) => Value::Json(literal.clone()),
        }
    }

    /// The type's name as messages say it: `integer`, `text`, `timestamptz`.
    pub fn kind(&self) -> &str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) => "integer",
            Value::Float(_) => "float",
            Value::Numeric(_) => "numeric",
            Value::Text(_) => "text",
            Value::Bytea(_) => "bytea",
            Value::Date(_) => "date",
            Value::Time(_) => "time",
            Value::TimeTz(_) => "timetz",
            Value::Timestamp(_) => "timestamp",
            Value::TimestampTz(_) => "timestamptz",
            Value::Interval(_) => "interval",
            Value::Uuid(_) => "uuid",
            Value::Json(_) => "json",
            Value::Array(_) => "array",
            Value::Other { type_name, .. } => type_name,
        }
    }

    /// The value with its type, as messages say it: `integer <100>`, `text <"a">`, `null`; a long one shortened.
    pub fn describe(&self) -> String {
        match self {
            Value::Null => "null".to_owned(),
            other => format!("{} <{}>", other.kind(), other.quoted()),
        }
    }

    /// The value without its type; text stands in quotes, so that "100" and 100, "NULL" and NULL are told apart; a long
    /// one is shortened.
    pub fn quoted(&self) -> String {
        match self {
            Value::Text(text) => format!("{:?}", shortened(text, LONGEST_SHOWN)),
            other => shortened(&other.to_string(), LONGEST_SHOWN).into_owned(),
        }
    }

    /// The text form to bind as a parameter in text format; `None` is NULL.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// Whether this is SQL NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("NULL"),
            Value::Bool(b) => f.write_str(if *b { "t" } else { "f" }),
            Value::Int(i) => write!(f, "{i}"),
            Value::Float(float) => f.write_str(&numeric::float_text(*float)),
            Value::Numeric(numeric) => write!(f, "{numeric}"),
            Value::Text(text) => f.write_str(text),
            Value::Bytea(bytes) => {
                f.write_str("\\x")?;
                write_hex(f, bytes)
            }
            Value::Date(date) => write!(f, "{date}"),
            Value::Time(time) => write!(f, "{time}"),
            Value::TimeTz(time) => write!(f, "{time}"),
            Value::Timestamp(timestamp) => write!(f, "{timestamp}"),
            Value::TimestampTz(timestamp) => write!(f, "{timestamp}"),
            Value::Interval(interval) => write!(f, "{interval}"),
            Value::Uuid(bytes) => write_uuid(f, bytes),
            Value::Json(document) => json::write(f, document),
            Value::Array(items) => array::write(f, items),
            Value::Other { text, .. } => f.write_str(text),
        }
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn write_uuid(f: &mut fmt::Formatter<'_>, bytes: &[u8; 16]) -> fmt::Result {
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            f.write_str("-")?;
        }
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_yaml_literal_becomes_the_value_it_looks_like() {
        assert_eq!(Value::from_json(&json!(100)), Value::Int(100));
        assert_eq!(Value::from_json(&json!(1.5)), Value::Float(1.5));
        assert_eq!(Value::from_json(&json!(null)), Value::Null);
        assert_eq!(
            Value::from_json(&json!([1, "a"])),
            Value::Array(vec![Value::Int(1), Value::Text("a".into())])
        );
        assert_eq!(
            Value::from_json(&json!({"a": 1})),
            Value::Json(json!({"a": 1}))
        );
        assert_eq!(
            Value::from_json(&json!(18446744073709551615_u64)).describe(),
            "numeric <18446744073709551615>"
        );
    }

    #[test]
    fn messages_name_the_type_with_the_value() {
        assert_eq!(Value::Int(100).describe(), "integer <100>");
        assert_eq!(Value::Text("a\"b".into()).describe(), r#"text <"a\"b">"#);
        assert_eq!(Value::Null.describe(), "null");
        assert_eq!(Value::Bool(true).describe(), "boolean <t>");
        let range = Value::Other {
            type_name: "int4range".into(),
            text: "[1,5)".into(),
        };
        assert_eq!(range.describe(), "int4range <[1,5)>");
    }

    #[test]
    fn values_print_as_psql_prints_them() {
        assert_eq!(Value::Bytea(vec![0xde, 0x0a]).to_string(), "\\xde0a");
        assert_eq!(
            Value::Uuid(*b"0123456789abcdef").to_string(),
            "30313233-3435-3637-3839-616263646566"
        );
        assert_eq!(
            Value::Json(json!({"a": [1, "x\n"], "b": null})).to_string(),
            r#"{"a": [1, "x\n"], "b": null}"#
        );
    }

    #[test]
    fn null_is_bound_as_no_text() {
        assert_eq!(Value::Null.to_text(), None);
        assert_eq!(Value::Bool(false).to_text(), Some("f".into()));
    }
}
