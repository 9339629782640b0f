//! The names that an author gives to clients and steps.

use super::{Checker, cast::Member};
use crate::{
    record::MIGRATION,
    source::{Diagnostic, Place},
    spec::client::{Control, Step},
};
use std::collections::HashMap;

/// Names that a step may not have: those of control steps.
const CONTROL_WORDS: [Control; 3] = [Control::Begin, Control::Commit, Control::Rollback];

impl Checker<'_> {
    pub(super) fn client_name(&self, name: &str, path: &str) {
        let mut chars = name.chars();
        let begins = chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        let right = begins && chars.all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        let problem = if name == "pgauge" {
            Some("\"pgauge\" is the name of pgauge's own session")
        } else if name == MIGRATION && !self.scenario.migrate.is_empty() {
            Some("\"migration\" is the name of the session that migrates")
        } else if !right {
            Some("a client's name is a word of letters, digits, _ and -")
        } else if self.scenario.queries.contains_key(name) {
            Some("a client and a query have the same name")
        } else {
            None
        };
        if let Some(primary) = problem {
            let place = self.key_place(path);
            self.push(
                Diagnostic::error("client-name", primary)
                    .at(place)
                    .label("choose another name"),
            );
        }
    }

    /// Step names are words, each once.
    pub(super) fn step_names(&self, member: &Member<'_>, path: &str) {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (index, step) in member.client.steps.iter().enumerate() {
            if self.has_enough() {
                return;
            }
            let Step::Statement(statement) = step else {
                continue;
            };
            let Some(name) = &statement.step else {
                continue;
            };
            let place = self.place(&format!("{path}/steps/{index}/step"));
            if let Some(first) = seen.get(name.as_str()) {
                let primary = format!("two steps of this client are named \"{name}\"");
                let first = self.place(&format!("{path}/steps/{first}/step"));
                let diagnostic = Diagnostic::error("duplicate-step", primary).at(place);
                self.push(diagnostic.related(first, "the first one"));
                continue;
            }
            seen.insert(name, index);
            if self.scenario.is_for_tester() {
                self.name_without_dot(name, place);
                continue;
            }
            let number = name.chars().all(|c| c.is_ascii_digit());
            let control = CONTROL_WORDS.iter().map(|control| control.word());
            let mut control = control.filter(|word| {
                name == word
                    || name
                        .strip_prefix(word)
                        .is_some_and(|rest| rest.starts_with('_'))
            });
            if let Some(word) = control.next() {
                let primary = format!("\"{name}\" is a name of the step \"- {word}\"");
                let diagnostic = Diagnostic::error("step-name", primary).at(place);
                self.push(diagnostic.hint(format!("write \"- {word}\", or choose another name")));
            } else if number || name.contains(['.', '[', ']']) || name.is_empty() {
                let primary = format!("\"{name}\" cannot be the name of a step");
                let diagnostic = Diagnostic::error("step-name", primary).at(place);
                self.push(diagnostic.hint("choose a word without dots and brackets"));
            }
        }
    }

    /// Under the conditions of the isolation tester a step has any name that an order can say.
    fn name_without_dot(&self, name: &str, place: Place) {
        if name.is_empty() || name.contains('.') {
            let primary = format!("\"{name}\" cannot be the name of a step");
            let diagnostic = Diagnostic::error("step-name", primary).at(place);
            self.push(diagnostic.hint("choose a word without dots; \"printed_as\" may have any"));
        }
    }
}
