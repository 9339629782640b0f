//! The parameters of a step: each has a value, from the step itself or from what came before.

use super::{
    Checker,
    cast::Member,
    escaped,
    hooks::{After, Sees},
    order::part,
};
use crate::{
    script::Hook,
    source::Diagnostic,
    spec::{
        client::{Client, Statement, Step},
        generator::Generator,
        value::{Argument, Builtin},
    },
    sql::Bound,
    text::nearest,
};
use std::collections::HashSet;

/// What has been saved and done so far in a script.
#[derive(Default)]
pub(super) struct Before<'a> {
    pub(super) saved: Vec<String>,
    /// A hook saves under a computed name, so that any variable may be there.
    pub(super) saves_freely: bool,
    pub(super) steps: Vec<&'a str>,
    pub(super) transaction: bool,
}

impl Before<'_> {
    pub(super) fn note_hook(&mut self, hook: Option<&Hook>) {
        match hook.map(|hook| hook.names_given_to("save")) {
            Some(Some(names)) => self.saved.extend(names.into_iter().map(str::to_owned)),
            Some(None) => self.saves_freely = true,
            None => {}
        }
    }

    pub(super) fn sees<'s>(&'s self, parameters: &'s [String], result: After) -> Sees<'s> {
        let variables = self.saved.iter().chain(parameters).map(String::as_str);
        Sees::Actor {
            variables: (!self.saves_freely).then(|| variables.collect()),
            steps: self.steps.clone(),
            result,
        }
    }
}

impl Checker<'_> {
    /// The variables that a client draws before its first step.
    pub(super) fn variables_of(&self, client: &Client, before: &mut Before<'_>, path: &str) {
        for (name, argument) in &client.with {
            let path = format!("{path}/with/{}", escaped(name));
            match argument {
                Argument::Ref(_) => {
                    let diagnostic =
                        Diagnostic::error("parameter", "there are no earlier steps here");
                    self.push(diagnostic.at(self.place(&format!("{path}/ref"))));
                }
                Argument::Builtin(builtin) if builtin.builtin == Builtin::Row => {
                    let primary = "there are no rows to count here";
                    let place = self.place(&format!("{path}/builtin"));
                    self.push(Diagnostic::error("builtin", primary).at(place));
                }
                Argument::Generator(Generator::Rhai(text)) => {
                    let sees = Sees::Values {
                        variables: Some(before.saved.iter().map(String::as_str).collect()),
                    };
                    self.expression(Some(text), &format!("{path}/rhai"), &sees);
                }
                Argument::Builtin(_)
                | Argument::Value(_)
                | Argument::Generator(_)
                | Argument::Literal(_) => {}
            }
            before.saved.push(name.clone());
        }
    }

    pub(super) fn parameters(
        &self,
        step: &Statement,
        bound: &Bound,
        member: &Member<'_>,
        before: &Before<'_>,
        path: &str,
    ) {
        let own: HashSet<&String> = step.with.keys().collect();
        for name in bound.names.iter().filter(|name| !own.contains(name)) {
            if self.has_enough() {
                return;
            }
            if !before.saves_freely && !before.saved.contains(name) {
                self.unsaved(step, bound, name, member, before, path);
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
        bound: &Bound,
        name: &str,
        member: &Member<'_>,
        before: &Before<'_>,
        path: &str,
    ) {
        let unused = step.with.keys();
        let unused = unused.filter(|name| !bound.names.contains(name));
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
