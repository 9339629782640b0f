//! What an editor knows from the schema.

use pgauge::spec::scenario_schema;
use serde_json::{Value, json};

/// Calls `visit` for every key of the schema: its way, the part that has it, the key, its own schema.
fn keys(part: &Value, way: &str, visit: &mut dyn FnMut(&str, &Value, &str, &Value)) {
    let inner: Vec<(String, &Value)> = match part {
        Value::Object(members) => {
            let members = members.iter().filter(|(keyword, _)| {
                !["examples", "default", "enum", "const"].contains(&keyword.as_str())
            });
            members.map(|(key, value)| (key.clone(), value)).collect()
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(index, value)| (index.to_string(), value))
                .collect()
        }
        _ => return,
    };
    for (key, property) in part["properties"].as_object().into_iter().flatten() {
        visit(&format!("{way}/properties/{key}"), part, key, property);
    }
    for (key, inner) in inner {
        keys(inner, &format!("{way}/{key}"), visit);
    }
}

fn is_required(part: &Value, key: &str) -> bool {
    let required = part["required"].as_array().into_iter().flatten();
    required.into_iter().any(|required| required == key)
}

#[test]
fn every_key_has_a_description_an_example_and_a_default_unless_it_is_required() {
    let mut lacking = Vec::new();
    let mut count = 0;
    keys(&scenario_schema(), "#", &mut |way, part, key, property| {
        count += 1;
        let mut demand = |what: &str, there: bool| {
            if !there {
                lacking.push(format!("{way}: no {what}"));
            }
        };
        demand(
            "description",
            property["description"]
                .as_str()
                .is_some_and(|text| text.len() > 5),
        );
        demand(
            "example",
            property["examples"]
                .as_array()
                .is_some_and(|all| !all.is_empty()),
        );
        demand(
            "default",
            is_required(part, key) || property.get("default").is_some(),
        );
    });
    assert!(lacking.is_empty(), "{lacking:#?}");
    assert!(count > 150, "{count}");
}

#[test]
fn every_example_and_default_is_valid_where_it_stands() {
    let schema = scenario_schema();
    let mut wrong = Vec::new();
    keys(&schema, "#", &mut |way, _, _, property| {
        let here =
            json!({ "$ref": way, "$defs": schema["$defs"], "properties": schema["properties"] });
        let validator = jsonschema::validator_for(&here).unwrap();
        let examples = property["examples"].as_array().into_iter().flatten();
        // A default of null says that nothing holds without the key; it is not a value of it.
        let default = property.get("default").filter(|default| !default.is_null());
        for value in examples.chain(default) {
            if !validator.is_valid(value) {
                wrong.push(format!("{way}: {value}"));
            }
        }
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_key_takes_null_by_accident() {
    let schema = scenario_schema();
    let mut nullable = Vec::new();
    keys(&schema, "#", &mut |way, _, key, _| {
        let here =
            json!({ "$ref": way, "$defs": schema["$defs"], "properties": schema["properties"] });
        if jsonschema::is_valid(&here, &Value::Null) {
            nullable.push(key.to_owned());
        }
    });
    // An expected value, and any literal.
    assert_eq!(nullable, ["value", "value"]);
}
