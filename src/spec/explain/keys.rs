//! Keys that nobody knows, keys that are missing.

use super::{About, Explainer, inside, last_key, shape::Shape};
use crate::{
    source::Diagnostic,
    text::{list, nearest},
};
use serde_json::Value as Json;

/// Words in quotes, as a list.
fn quoted(words: &[&str], joint: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    list(&words, joint)
}

impl Explainer<'_> {
    pub(super) fn unknown_keys(
        &mut self,
        shape: Shape<'_>,
        unexpected: &[String],
        value: &Json,
        pointer: &str,
    ) {
        if shape.get("patternProperties").is_some() {
            return unexpected
                .iter()
                .for_each(|key| self.no_step(shape, key, value, pointer));
        }
        for key in unexpected {
            if self.has_enough() {
                return;
            }
            self.unknown_key(shape, key, &shape.keys(), value, pointer);
        }
    }

    /// `allowed` may be fewer keys than the shape has: those by which alternatives are known.
    pub(super) fn unknown_key(
        &mut self,
        shape: Shape<'_>,
        key: &str,
        allowed: &[&str],
        value: &Json,
        pointer: &str,
    ) {
        let place = self.key_place(pointer, key);
        let mut diagnostic =
            Diagnostic::error("unknown-key", format!("unknown key \"{key}\"")).at(place.clone());
        diagnostic = match shape.noun() {
            "" => diagnostic,
            noun => diagnostic.label(format!("not a key of {noun}")),
        };
        diagnostic = match allowed {
            [] => diagnostic.detail("no keys are allowed here"),
            allowed => diagnostic.detail(format!("allowed are {}", quoted(allowed, "and"))),
        };
        // A key that is there already is not what was meant.
        let free = allowed.iter().filter(|key| value.get(**key).is_none());
        if let Some(near) = nearest(key, free.copied()) {
            diagnostic = diagnostic.suggest(place, near, format!("did you mean \"{near}\"?"));
            self.explained.insert(About::Missing(inside(pointer, near)));
        } else if let Some(near) = nearest(key, allowed.iter().copied()) {
            diagnostic = diagnostic.hint(format!("did you mean \"{near}\"?"));
        } else if let [owner, others @ ..] = shape.owners(key).as_slice() {
            let owners = [&[*owner], others].concat();
            diagnostic = diagnostic.hint(format!(
                "\"{key}\" is a key of {}; look at the indentation",
                list(&owners, "or")
            ));
        }
        self.push(diagnostic);
    }

    /// A key of an entry of an order that names no step.
    fn no_step(&mut self, shape: Shape<'_>, key: &str, value: &Json, pointer: &str) {
        let place = self.key_place(pointer, key);
        let steps = value.as_object().into_iter().flatten();
        let step = steps.map(|(key, _)| key).find(|key| key.contains('.'));
        let options = shape.owners(key).contains(&"an entry of an order");
        let diagnostic = match step {
            Some(step) if options => {
                self.explained.insert(About::Empty(inside(pointer, step)));
                let primary = format!("\"{key}\" must be indented deeper than \"{step}\"");
                Diagnostic::error("indentation", primary)
                    .at(place)
                    .hint(format!("or write it in braces: {step}: {{ {key}: … }}"))
            }
            _ => Diagnostic::error("text", format!("\"{key}\" does not name a step"))
                .at(place)
                .hint("a step is named with its client, as in alice.debit or \"worker[2].take\""),
        };
        self.push(diagnostic);
    }

    pub(super) fn missing_key(&mut self, shape: Shape<'_>, key: &str, pointer: &str) {
        let primary = match (shape.noun(), last_key(pointer)) {
            ("" | "a scenario" | "a suite", None) => format!("key \"{key}\" is missing"),
            ("", Some(inside)) => format!("\"{inside}\" lacks the key \"{key}\""),
            (noun, _) => format!("{noun} lacks the key \"{key}\""),
        };
        let place = (self.places)(pointer, super::Part::Key);
        let mut diagnostic = Diagnostic::error("missing-key", primary).at(place);
        let description = shape
            .get("properties")
            .and_then(|properties| properties.get(key)?.get("description")?.as_str());
        if let Some(description) = description {
            let sentence = description.split('.').next().unwrap_or(description);
            diagnostic = diagnostic.detail(format!("\"{key}\" is {}", lower_first(sentence)));
        }
        self.push_about(About::Missing(inside(pointer, key)), diagnostic);
    }

    /// An entry of an order with no step in it, or with several.
    pub(super) fn not_one_key(&mut self, value: &Json, pointer: &str) {
        let keys = value.as_object().into_iter().flatten();
        let steps: Vec<&str> = keys
            .map(|(key, _)| key.as_str())
            .filter(|key| key.contains('.'))
            .collect();
        let primary = match steps.as_slice() {
            // The other keys are told as wrong themselves.
            [_] => return,
            [] => "an entry of an order names a step".to_owned(),
            steps => format!("one entry names {}", quoted(steps, "and")),
        };
        let place = self.value_place(pointer);
        self.push(
            Diagnostic::error("order-entry", primary)
                .at(place)
                .hint("begin each entry with \"- \""),
        );
    }
}

/// The sentence, to be continued after `is`.
fn lower_first(sentence: &str) -> String {
    let sentence = sentence.replace('\n', " ");
    let mut chars = sentence.chars();
    let first = chars.next().map(|first| first.to_lowercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}
