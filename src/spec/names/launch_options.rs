//! What an entry of an order says is to be seen of its step: does it contradict itself, can it come true?

use super::{
    Checker,
    order::{Entry, Naming},
    outcome::Stands,
};
use crate::{
    source::Diagnostic,
    spec::order::{AfterNotices, AfterSteps, LaunchOptions, OneOrMany, StepOutcome, StepRef, Then},
};

impl Checker<'_> {
    pub(super) fn options(&self, entry: &Entry<'_>, entries: &[Entry<'_>]) {
        if entry.options == LaunchOptions::default() {
            return;
        }
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
                let is_list = matches!(waits_for, OneOrMany::Many(_));
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
        self.markers(entry, entries);
    }

    /// What holds back the report of its end is launched in the same order, by somebody else.
    fn markers(&self, entry: &Entry<'_>, entries: &[Entry<'_>]) {
        let path = &entry.options_path;
        if let Some(after) = &entry.options.after {
            for (index, step) in after.steps().iter().enumerate() {
                let path = match after {
                    AfterSteps::One(_) => format!("{path}/after"),
                    AfterSteps::Many(_) => format!("{path}/after/{index}"),
                };
                self.held_back_by(entry, step, &path, entries);
            }
        }
        if let Some(notices) = &entry.options.after_notices {
            for (index, count) in notices.counts().iter().enumerate() {
                let path = match notices {
                    AfterNotices::One(_) => format!("{path}/after_notices/of"),
                    AfterNotices::Many(_) => format!("{path}/after_notices/{index}/of"),
                };
                self.held_back_by(entry, &count.of, &path, entries);
            }
        }
    }

    fn held_back_by(&self, entry: &Entry<'_>, by: &StepRef, path: &str, entries: &[Entry<'_>]) {
        let place = self.place(path);
        let Some((session, step)) = self.resolve(by, &place, Naming::OneSession) else {
            return;
        };
        let launched = entries
            .iter()
            .any(|other| other.session == session && other.step == step);
        if !launched {
            let primary = format!("this order never launches \"{by}\"");
            self.push(Diagnostic::error("never-launched", primary).at(place));
        } else if session == entry.session {
            let primary = "a step is not held back by one of its own session";
            let diagnostic = Diagnostic::error("contradiction", primary).at(place);
            self.push(diagnostic.hint("a session takes one step at a time anyway"));
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
            if let Some(step) = entry.statement() {
                let said = [
                    ("rows", outcome.rows.is_some()),
                    ("affected", outcome.affected.is_some()),
                ];
                self.fits(&step.sql, &said, Stands::InOrder, &path);
            }
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
}
