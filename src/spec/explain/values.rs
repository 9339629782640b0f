//! Values of the wrong type, unknown words, texts of the wrong form, numbers out of range.

use super::{About, Explainer, last_key, shape::Shape};
use crate::{
    record::Value,
    source::{Diagnostic, Place},
    text::{did_you_mean, nearest, plural, quantity::QuantityError, shortened},
};
use serde_json::Value as Json;

/// So many characters of a text are told.
const LONGEST_SHOWN: usize = 60;

/// The value with its type: `integer <100>`, `a list`.
fn found(value: &Json) -> String {
    match value {
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "a map".to_owned(),
        Json::String(text) => format!("text <{:?}>", shortened(text, LONGEST_SHOWN)),
        scalar => Value::from_json(scalar).describe(),
    }
}

impl Explainer<'_> {
    pub(super) fn wrong_type(&mut self, shape: Shape<'_>, value: &Json, pointer: &str) {
        let leaves = shape.leaves();
        let number = value.is_number().then(|| value.to_string());
        let quantity = number.and_then(|number| {
            let mut errors = leaves.iter();
            errors.find_map(|leaf| leaf.quantity_error(&number))
        });
        if let Some(error) = quantity {
            return self.wrong_quantity(&error, pointer);
        }
        let expected = shape.words_for_it();
        let place = self.value_place(pointer);
        if value.is_null() {
            let primary = match last_key(pointer) {
                Some(key) => format!("key \"{key}\" has no value"),
                None => "there is no value here".to_owned(),
            };
            let diagnostic = Diagnostic::error("no-value", primary)
                .at(place)
                .hint(format!("expected {expected}"));
            return self.push_about(About::Empty(pointer.to_owned()), diagnostic);
        }
        let primary = format!("expected {expected}, found {}", found(value));
        let diagnostic = Diagnostic::error("type", primary).at(place.clone());
        self.push(put_right(diagnostic, &leaves, value, place));
    }

    /// `instead` says what else could stand there.
    pub(super) fn unknown_word(
        &mut self,
        words: &[&str],
        instead: Option<String>,
        value: &Json,
        pointer: &str,
    ) {
        let Some(word) = value.as_str() else {
            return;
        };
        let place = self.value_place(pointer);
        let mut diagnostic =
            Diagnostic::error("unknown-word", format!("unknown word \"{word}\"")).at(place.clone());
        if let Some(near) = nearest(word, words.iter().copied()) {
            diagnostic = diagnostic.suggest(place, near, format!("did you mean \"{near}\"?"));
        } else if let Some(hint) = did_you_mean(word, words.iter().copied()) {
            diagnostic = diagnostic.hint(hint);
        }
        if let Some(instead) = instead {
            diagnostic = diagnostic.detail(format!("expected {instead}"));
        }
        self.push(diagnostic);
    }

    pub(super) fn wrong_text(&mut self, shape: Shape<'_>, value: &Json, pointer: &str) {
        let text = value.as_str().unwrap_or_default();
        if let Some(error) = shape.quantity_error(text) {
            return self.wrong_quantity(&error, pointer);
        }
        let place = self.value_place(pointer);
        let (primary, hint) = match shape.name() {
            "StepRef" => (
                format!("\"{text}\" does not name a step"),
                "a step is named with its client, as in alice.debit or \"worker[2].take\"",
            ),
            _ if last_key(pointer).as_deref() == Some("ref") => (
                format!("\"{text}\" does not name a column of a step"),
                "write the earlier step and its column, as in pick.user_id",
            ),
            _ => (format!("\"{text}\" does not have the right form"), ""),
        };
        let mut diagnostic = Diagnostic::error("text", primary).at(place);
        if !hint.is_empty() {
            diagnostic = diagnostic.hint(hint);
        }
        self.push(diagnostic);
    }

    fn wrong_quantity(&mut self, error: &QuantityError, pointer: &str) {
        let place = self.value_place(pointer);
        self.push(
            Diagnostic::error("quantity", error.primary())
                .at(place)
                .hint(error.hint()),
        );
    }

    /// 5.0 where 5 is expected; of 2.5 the type is told.
    pub(super) fn fraction(&mut self, value: &Json, pointer: &str) {
        let Some(number) = value.as_f64().filter(|number| number.fract() == 0.0) else {
            return;
        };
        let primary = format!("expected a whole number, found {}", found(value));
        let place = self.value_place(pointer);
        let diagnostic = Diagnostic::error("type", primary).at(place.clone());
        self.push(diagnostic.suggest(place, format!("{number:.0}"), "leave the fraction out"));
    }

    pub(super) fn too_short(&mut self, value: &Json, limit: u64, pointer: &str) {
        self.wrong_length(value, "at least", limit, pointer);
    }

    pub(super) fn too_long(&mut self, value: &Json, limit: u64, pointer: &str) {
        self.wrong_length(value, "at most", limit, pointer);
    }

    fn wrong_length(&mut self, value: &Json, direction: &str, limit: u64, pointer: &str) {
        let length = value.as_array().map_or(0, Vec::len) as u64;
        let items = match length {
            0 => "the list is empty".to_owned(),
            length => format!("the list has {}", plural(length, "item")),
        };
        let primary = format!("{items}; {direction} {} expected", must(limit));
        let place = self.value_place(pointer);
        self.push(Diagnostic::error("length", primary).at(place));
    }

    pub(super) fn out_of_range(
        &mut self,
        value: &Json,
        direction: &str,
        limit: &Json,
        pointer: &str,
    ) {
        let size = match direction {
            "at least" => "small",
            _ => "large",
        };
        let primary = format!("{value} is too {size}: {direction} {limit} is allowed");
        let place = self.value_place(pointer);
        self.push(Diagnostic::error("range", primary).at(place));
    }
}

/// How a value of the wrong type is put right, where that can be guessed.
fn put_right(
    diagnostic: Diagnostic,
    leaves: &[Shape<'_>],
    value: &Json,
    place: Place,
) -> Diagnostic {
    let takes = |sample: &Json| {
        let mut free = leaves.iter().filter(|leaf| leaf.words().is_empty());
        free.any(|leaf| leaf.takes(sample))
    };
    let item = leaves.iter().find_map(|leaf| leaf.items());
    let text = place.text().to_owned();
    match value {
        Json::Bool(_) | Json::Number(_) if takes(&Json::String(String::new())) => {
            diagnostic.suggest(place, format!("\"{text}\""), "put it into quotes")
        }
        Json::String(number) if number.parse::<u64>().is_ok() && takes(&Json::from(0)) => {
            diagnostic.suggest(place, number, "leave the quotes out")
        }
        Json::String(_) if leaves.iter().any(|leaf| leaf.key("sql").is_some()) => {
            diagnostic.hint("a statement is written \"- sql: …\"")
        }
        Json::String(_) | Json::Number(_) if item.is_some_and(|item| item.takes(value)) => {
            diagnostic.suggest(place, format!("[{text}]"), "make it a list")
        }
        Json::Object(_) if item.is_some() => {
            diagnostic.hint("begin each item of the list with \"- \"")
        }
        Json::Array(_) if takes(&Json::Object(serde_json::Map::new())) => {
            diagnostic.hint("write \"key: value\" without \"- \"")
        }
        _ => diagnostic,
    }
}

fn must(limit: u64) -> String {
    match limit {
        1 => "1 is".to_owned(),
        limit => format!("{limit} are"),
    }
}
