//! The one vocabulary of generated values, for the columns of `seed` and for the parameters of steps.

use super::{
    quantity::Percent,
    reading::{given, not_empty, not_negative, within},
    value::Literal,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

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
#[schemars(example = json!({ "fake": "email", "per": "user_id" }))]
pub struct ColumnOptions {
    /// Numbers one after the other.
    #[schemars(example = 1)]
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence: Option<Sequence>,
    /// Every number of a range equally often.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "from": 1, "to": 500, "scale": 2 }))]
    pub uniform: Option<Uniform>,
    /// Numbers around a mean.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "mean": 70, "stddev": 10 }))]
    pub gaussian: Option<Gaussian>,
    /// Whole numbers of which the small ones are frequent.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "max": 1000, "exponent": 1.1 }))]
    pub zipf: Option<Zipf>,
    /// One of a list.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(["paid", "open", null]))]
    pub choice: Option<Choice>,
    /// Random letters and digits.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "length": [10, 80] }))]
    pub text: Option<RandomText>,
    /// Data that looks real.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("email"))]
    pub fake: Option<Fake>,
    /// A moment in a range.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "from": "2024-01-01", "to": "2025-01-01" }))]
    pub timestamp: Option<TimestampRange>,
    /// A random (version 4) UUID.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({}))]
    pub uuid: Option<RandomUuid>,
    /// True in this share of the rows.
    #[schemars(example = &"30%")]
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub bool: Option<Percent>,
    /// A value of a column that was seeded before, as `table.column`; a column of the same table gives the
    /// value of the row itself or of one before it.
    #[schemars(example = &"products.id")]
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference: Option<String>,
    /// A rhai expression: `row` counts from 1, the other columns of the row are variables, and `random()` follows
    /// the seed.
    #[schemars(example = &"\"A\" + row")]
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub rhai: Option<String>,
    /// The same value wherever that other column has the same value.
    #[schemars(example = &"user_id")]
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub per: Option<String>,
    /// No value occurs twice; an error where there are not enough values for the rows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(example = json!(true))]
    pub unique: bool,
    /// NULL in this share of the rows.
    #[schemars(example = &"30%")]
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub nullable: Option<Percent>,
}

impl ColumnOptions {
    /// The generators that stand in it; exactly one is right.
    pub fn generators(&self) -> Vec<Generator> {
        let all = [
            self.sequence.clone().map(Generator::Sequence),
            self.uniform.clone().map(Generator::Uniform),
            self.gaussian.clone().map(Generator::Gaussian),
            self.zipf.clone().map(Generator::Zipf),
            self.choice.clone().map(Generator::Choice),
            self.text.clone().map(Generator::Text),
            self.fake.map(Generator::Fake),
            self.timestamp.clone().map(Generator::Timestamp),
            self.uuid.clone().map(Generator::Uuid),
            self.bool.map(Generator::Bool),
            self.reference.clone().map(Generator::Reference),
            self.rhai.clone().map(Generator::Rhai),
        ];
        all.into_iter().flatten().collect()
    }
}

/// A generator as a map with one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(example = json!({ "uniform": { "from": 1, "to": 100_000 } }))]
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
    #[schemars(example = json!({ "reference": "products.id" }))]
    Reference(String),
    /// A rhai expression; saved variables are variables in it, and `random()` follows the seed.
    #[schemars(example = json!({ "rhai": "before * 2" }))]
    Rhai(String),
}

/// Numbers one after the other: the first, or the first and the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(example = json!(1))]
pub enum Sequence {
    /// The first number; the step is 1.
    Start(i64),
    /// The first number and the step.
    Full(SequenceOptions),
}

/// The first number of a sequence and its step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "start": 1000, "step": 10 }))]
pub struct SequenceOptions {
    /// The first number.
    #[schemars(example = 1000)]
    #[serde(default = "one")]
    pub start: i64,
    /// The distance from one to the next; may be negative.
    #[schemars(example = 10)]
    #[serde(default = "one")]
    pub step: i64,
}

fn one() -> i64 {
    1
}

/// Every number of a range equally often; whole ones, unless `scale` gives digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "from": 1, "to": 500, "scale": 2 }))]
pub struct Uniform {
    /// The smallest, included; it has no more digits than `scale` keeps.
    #[schemars(example = 1)]
    pub from: f64,
    /// The largest, included.
    #[schemars(example = 500)]
    pub to: f64,
    /// Digits after the decimal point; with 0, whole numbers.
    #[schemars(example = 2)]
    #[serde(
        default,
        deserialize_with = "within::<0, 15, _, _>",
        skip_serializing_if = "is_zero"
    )]
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
#[schemars(example = json!({ "mean": 70, "stddev": 10, "from": 40, "to": 120, "scale": 1 }))]
pub struct Gaussian {
    /// The mean.
    #[schemars(example = 70)]
    pub mean: f64,
    /// The standard deviation: two thirds of the values lie this near to the mean.
    #[schemars(example = 10)]
    #[serde(deserialize_with = "not_negative")]
    #[schemars(range(min = 0.0))]
    pub stddev: f64,
    /// The smallest that is right, within three standard deviations of the mean; no limit if absent.
    #[schemars(example = 40)]
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<f64>,
    /// The largest that is right, likewise.
    #[schemars(example = 120)]
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub to: Option<f64>,
    /// Digits after the decimal point; with 0, whole numbers.
    #[schemars(example = 1)]
    #[serde(
        default,
        deserialize_with = "within::<0, 15, _, _>",
        skip_serializing_if = "is_zero"
    )]
    #[schemars(range(max = 15))]
    pub scale: u8,
}

/// Whole numbers of which the small ones are frequent: the k-th with probability ∝ 1/k^exponent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "max": 1000, "exponent": 1.1 }))]
pub struct Zipf {
    /// The largest number, and the rarest one.
    #[serde(deserialize_with = "within::<1, { u64::MAX }, _, _>")]
    #[schemars(range(min = 1), example = 1000)]
    pub max: u64,
    /// The smallest number, and the most frequent one.
    #[schemars(example = 0)]
    #[serde(default = "one")]
    pub from: i64,
    /// How steep; 0 is uniform, with 1 the first is twice as frequent as the second.
    #[serde(default = "zipf_exponent", deserialize_with = "not_negative")]
    #[schemars(range(min = 0.0), example = 1.1)]
    pub exponent: f64,
}

fn zipf_exponent() -> f64 {
    1.0
}

/// One of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(example = json!(["paid", "open", null]))]
pub enum Choice {
    /// Each equally often.
    Even(Vec<Literal>),
    /// Some more often than others.
    Weighted(WeightedChoice),
}

/// A list with weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "values": ["paid", "open", null], "weights": [90, 9, 1] }))]
pub struct WeightedChoice {
    /// The values; `null` is NULL.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(length(min = 1), example = json!(["paid", "open", null]))]
    pub values: Vec<Literal>,
    /// How often each, relative to the others; equal if absent.
    #[schemars(example = json!([90, 9, 1]))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<f64>,
}

/// Random letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "length": [10, 80] }))]
pub struct RandomText {
    /// How many characters: a number, or the least and the most.
    #[schemars(example = 12, example = json!([10, 80]))]
    pub length: TextLength,
}

/// How many characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(example = json!([10, 80]))]
pub enum TextLength {
    /// Just so many.
    Fixed(u32),
    /// The least and the most.
    Between((u32, u32)),
}

/// A kind of data that looks real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(example = json!("email"))]
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
#[schemars(example = json!({ "from": "2024-01-01", "to": "2025-01-01" }))]
pub struct TimestampRange {
    /// The earliest: a date, or a date and a time (UTC unless it says otherwise).
    #[schemars(example = &"2024-01-01")]
    pub from: String,
    /// The latest, included.
    #[schemars(example = &"2024-12-31 23:59:59")]
    pub to: String,
}

/// A random UUID; it has no options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({}))]
pub struct RandomUuid {}

#[cfg(test)]
mod tests;
