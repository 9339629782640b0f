//! What an editor shows for a key: a description, an example, what holds without it.

use serde_json::{Map, Value as Json, json};

/// Gives every key of a schema what its type knows and the key itself does not say.
pub(super) fn complete(schema: &mut Json) {
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    let Json::Object(top) = schema else { return };
    if let Some(Json::Object(named)) = top.get_mut("$defs") {
        for (name, definition) in named {
            bound_examples(name, definition, &definitions);
            parts(definition, &definitions);
        }
    }
    let (definitions_of_top, rest): (Map<String, Json>, Map<String, Json>) = std::mem::take(top)
        .into_iter()
        .partition(|(key, _)| key == "$defs");
    let mut rest = Json::Object(rest);
    parts(&mut rest, &definitions);
    if let Json::Object(rest) = rest {
        *top = rest;
        top.extend(definitions_of_top);
    }
}

/// A part of the schema, and the parts within it.
fn parts(schema: &mut Json, definitions: &Json) {
    match schema {
        Json::Object(part) => {
            describe(part);
            keys(part, definitions);
            part.iter_mut()
                .filter(|(keyword, _)| {
                    !["examples", "default", "enum", "const"].contains(&keyword.as_str())
                })
                .for_each(|(_, inner)| parts(inner, definitions));
        }
        Json::Array(items) => items.iter_mut().for_each(|item| parts(item, definitions)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// A description without the line breaks of the source; as Markdown where it is, for editors that read it.
fn describe(part: &mut Map<String, Json>) {
    let Some(Json::String(text)) = part.get_mut("description") else {
        return;
    };
    let paragraphs = text
        .split("\n\n")
        .map(|paragraph| paragraph.replace('\n', " "));
    *text = paragraphs.collect::<Vec<String>>().join("\n\n");
    if text.contains('`') {
        let markdown = text.clone();
        part.insert("markdownDescription".to_owned(), markdown.into());
    }
}

fn keys(part: &mut Map<String, Json>, definitions: &Json) {
    let required = part.get("required").cloned().unwrap_or_default();
    let required = |key: &str| {
        required
            .as_array()
            .is_some_and(|keys| keys.contains(&key.into()))
    };
    let described = part.get("description").cloned();
    let example_of_all = part
        .get("examples")
        .and_then(|examples| examples.get(0))
        .cloned();
    let Some(Json::Object(properties)) = part.get_mut("properties") else {
        return;
    };
    for (key, property) in properties {
        let Json::Object(property) = property else {
            continue;
        };
        let definition = definition_of(property, definitions);
        if !property.contains_key("description") {
            // The only key of an alternative is described by the alternative.
            let text = described
                .clone()
                .or_else(|| definition.get("description").cloned());
            property.extend(text.map(|text| ("description".to_owned(), text)));
        }
        if !property.contains_key("examples") {
            let example = example_of_all
                .as_ref()
                .and_then(|example| example.get(key.as_str()));
            let examples = definition.get("examples").cloned();
            let examples = examples.or_else(|| example.map(|example| json!([example])));
            property.extend(examples.map(|examples| ("examples".to_owned(), examples)));
        }
        if !required(key) && !property.contains_key("default") {
            property.insert("default".to_owned(), absent(property));
        }
    }
}

fn definition_of<'a>(property: &Map<String, Json>, definitions: &'a Json) -> &'a Json {
    let reference = property.get("$ref").and_then(Json::as_str);
    let name = reference.and_then(|reference| reference.strip_prefix("#/$defs/"));
    name.map_or(&Json::Null, |name| &definitions[name])
}

/// What holds where a key is left out: nothing, in the key's type; `null` where its type has no nothing.
fn absent(property: &Map<String, Json>) -> Json {
    match property.get("type").and_then(Json::as_str) {
        Some("array") => json!([]),
        Some("object") => json!({}),
        Some("boolean") => json!(false),
        _ => Json::Null,
    }
}

/// A bound is of many types, so that its example depends on which.
fn bound_examples(name: &str, definition: &mut Json, definitions: &Json) {
    let Some((kind, of)) = name.split_once("_of_") else {
        return;
    };
    let examples = definitions[of]["examples"].as_array();
    let (small, large) = match examples.map(Vec::as_slice) {
        Some([first, .., last]) => (first.clone(), last.clone()),
        Some([only]) => (only.clone(), only.clone()),
        Some([]) | None => (json!(1), json!(3)),
    };
    let (key, example) = match kind {
        "AtLeast" => ("at_least", small),
        "AtMost" => ("at_most", large),
        "Exactly" => ("exactly", large),
        "Between" => ("between", json!([small, large])),
        _ => return,
    };
    if let Some(Json::Object(property)) = definition["properties"].get_mut(key) {
        property.insert("examples".to_owned(), json!([example]));
    }
}
