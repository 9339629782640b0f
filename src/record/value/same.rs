//! Do two values mean the same? Numbers by value, texts read as the type they are compared with,
//! JSON by structure.

use super::{Numeric, Value, array, json, numeric};
use serde_json::Value as Json;

/// Whether the actual value, as the server sent it, is what was expected.
///
/// Numbers are equal by value (2000 and 2000.00; a float is the decimal its shortest form spells).
/// An expected text is read as the type of the actual value, so a timestamp may be written with any
/// offset and a uuid in any case. Intervals are equal as in PostgreSQL: 1 day is 24:00:00. NULL
/// is the same as NULL only, NaN as NaN.
pub fn same(expected: &Value, actual: &Value) -> bool {
    use Value::*;
    match (expected, actual) {
        (Null, Null) => true,
        (Null, _) | (_, Null) => false,
        (Text(expected), actual) => reads_as(expected, actual),
        (Int(a), Float(b)) | (Float(b), Int(a)) => b.fract() == 0.0 && *b as i128 == i128::from(*a),
        (Float(a), Float(b)) => a == b || (a.is_nan() && b.is_nan()),
        (Numeric(a), Int(b)) | (Int(b), Numeric(a)) => *a == super::Numeric::from(*b),
        (Numeric(a), Float(b)) | (Float(b), Numeric(a)) => *a == super::Numeric::from_f64(*b),
        (Interval(a), Interval(b)) => a.span() == b.span(),
        (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (expected, Json(actual)) => json::equal(&as_json(expected), actual),
        (expected, Other { text, .. }) => expected.to_string() == *text || means(expected, text),
        (expected, actual) => expected == actual,
    }
}

/// Whether an expected text names the actual value.
fn reads_as(text: &str, actual: &Value) -> bool {
    match actual {
        Value::Null => false,
        Value::Text(actual) => text == actual,
        Value::Bool(actual) => parse_bool(text) == Some(*actual),
        Value::Int(_) | Value::Numeric(_) => text
            .parse()
            .is_ok_and(|number: Numeric| same(&Value::Numeric(number), actual)),
        Value::Float(_) => {
            numeric::parse_float(text).is_some_and(|float| same(&Value::Float(float), actual))
        }
        Value::Bytea(actual) => parse_bytea(text).as_ref() == Some(actual),
        Value::Date(actual) => text.parse() == Ok(*actual),
        Value::Time(actual) => text.parse() == Ok(*actual),
        Value::TimeTz(actual) => text.parse() == Ok(*actual),
        Value::Timestamp(actual) => text.parse() == Ok(*actual),
        Value::TimestampTz(actual) => text.parse() == Ok(*actual),
        Value::Interval(_) => text
            .parse()
            .is_ok_and(|interval| same(&Value::Interval(interval), actual)),
        Value::Uuid(actual) => parse_uuid(text) == Some(*actual),
        // A text may be a document, or be meant as the string itself.
        Value::Json(actual) => {
            actual.as_str() == Some(text)
                || serde_json::from_str(text).is_ok_and(|document| json::equal(&document, actual))
        }
        Value::Array(_) => {
            array::parse(text).is_some_and(|items| same(&Value::Array(items), actual))
        }
        Value::Other { text: actual, .. } => text == actual,
    }
}

/// Whether a text of a type that is not known, such as the server sends for several statements at once, is a way to
/// write the expected value.
fn means(expected: &Value, text: &str) -> bool {
    match expected {
        Value::Bool(expected) => parse_bool(text) == Some(*expected),
        Value::Int(_) | Value::Numeric(_) | Value::Float(_) => text
            .parse()
            .is_ok_and(|number: Numeric| same(expected, &Value::Numeric(number))),
        _ => false,
    }
}

/// The document a value is when it is compared with JSON.
fn as_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::from(*b),
        Value::Int(i) => Json::from(*i),
        Value::Float(float) => Json::from(*float),
        Value::Numeric(numeric) => serde_json::from_str(&numeric.to_string()).unwrap_or(Json::Null),
        Value::Array(items) => items.iter().map(as_json).collect(),
        Value::Json(document) => document.clone(),
        other => Json::from(other.to_string()),
    }
}

/// The spellings `boolin` knows, without their abbreviations.
fn parse_bool(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// The hex format of `bytea`, `\xdeadbeef`.
pub(super) fn parse_bytea(text: &str) -> Option<Vec<u8>> {
    parse_hex(text.trim().strip_prefix("\\x")?)
}

/// A uuid in any case, with or without hyphens and braces.
pub(super) fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    parse_hex(&inner.unwrap_or(text).replace('-', ""))?
        .try_into()
        .ok()
}

fn parse_hex(digits: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(nibble(*high)? * 16 + nibble(*low)?).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn numeric(text: &str) -> Value {
        Value::Numeric(text.parse().unwrap())
    }

    #[test]
    fn numbers_are_the_same_by_value_across_types() {
        assert!(same(&Value::Int(2000), &numeric("2000.00")));
        assert!(same(&Value::Float(0.1), &numeric("0.10")));
        assert!(same(&Value::Float(2000.0), &Value::Int(2000)));
        assert!(same(&Value::Int(1), &Value::Float(1.0)));
        assert!(same(&Value::Float(f64::NAN), &numeric("NaN")));
        assert!(!same(&Value::Int(i64::MAX), &Value::Float(i64::MAX as f64)));
        assert!(!same(&Value::Float(0.1), &numeric("0.1000000000000000055")));
        assert!(!same(&Value::Int(1), &Value::Bool(true)));
        assert!(!same(&Value::Int(100), &text("100")));
    }

    #[test]
    fn an_expected_text_is_read_as_the_type_of_the_actual_value() {
        let moment = Value::TimestampTz("2024-01-02 00:00:00+00".parse().unwrap());
        let uuid = Value::Uuid([0xab; 16]);
        let numbers = Value::Array(vec![Value::Int(1), Value::Null]);
        for (expected, actual) in [
            ("2024-01-02T02:00:00+02:00", &moment),
            ("ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB", &uuid),
            ("{abababababababababababababababab}", &uuid),
            ("{1,NULL}", &numbers),
            ("\\xDEAD", &Value::Bytea(vec![0xde, 0xad])),
            ("2000", &numeric("2000.00")),
            ("1e3", &Value::Int(1000)),
            ("inf", &Value::Float(f64::INFINITY)),
            ("yes", &Value::Bool(true)),
            ("24 hours", &Value::Interval("1 day".parse().unwrap())),
            (
                "{\"b\": 1.0, \"a\": [1]}",
                &Value::Json(json!({"a": [1], "b": 1})),
            ),
            ("paid", &Value::Json(json!("paid"))),
        ] {
            assert!(same(&text(expected), actual), "{expected}");
        }
        assert!(!same(&text("2024-01-02T02:00:00"), &moment));
        assert!(!same(&text("a "), &text("a")));
        assert!(!same(&text("nonsense"), &Value::Int(0)));
    }

    #[test]
    fn a_yaml_list_is_the_same_as_a_json_array_of_its_items() {
        let list = Value::from_json(&json!([1, {"a": null}]));
        assert!(same(&list, &Value::Json(json!([1.0, {"a": null}]))));
        assert!(!same(&list, &Value::Json(json!([1]))));
    }

    #[test]
    fn null_is_the_same_as_null_only() {
        assert!(same(&Value::Null, &Value::Null));
        for actual in [text(""), Value::Int(0), Value::Json(json!(null))] {
            assert!(!same(&Value::Null, &actual));
            assert!(!same(&actual, &Value::Null));
        }
    }

    #[test]
    fn a_type_known_by_its_text_compares_as_text() {
        let address = Value::Other {
            type_name: "inet".into(),
            text: "10.0.0.1".into(),
        };
        assert!(same(&text("10.0.0.1"), &address));
        assert!(!same(&text("10.0.0.2"), &address));
    }
}
