//! Which settings must be in force, and how far they may be from production's.

use super::super::{reading::given, scenario::Setting};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Settings of the server, as a session of the case has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsExpectation {
    /// Settings by name, and an export of production's to be like.
    #[schemars(example = json!({ "work_mem": "4MB", "like": "../../seeds/production-settings.json" }))]
    pub settings: SettingsFacts,
}

/// Settings by name, and an export of production's to be like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SettingsFacts {
    /// A file that the query of `pgauge export settings` gave in production: every setting and extension in it must be
    /// the same here.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("../../seeds/production-settings.json"))]
    pub like: Option<String>,
    /// Settings and extensions that may be other ones than in production.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["shared_buffers"]))]
    pub ignore: Vec<String>,
    /// The value that a setting must have.
    #[serde(flatten)]
    #[schemars(example = json!({ "work_mem": "4MB" }))]
    pub values: IndexMap<String, SettingValue>,
}

/// What a setting must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SettingValue {
    /// A list with this word in it.
    Contains(Contains),
    /// This.
    Is(Setting),
}

/// A word in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contains {
    /// The word.
    #[schemars(example = json!("pg_stat_statements"))]
    pub contains: String,
}
