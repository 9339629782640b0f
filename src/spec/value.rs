//! Values and parameters as an author writes them.

use super::{generator::Generator, reading::text};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

/// A value as it stands in the YAML: number, text, boolean, NULL, list or map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Literal(pub serde_json::Value);

/// Where the value of a parameter comes from: a literal, or a map with one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Argument {
    /// A column of an earlier step.
    Ref(RefArgument),
    /// Any literal, also a map.
    Value(ValueArgument),
    /// Something that pgauge knows.
    Builtin(BuiltinArgument),
    /// A generator: the vocabulary that `seed` has too.
    Generator(Generator),
    /// A scalar or a list, as itself.
    Literal(PlainLiteral),
}

/// A column of an earlier step: of its first row, or of the current row of `for_each`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefArgument {
    /// `step.column`.
    #[serde(rename = "ref", deserialize_with = "column_ref")]
    #[schemars(regex(pattern = r"^[^.]+\.[^.]+$"))]
    #[schemars(example = json!("pick.user_id"))]
    pub column: String,
}

fn column_ref<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer, |text| {
        let parts: Vec<&str> = text.split('.').collect();
        parts.len() == 2 && parts.iter().all(|part| !part.is_empty())
    })
}

impl RefArgument {
    /// The step and its column.
    pub fn parts(&self) -> (&str, &str) {
        // Without a dot, which the schema refuses, all of it is the step.
        self.column.split_once('.').unwrap_or((&self.column, ""))
    }
}

/// Any literal, also a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueArgument {
    /// The value.
    #[schemars(example = json!({ "tags": ["a", "b"] }))]
    pub value: Literal,
}

/// Something that pgauge knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuiltinArgument {
    /// Which.
    #[schemars(example = json!("iteration"))]
    pub builtin: Builtin,
}

/// What pgauge knows about the moment in which a statement is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// The session's number in its client, from 1.
    Client,
    /// Which pass through the script, from 1.
    Iteration,
    /// Which row of `for_each`, from 1.
    Row,
}

/// A scalar or a list, as itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PlainLiteral {
    /// NULL.
    Null(()),
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(serde_json::Number),
    /// Text.
    Text(String),
    /// An array.
    List(Vec<Literal>),
}

impl PlainLiteral {
    /// The same as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null(()) => serde_json::Value::Null,
            Self::Boolean(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Number(value) => value.clone().into(),
            Self::Text(value) => value.clone().into(),
            Self::List(values) => values.iter().map(|value| value.0.clone()).collect(),
        }
    }
}
