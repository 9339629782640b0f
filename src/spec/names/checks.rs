//! The expressions of `check`, and what hooks measure for them; whether anything is expected at all.

use super::{
    Checker,
    subjects::{Subjects, what},
};
use crate::{
    script::{CheckFunction, HookKind},
    source::Diagnostic,
    spec::{
        client::{Statement, Step},
        order::Launch,
    },
};

impl Checker<'_> {
    pub(super) fn check(&self, text: &str, path: &str) {
        let check = match self.compilers.checks.compile(text) {
            Ok(check) => check,
            Err(error) => return self.script_error(&error, path),
        };
        if check.names().is_empty() {
            let nothing = "this check looks at no measurement, and so it always ends alike";
            self.push(
                Diagnostic::error("says-nothing", nothing)
                    .at(self.place(path))
                    .hint("compare something that was measured: latency(\"client.step\").p95 < 20"),
            );
        }
        for name in check.names() {
            let place = self.in_script(path, name.place);
            let allowed = match name.function {
                CheckFunction::Latency => Subjects::ClientsStepsAndQueries,
                CheckFunction::Throughput => {
                    if self.scenario.load.is_none() {
                        let primary = "throughput is measured under a load, and there is none";
                        let diagnostic = Diagnostic::error("no-load", primary).at(place.clone());
                        self.push(diagnostic.hint("add \"load\""));
                    }
                    Subjects::Clients
                }
                CheckFunction::Statements | CheckFunction::Errors => Subjects::ClientsAndSteps,
                CheckFunction::Measure => {
                    if let Some(measured) = self.measured()
                        && !measured.contains(&name.of)
                    {
                        let measured = measured.iter().map(String::as_str);
                        self.push(self.unknown("measure", &name.of, place, measured));
                    }
                    continue;
                }
            };
            if !self.is_subject(&name.of, allowed) {
                let known = self.subjects(allowed);
                let known = known.iter().map(String::as_str);
                self.push(self.unknown(what(allowed), &name.of, place, known));
            }
        }
    }

    /// The names that hooks measure under; none where one is computed.
    fn measured(&self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for hook in self.hook_texts() {
            // What does not compile is told elsewhere.
            if let Ok(hook) = self.compilers.hooks.compile(hook, HookKind::Statements) {
                names.extend(
                    hook.names_given_to("measure")?
                        .into_iter()
                        .map(str::to_owned),
                );
            }
        }
        Some(names)
    }

    fn hook_texts(&self) -> Vec<&str> {
        let own = [&self.scenario.before, &self.scenario.after];
        let of_clients = self.scenario.clients.values().flat_map(|client| {
            let steps = client.steps.iter().filter_map(|step| match step {
                Step::Statement(step) => Some([&step.before, &step.after]),
                Step::Control(_) => None,
            });
            [&client.before, &client.after]
                .into_iter()
                .chain(steps.flatten())
        });
        own.into_iter()
            .chain(of_clients)
            .filter_map(|hook| hook.as_deref())
            .collect()
    }

    /// Whether anything in the scenario could fail.
    pub(super) fn expects_something(&self) -> bool {
        let scenario = self.scenario;
        let step_says = |step: &Step| match step {
            Step::Statement(step) => says_something(step),
            Step::Control(_) => false,
        };
        let launch_says = |launch: &Launch| launch.options().says_something();
        !scenario.expect.is_empty()
            || !scenario.queries.is_empty()
            || !scenario.rollback.is_empty()
            || scenario
                .orders
                .named()
                .any(|(_, named)| !named.expect.is_empty())
            || self
                .lists()
                .iter()
                .any(|listed| listed.order.iter().any(launch_says))
            || scenario
                .clients
                .values()
                .any(|client| client.steps.iter().any(step_says))
            || self
                .hook_texts()
                .iter()
                .any(|text| text.contains("assert(") || text.contains("fail("))
    }
}

fn says_something(step: &Statement) -> bool {
    step.rows.is_some()
        || step.row_count.is_some()
        || step.affected.is_some()
        || step.error.is_some()
}
