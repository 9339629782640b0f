//! Forced interleavings: the launch list.

use super::{
    expect::Expectation,
    quantity::SqlState,
    reading::{given, text},
    value::Literal,
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::json;

/// The launch list: each step is settled (done, or seen waiting) before the next is launched.
pub type Order = Vec<Launch>;

/// A step of a client: `alice.debit`, or `worker[2].take` where a client has a `count`.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct StepRef(
    #[serde(deserialize_with = "step_ref")]
    #[schemars(regex(pattern = r"^[A-Za-z_][A-Za-z0-9_-]*(\[[1-9][0-9]*\])?\.[^.]+$"))]
    pub String,
);

fn step_ref<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer, is_step_ref)
}

/// What the pattern says.
fn is_step_ref(text: &str) -> bool {
    let Some((session, step)) = text.split_once('.') else {
        return false;
    };
    let (client, number) = match session.split_once('[') {
        Some((client, number)) => (client, Some(number)),
        None => (session, None),
    };
    let is_number = |number: &str| {
        let digits = number.strip_suffix(']').unwrap_or_default();
        digits.starts_with(|c: char| ('1'..='9').contains(&c))
            && digits.bytes().all(|b| b.is_ascii_digit())
    };
    client.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && client
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        && number.is_none_or(is_number)
        && !step.is_empty()
        && !step.contains('.')
}

impl StepRef {
    /// The client and the step, where there is a dot between them.
    pub fn parts(&self) -> Option<(&str, &str)> {
        self.0.split_once('.')
    }
}

impl std::fmt::Display for StepRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry of the launch list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Launch {
    /// A step that must finish before the next is launched.
    Plain(StepRef),
    /// A step with what is to be seen of it.
    Watched(
        /// The step, and what is to be seen of it.
        #[serde(deserialize_with = "one_step")]
        #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
        IndexMap<StepRef, LaunchOptions>,
    ),
}

fn one_step<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<StepRef, LaunchOptions>, D::Error> {
    let map = IndexMap::deserialize(deserializer)?;
    match map.len() {
        1 => Ok(map),
        _ => Err(D::Error::custom("an entry of an order names one step")),
    }
}

impl Launch {
    /// The step that is launched; none for a map without exactly one key, which the schema refuses.
    pub fn step(&self) -> Option<&StepRef> {
        match self {
            Self::Plain(step) => Some(step),
            Self::Watched(map) => map.keys().next(),
        }
    }

    /// What is to be seen of it.
    pub fn options(&self) -> LaunchOptions {
        match self {
            Self::Plain(_) => LaunchOptions::default(),
            Self::Watched(map) => map.values().next().cloned().unwrap_or_default(),
        }
    }
}

/// What is to be seen of a launched step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchOptions {
    /// It must be seen waiting for this client, or for each of these.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("bob"))]
    pub waits_for: Option<OneOrMany>,
    /// It must be seen waiting, for whomever.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(true), extend("default" = false))]
    pub waits: Option<bool>,
    /// What it comes to in the end.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "error": "deadlock_detected" }))]
    pub then: Option<Then>,
    /// The launched step after whose end this one completes.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("bob.commit"))]
    pub completes_after: Option<StepRef>,
    /// `waiting`: it is told as waiting when it is launched, whatever it does, and its end when somebody looks again.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("waiting"))]
    pub marked: Option<Marked>,
    /// Its end is not told as long as this step, or one of these, is launched and not told as over.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("bob.commit"))]
    pub after: Option<AfterSteps>,
    /// Its end is not told until another client has had so many more notices.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!({ "of": "bob.update", "count": 3 }))]
    pub after_notices: Option<AfterNotices>,
}

impl LaunchOptions {
    /// Whether anything is expected of the step; how its end is told is no expectation.
    pub fn says_something(&self) -> bool {
        self.waits_for.is_some()
            || self.waits.is_some()
            || self.then.is_some()
            || self.completes_after.is_some()
    }
}

/// How a launched step is told at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Marked {
    /// As waiting.
    Waiting,
}

/// One step, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AfterSteps {
    /// One.
    One(StepRef),
    /// Several.
    Many(Vec<StepRef>),
}

impl AfterSteps {
    /// The steps.
    pub fn steps(&self) -> &[StepRef] {
        match self {
            Self::One(step) => std::slice::from_ref(step),
            Self::Many(steps) => steps,
        }
    }
}

/// One number of notices, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AfterNotices {
    /// One.
    One(NoticeCount),
    /// Several.
    Many(Vec<NoticeCount>),
}

impl AfterNotices {
    /// The numbers.
    pub fn counts(&self) -> &[NoticeCount] {
        match self {
            Self::One(count) => std::slice::from_ref(count),
            Self::Many(counts) => counts,
        }
    }
}

/// So many notices of another client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeCount {
    /// A step of the client.
    #[schemars(example = json!("bob.update"))]
    pub of: StepRef,
    /// How many since the launch.
    #[schemars(example = json!(3))]
    pub count: u32,
}

/// What orders have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OrdersShare {
    /// Their database and their sessions.
    Sessions,
}

/// Several launch lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Orders {
    /// The word `all`: every interleaving of the scripts, depth first, the first client first.
    All(AllWord),
    /// As written, by name.
    Named(IndexMap<String, NamedOrder>),
}

impl Default for Orders {
    fn default() -> Self {
        Self::Named(IndexMap::new())
    }
}

impl Orders {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::All(_) => false,
            Self::Named(orders) => orders.is_empty(),
        }
    }

    /// The written ones.
    pub fn named(&self) -> impl Iterator<Item = (&String, &NamedOrder)> {
        let named = match self {
            Self::All(_) => None,
            Self::Named(orders) => Some(orders),
        };
        named.into_iter().flatten()
    }
}

/// The word `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AllWord {
    /// Every one.
    All,
}

/// One name, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The names.
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// What a launched step comes to in the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Then {
    /// The word `done`: it succeeds.
    Done(DoneWord),
    /// An error, rows, or a count.
    Outcome(StepOutcome),
}

/// The word `done`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DoneWord {
    /// The step succeeds.
    Done,
}

/// What a step must come to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepOutcome {
    /// The error that it must end with.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("deadlock_detected"))]
    pub error: Option<SqlState>,
    /// The rows that it must return.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!([[100]]))]
    pub rows: Option<Vec<Vec<Literal>>>,
    /// How many rows it must change.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(1))]
    pub affected: Option<u64>,
}

/// A launch list with expectations of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedOrder {
    /// The launch list.
    #[schemars(example = json!(["alice.read", "bob.read"]))]
    pub order: Order,
    /// What must hold after this order, besides the scenario's own expectations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!([{ "deadlock": "none" }]))]
    pub expect: Vec<Expectation>,
    /// Steps that are left out of this order on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["bob.commit"]))]
    pub unused: Vec<StepRef>,
}
