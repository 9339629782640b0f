//! An order that is made up on the way: who says which step comes next, and what is told of each.

use super::session::HeldRelation;

/// Who says which step comes next.
pub trait Route {
    /// The step that is launched next, out of those that can be; none ends the order, and everybody's open
    /// transaction is rolled back.
    fn next(&self, ready: &[NextStep]) -> Option<NextStep>;

    /// A launched step was settled.
    fn settled(&self, settled: Settlement);
}

/// A step, by its client and its place in the script. A client that waits, or whose script has ended, has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NextStep {
    /// Index into the case's clients.
    pub client: usize,
    /// Index into that client's steps.
    pub step: usize,
}

/// What a launched step came to, for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The step.
    pub step: NextStep,
    /// What was seen of it.
    pub end: Settling,
    /// The relations that its session has locked since its transaction began.
    pub held: Vec<HeldRelation>,
    /// Clients whose steps had been waiting and are over now.
    pub released: Vec<(usize, Settling)>,
}

/// What was seen of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// It is over, and its client can go on.
    Done,
    /// It is over with an error, and its client goes on.
    Failed,
    /// It ended the script of its client.
    EndedScript,
    /// It waits.
    Waits,
}
