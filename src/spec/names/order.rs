//! The launch lists: every entry leads to a step, and what it says can come true.

use super::{
    Checker,
    cast::{Member, Session},
    escaped,
};
use crate::{
    source::{Diagnostic, Place, Span},
    spec::{
        client::{Statement, Step},
        order::{Launch, LaunchOptions, Order, StepRef, Then},
    },
};

/// A launch list with its place.
pub(super) struct Listed<'a> {
    pub(super) order: &'a Order,
    pub(super) path: String,
    pub(super) unused: &'a [StepRef],
    pub(super) unused_path: String,
}

/// An entry whose step exists.
pub(super) struct Entry<'a> {
    pub(super) session: Session<'a>,
    pub(super) member: &'a Member<'a>,
    pub(super) step: usize,
    pub(super) options: LaunchOptions,
    pub(super) place: Place,
    pub(super) options_path: String,
}

impl Entry<'_> {
    pub(super) fn waits(&self) -> bool {
        self.options.waits == Some(true) || self.options.waits_for.is_some()
    }

    pub(super) fn ends_with_error(&self) -> bool {
        matches!(&self.options.then, Some(Then::Outcome(outcome)) if outcome.error.is_some())
    }

    pub(super) fn statement(&self) -> Option<&Statement> {
        match &self.member.client.steps[self.step] {
            Step::Statement(statement) => Some(statement),
            Step::Control(_) => None,
        }
    }
}

/// Whether `worker.take` may stand for the step of every session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// One session must be named.
    OneSession,
    /// All of them may be meant.
    AnySession,
}

impl<'a> Checker<'a> {
    /// The launch lists of the scenario.
    pub(super) fn lists(&self) -> Vec<Listed<'a>> {
        let plain = self.scenario.order.as_ref().map(|order| Listed {
            order,
            path: "/order".to_owned(),
            unused: &self.scenario.unused,
            unused_path: "/unused".to_owned(),
        });
        let named = self.scenario.orders.named().map(|(name, named)| {
            let path = format!("/orders/{}", escaped(name));
            Listed {
                order: &named.order,
                path: format!("{path}/order"),
                unused: &named.unused,
                unused_path: format!("{path}/unused"),
            }
        });
        plain.into_iter().chain(named).collect()
    }

    pub(super) fn orders(&self) {
        let lists = self.lists();
        if lists.is_empty() && !self.scenario.unused.is_empty() {
            let place = self.key_place("/unused");
            let diagnostic = Diagnostic::error("unused", "there is no \"order\" here");
            self.push(
                diagnostic
                    .at(place)
                    .hint("without an order every step is run"),
            );
        }
        let mut all: Vec<Entry<'_>> = Vec::new();
        let mut complete = true;
        for listed in &lists {
            if self.has_enough() {
                return;
            }
            let entries = self.list(listed);
            complete &= entries.len() == listed.order.len();
            all.extend(entries);
        }
        // Of orders that share their sessions, each step is in one or another.
        if let (Some(first), Some(_), true) = (lists.first(), self.scenario.orders_share, complete)
        {
            let shared = Listed {
                order: first.order,
                path: "/orders".to_owned(),
                unused: &self.scenario.unused,
                unused_path: "/unused".to_owned(),
            };
            self.left_out(&shared, &all);
        }
        if lists.is_empty() {
            return;
        }
        self.only_steps(
            "an order",
            "\"iterations\" counts where the clients run freely",
        );
    }

    /// What is said of whole scripts counts for nothing where they are gone through step by step.
    pub(super) fn only_steps(&self, order: &str, hint: &str) {
        for (name, member) in &self.cast.members {
            let of = format!("/clients/{}", escaped(name));
            if member.client.iterations > 1 {
                let primary = format!("{order} goes through each script once");
                let place = self.place(&format!("{of}/iterations"));
                self.push(
                    Diagnostic::warning("iterations", primary)
                        .at(place)
                        .hint(hint),
                );
            }
            let (before, after) = (&member.client.before, &member.client.after);
            for (key, hook) in [("before", before), ("after", after)] {
                // With a retry it runs where the script is tried again.
                if hook.is_some() && member.client.retry.is_none() {
                    let primary =
                        format!("{order} takes only the steps of a script, not its hooks");
                    let place = self.key_place(&format!("{of}/{key}"));
                    let diagnostic = Diagnostic::warning("unused-hook", primary).at(place);
                    self.push(
                        diagnostic.hint(format!("give \"{key}\" to a step, or to the scenario")),
                    );
                }
            }
        }
    }

    fn list<'s>(&'s self, listed: &Listed<'s>) -> Vec<Entry<'s>> {
        if listed.order.is_empty() {
            let place = self.key_place(&listed.path);
            self.push(Diagnostic::error("empty-order", "this order launches nothing").at(place));
        }
        let entries: Vec<Entry<'_>> = listed
            .order
            .iter()
            .enumerate()
            .take_while(|_| !self.has_enough())
            .filter_map(|(index, launch)| self.entry(launch, &format!("{}/{index}", listed.path)))
            .collect();
        for entry in &entries {
            self.options(entry, &entries);
        }
        if !self.scenario.is_for_tester() {
            self.saved_on_the_way(&entries);
        }
        self.launched_while_waiting(&entries);
        // With a wrong entry it is not known what is left out.
        if self.scenario.orders_share.is_none() && entries.len() == listed.order.len() {
            self.left_out(listed, &entries);
        }
        entries
    }

    fn entry<'s>(&'s self, launch: &'s Launch, path: &str) -> Option<Entry<'s>> {
        let step = launch.step()?;
        let options_path = format!("{path}/{}", escaped(&step.0));
        let place = match launch {
            Launch::Plain(_) => self.place(path),
            Launch::Watched(_) => self.key_place(&options_path),
        };
        let (session, index) = self.resolve(step, &place, Naming::OneSession)?;
        Some(Entry {
            session,
            member: &self.cast.members[session.client()],
            step: index,
            options: launch.options(),
            place,
            options_path,
        })
    }

    /// The session and the step that are meant, or a diagnostic.
    pub(super) fn resolve<'s>(
        &self,
        step: &'s StepRef,
        place: &Place,
        naming: Naming,
    ) -> Option<(Session<'s>, usize)> {
        let (session_text, step_name) = step.parts()?;
        let session = self.session(session_text, &part(place, session_text), naming)?;
        let member = &self.cast.members[session.client()];
        let found = member.step(step_name);
        if found.is_none() {
            let primary = format!(
                "client \"{}\" has no step \"{step_name}\"",
                session.client()
            );
            let steps = member.steps.iter().map(String::as_str);
            self.push(self.nowhere(primary, step_name, part(place, step_name), steps));
        }
        Some((session, found?))
    }

    /// The session that is meant, or a diagnostic.
    pub(super) fn session<'s>(
        &self,
        text: &'s str,
        place: &Place,
        naming: Naming,
    ) -> Option<Session<'s>> {
        let session = Session::parse(text);
        let name = session.client();
        let Some(member) = self.cast.members.get(name) else {
            self.push(self.unknown("client", name, part(place, name), self.cast.names()));
            return None;
        };
        let sessions = member.sessions();
        let problem = match (session, member.client.count) {
            (Session::Whole(_), Some(_)) if naming == Naming::OneSession => {
                let primary = format!("client \"{name}\" has {sessions} sessions; which one?");
                let diagnostic = Diagnostic::error("session", primary).at(place.clone());
                diagnostic.hint(format!(
                    "write \"{name}[1]\" with the session's number, in quotes"
                ))
            }
            (Session::Numbered(..), None) => {
                let primary = format!("client \"{name}\" has one session, without a number");
                let diagnostic = Diagnostic::error("session", primary).at(place.clone());
                diagnostic.hint(format!("write {name}, or give the client a \"count\""))
            }
            (Session::Numbered(_, number), Some(count)) if number == 0 || number > count => {
                let primary = format!("client \"{name}\" has no session {number}");
                let diagnostic = Diagnostic::error("session", primary).at(place.clone());
                diagnostic.hint(format!("its sessions are {name}[1] to {name}[{count}]"))
            }
            _ => return Some(session),
        };
        self.push(problem);
        None
    }

    /// The sessions by name.
    pub(super) fn sessions_of(&self, session: Session<'_>) -> Vec<String> {
        let name = session.client();
        let count = self
            .cast
            .members
            .get(name)
            .and_then(|member| member.client.count);
        match (session, count) {
            (Session::Whole(_), Some(count)) => (1..=count)
                .map(|number| format!("{name}[{number}]"))
                .collect(),
            _ => vec![text(session)],
        }
    }
}

pub(super) fn text(session: Session<'_>) -> String {
    match session {
        Session::Whole(name) => name.to_owned(),
        Session::Numbered(name, number) => format!("{name}[{number}]"),
    }
}

/// The place of a word within the text at a place.
pub(super) fn part(place: &Place, word: &str) -> Place {
    match place.text().find(word) {
        Some(at) if !word.is_empty() => {
            let start = place.span.start + at;
            place.file.place(Span::new(start, start + word.len()))
        }
        _ => place.clone(),
    }
}
