//! What the schema must be like.

use super::{
    super::reading::given,
    bound::{Bound, NoneOr},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Rules of the schema that must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchemaExpectation {
    /// Which rules, and how often each may be broken.
    #[schemars(example = json!({ "unindexed_foreign_keys": "none", "duplicate_indexes": "none" }))]
    pub schema: SchemaRules,
}

/// How often a rule may be broken: `none`, or a count for a scenario that shows the failure.
pub type Breaches = NoneOr<Bound<u64>>;

macro_rules! rules {
    ($($(#[$text:meta])+ $key:ident: $code:literal),+ $(,)?) => {
        /// Rules of the schema by what they count.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct SchemaRules {
            $(
                $(#[$text])+
                #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
                #[schemars(example = json!("none"))]
                pub $key: Option<Breaches>,
            )+
            /// What is right as it is, with the reason.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            #[schemars(example = json!([{ "rule": "unindexed-foreign-key", "of": "audit.user_id", "reason": "users are never deleted" }]))]
            pub ignore: Vec<IgnoredRule>,
        }

        impl SchemaRules {
            /// The rules that are asked for: key, code, bound.
            pub fn asked(&self) -> Vec<(&'static str, &'static str, &Breaches)> {
                let all = [$((stringify!($key), $code, &self.$key)),+];
                all.into_iter().filter_map(|(key, code, bound)| Some((key, code, bound.as_ref()?))).collect()
            }
        }
    };
}

rules! {
    /// Foreign keys that no index begins with.
    unindexed_foreign_keys: "unindexed-foreign-key",
    /// Tables without a primary key.
    missing_primary_keys: "missing-primary-key",
    /// Indexes that are the same as another one.
    duplicate_indexes: "duplicate-index",
    /// Indexes that are the beginning of another one.
    redundant_indexes: "redundant-index",
    /// Indexes that no query can use, because building them failed.
    invalid_indexes: "invalid-index",
    /// Indexes that the clients of this case did not use once.
    unused_indexes: "unused-index",
    /// Statements that read a whole table for a few of its rows: watched queries, and what clients and hooks sent.
    unindexed_filters: "unindexed-filter",
    /// Columns that repeat, row after row, what another one determines.
    repeated_columns: "repeated-columns",
    /// Amounts of money in floating-point numbers.
    money_in_floats: "money-in-float",
    /// Moments without a time zone.
    timestamps_without_zone: "timestamp-without-zone",
    /// Numbers, dates and flags in text.
    text_for_everything: "text-for-everything",
    /// Identifiers that will not fit into their columns.
    identifier_overflows: "identifier-overflow",
    /// Tables without statistics.
    unanalyzed_tables: "unanalyzed-table",
}

/// Something that breaks a rule and is right as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IgnoredRule {
    /// The rule.
    #[schemars(example = json!("unindexed-foreign-key"))]
    pub rule: String,
    /// Of which table, column or index, as the finding names it.
    #[schemars(example = json!("audit.user_id"))]
    pub of: String,
    /// Why it is right as it is.
    #[schemars(example = json!("users are never deleted"))]
    pub reason: String,
}
