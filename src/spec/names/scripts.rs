//! The scripts of the clients: every step finds the parameters, variables and earlier steps that it names.

use super::{
    Checker,
    cast::Member,
    escaped,
    hooks::{After, Sees},
    parameters::Before,
    statement::Size,
};
use crate::{
    source::Diagnostic,
    spec::client::{Client, Control, Statement, Step},
    sql::{self, Bound, StatementKind, TransactionControl},
};

impl Checker<'_> {
    pub(super) fn scripts(&self) {
        for (name, member) in &self.cast.members {
            if self.has_enough() {
                return;
            }
            let path = format!("/clients/{}", escaped(name));
            self.client_name(name, &path);
            self.client(member, &path);
        }
    }

    fn client(&self, member: &Member<'_>, path: &str) {
        let client = member.client;
        self.messages("setup", &client.setup, &format!("{path}/setup"));
        self.messages("teardown", &client.teardown, &format!("{path}/teardown"));
        if let Some(retry) = &client.retry {
            for (index, state) in retry.errors.iter().enumerate() {
                self.condition(state, &format!("{path}/retry/errors/{index}"));
            }
        }
        let mut before = Before::default();
        self.variables_of(client, &mut before, path);
        let sees = before.sees(&[], After::Nothing);
        let hook = self.hook(client.before.as_deref(), &format!("{path}/before"), &sees);
        drop(sees);
        before.note_hook(hook.as_ref());
        self.step_names(member, path);
        for (index, step) in client.steps.iter().enumerate() {
            if self.has_enough() {
                return;
            }
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

    /// In a forced order the steps of a script do not follow each other as they are written.
    fn control(&self, control: Control, before: &mut Before<'_>, path: &str) {
        let warning = match (control, before.transaction) {
            (Control::Begin, true) => "a transaction is already open here",
            (Control::Commit | Control::Rollback, false) => "no transaction is open here",
            _ => "",
        };
        let forced = self.scenario.order.is_some() || !self.scenario.orders.is_empty();
        if !warning.is_empty() && !forced {
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
        if step.when.is_none() && step.before.is_none() && step.after.is_none() {
            return;
        }
        let sees = before.sees(&[], After::Nothing);
        self.when(step.when.as_deref(), &format!("{path}/when"), &sees);
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
}
