//! What does an error of the schema mean to an author?

use super::{load::Places, schema::Compiled, tree::Part};
use crate::source::{Diagnostic, Diagnostics};
use serde_json::Value as Json;

/// Everything that the schema finds wrong with a document.
pub(super) fn explain(schema: &Compiled, document: &Json, places: Places<'_>) -> Diagnostics {
    schema
        .errors(document)
        .into_iter()
        .map(|error| {
            let place = places(error.instance_path().as_str(), Part::Value);
            Diagnostic::error("value", error.to_string()).at(place)
        })
        .collect()
}
