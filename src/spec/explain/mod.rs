//! What does an error of the schema mean to an author?
//!
//! The validator says which keyword of the schema was broken where. Of alternatives (`anyOf`, `oneOf`) it
//! says only that none fits; here the one that was meant is found by the keys that are there, and its own
//! error is told.

mod alternatives;
mod keys;
mod shape;
mod values;

use super::{load::Places, schema::Compiled, size, tree::Part};
use crate::source::{Diagnostic, Diagnostics, Place, Severity};
use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value as Json;
use shape::Shape;
use std::collections::HashSet;

/// As many problems of one document are told at most.
const MAX_PROBLEMS: usize = 100;

/// Of a document with more values than this one problem is told: to find them all takes memory for each.
const MANY_VALUES: u64 = 50_000;

/// Everything that the schema finds wrong with a document, each once; of a very large one the first.
pub(super) fn explain(schema: &Compiled, document: &Json, places: Places<'_>) -> Diagnostics {
    let is_large = size::values(document) > MANY_VALUES;
    let errors = match is_large {
        true => schema.error(document).into_iter().collect(),
        false => schema.errors(document),
    };
    if errors.is_empty() {
        return Diagnostics::default();
    }
    let mut explainer = Explainer {
        schema: &schema.schema,
        places,
        problems: Vec::new(),
        explained: HashSet::new(),
    };
    errors.iter().for_each(|error| explainer.explain(error));
    let mut told = explainer.told();
    if is_large {
        let primary = "in a file of this size one problem is told at a time";
        told.push(Diagnostic::new(Severity::Note, "more", primary));
    }
    told
}

struct Explainer<'a> {
    schema: &'a Json,
    places: Places<'a>,
    problems: Vec<(About, Diagnostic)>,
    /// What another problem is the cause of: a missing key that is there in another spelling.
    explained: HashSet<About>,
}

/// What is absent according to a problem.
#[derive(Clone, PartialEq, Eq, Hash)]
enum About {
    /// Nothing in particular.
    Present,
    /// The key at this pointer.
    Missing(String),
    /// The value at this pointer.
    Empty(String),
}

impl Explainer<'_> {
    fn push(&mut self, diagnostic: Diagnostic) {
        self.push_about(About::Present, diagnostic);
    }

    fn push_about(&mut self, about: About, diagnostic: Diagnostic) {
        self.problems.push((about, diagnostic));
    }

    /// What has no other cause, each once: a pattern and a format of the same text say the same.
    fn told(self) -> Diagnostics {
        let mut told = Diagnostics::default();
        for (about, diagnostic) in self.problems {
            if told.0.len() > MAX_PROBLEMS {
                break;
            }
            if !self.explained.contains(&about) && !told.0.contains(&diagnostic) {
                told.push(diagnostic);
            }
        }
        told
    }

    /// Whether so much was found that there will be enough to tell, whatever of it has another cause.
    fn has_enough(&self) -> bool {
        self.problems.len() >= 10 * MAX_PROBLEMS
    }

    fn explain(&mut self, error: &ValidationError<'_>) {
        if self.has_enough() {
            return;
        }
        let value = error.instance().as_ref();
        let pointer = error.instance_path().as_str();
        // The schema whose keyword was broken.
        let keyword = error.schema_path().as_str();
        let around = keyword.rsplit_once('/').map_or("", |(around, _)| around);
        let Some(shape) = Shape::at(self.schema, around) else {
            return self.other(error);
        };
        match error.kind() {
            Kind::AnyOf { context }
            | Kind::OneOfNotValid { context }
            | Kind::OneOfMultipleValid { context } => self.alternatives(shape, context, error),
            Kind::AdditionalProperties { unexpected } => {
                self.unknown_keys(shape, unexpected, value, pointer);
            }
            Kind::Required { property } => {
                self.missing_key(shape, property.as_str().unwrap_or_default(), pointer);
            }
            Kind::Type { .. } => self.wrong_type(shape, value, pointer),
            Kind::Enum { .. } | Kind::Constant { .. } => {
                self.unknown_word(&shape.words(), None, value, pointer);
            }
            Kind::Pattern { .. } | Kind::Format { .. } => self.wrong_text(shape, value, pointer),
            Kind::MinItems { limit } => self.too_short(value, *limit, pointer),
            Kind::MaxItems { limit } => self.too_long(value, *limit, pointer),
            Kind::MinProperties { .. } | Kind::MaxProperties { .. } => {
                self.not_one_key(value, pointer);
            }
            Kind::Minimum { limit } => self.out_of_range(value, "at least", limit, pointer),
            Kind::Maximum { limit } => self.out_of_range(value, "at most", limit, pointer),
            Kind::PropertyNames { error } => {
                let key = error.instance().as_str().unwrap_or_default();
                let names = shape.words();
                self.unknown_key(shape, key, &names, value, pointer);
            }
            Kind::Custom { .. } => self.fraction(value, pointer),
            _ => self.other(error),
        }
    }

    /// In the validator's words, where there are none of ours.
    fn other(&mut self, error: &ValidationError<'_>) {
        let place = self.value_place(error.instance_path().as_str());
        self.push(Diagnostic::error("value", error.to_string()).at(place));
    }

    fn value_place(&self, pointer: &str) -> Place {
        (self.places)(pointer, Part::Value)
    }

    fn key_place(&self, pointer: &str, key: &str) -> Place {
        (self.places)(&inside(pointer, key), Part::Key)
    }
}

/// The pointer of a key of the map at a pointer.
fn inside(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The last key of a pointer; none for an item of a list.
fn last_key(pointer: &str) -> Option<String> {
    let last = pointer.rsplit('/').next()?;
    let key = !last.is_empty() && !last.bytes().all(|byte| byte.is_ascii_digit());
    key.then(|| last.replace("~1", "/").replace("~0", "~"))
}
