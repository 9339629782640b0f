//! The scripts of the clients: every step finds the parameters, variables and earlier steps that it names.

use super::{
    Checker,
    cast::Member,
    escaped,
    hooks::{After, Sees},
    order::part,
    statement::Size,
};
use crate::{
    script::Hook,
    source::Diagnostic,
    spec::{
        client::{Client, Control, Statement, Step},
        generator::Generator,
        value::{Argument, Builtin},
    },
    sql::{self, Bound, StatementKind, TransactionControl},
    text::nearest,
};
use std::collections::HashSet;

/// Names that a step may not have: those of control steps.
const CONTROL_WORDS: [Control; 3] = [Control::Begin, Control::Commit, Control::Rollback];

/// What has been saved and done so far in a script.
#[derive(Default)]
struct Before<'a> {
    saved: Vec<String>,
    /// A hook saves under a computed name, so that any variable may be there.
    saves_freely: bool,
    steps: Vec<&'a str>,
    transaction: bool,
}

impl Before<'_> {
    fn note_hook(&mut self, hook: Option<&Hook>) {
        match hook.map(|hook| hook.names_given_to("save")) {
            Some(Some(names)) => self.saved.extend(names.into_iter().map(str::to_owned)),
            Some(None) => self.saves_freely = true,
            None => {}
        }
    }

    fn sees<'s>(&'s self, parameters: &'s [String], result: After) -> Sees<'s> {
        let variables = self.saved.iter().chain(parameters).map(String::as_str);
        Sees::Actor {
            variables: (!self.saves_freely).then(|| variables.collect()),
            steps: self.steps.clone(),
            result,
        }
    }
}

impl Checker<'_> {
    pub(super) fn scripts(&self) {
        for (name, member) in &self.cast.members {
            let path = format!("/clients/{}", escaped(name));
            self.client_name(name, &path);
            self.client(member, &path);
        }
    }

    fn client_name(&self, name: &str, path: &str) {
        let mut chars = name.chars();
        let begins = chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        let right = begins && chars.all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        let problem = if name == "pgauge" {
            Some("\"pgauge\" is the name of pgauge's own session")
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

    fn client(&self, member: &Member<'_>, path: &str) {
        let client = member.client;
        for (index, setup) in client.setup.iter().enumerate() {
            let path = format!("{path}/setup/{index}");
            let bound = self.sql(setup, &path, Size::Any);
            if let Some(name) = bound.names.first() {
                let primary = format!("\"setup\" has no parameters, and here is \":{name}\"");
                let place = self.parameter_place(setup, name, &path);
                self.push(Diagnostic::error("parameter", primary).at(place));
            }
        }
        if let Some(retry) = &client.retry {
            for (index, state) in retry.errors.iter().enumerate() {
                self.condition(state, &format!("{path}/retry/errors/{index}"));
            }
        }
        let mut before = Before::default();
        let sees = before.sees(&[], After::Nothing);
        let hook = self.hook(client.before.as_deref(), &format!("{path}/before"), &sees);
        drop(sees);
        before.note_hook(hook.as_ref());
        self.step_names(member, path);
        for (index, step) in client.steps.iter().enumerate() {
            let path = format!("{path}/steps/{index}");
            match step {
                Step::Control(control) => self.control(*control, &mut before, &path),
                Step::Statement(step) => {
                    self.statement(step, member, index, &mut before, &path);
                }
            }
            before.steps.push(&member.steps[index]);
        }
        let sees = before.sees(&[], After::Nothing);
        self.hook(client.after.as_deref(), &format!("{path}/after"), &sees);
    }

    /// Step names are words, each once.
    fn step_names(&self, member: &Member<'_>, path: &str) {
        let mut seen: Vec<(&str, usize)> = Vec::new();
        for (index, step) in member.client.steps.iter().enumerate() {
            let Step::Statement(statement) = step else {
                continue;
            };
            let Some(name) = &statement.step else {
                continue;
            };
            let place = self.place(&format!("{path}/steps/{index}/step"));
            if let Some((_, first)) = seen.iter().find(|(known, _)| known == name) {
                let primary = format!("two steps of this client are named \"{name}\"");
                let first = self.place(&format!("{path}/steps/{first}/step"));
                let diagnostic = Diagnostic::error("duplicate-step", primary).at(place);
                self.push(diagnostic.related(first, "the first one"));
                continue;
            }
            seen.push((name, index));
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

    fn control(&self, control: Control, before: &mut Before<'_>, path: &str) {
        let warning = match (control, before.transaction) {
            (Control::Begin, true) => "a transaction is already open here",
            (Control::Commit | Control::Rollback, false) => "no transaction is open here",
            _ => "",
        };
        if !warning.is_empty() {
            let diagnostic = Diagnostic::warning("transaction", warning).at(self.place(path));
            self.push(diagnostic.detail("the server answers with a warning and does nothing"));
        }
        before.transaction = control == Control::Begin;
    }

    fn statement(
        &self,
        step: &Statement,
        member: &Member<'_>,
        index: usize,
        before: &mut Before<'_>,
        path: &str,
    ) {
        let bound = self.sql(&step.sql, path, Size::Any);
        self.unused_parameters(&bound, &step.with, path);
        self.parameters(step, &bound, member, before, path);
        self.transaction(step, member.client, before, path);
        self.hooks_of(step, &bound, before, &member.steps[index], path);
        self.outcome(step, path);
        before.saved.extend(step.save.keys().cloned());
    }

    fn hooks_of(
        &self,
        step: &Statement,
        bound: &Bound,
        before: &mut Before<'_>,
        own: &str,
        path: &str,
    ) {
        let sees = before.sees(&[], After::Nothing);
        self.expression(step.when.as_deref(), &format!("{path}/when"), &sees);
        let hook = self.hook(step.before.as_deref(), &format!("{path}/before"), &sees);
        drop(sees);
        before.note_hook(hook.as_ref());
        let given: Vec<String> = bound
            .names
            .iter()
            .chain(step.save.keys())
            .cloned()
            .collect();
        let mut sees = before.sees(&given, After::Statement);
        if let Sees::Actor { steps, .. } = &mut sees {
            steps.push(own);
        }
        let hook = self.hook(step.after.as_deref(), &format!("{path}/after"), &sees);
        drop(sees);
        before.note_hook(hook.as_ref());
    }

    /// Follows BEGIN and COMMIT that are written as SQL.
    fn transaction(&self, step: &Statement, client: &Client, before: &mut Before<'_>, path: &str) {
        match sql::kind(&step.sql) {
            StatementKind::Transaction(TransactionControl::Begin) => {
                if client.isolation.is_some() && !step.sql.to_lowercase().contains("isolation") {
                    let primary = "this BEGIN does not take the isolation level of the client";
                    let diagnostic = Diagnostic::warning("isolation", primary);
                    self.push(
                        diagnostic
                            .at(self.place(path))
                            .hint("write the step \"- begin\""),
                    );
                }
                before.transaction = true;
            }
            StatementKind::Transaction(
                TransactionControl::Commit | TransactionControl::Rollback,
            ) => {
                before.transaction = false;
            }
            _ => {}
        }
    }

    fn parameters(
        &self,
        step: &Statement,
        bound: &Bound,
        member: &Member<'_>,
        before: &Before<'_>,
        path: &str,
    ) {
        let own: HashSet<&String> = step.with.keys().collect();
        for name in bound.names.iter().filter(|name| !own.contains(name)) {
            if !before.saves_freely && !before.saved.contains(name) {
                self.unsaved(step, name, member, before, path);
            }
        }
        if let Some(of) = &step.for_each {
            self.earlier_step(of, member, before, &format!("{path}/for_each"));
        }
        for (name, argument) in &step.with {
            let path = format!("{path}/with/{}", escaped(name));
            match argument {
                Argument::Ref(column) => {
                    let path = format!("{path}/ref");
                    self.earlier_step(column.parts().0, member, before, &path);
                }
                Argument::Builtin(builtin)
                    if builtin.builtin == Builtin::Row && step.for_each.is_none() =>
                {
                    let primary = "there are no rows to count here";
                    let place = self.place(&format!("{path}/builtin"));
                    let diagnostic = Diagnostic::error("builtin", primary).at(place);
                    self.push(diagnostic.hint("\"row\" counts the rows of \"for_each\""));
                }
                Argument::Generator(Generator::Rhai(text)) => {
                    let sees = Sees::Values {
                        variables: (!before.saves_freely)
                            .then(|| before.saved.iter().map(String::as_str).collect()),
                    };
                    self.expression(Some(text), &format!("{path}/rhai"), &sees);
                }
                Argument::Builtin(_)
                | Argument::Value(_)
                | Argument::Generator(_)
                | Argument::Literal(_) => {}
            }
        }
    }

    /// A parameter that nobody gives a value, or a later step.
    fn unsaved(
        &self,
        step: &Statement,
        name: &str,
        member: &Member<'_>,
        before: &Before<'_>,
        path: &str,
    ) {
        let bound = sql::bind(&step.sql).names;
        let unused = step.with.keys().filter(|name| !bound.contains(name));
        if nearest(name, unused).is_some() {
            // Told at the entry of "with" that is misspelt.
            return;
        }
        let place = self.parameter_place(&step.sql, name, path);
        let primary = format!("parameter \":{name}\" has no value");
        let mut diagnostic = Diagnostic::error("unknown-parameter", primary).at(place.clone());
        let saves = |step: &Step| match step {
            Step::Statement(statement) => statement.save.contains_key(name),
            Step::Control(_) => false,
        };
        let later = member.client.steps.iter().position(saves);
        let known = before.saved.iter().chain(step.with.keys());
        if let Some(later) = later {
            let (client, _) = path.split_once("/steps/").unwrap_or((path, ""));
            let saved = self.key_place(&format!("{client}/steps/{later}/save/{}", escaped(name)));
            diagnostic = diagnostic
                .related(saved, "it is saved only here")
                .hint("a step sees what the steps before it saved");
        } else if let Some(near) = nearest(name, known) {
            let message = format!("did you mean \":{near}\"?");
            diagnostic = diagnostic.suggest(place, format!(":{near}"), message);
        } else {
            diagnostic = diagnostic.hint(format!(
                "give it one with: {{ {name}: … }}, or save it in an earlier step"
            ));
        }
        self.push(diagnostic);
    }

    /// A step that must come before.
    fn earlier_step(&self, name: &str, member: &Member<'_>, before: &Before<'_>, pointer: &str) {
        if before.steps.contains(&name) {
            return;
        }
        let place = part(&self.place(pointer), name);
        let diagnostic = match member.step(name) {
            Some(later) => {
                let (client, _) = pointer.split_once("/steps/").unwrap_or((pointer, ""));
                let primary = format!("step \"{name}\" does not come before this one");
                let later = self.place(&format!("{client}/steps/{later}/step"));
                Diagnostic::error("later-step", primary)
                    .at(place)
                    .related(later, "it stands here")
            }
            None => self.unknown("earlier step", name, place, before.steps.iter().copied()),
        };
        self.push(diagnostic);
    }
}
