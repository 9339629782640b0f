//! Of several alternatives, which one was meant?

use super::{Explainer, shape::Shape};
use crate::{source::Diagnostic, text::nearest};
use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value as Json;

/// One alternative with what is wrong with the value if that was meant.
#[derive(Clone, Copy)]
struct Branch<'a> {
    shape: Shape<'a>,
    errors: &'a [ValidationError<'static>],
}

/// The branches with those within them.
fn flattened<'a>(
    shape: Shape<'a>,
    context: &'a [Vec<ValidationError<'static>>],
) -> Vec<Branch<'a>> {
    let shapes = shape.alternatives().unwrap_or_default();
    let mut branches = Vec::new();
    for (shape, errors) in shapes.into_iter().zip(context) {
        let inner = errors.iter().find_map(|error| match error.kind() {
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => Some(context),
            _ => None,
        });
        match inner {
            Some(context) if shape.alternatives().is_some() => {
                branches.extend(flattened(shape, context));
            }
            _ => branches.push(Branch { shape, errors }),
        }
    }
    branches
}

impl Explainer<'_> {
    pub(super) fn alternatives(
        &mut self,
        shape: Shape<'_>,
        context: &[Vec<ValidationError<'static>>],
        error: &ValidationError<'_>,
    ) {
        let value = error.instance().as_ref();
        let pointer = error.instance_path().as_str();
        let mut branches = flattened(shape, context);
        branches.retain(|branch| branch.shape.takes(value));
        match (branches.as_slice(), value) {
            ([], _) => self.wrong_type(shape, value, pointer),
            ([only], _) if only.shape.words().is_empty() => self.branch(*only),
            (branches, Json::String(_)) => self.of_texts(shape, branches, value, pointer),
            (branches, Json::Object(_)) => self.of_maps(shape, branches, value, pointer),
            ([first, ..], _) => self.branch(*first),
        }
    }

    fn branch(&mut self, branch: Branch<'_>) {
        branch.errors.iter().for_each(|error| self.explain(error));
    }

    /// A text where words are expected, or texts of a certain form.
    fn of_texts(&mut self, shape: Shape<'_>, branches: &[Branch<'_>], value: &Json, pointer: &str) {
        let formed = branches
            .iter()
            .find(|branch| branch.shape.words().is_empty());
        if let Some(branch) = formed {
            return self.branch(*branch);
        }
        let words: Vec<&str> = branches
            .iter()
            .flat_map(|branch| branch.shape.words())
            .collect();
        let text = value.as_str().unwrap_or_default();
        // A sentence where a word could stand is rather what belongs into a map.
        if nearest(text, words.iter().copied()).is_none() && text.contains(' ') {
            return self.wrong_type(shape, value, pointer);
        }
        let others = shape.leaves().len() > branches.len();
        let instead = others.then(|| shape.words_for_it());
        self.unknown_word(&words, instead, value, pointer);
    }

    /// A map that is known by one of its keys.
    fn of_maps(&mut self, shape: Shape<'_>, branches: &[Branch<'_>], value: &Json, pointer: &str) {
        let Json::Object(keys) = value else { return };
        let known = |branch: &&Branch<'_>| {
            let mut mark = branch.shape.mark().into_iter();
            mark.any(|mark| keys.contains_key(mark))
        };
        let matching = |branch: &Branch<'_>| {
            let known = branch.shape.keys();
            keys.keys()
                .filter(|key| known.contains(&key.as_str()))
                .count()
        };
        let mut marked: Vec<&Branch<'_>> = branches.iter().filter(known).collect();
        marked.sort_by_key(|branch| std::cmp::Reverse(matching(branch)));
        match marked.as_slice() {
            [] => self.unmarked(shape, branches, value, pointer),
            [only] => self.branch(**only),
            [best, other, ..] => {
                let mark = other.shape.mark().unwrap_or_default();
                if best.shape.keys().contains(&mark) {
                    self.branch(**best);
                } else {
                    self.two_in_one(best.shape.mark().unwrap_or_default(), mark, pointer);
                }
            }
        }
    }

    /// None of the keys is there by which the alternatives are known.
    fn unmarked(&mut self, shape: Shape<'_>, branches: &[Branch<'_>], value: &Json, pointer: &str) {
        let Json::Object(keys) = value else { return };
        let marks: Vec<&str> = branches
            .iter()
            .filter_map(|branch| branch.shape.mark())
            .collect();
        let misspelt = keys
            .keys()
            .find(|key| nearest(key, marks.iter().copied()).is_some());
        if let Some(key) = misspelt {
            return self.unknown_key(shape, key, &marks, value, pointer);
        }
        let has_known_key = |branch: &&Branch<'_>| {
            let known = branch.shape.keys();
            keys.keys().any(|key| known.contains(&key.as_str()))
        };
        if let Some(branch) = branches.iter().find(has_known_key) {
            return self.missing_key(
                branch.shape,
                branch.shape.mark().unwrap_or_default(),
                pointer,
            );
        }
        match keys.keys().next() {
            Some(key) => self.unknown_key(shape, key, &marks, value, pointer),
            None => {
                let primary = format!("expected {}, found an empty map", shape.words_for_it());
                let place = self.value_place(pointer);
                self.push(Diagnostic::error("type", primary).at(place));
            }
        }
    }

    fn two_in_one(&mut self, one: &str, other: &str, pointer: &str) {
        let primary = format!("\"{one}\" and \"{other}\" cannot stand together");
        let place = self.key_place(pointer, other);
        let first = self.key_place(pointer, one);
        let mut diagnostic = Diagnostic::error("two-in-one", primary)
            .at(place)
            .related(first, "the other one");
        if super::last_key(pointer).is_none() {
            diagnostic = diagnostic.hint("begin each item of the list with \"- \"");
        }
        self.push(diagnostic);
    }
}
