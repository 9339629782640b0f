//! The JSON Schema of what an author writes, generated from the types.

#[cfg(test)]
mod agreement;
mod complete;
mod whole;

use super::{Scenario, Suite, quantity::format_of, seed::SeedItem};
use crate::text::quantity::{ByteSize, Count, Factor, Percent, Quantity, Rate, TimeSpan};
use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value as Json;
use std::sync::LazyLock;

/// So many errors of one document are looked at.
const MOST_ERRORS: usize = 1_000;

/// A schema and its compiled form.
#[derive(Debug)]
pub(super) struct Compiled {
    /// The schema.
    pub(super) schema: Json,
    validator: jsonschema::Validator,
}

impl Compiled {
    fn new(schema: Json) -> Self {
        let options = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .with_keyword(whole::KEYWORD, whole::keyword)
            .with_format(format_of::<ByteSize>(), is::<ByteSize>)
            .with_format(format_of::<Count>(), is::<Count>)
            .with_format(format_of::<Factor>(), is::<Factor>)
            .with_format(format_of::<Percent>(), is::<Percent>)
            .with_format(format_of::<Rate>(), is::<Rate>)
            .with_format(format_of::<TimeSpan>(), is::<TimeSpan>);
        // The schema is a constant of the program, and a test compiles it.
        #[allow(clippy::expect_used, reason = "a constant, compiled by a test")]
        let validator = options
            .build(&whole::strict(&schema))
            .expect("the schema compiles");
        Self { schema, validator }
    }

    /// Whether nothing is wrong with a document.
    #[cfg(test)]
    pub(super) fn accepts(&self, document: &Json) -> bool {
        self.validator.is_valid(document)
    }

    /// What is wrong with a document: everything, or so much that nobody reads more at once.
    pub(super) fn errors<'a>(&'a self, document: &'a Json) -> Vec<jsonschema::ValidationError<'a>> {
        let errors = self.validator.iter_errors(document);
        errors.take(MOST_ERRORS).collect()
    }

    /// One thing that is wrong with a document. The validator makes all its errors before it gives the first, and keeps
    /// a copy of the value for each alternative that it could have been: those of a large document fill the memory.
    pub(super) fn error<'a>(
        &'a self,
        document: &'a Json,
    ) -> Option<jsonschema::ValidationError<'a>> {
        self.validator.validate(document).err()
    }
}

/// Whether a text is a quantity; its pattern cannot say all of it.
fn is<Q: Quantity>(text: &str) -> bool {
    text.parse::<Q>().is_ok()
}

/// The schema of a scenario file.
pub fn scenario_schema() -> Json {
    generated::<Scenario>("A scenario of pgauge")
}

/// Checks scenario files.
pub(super) static SCENARIO: LazyLock<Compiled> = LazyLock::new(|| Compiled::new(scenario_schema()));

/// By this title the schema of a suite is told from that of a scenario.
pub(super) const SUITE_TITLE: &str = "A suite of pgauge";

/// The schema of a suite's file.
pub fn suite_schema() -> Json {
    generated::<Suite>(SUITE_TITLE)
}

/// Checks the files of suites.
pub(super) static SUITE: LazyLock<Compiled> = LazyLock::new(|| Compiled::new(suite_schema()));

/// Checks shared lists of seed items.
pub(super) static SEED_LIST: LazyLock<Compiled> = LazyLock::new(|| {
    Compiled::new(generated::<Vec<SeedItem>>(
        "A shared list of seed items of pgauge",
    ))
});

fn generated<T: schemars::JsonSchema>(title: &str) -> Json {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.untagged_enum_variant_titles = true)
        .with_transform(RecursiveTransform(absent_is_not_null))
        .with_transform(RecursiveTransform(integer_bounds));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    absent_is_not_null(&mut schema);
    schema.insert("title".to_owned(), title.into());
    let mut schema = schema.to_value();
    complete::complete(&mut schema);
    schema
}

/// An `Option` may be left out; an empty value, as in `timeout:`, is a mistake.
fn absent_is_not_null(schema: &mut Schema) {
    let Some(Json::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    for property in properties.values_mut().filter_map(Json::as_object_mut) {
        if let Some(Json::Array(types)) = property.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                property["type"] = only.clone();
            }
        }
        let Some(Json::Array(branches)) = property.get("anyOf") else {
            continue;
        };
        if let [Json::Object(given), Json::Object(null)] = branches.as_slice()
            && null.get("type") == Some(&Json::from("null"))
        {
            let given = given.clone();
            property.shift_remove("anyOf");
            property.extend(given);
        }
    }
}

/// What the types can hold, where schemars says it only as a `format`.
fn integer_bounds(schema: &mut Schema) {
    let (least, most) = match schema.get("format").and_then(Json::as_str) {
        Some("uint8") => (0, u64::from(u8::MAX)),
        Some("uint32") => (0, u64::from(u32::MAX)),
        Some("uint64") => (0, u64::MAX),
        Some("int64") => (i64::MIN, i64::MAX.unsigned_abs()),
        _ => return,
    };
    for (key, bound) in [
        ("minimum", Json::from(least)),
        ("maximum", Json::from(most)),
    ] {
        schema.ensure_object().entry(key).or_insert(bound);
    }
}
