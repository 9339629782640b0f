//! The one vocabulary of generated values, for the columns of `seed` and for the parameters of steps.

use super::{quantity::Percent, value::Literal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the value of a seeded column comes about: a generator, with options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Column {
    /// A map with a generator's key and options.
    Generated(Box<ColumnOptions>),
    /// The same value in every row.
    Constant(super::value::PlainLiteral),
}

/// A generator and its options; exactly one of the generators stands in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnOptions {
    /// Numbers one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Sequence>,
    /// Every number of a range equally often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uniform: Option<Uniform>,
    /// Numbers around a mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaussian: Option<Gaussian>,
    /// Whole numbers of which the small ones are frequent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zipf: Option<Zipf>,
    /// One of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// Random letters and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<RandomText>,
    /// Data that looks real.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fake: Option<Fake>,
    /// A moment in a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<TimestampRange>,
    /// A random (version 4) UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<RandomUuid>,
    /// True in this share of the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bool: Option<Percent>,
    /// A value of a column that was seeded before, as `table.column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// A rhai expression; `row` counts from 1, and columns to the left are variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhai: Option<String>,
    /// The same value wherever that other column has the same value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
    /// No value occurs twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// NULL in this share of the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nullable: Option<Percent>,
}

/// A generator as a map with one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Generator {
    /// Numbers one after the other.
    Sequence(Sequence),
    /// Every number of a range equally often.
    Uniform(Uniform),
    /// Numbers around a mean.
    Gaussian(Gaussian),
    /// Whole numbers of which the small ones are frequent.
    Zipf(Zipf),
    /// One of a list.
    Choice(Choice),
    /// Random letters and digits.
    Text(RandomText),
    /// Data that looks real.
    Fake(Fake),
    /// A moment in a range.
    Timestamp(TimestampRange),
    /// A random (version 4) UUID.
    Uuid(RandomUuid),
    /// True with this probability.
    Bool(Percent),
    /// A value of a column that was seeded, as `table.column`.
    Reference(String),
    /// A rhai expression.
    Rhai(String),
}

/// Numbers one after the other: the first, or the first and the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Sequence {
    /// The first number; the step is 1.
    Start(i64),
    /// The first number and the step.
    Full(SequenceOptions),
}

/// The first number of a sequence and its step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceOptions {
    /// The first number.
    #[serde(default = "one")]
    pub start: i64,
    /// The distance from one to the next.
    #[serde(default = "one")]
    pub step: i64,
}

fn one() -> i64 {
    1
}

/// Every number of a range equally often; whole ones, unless `scale` gives digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uniform {
    /// The smallest, included.
    pub from: f64,
    /// The largest, included.
    pub to: f64,
    /// Digits after the decimal point.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(max = 15))]
    pub scale: u8,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(scale: &u8) -> bool {
    *scale == 0
}

/// Numbers around a mean, normally distributed, drawn again where they fall outside the limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gaussian {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    #[schemars(range(min = 0.0))]
    pub stddev: f64,
    /// The smallest that is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// The largest that is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// Digits after the decimal point.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(max = 15))]
    pub scale: u8,
}

/// Whole numbers from 1 of which the small ones are frequent: k with probability ∝ 1/k^exponent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zipf {
    /// The largest number.
    #[schemars(range(min = 1))]
    pub max: u64,
    /// The smallest number, and the most frequent one.
    #[serde(default = "one")]
    pub from: i64,
    /// How steep; 0 is uniform.
    #[serde(default = "zipf_exponent")]
    #[schemars(range(min = 0.0))]
    pub exponent: f64,
}

fn zipf_exponent() -> f64 {
    1.0
}

/// One of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Choice {
    /// Each equally often.
    Even(Vec<Literal>),
    /// Some more often than others.
    Weighted(WeightedChoice),
}

/// A list with weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightedChoice {
    /// The values; `null` is NULL.
    #[schemars(length(min = 1))]
    pub values: Vec<Literal>,
    /// How often each, relative to the others; equal if absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<f64>,
}

/// Random letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomText {
    /// How many characters: a number, or the least and the most.
    pub length: TextLength,
}

/// How many characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TextLength {
    /// Just so many.
    Fixed(u32),
    /// The least and the most.
    Between((u32, u32)),
}

/// A kind of data that looks real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fake {
    /// An address that never reaches anyone (`example.org` and its like).
    Email,
    /// First and last name.
    Name,
    /// A first name.
    FirstName,
    /// A last name.
    LastName,
    /// A user name.
    UserName,
    /// A phone number.
    Phone,
    /// A street with a number.
    Street,
    /// A city.
    City,
    /// A postal code.
    PostalCode,
    /// A country.
    Country,
    /// A company.
    Company,
    /// A word.
    Word,
    /// A sentence.
    Sentence,
    /// A paragraph.
    Paragraph,
}

/// A moment in a range, to the second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimestampRange {
    /// The earliest: a date, or a date and a time (UTC unless it says otherwise).
    pub from: String,
    /// The latest.
    pub to: String,
}

/// A random UUID; it has no options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomUuid {}
