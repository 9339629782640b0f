//! Values of the database as values of a hook, and back.
//!
//! | PostgreSQL | in a hook |
//! |---|---|
//! | NULL | `()` |
//! | boolean, text | boolean, text |
//! | smallint, integer, bigint | integer |
//! | real, double precision | float |
//! | numeric without decimals, up to 64 bits | integer |
//! | any other numeric | the nearest float: exact to 15 significant digits |
//! | array | array |
//! | json, jsonb | map, array, text, number, boolean or `()` |
//! | bytea, dates, times, intervals, uuid, everything else | text, as psql prints it |
//!
//! Whether a numeric becomes an integer depends on its decimals as the server sent them (`2000`, or `2000.00`),
//! not on its value, so that a column `numeric(10,2)` is of one type in all rows and `/` divides alike in all.

use crate::record::value::Numeric;
use crate::record::{ResultSet, Value};
use rhai::{Array, Blob, Dynamic, ImmutableString, Map};

/// An array of maps from column name to value; of two columns of one name the first counts.
pub(super) fn rows_to_dynamic(result: &ResultSet) -> Dynamic {
    let row = |values: &Vec<Value>| {
        let mut map = Map::new();
        for (column, value) in result.columns.iter().zip(values) {
            map.entry(column.name.as_str().into())
                .or_insert_with(|| to_dynamic(value));
        }
        Dynamic::from_map(map)
    };
    result.rows.iter().map(row).collect::<Array>().into()
}

/// The value as a hook sees it.
pub(super) fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(b) => (*b).into(),
        Value::Int(i) => (*i).into(),
        Value::Float(float) => (*float).into(),
        Value::Numeric(numeric) => integer(numeric).map_or(numeric.to_f64().into(), Dynamic::from),
        Value::Text(text) => text.clone().into(),
        Value::Json(document) => json_to_dynamic(document),
        Value::Array(items) => items.iter().map(to_dynamic).collect::<Array>().into(),
        other @ (Value::Bytea(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::TimeTz(_)
        | Value::Timestamp(_)
        | Value::TimestampTz(_)
        | Value::Interval(_)
        | Value::Uuid(_)
        | Value::Other { .. }) => other.to_string().into(),
    }
}

fn integer(numeric: &Numeric) -> Option<i64> {
    match numeric {
        Numeric::Finite(decimal) if decimal.fractional_digit_count() <= 0 => {
            decimal.to_plain_string().parse().ok()
        }
        _ => None,
    }
}

fn json_to_dynamic(document: &serde_json::Value) -> Dynamic {
    use serde_json::Value as Json;
    match document {
        Json::Array(items) => items.iter().map(json_to_dynamic).collect::<Array>().into(),
        Json::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| (key.as_str().into(), json_to_dynamic(value)));
            Dynamic::from_map(members.collect())
        }
        scalar => to_dynamic(&Value::from_json(scalar)),
    }
}

/// How deep a value that leaves a hook may be nested; deeper ones would need a stack of their own.
const MAX_NESTING: usize = 64;

/// The value that a hook made; an error says what cannot leave a hook.
///
/// A map becomes a JSON document, and so does an array that holds one.
pub(super) fn from_dynamic(value: &Dynamic) -> Result<Value, String> {
    if !nested_within(value, MAX_NESTING) {
        return Err(format!(
            "a value nested more than {MAX_NESTING} levels deep cannot leave the hook"
        ));
    }
    match value.read_lock::<Array>() {
        Some(items) if !items.iter().any(holds_a_map) => array(&items),
        Some(_) => to_json(value).map(Value::Json),
        None if value.is_map() => to_json(value).map(Value::Json),
        None => scalar(value),
    }
}

fn nested_within(value: &Dynamic, levels: usize) -> bool {
    let inner = |inner: &Dynamic| levels > 1 && nested_within(inner, levels - 1);
    if let Some(items) = value.read_lock::<Array>() {
        return items.iter().all(inner);
    }
    let map = value.read_lock::<Map>();
    map.is_none_or(|map| map.values().all(inner))
}

fn holds_a_map(value: &Dynamic) -> bool {
    let items = value.read_lock::<Array>();
    value.is_map() || items.is_some_and(|items| items.iter().any(holds_a_map))
}

fn array(items: &Array) -> Result<Value, String> {
    let item = |item: &Dynamic| match item.read_lock::<Array>() {
        Some(inner) => array(&inner),
        None => scalar(item),
    };
    items
        .iter()
        .map(item)
        .collect::<Result<_, _>>()
        .map(Value::Array)
}

fn scalar(value: &Dynamic) -> Result<Value, String> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(Value::Text(text.to_string()));
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(Value::Bytea(bytes.clone()));
    }
    match (
        value.as_bool(),
        value.as_int(),
        value.as_float(),
        value.as_char(),
    ) {
        _ if value.is_unit() => Ok(Value::Null),
        (Ok(b), ..) => Ok(Value::Bool(b)),
        (_, Ok(i), ..) => Ok(Value::Int(i)),
        (_, _, Ok(float), _) => Ok(Value::Float(float)),
        (.., Ok(c)) => Ok(Value::Text(c.into())),
        _ => Err(format!("{} cannot leave the hook", type_name(value))),
    }
}

fn to_json(value: &Dynamic) -> Result<serde_json::Value, String> {
    use serde_json::Value as Json;
    if let Some(map) = value.read_lock::<Map>() {
        let members = map
            .iter()
            .map(|(key, value)| Ok((key.to_string(), to_json(value)?)));
        return members.collect::<Result<_, String>>().map(Json::Object);
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items
            .iter()
            .map(to_json)
            .collect::<Result<_, _>>()
            .map(Json::Array);
    }
    Ok(match scalar(value)? {
        Value::Null => Json::Null,
        Value::Bool(b) => b.into(),
        Value::Int(i) => i.into(),
        Value::Float(float) => match serde_json::Number::from_f64(float) {
            Some(number) => Json::Number(number),
            None => return Err(format!("JSON has no number {float}")),
        },
        other => other.to_string().into(),
    })
}

/// The type of a value as messages name it: `integer <3>`, `NULL`, `array`.
pub(super) fn type_name(value: &Dynamic) -> String {
    match value.type_name() {
        "()" => "NULL".to_owned(),
        "i64" => format!("integer <{value}>"),
        "f64" => format!("float <{value}>"),
        "string" | "char" => format!("text <{value:?}>"),
        "bool" => format!("boolean <{value}>"),
        "Fn" => "a function".to_owned(),
        other => other.to_owned(),
    }
}
