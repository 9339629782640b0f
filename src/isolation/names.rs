//! Which names do sessions and steps have in a scenario? Their own, where the language can have them.

use super::spec::{Spec, StepId};
use std::collections::HashSet;

/// The names of clients and steps in the scenario of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    clients: Vec<String>,
    steps: Vec<Vec<String>>,
}

impl Names {
    /// The names that the sessions and steps of a spec get: a client's is a word, a step's has no dot.
    pub fn of(spec: &Spec) -> Self {
        let mut taken = HashSet::new();
        let clients = spec
            .sessions
            .iter()
            .map(|session| unique(client_name(&session.name.text), &mut taken))
            .collect();
        let steps = spec.sessions.iter().map(|session| {
            let mut taken = HashSet::new();
            session
                .steps
                .iter()
                .map(|step| unique(step_name(&step.name.text), &mut taken))
                .collect()
        });
        Self {
            clients,
            steps: steps.collect(),
        }
    }

    /// The client of a session.
    pub fn client(&self, session: usize) -> &str {
        self.clients.get(session).map_or("", String::as_str)
    }

    /// A step within its client's script.
    pub fn step(&self, id: StepId) -> &str {
        let of_session = self.steps.get(id.session);
        of_session
            .and_then(|steps| steps.get(id.step))
            .map_or("", String::as_str)
    }

    /// A step as an order names it.
    pub fn full(&self, id: StepId) -> String {
        format!("{}.{}", self.client(id.session), self.step(id))
    }
}

fn client_name(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut name: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        name.insert(0, '_');
    }
    name
}

fn step_name(text: &str) -> String {
    if text.is_empty() {
        "unnamed".to_owned()
    } else {
        text.replace('.', "_")
    }
}

/// The name, with a number behind it where it is taken.
fn unique(name: String, taken: &mut HashSet<String>) -> String {
    let numbered = (2_u32..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .unwrap_or(name);
    taken.insert(free.clone());
    free
}
