//! The schema of the generators and their two forms.

use super::*;
use serde_json::Value;

fn schema() -> Value {
    serde_json::to_value(schemars::schema_for!((Column, Generator))).unwrap()
}

/// Calls `visit` for the schema and all schemas in it, with the way there.
fn walk(schema: &Value, way: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(way, schema);
    let children: Vec<(String, &Value)> = match schema {
        Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(k, v)| (k.to_string(), v))
            .collect(),
        _ => return,
    };
    for (key, child) in children.into_iter().filter(|(key, _)| key != "examples") {
        walk(child, &format!("{way}/{key}"), visit);
    }
}

#[test]
fn every_example_in_the_schema_is_valid_where_it_stands() {
    let schema = schema();
    let mut checked = 0;
    walk(&schema, "#", &mut |way, part| {
        for example in part["examples"].as_array().into_iter().flatten() {
            let here = json!({ "$ref": way, "$defs": schema["$defs"] });
            assert!(jsonschema::is_valid(&here, example), "{way}: {example}");
            checked += 1;
        }
    });
    assert!(checked > 30, "{checked}");
}

#[test]
fn every_key_of_a_generator_says_what_it_is() {
    walk(&schema(), "#", &mut |way, part| {
        for (key, property) in part["properties"].as_object().into_iter().flatten() {
            // A variant's only key is described by the variant.
            let described = property["description"].is_string() || part["description"].is_string();
            assert!(described, "{way}: {key}");
        }
    });
}

#[test]
fn a_generator_is_written_as_it_is_read() {
    for text in [
        json!({ "sequence": 1 }),
        json!({ "sequence": { "start": 5, "step": -1 } }),
        json!({ "uniform": { "from": 1.5, "to": 2.0, "scale": 1 } }),
        json!({ "zipf": { "max": 10, "from": 0, "exponent": 1.5 } }),
        json!({ "choice": [1, "a", null] }),
        json!({ "choice": { "values": [true, null], "weights": [1.0, 2.5] } }),
        json!({ "text": { "length": 12 } }),
        json!({ "text": { "length": [10, 80] } }),
        json!({ "fake": "user_name" }),
        json!({ "uuid": {} }),
        json!({ "bool": "30%" }),
        json!({ "rhai": "row * 2" }),
    ] {
        let read: Generator = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), text);
        let column: ColumnOptions = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(column.generators(), [read]);
        assert_eq!(serde_json::to_value(&column).unwrap(), text);
    }
    assert!(serde_json::from_value::<Generator>(json!({ "sequense": 1 })).is_err());
    assert!(serde_json::from_value::<ColumnOptions>(json!({ "per": 1 })).is_err());
}
