//! What trying many orders came to.

use super::{ClientId, Micros};
use serde::{Deserialize, Serialize};

/// What trying many orders of one case came to. The events beside it are those of one order: the one that
/// failed, else the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exploration {
    /// How the orders were chosen.
    pub chosen: ChosenOrders,
    /// How many orders were run to their end.
    pub ran: u64,
    /// How many runs were left half-way, because what would have come is equal to an order that ran.
    pub left_early: u64,
    /// How many orders there are, those that were proven equal included; none where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<u64>,
    /// What is known of the orders that did not run, where they were not counted.
    #[serde(default, skip_serializing_if = "Others::are_unknown")]
    pub others: Others,
    /// In how many of those that ran the clients got into each other's way: one wrote what another one used,
    /// or waited for it.
    pub in_conflict: u64,
    /// How many serial orders were run to compare with.
    pub serial: u64,
    /// After how many orders there was nothing to put back.
    #[serde(default)]
    pub unchanged: u64,
    /// How often the rows were put back, instead of taking a new clone.
    pub rewound: u64,
    /// How many clones of the seeded database were used.
    pub clones: u64,
    /// How many databases were used at the same time.
    pub databases: u32,
    /// The seed that orders were drawn by.
    pub random_seed: u64,
    /// How long it took in all.
    pub duration: Micros,
    /// The order that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailedOrder>,
}

/// What is known of the orders that did not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// Nothing.
    #[default]
    Unknown,
    /// Each of those that were to be tried was proven equal to one that ran.
    AreEqual,
}

impl Others {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn are_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// How the orders that were run were chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenOrders {
    /// All there are.
    #[default]
    All,
    /// The first ones of all there are: the limit was reached.
    UpToLimit,
    /// All with so many interruptions at most.
    Preemptions {
        /// How often a client that could go on was interrupted.
        most: u32,
    },
    /// The first ones of those: the limit was reached.
    PreemptionsUpToLimit {
        /// How often a client that could go on was interrupted.
        most: u32,
    },
    /// Drawn at random.
    Sample,
    /// The one that the author wrote.
    Forced,
}

/// An order that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedOrder {
    /// Which of the orders that ran it was, from 1.
    pub number: u64,
    /// After how long it was found.
    pub after: Micros,
    /// How many orders were run to make it shorter.
    pub shortened_in: u64,
    /// How many steps were left out of it.
    pub left_out: u64,
    /// How often it changes from one client to another, before and after it was made shorter.
    pub switches: (u64, u64),
    /// The launch list that does it again.
    pub launches: Vec<LaunchedStep>,
    /// Steps that it leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<LaunchedStep>,
    /// The client that must be the victim of a deadlock for it to happen again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub victim: Option<ClientId>,
}

/// A step of a launch list, with what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchedStep {
    /// Who.
    pub client: ClientId,
    /// The step's name within its script.
    pub step: String,
    /// Whom it was seen waiting for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<ClientId>,
    /// The SQLSTATE that it ended with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An order held against the serial orders of its committed transactions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SerialCheck {
    /// The transactions that committed, in the order of their commits.
    pub transactions: Vec<String>,
    /// The serial order that it equals, as indexes into `transactions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Vec<usize>>,
    /// Why it is none of the serial orders, one entry each; empty where it equals one, and where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<SerialDifference>,
    /// How many serial orders it was held against in vain, where there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_of_more: Option<u64>,
}

/// What distinguishes an order from a serial one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SerialDifference {
    /// The serial order, as indexes into [`SerialCheck::transactions`].
    pub order: Vec<usize>,
    /// The transaction that saw something else; none where only the tables differ in the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<usize>,
    /// The step that saw it, or the table.
    pub what: String,
    /// What was seen.
    pub seen: String,
    /// What is seen in the serial order.
    pub serial: String,
}
