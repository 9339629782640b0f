//! `pgauge schema`: the JSON Schemas, for editors and other tools.

use super::args::SchemaOf;
use crate::{baseline, spec};

/// The text of a schema, ended by a line break.
pub fn text(of: SchemaOf) -> String {
    let schema = match of {
        SchemaOf::Scenario => spec::scenario_schema(),
        SchemaOf::Suite => spec::suite_schema(),
        SchemaOf::Baseline => baseline::schema().to_value(),
    };
    format!("{schema:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_schema_describes_an_object() {
        for of in SchemaOf::value_variants() {
            let schema: serde_json::Value = serde_json::from_str(&text(*of)).unwrap();
            assert_eq!(schema["type"], "object", "{of:?}");
            assert!(schema["properties"].is_object(), "{of:?}");
        }
    }
}
