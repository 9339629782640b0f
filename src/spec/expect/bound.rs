//! How much is right: a direction and a value, or none at all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A bound that is a plain value, read as the key says, or a direction written out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Bound_of_{T}")]
pub enum Bound<T> {
    /// The natural direction of the key.
    Natural(T),
    /// This or more.
    AtLeast(AtLeast<T>),
    /// This or less.
    AtMost(AtMost<T>),
    /// This and nothing else.
    Exactly(Exactly<T>),
    /// From the first to the second, both included.
    Between(Between<T>),
}

/// This or more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AtLeast_of_{T}")]
pub struct AtLeast<T> {
    /// The least that is right.
    pub at_least: T,
}

/// This or less.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AtMost_of_{T}")]
pub struct AtMost<T> {
    /// The most that is right.
    pub at_most: T,
}

/// This and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Exactly_of_{T}")]
pub struct Exactly<T> {
    /// The only value that is right.
    pub exactly: T,
}

/// From the first to the second, both included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Between_of_{T}")]
pub struct Between<T> {
    /// The least and the most that are right.
    pub between: (T, T),
}

/// The word `none`, or something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "NoneOr_of_{T}")]
pub enum NoneOr<T> {
    /// Nothing of the kind.
    None(NoneWord),
    /// Something.
    Some(T),
}

/// The word `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoneWord {
    /// Nothing of the kind.
    None,
}
