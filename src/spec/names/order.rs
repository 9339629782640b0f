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
        order::{Launch, LaunchOptions, Order, StepOutcome, StepRef, Then},
        value::Argument,
    },
    sql,
    text::list,
};
use std::collections::{HashMap, HashSet};

/// A launch list with its place.
pub(super) struct Listed<'a> {
    pub(super) order: &'a Order,
    pub(super) path: String,
    unused: &'a [StepRef],
    unused_path: String,
}

/// An entry whose step exists.
struct Entry<'a> {
    session: Session<'a>,
    member: &'a Member<'a>,
    step: usize,
    options: LaunchOptions,
    place: Place,
    options_path: String,
}

impl Entry<'_> {
    fn waits(&self) -> bool {
        self.options.waits == Some(true) || self.options.waits_for.is_some()
    }

    fn ends_with_error(&self) -> bool {
        matches!(&self.options.then, Some(Then::Outcome(outcome)) if outcome.error.is_some())
    }

    fn statement(&self) -> Option<&Statement> {
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
        let named = self.scenario.orders.iter().map(|(name, named)| {
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
        for listed in &lists {
            self.list(listed);
        }
        if lists.is_empty() {
            return;
        }
        for (name, member) in &self.cast.members {
            if member.client.iterations > 1 {
                let place = self.place(&format!("/clients/{}/iterations", escaped(name)));
                let primary = "an order goes through each script once";
                let diagnostic = Diagnostic::warning("iterations", primary).at(place);
                self.push(diagnostic.hint("\"iterations\" counts where the clients run freely"));
            }
        }
    }

    fn list(&self, listed: &Listed<'a>) {
        if listed.order.is_empty() {
            let place = self.key_place(&listed.path);
            self.push(Diagnostic::error("empty-order", "this order launches nothing").at(place));
        }
        let entries: Vec<Entry<'_>> = listed
            .order
            .iter()
            .enumerate()
            .filter_map(|(index, launch)| self.entry(launch, &format!("{}/{index}", listed.path)))
            .collect();
        for entry in &entries {
            self.options(entry, &entries);
        }
        self.saved_on_the_way(&entries);
        self.launched_while_waiting(&entries);
        // With a wrong entry it is not known what is left out.
        if entries.len() == listed.order.len() {
            self.left_out(listed, &entries);
        }
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

    fn options(&self, entry: &Entry<'_>, entries: &[Entry<'_>]) {
        let path = &entry.options_path;
        let options = &entry.options;
        if let Some(waits_for) = &options.waits_for {
            let path = format!("{path}/waits_for");
            if options.waits == Some(false) {
                let primary = "\"waits_for\" and \"waits: false\" contradict each other";
                let diagnostic = Diagnostic::error("contradiction", primary);
                self.push(diagnostic.at(self.key_place(&path)));
            }
            if waits_for.names().is_empty() {
                let diagnostic = Diagnostic::error("says-nothing", "no client is named here");
                self.push(
                    diagnostic
                        .at(self.key_place(&path))
                        .hint("write \"waits: true\" for any"),
                );
            }
            for (index, name) in waits_for.names().iter().enumerate() {
                let item = format!("{path}/{index}");
                let is_list = matches!(waits_for, crate::spec::order::OneOrMany::Many(_));
                let place = self.place(if is_list { &item } else { &path });
                if self.session(name, &place, Naming::AnySession) == Some(entry.session) {
                    let primary = "a session cannot wait for itself";
                    self.push(Diagnostic::error("contradiction", primary).at(place));
                }
            }
        }
        self.then(entry);
        if let Some(after) = &options.completes_after {
            self.completes_after(entry, after, entries);
        }
    }

    fn then(&self, entry: &Entry<'_>) {
        let path = format!("{}/then", entry.options_path);
        let error = entry.statement().and_then(|step| step.error.as_ref());
        let differs = match (&entry.options.then, error) {
            (None, _) | (Some(_), None) => None,
            (Some(Then::Done(_)), Some(error)) => Some(error),
            (Some(Then::Outcome(outcome)), Some(error)) => {
                (outcome.error.as_ref() != Some(error)).then_some(error)
            }
        };
        if let Some(error) = differs {
            let primary = format!("the step itself says that it ends with {}", error.0);
            let diagnostic = Diagnostic::error("contradiction", primary);
            self.push(
                diagnostic
                    .at(self.key_place(&path))
                    .hint("say it in one place"),
            );
        }
        if let Some(Then::Outcome(outcome)) = &entry.options.then {
            self.step_outcome(outcome, &path);
        }
    }

    fn step_outcome(&self, outcome: &StepOutcome, path: &str) {
        let said = [
            ("rows", outcome.rows.is_some()),
            ("affected", outcome.affected.is_some()),
        ];
        match &outcome.error {
            Some(error) => {
                self.condition(error, &format!("{path}/error"));
                self.beside_an_error(&said, path);
            }
            None if said.iter().all(|(_, said)| !said) => {
                let diagnostic = Diagnostic::error("says-nothing", "nothing is said here");
                let hint = "write \"done\", or a map with error, rows or affected";
                self.push(diagnostic.at(self.key_place(path)).hint(hint));
            }
            None => {}
        }
        if let Some(rows) = &outcome.rows {
            self.rows(rows, &format!("{path}/rows"));
        }
    }

    fn completes_after(&self, entry: &Entry<'_>, after: &StepRef, entries: &[Entry<'_>]) {
        let place = self.place(&format!("{}/completes_after", entry.options_path));
        let Some((session, step)) = self.resolve(after, &place, Naming::OneSession) else {
            return;
        };
        let launched = entries
            .iter()
            .any(|other| other.session == session && other.step == step);
        if !launched {
            let primary = format!("this order never launches \"{after}\"");
            self.push(Diagnostic::error("never-launched", primary).at(place));
        } else if session == entry.session {
            let primary = "the steps of one session come one after the other";
            let diagnostic = Diagnostic::error("contradiction", primary).at(place);
            self.push(diagnostic.hint("name a step of another client"));
        }
    }

    /// Every launched step finds what it reads saved by a step that was launched before.
    fn saved_on_the_way(&self, entries: &[Entry<'_>]) {
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

    /// A session that waits takes no further step until somebody lets it go on.
    fn launched_while_waiting(&self, entries: &[Entry<'_>]) {
        for pair in entries.windows(2) {
            let [waiting, next] = pair else { continue };
            let stuck = waiting.waits() && !waiting.ends_with_error();
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

    /// Steps that are neither launched nor left out on purpose.
    fn left_out(&self, listed: &Listed<'_>, entries: &[Entry<'_>]) {
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
        let named =
            |(session, step): &(String, usize)| format!("{session}.{}", member.steps[*step]);
        let quoted: Vec<String> = missing
            .iter()
            .map(|step| format!("\"{}\"", named(step)))
            .collect();
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
        let unused = missing.iter().map(|step| yaml_word(&named(step)));
        let unused: Vec<String> = unused.collect();
        self.push(
            Diagnostic::warning("not-in-order", primary)
                .at(place)
                .related(self.key_place(&listed.path), "this order")
                .detail("a step that is not listed is not run")
                .hint(format!("if that is meant: unused: [{}]", unused.join(", "))),
        );
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

/// A name with brackets stands in quotes.
fn yaml_word(name: &str) -> String {
    match name.contains('[') {
        true => format!("\"{name}\""),
        false => name.to_owned(),
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
