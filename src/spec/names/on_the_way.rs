//! The way that an order takes through the scripts: what a step needs was saved on it, and a session that
//! waits is not asked to go on.

use super::{
    Checker, escaped,
    order::{Entry, text},
};
use crate::{
    source::Diagnostic,
    spec::{
        client::{Statement, Step},
        order::OneOrMany,
        value::Argument,
    },
    sql,
};
use std::collections::{HashMap, HashSet};

impl Checker<'_> {
    /// Every launched step finds what it reads saved by a step that was launched before.
    pub(super) fn saved_on_the_way(&self, entries: &[Entry<'_>]) {
        let mut ran: HashMap<String, HashSet<usize>> = HashMap::new();
        for entry in entries {
            let ran = ran.entry(text(entry.session)).or_default();
            if let Some(statement) = entry.statement() {
                for needed in self.needed(entry, statement) {
                    if !ran.contains(&needed) {
                        let step = &entry.member.steps[needed];
                        let name = format!("{}.{step}", text(entry.session));
                        let primary = format!("this step needs what \"{name}\" returned");
                        let diagnostic = Diagnostic::error("not-yet-run", primary);
                        let at = format!(
                            "/clients/{}/steps/{needed}",
                            escaped(entry.session.client())
                        );
                        self.push(
                            diagnostic
                                .at(entry.place.clone())
                                .related(self.place(&at), "this one")
                                .hint(format!("launch \"{name}\" before it")),
                        );
                    }
                }
            }
            ran.insert(entry.step);
        }
    }

    /// The earlier steps of the script without which a statement lacks a value. A variable that a hook saves
    /// may come from anywhere.
    fn needed(&self, entry: &Entry<'_>, statement: &Statement) -> HashSet<usize> {
        let steps = &entry.member.client.steps[..entry.step];
        let saver = |name: &String| {
            let mut savers = steps.iter().enumerate().filter(|(_, step)| match step {
                Step::Statement(step) => step.save.contains_key(name),
                Step::Control(_) => false,
            });
            match (savers.next(), savers.next()) {
                (Some((index, _)), None) => Some(index),
                _ => None,
            }
        };
        let bound = sql::bind(&statement.sql).names;
        let open = bound
            .iter()
            .filter(|name| !statement.with.contains_key(*name));
        let referred = statement
            .with
            .values()
            .filter_map(|argument| match argument {
                Argument::Ref(column) => entry.member.step(column.parts().0),
                Argument::Value(_)
                | Argument::Builtin(_)
                | Argument::Generator(_)
                | Argument::Literal(_) => None,
            });
        let each = statement
            .for_each
            .iter()
            .filter_map(|of| entry.member.step(of));
        let needed = open.filter_map(saver).chain(referred).chain(each);
        needed.filter(|index| *index < entry.step).collect()
    }

    /// A session that waits takes no further step until somebody lets it go on: another entry, or the error that
    /// ends what it waits for.
    pub(super) fn launched_while_waiting(&self, entries: &[Entry<'_>]) {
        for (index, pair) in entries.windows(2).enumerate() {
            let [waiting, next] = pair else { continue };
            let for_whom = waiting.options.waits_for.as_ref().map(OneOrMany::names);
            let is_let_go = entries[..index].iter().any(|earlier| {
                let meant = for_whom.is_none_or(|names| {
                    let own = text(earlier.session);
                    names
                        .iter()
                        .any(|name| *name == own || name == earlier.session.client())
                });
                meant && earlier.waits() && earlier.ends_with_error()
            });
            let stuck = waiting.waits() && !waiting.ends_with_error() && !is_let_go;
            if stuck && waiting.session == next.session {
                let primary = format!(
                    "\"{}\" still waits when this is launched",
                    text(next.session)
                );
                self.push(
                    Diagnostic::warning("still-waiting", primary)
                        .at(next.place.clone())
                        .related(waiting.place.clone(), "since here")
                        .hint("launch first what lets it go on, such as the other client's commit"),
                );
            }
        }
    }
}
