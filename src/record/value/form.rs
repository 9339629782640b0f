//! How is a value kept in JSON? Null, booleans, integers, floats and texts as themselves, the rest
//! as an object of one member that names the type: `{"numeric": "1.50"}`. Reading gives back
//! exactly what was written.

use super::{Value, json, same};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        to_form(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        let form = Json::deserialize(deserializer)?;
        from_form(&form).ok_or_else(|| D::Error::custom(format!("not a value: {form}")))
    }
}

fn to_form(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::from(*b),
        Value::Int(i) => Json::from(*i),
        Value::Float(float) if float.is_finite() => Json::from(*float),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Json(document) => json!({ "json": document }),
        Value::Array(items) => json!({ "array": items.iter().map(to_form).collect::<Json>() }),
        Value::Other { type_name, text } => json!({ "other": { "type": type_name, "text": text } }),
        Value::Float(_)
        | Value::Numeric(_)
        | Value::Bytea(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::TimeTz(_)
        | Value::Timestamp(_)
        | Value::TimestampTz(_)
        | Value::Interval(_)
        | Value::Uuid(_) => json!({ value.kind(): value.to_string() }),
    }
}

fn from_form(form: &Json) -> Option<Value> {
    Some(match form {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => json::number(n),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(from_form).collect::<Option<_>>()?),
        Json::Object(members) => {
            let (tag, content) = members.iter().next().filter(|_| members.len() == 1)?;
            tagged(tag, content)?
        }
    })
}

fn tagged(tag: &str, content: &Json) -> Option<Value> {
    match tag {
        "json" => return Some(Value::Json(content.clone())),
        "array" => return content.is_array().then(|| from_form(content))?,
        "other" => {
            let member = |name| content.get(name)?.as_str().map(str::to_owned);
            let (type_name, text) = (member("type")?, member("text")?);
            return Some(Value::Other { type_name, text });
        }
        _ => {}
    }
    let text = content.as_str()?;
    Some(match tag {
        "float" => Value::Float(super::numeric::parse_float(text)?),
        "numeric" => Value::Numeric(text.parse().ok()?),
        "bytea" => Value::Bytea(same::parse_bytea(text)?),
        "date" => Value::Date(text.parse().ok()?),
        "time" => Value::Time(text.parse().ok()?),
        "timetz" => Value::TimeTz(text.parse().ok()?),
        "timestamp" => Value::Timestamp(text.parse().ok()?),
        "timestamptz" => Value::TimestampTz(text.parse().ok()?),
        "interval" => Value::Interval(text.parse().ok()?),
        "uuid" => Value::Uuid(same::parse_uuid(text)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::value::{Date, Interval, Time, TimeTz, Timestamp, TimestampTz};
    use proptest::prelude::*;

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(Value::Float),
            Just(Value::Float(f64::NAN)),
            Just(Value::Float(f64::NEG_INFINITY)),
            "-?[0-9]{1,30}(\\.[0-9]{1,10})?".prop_map(|n| Value::Numeric(n.parse().unwrap())),
            any::<String>().prop_map(Value::Text),
            any::<Vec<u8>>().prop_map(Value::Bytea),
            any::<i32>().prop_map(|days| Value::Date(Date(days))),
            (0..=86_400_000_000_i64).prop_map(|micros| Value::Time(Time(micros))),
            any::<i64>().prop_map(|micros| Value::Timestamp(Timestamp(micros))),
            any::<i64>().prop_map(|micros| Value::TimestampTz(TimestampTz(micros))),
            any::<[u8; 16]>().prop_map(Value::Uuid),
            (any::<i32>(), any::<i32>(), any::<i64>()).prop_map(|(months, days, micros)| {
                Value::Interval(Interval {
                    months,
                    days,
                    micros,
                })
            }),
            (0..86_400_000_000_i64, -50_000..50_000).prop_map(|(micros, offset)| Value::TimeTz(
                TimeTz {
                    time: Time(micros),
                    offset
                }
            )),
            (any::<String>(), any::<f64>()).prop_map(|(k, v)| Value::Json(json!({ k: [v, null] }))),
            (any::<String>(), any::<String>())
                .prop_map(|(type_name, text)| Value::Other { type_name, text }),
        ]
    }

    proptest! {
        #[test]
        fn a_value_reads_back_exactly(value in scalar().prop_recursive(3, 20, 4, |inner| {
            proptest::collection::vec(inner, 0..4).prop_map(Value::Array)
        })) {
            let written = serde_json::to_string(&value).unwrap();
            let read: Value = serde_json::from_str(&written).unwrap();
            // The Debug form tells NaN, -0 and the scale of a numeric apart.
            prop_assert_eq!(format!("{read:?}"), format!("{value:?}"));
        }
    }

    #[test]
    fn plain_values_are_plain_json_and_others_name_their_type() {
        let written = |value| serde_json::to_string(&value).unwrap();
        assert_eq!(written(Value::Int(1)), "1");
        assert_eq!(written(Value::Float(1.0)), "1.0");
        assert_eq!(written(Value::Text("1".into())), r#""1""#);
        assert_eq!(
            written(Value::Numeric("1.50".parse().unwrap())),
            r#"{"numeric":"1.50"}"#
        );
        assert_eq!(written(Value::Float(f64::NAN)), r#"{"float":"NaN"}"#);
        assert_eq!(
            written(Value::TimestampTz(TimestampTz(0))),
            r#"{"timestamptz":"2000-01-01 00:00:00+00"}"#
        );
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for form in [
            r#"{"numeric":"x"}"#,
            r#"{"money":"1"}"#,
            r#"{"date":"2024-01-01","x":1}"#,
            "{}",
        ] {
            assert!(serde_json::from_str::<Value>(form).is_err(), "{form}");
        }
    }
}
