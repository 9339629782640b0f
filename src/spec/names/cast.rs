//! Who is there? Clients, their sessions and steps by name.

use crate::spec::{
    Scenario,
    client::{Client, Step, step_names},
};
use indexmap::IndexMap;

/// The clients of a scenario.
pub(super) struct Cast<'a> {
    pub(super) members: IndexMap<&'a str, Member<'a>>,
}

/// One client.
pub(super) struct Member<'a> {
    pub(super) client: &'a Client,
    /// In the order of the script.
    pub(super) steps: Vec<String>,
}

/// A session named in an order or an expectation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Session<'s> {
    /// `alice`: of a client without `count` the only one, else all of them.
    Whole(&'s str),
    /// `worker[2]`
    Numbered(&'s str, u32),
}

impl<'s> Session<'s> {
    /// Reads `alice` or `worker[2]`.
    pub(super) fn parse(text: &'s str) -> Self {
        let number = text.strip_suffix(']').and_then(|text| text.split_once('['));
        match number.and_then(|(name, digits)| Some((name, digits.parse().ok()?))) {
            Some((name, number)) => Self::Numbered(name, number),
            None => Self::Whole(text),
        }
    }

    /// The client whose session it is.
    pub(super) fn client(self) -> &'s str {
        match self {
            Self::Whole(name) | Self::Numbered(name, _) => name,
        }
    }
}

impl<'a> Cast<'a> {
    pub(super) fn of(scenario: &'a Scenario) -> Self {
        let members = scenario.clients.iter().map(|(name, client)| {
            let steps = step_names(&client.steps);
            (name.as_str(), Member { client, steps })
        });
        Self {
            members: members.collect(),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().copied()
    }

    /// Every step of every client as `client.step`.
    pub(super) fn all_steps(&self) -> Vec<String> {
        let members = self.members.iter();
        members
            .flat_map(|(name, member)| {
                member
                    .steps
                    .iter()
                    .map(move |step| format!("{name}.{step}"))
            })
            .collect()
    }
}

impl Member<'_> {
    /// The index of a step.
    pub(super) fn step(&self, name: &str) -> Option<usize> {
        self.steps.iter().position(|step| step == name)
    }

    /// How many sessions go through the script.
    pub(super) fn sessions(&self) -> u32 {
        self.client.count.unwrap_or(1)
    }

    /// Whether the step at an index may run more than once in a pass.
    pub(super) fn repeats(&self, step: usize) -> bool {
        match &self.client.steps[step] {
            Step::Control(_) => false,
            Step::Statement(statement) => statement.for_each.is_some(),
        }
    }
}
