//! An order that was played: its steps, what each touched, and what was noted.

use super::{footprint::Footprint, touched::Touched};
use crate::{
    record::CaseLog,
    run::{Contents, NextStep, Settling},
};

/// A step of an order that was played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayedStep {
    /// The step.
    pub step: NextStep,
    /// What it was seen to touch.
    pub footprint: Footprint,
    /// What it touches by its words.
    pub touched: Touched,
    /// What was seen of it when it was launched.
    pub end: Settling,
    /// Clients whose waiting steps came to their end with it.
    pub released: Vec<usize>,
    /// All steps that could have been taken instead, itself included.
    pub ready: Vec<NextStep>,
}

/// An order that was played.
#[derive(Debug, Clone)]
pub struct Played {
    /// Its steps; empty where an order was forced.
    pub steps: Vec<PlayedStep>,
    /// Why it ended.
    pub ended: Ended,
    /// What was noted.
    pub log: CaseLog,
    /// What stands in the tables afterwards, where anybody asked.
    pub contents: Option<Contents>,
}

/// Why an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Nobody has a step left.
    Complete,
    /// What could come is equal to an order that is run elsewhere.
    Equal,
    /// It was to take a step that nobody can take.
    Impossible,
}

impl Played {
    /// Whether two clients got into each other's way: one wrote what the other one used, or waited for it.
    pub fn in_conflict(&self) -> bool {
        let waits = self.steps.iter().any(|step| step.end == Settling::Waits);
        waits
            || self.steps.iter().enumerate().any(|(at, one)| {
                self.steps[at + 1..].iter().any(|other| {
                    let unknown = one.touched.unknown && !other.touched.nothing()
                        || other.touched.unknown && !one.touched.nothing();
                    one.step.client != other.step.client
                        && (one.touched.meets(&other.touched) || unknown)
                })
            })
    }
}
