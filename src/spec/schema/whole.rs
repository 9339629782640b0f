//! JSON Schema counts 5.0 as an integer; the types do not, and neither does whoever reads `count: 5.0`.

use jsonschema::{Keyword, ValidationError, paths::Location};
use serde_json::{Map, Value as Json};

/// The keyword, known to our own validator only.
pub(super) const KEYWORD: &str = "pgauge-whole";

/// The schema with the keyword beside every integer that a type of the program holds.
pub(super) fn strict(schema: &Json) -> Json {
    match schema {
        Json::Object(part) => {
            let mut part: Map<String, Json> = part
                .iter()
                .map(|(key, inner)| (key.clone(), strict(inner)))
                .collect();
            // A count is read from text, which 7.0 is as well as 7.
            if part.get("type") == Some(&"integer".into()) && part.contains_key("format") {
                part.insert(KEYWORD.to_owned(), true.into());
            }
            Json::Object(part)
        }
        Json::Array(items) => items.iter().map(strict).collect(),
        scalar => scalar.clone(),
    }
}

struct Whole;

impl<'i> Keyword<'i> for Whole {
    fn validate(&self, instance: &'i Json) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom(format!(
                "{instance} is written with a fraction"
            )))
        }
    }

    fn is_valid(&self, instance: &'i Json) -> bool {
        !instance.is_f64()
    }
}

/// Makes the keyword.
#[allow(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "the validator's signature"
)]
pub(super) fn keyword<'a>(
    _: &'a Map<String, Json>,
    _: &'a Json,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    Ok(Box::new(Whole))
}
