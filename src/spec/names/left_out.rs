//! Which steps does an order leave out, and on purpose?

use super::{
    Checker,
    cast::{Member, Session},
    escaped,
    order::{Entry, Listed, Naming, text},
};
use crate::{source::Diagnostic, text::list};
use std::collections::HashSet;

/// So many steps of a client are named at most.
const MOST_NAMED: usize = 8;

impl Checker<'_> {
    /// Steps that are neither launched nor left out on purpose.
    pub(super) fn left_out(&self, listed: &Listed<'_>, entries: &[Entry<'_>]) {
        let mut known: HashSet<(String, usize)> = entries
            .iter()
            .map(|entry| (text(entry.session), entry.step))
            .collect();
        for (index, step) in listed.unused.iter().enumerate() {
            let place = self.place(&format!("{}/{index}", listed.unused_path));
            let Some((session, step_index)) = self.resolve(step, &place, Naming::AnySession) else {
                continue;
            };
            for session in self.sessions_of(session) {
                if !known.insert((session, step_index)) {
                    let primary = format!("\"{step}\" is in the order");
                    self.push(Diagnostic::warning("unused", primary).at(place.clone()));
                }
            }
        }
        if listed.unused_path != "/unused" {
            for step in &self.scenario.unused {
                let place = self.place("/unused");
                if let Some((session, index)) = self.resolve(step, &place, Naming::AnySession) {
                    known.extend(
                        self.sessions_of(session)
                            .into_iter()
                            .map(|name| (name, index)),
                    );
                }
            }
        }
        for (name, member) in &self.cast.members {
            self.left_out_of(name, member, &known, listed);
        }
    }

    fn left_out_of(
        &self,
        name: &str,
        member: &Member<'_>,
        known: &HashSet<(String, usize)>,
        listed: &Listed<'_>,
    ) {
        let sessions = self.sessions_of(Session::Whole(name));
        let missing: Vec<(String, usize)> = sessions
            .iter()
            .flat_map(|session| (0..member.steps.len()).map(|step| (session.clone(), step)))
            .filter(|step| !known.contains(step))
            .collect();
        let Some((_, first)) = missing.first() else {
            return;
        };
        let more = missing.len().saturating_sub(MOST_NAMED);
        let named: Vec<String> = missing
            .iter()
            .take(MOST_NAMED)
            .map(|(session, step)| format!("{session}.{}", member.steps[*step]))
            .collect();
        let mut quoted: Vec<String> = named.iter().map(|name| format!("\"{name}\"")).collect();
        let mut unused: Vec<String> = named.iter().map(|name| yaml_word(name)).collect();
        if more > 0 {
            quoted.push(format!("{more} more"));
            unused.push("…".to_owned());
        }
        let whole = missing.len() == member.steps.len() * sessions.len();
        let primary = if whole {
            format!("client \"{name}\" takes no part in the order")
        } else if missing.len() == 1 {
            format!("step {} is not in the order", quoted[0])
        } else {
            format!("steps {} are not in the order", list(&quoted, "and"))
        };
        let path = format!("/clients/{}", escaped(name));
        let place = match whole {
            true => self.key_place(&path),
            false => self.place(&format!("{path}/steps/{first}")),
        };
        self.push(
            Diagnostic::warning("not-in-order", primary)
                .at(place)
                .related(self.key_place(&listed.path), "this order")
                .detail("a step that is not listed is not run")
                .hint(format!("if that is meant: unused: [{}]", unused.join(", "))),
        );
    }
}

/// A name with brackets stands in quotes.
fn yaml_word(name: &str) -> String {
    match name.contains('[') {
        true => format!("\"{name}\""),
        false => name.to_owned(),
    }
}
