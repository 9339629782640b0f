//! `docs/reference.md`: every key of the language, made from the JSON Schemas. `BLESS=1 cargo test docs_reference` writes
//! it again; whatever it says is written at the types in `src/spec`.

use crate::{folder::repository, golden};
use serde_json::{Map, Value};
use std::fs;

const HEAD: &str = "\
# Reference

Every key of a scenario and of `pgauge.yaml`, made from their JSON Schemas, which are made from the program's own types:
what is written here is what the program reads. For how things fit together read [the language](language.md).

A key without a default in the table must be there, or says nothing if it is absent.
";

/// A schema document that is being told.
struct Told<'a> {
    definitions: &'a Map<String, Value>,
    /// The definitions that were referred to, in that order.
    queue: Vec<&'a str>,
}

impl<'a> Told<'a> {
    /// What a value is, in a table's cell.
    fn value(&mut self, schema: &'a Value) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.reference(reference);
        }
        if let Some(constant) = schema.get("const") {
            return code(constant);
        }
        if let Some(words) = schema["enum"].as_array() {
            return either(words.iter().map(code).collect());
        }
        if let Some(branches) = alternatives(schema) {
            let told = branches.iter().map(|branch| self.value(branch));
            return either(told.collect());
        }
        match schema["type"].as_str() {
            Some("array") => self.list(schema),
            Some("object") => self.map(schema),
            Some("string") => "text".to_owned(),
            Some("integer") => format!("a whole number{}", bounds(schema)),
            Some("number") => format!("a number{}", bounds(schema)),
            Some("boolean") => "`true` or `false`".to_owned(),
            Some("null") => "`null`".to_owned(),
            _ => match schema["type"].as_array() {
                Some(types) => {
                    let each = types.iter().filter_map(Value::as_str);
                    either(each.map(|name| word(name).to_owned()).collect())
                }
                None => "anything".to_owned(),
            },
        }
    }

    fn list(&mut self, schema: &'a Value) -> String {
        match schema.get("items").filter(|items| items.is_object()) {
            Some(items) => format!("a list, each {}", self.value(items)),
            None => "a list".to_owned(),
        }
    }

    fn map(&mut self, schema: &'a Value) -> String {
        if let Some(keys) = schema["properties"].as_object() {
            let keys: Vec<String> = keys
                .iter()
                .map(|(key, value)| format!("`{key}`: {}", self.value(value)))
                .collect();
            return format!("a map with {}", keys.join(", "));
        }
        let patterns = schema["patternProperties"].as_object();
        let pattern = patterns.and_then(|patterns| patterns.values().next());
        let named = pattern.or_else(|| schema.get("additionalProperties"));
        match named.filter(|value| value.is_object()) {
            Some(value) => format!("a map of names, each {}", self.value(value)),
            None => "a map".to_owned(),
        }
    }

    fn reference(&mut self, reference: &'a str) -> String {
        let name = reference.rsplit('/').next().unwrap_or_default();
        if let Some((name, _)) = self.definitions.get_key_value(name)
            && !self.queue.contains(&name.as_str())
        {
            self.queue.push(name);
        }
        let title = title(name);
        format!("[{title}](#{})", title.replace(' ', "-"))
    }

    /// The table of the keys of a map.
    fn keys(&mut self, schema: &'a Value) -> String {
        let Some(keys) = schema["properties"].as_object() else {
            return String::new();
        };
        let required = |key: &str| {
            let names = schema["required"].as_array().into_iter().flatten();
            names.into_iter().any(|name| name == key)
        };
        let mut out = String::from("\n| key | value | default | |\n|---|---|---|---|\n");
        for (key, value) in keys {
            let default = match value.get("default") {
                _ if required(key) => "must be there".to_owned(),
                None => String::new(),
                Some(Value::Null) => String::new(),
                Some(Value::Array(items)) if items.is_empty() => String::new(),
                Some(Value::Object(keys)) if keys.is_empty() => String::new(),
                Some(default) => code(default),
            };
            let mut about = value["description"].as_str().unwrap_or_default().to_owned();
            if let Some(example) = value["examples"].as_array().and_then(|all| all.first()) {
                about.push_str(&format!(" Example: {}", code(example)));
            }
            let cells = [format!("`{key}`"), self.value(value), default, about];
            let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        if schema["additionalProperties"].is_object() {
            let value = self.value(&schema["additionalProperties"]);
            out.push_str(&format!("| any other key | {value} | | |\n"));
        }
        out
    }

    /// The section of a definition.
    fn section(&mut self, name: &str, schema: &'a Value) -> String {
        let mut out = format!("\n## {}\n", title(name));
        if let Some(about) = schema["description"].as_str() {
            out.push_str(&format!("\n{about}\n"));
        }
        if schema["properties"].is_object() {
            return out + &self.keys(schema);
        }
        if let Some(branches) = alternatives(schema) {
            out.push_str("\nOne of:\n\n");
            for branch in branches {
                let value = self.value(branch);
                let about = match branch["description"].as_str() {
                    Some(about) => format!(": {}", about.replace('\n', " ")),
                    None => String::new(),
                };
                out.push_str(&format!("- {value}{about}\n"));
            }
            return out;
        }
        out.push_str(&format!("\nIt is {}.\n", self.value(schema)));
        if let Some(examples) = schema["examples"].as_array() {
            let examples: Vec<String> = examples.iter().map(code).collect();
            out.push_str(&format!("\nExamples: {}\n", examples.join(", ")));
        }
        out
    }
}

fn alternatives(schema: &Value) -> Option<&Vec<Value>> {
    let branches = schema.get("anyOf").or_else(|| schema.get("oneOf"));
    branches.and_then(Value::as_array)
}

/// `Bound_of_TimeSpan` as `bound of time span`.
fn title(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        match character {
            '_' => out.push(' '),
            capital if capital.is_uppercase() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
                out.extend(capital.to_lowercase());
            }
            other => out.push(other),
        }
    }
    out.replace("uint64", "whole number")
}

fn word(name: &str) -> &str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "null" => "`null`",
        "array" => "a list",
        "object" => "a map",
        other => other,
    }
}

/// Bounds that somebody chose; the largest number that a computer counts with is not told.
fn bounds(schema: &Value) -> String {
    let most = schema["maximum"].as_u64().filter(|most| *most < 1 << 31);
    let least = schema["minimum"].as_i64().filter(|least| *least > 0);
    match (least, most) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (None, None) => String::new(),
    }
}

fn either(told: Vec<String>) -> String {
    match told.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
    }
}

/// A value as one writes it.
fn code(value: &Value) -> String {
    match value {
        Value::String(text) if !text.contains('`') => format!("`{}`", text.replace('\n', " ")),
        other => format!("`{}`", flow(other)),
    }
}

/// A value in braces and brackets, as in YAML on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(keys) => {
            let keys = keys
                .iter()
                .map(|(key, value)| format!("{key}: {}", flow(value)));
            format!("{{ {} }}", keys.collect::<Vec<String>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => {
            let plain = |c: char| c.is_alphanumeric() || "_. :$'()*<>=/+-".contains(c);
            let safe = text.chars().all(plain) && !text.contains(": ") && !text.contains(" #");
            if safe {
                text.replace('`', "'")
            } else {
                format!("{text:?}").replace('`', "'")
            }
        }
        other => other.to_string(),
    }
}

fn told(title: &str, file: &str) -> String {
    let text = fs::read_to_string(repository().join("schema").join(file)).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let none = Map::new();
    let mut told = Told {
        definitions: schema["$defs"].as_object().unwrap_or(&none),
        queue: Vec::new(),
    };
    let mut out = format!("\n# {title}\n");
    if let Some(about) = schema["description"].as_str() {
        out.push_str(&format!("\n{about}\n"));
    }
    out.push_str(&told.keys(&schema));
    let mut next = 0;
    while let Some(name) = told.queue.get(next).copied() {
        out.push_str(&told.section(name, &told.definitions[name]));
        next += 1;
    }
    assert_eq!(
        next,
        told.definitions.len(),
        "{file}: something is told nowhere"
    );
    out
}

#[test]
fn the_reference_is_made_from_the_schemas() {
    let scenario = told("A scenario", "scenario.schema.json");
    // The few types that both files share are told once.
    let suite = told("The suite file", "suite.schema.json");
    let shared = |section: &&str| {
        let title = section.lines().next().unwrap_or_default();
        scenario.contains(&format!("\n## {title}\n"))
    };
    let sections = suite.split("\n## ").enumerate();
    let sections = sections.filter(|(at, section)| *at == 0 || !shared(section));
    let suite: Vec<&str> = sections.map(|(_, section)| section).collect();
    let text = format!("{HEAD}{scenario}{}", suite.join("\n## "));
    let file = repository().join("docs/reference.md");
    if let Err(difference) = golden::compare(&file, &text) {
        panic!(
            "{difference}\n\ndocs/reference.md is made: change the doc comments in src/spec, then BLESS=1"
        );
    }
}

#[test]
fn every_key_is_described_with_an_example_or_a_default() {
    let text = fs::read_to_string(repository().join("docs/reference.md")).unwrap();
    let keys = text.lines().filter(|line| line.starts_with("| `"));
    let mut count = 0;
    for line in keys {
        count += 1;
        assert!(!line.ends_with("|  |"), "nothing is said of {line}");
    }
    assert!(count > 150, "only {count} keys were found");
}
