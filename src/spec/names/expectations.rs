//! What must hold: it speaks of things that exist and are measured, and says something.

use super::{
    Checker,
    cast::Session,
    order::{Naming, part, text},
};
use crate::{
    script::{CheckFunction, HookKind},
    source::Diagnostic,
    spec::{
        client::{Statement, Step},
        expect::{
            DeadlockFacts, ErrorsFacts, Expectation, LatencyOf, NPlusOneFacts, NoneOr,
            SqlExpectation, StatementsFacts, StepExpectation, Waited,
        },
        order::{Launch, StepRef},
        value::Argument,
    },
};

/// What a measure can be of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subjects {
    Clients,
    ClientsAndSteps,
    ClientsStepsAndQueries,
}

/// The expectations of the scenario, or of one of its orders.
struct Scope<'a> {
    /// The launches that come before; none where the clients run freely.
    launched: Option<Vec<&'a StepRef>>,
}

impl Checker<'_> {
    pub(super) fn expectations(&self) {
        let lists = self.lists();
        let steps = |listed: &super::order::Listed<'_>| -> Vec<StepRef> {
            listed
                .order
                .iter()
                .filter_map(Launch::step)
                .cloned()
                .collect()
        };
        let all: Vec<StepRef> = lists.iter().flat_map(steps).collect();
        let scope = Scope {
            launched: (!lists.is_empty()).then(|| all.iter().collect()),
        };
        for (index, expectation) in self.scenario.expect.iter().enumerate() {
            self.expectation(expectation, &format!("/expect/{index}"), &scope);
        }
        for (name, named) in &self.scenario.orders {
            let launched = named.order.iter().filter_map(Launch::step).collect();
            let scope = Scope {
                launched: Some(launched),
            };
            let path = format!("/orders/{}/expect", super::escaped(name));
            for (index, expectation) in named.expect.iter().enumerate() {
                self.expectation(expectation, &format!("{path}/{index}"), &scope);
            }
        }
    }

    fn expectation(&self, expectation: &Expectation, path: &str, scope: &Scope<'_>) {
        match expectation {
            Expectation::Sql(sql) => self.sql_expectation(sql, path),
            Expectation::Step(step) => self.step_expectation(step, path, scope),
            Expectation::Deadlock(deadlock) => {
                if let NoneOr::Some(facts) = &deadlock.deadlock {
                    self.deadlock(facts, &format!("{path}/deadlock"));
                }
            }
            Expectation::Latency(latency) => {
                self.latency(&latency.latency, &format!("{path}/latency"), scope);
            }
            Expectation::Errors(errors) => {
                if let NoneOr::Some(facts) = &errors.errors {
                    self.errors(facts, &format!("{path}/errors"));
                }
            }
            Expectation::NPlusOne(n_plus_one) => {
                if let NoneOr::Some(facts) = &n_plus_one.n_plus_one {
                    self.n_plus_one(facts, &format!("{path}/n_plus_one"));
                }
            }
            Expectation::Statements(statements) => {
                self.statements(&statements.statements, &format!("{path}/statements"));
            }
            Expectation::Check(check) => self.check(&check.check, &format!("{path}/check")),
        }
    }

    fn says_nothing(&self, path: &str, hint: &str) {
        let diagnostic = Diagnostic::error("says-nothing", "this expects nothing");
        self.push(diagnostic.at(self.place(path)).hint(hint));
    }

    fn sql_expectation(&self, sql: &SqlExpectation, path: &str) {
        self.standing_alone(&sql.sql, &sql.with, path, |argument| {
            matches!(argument, Argument::Value(_) | Argument::Literal(_))
        });
        let said = [
            ("value", sql.value.is_some()),
            ("rows", sql.rows.is_some()),
            ("row_count", sql.row_count.is_some()),
            ("empty", sql.empty.is_some()),
        ];
        let said: Vec<&str> = said
            .iter()
            .filter(|(_, said)| *said)
            .map(|(key, _)| *key)
            .collect();
        match said.as_slice() {
            [] => self.says_nothing(path, "add value, rows, row_count or empty"),
            [_] => {}
            [first, second, ..] => {
                let primary = format!("\"{first}\" and \"{second}\" say the same in two ways");
                self.push(
                    Diagnostic::error("contradiction", primary)
                        .at(self.key_place(&format!("{path}/{second}")))
                        .related(self.key_place(&format!("{path}/{first}")), "the other one")
                        .hint("keep the one that says more"),
                );
            }
        }
        match &sql.rows {
            Some(rows) => self.rows(rows, &format!("{path}/rows")),
            None if sql.ordered.is_some() => self.ordered_without_rows(path),
            None => {}
        }
        self.bound(sql.row_count.as_ref(), &format!("{path}/row_count"));
    }

    fn step_expectation(&self, step: &StepExpectation, path: &str, scope: &Scope<'_>) {
        let place = self.place(&format!("{path}/step"));
        let resolved = self.resolve(&step.step, &place, Naming::AnySession);
        if let (Some((session, index)), Some(launched)) = (resolved, &scope.launched) {
            let sessions = self.sessions_of(session);
            let name = &self.cast.members[session.client()].steps[index];
            let runs = launched.iter().any(|launch| {
                launch.parts().is_some_and(|(session, step)| {
                    step == name && sessions.iter().any(|known| known == session)
                })
            });
            if !runs {
                let primary = format!("no order launches \"{}\"", step.step);
                let diagnostic = Diagnostic::error("never-launched", primary).at(place);
                self.push(diagnostic.detail("the expectation would have nothing to look at"));
            }
        }
        let said = [
            ("rows", step.rows.is_some()),
            ("row_count", step.row_count.is_some()),
            ("affected", step.affected.is_some()),
        ];
        if let Some(error) = &step.error {
            self.condition(error, &format!("{path}/error"));
            self.beside_an_error(&said, path);
        } else if step.waited.is_none() && said.iter().all(|(_, said)| !said) {
            self.says_nothing(path, "add waited, rows, row_count, affected or error");
        }
        if let Some(rows) = &step.rows {
            self.rows(rows, &format!("{path}/rows"));
        }
        self.bound(step.row_count.as_ref(), &format!("{path}/row_count"));
        self.bound(step.affected.as_ref(), &format!("{path}/affected"));
        if let Some(Waited::Facts(waited)) = &step.waited {
            let path = format!("{path}/waited");
            if let Some(client) = &waited.client {
                let place = self.place(&format!("{path}/for"));
                self.session(client, &place, Naming::AnySession);
            }
            if let (Some(least), Some(most)) = (waited.at_least, waited.at_most)
                && least > most
            {
                let primary = format!("no wait is at least {least} and at most {most} long");
                let place = self.key_place(&format!("{path}/at_least"));
                self.push(Diagnostic::error("contradiction", primary).at(place));
            }
        }
    }

    fn deadlock(&self, facts: &DeadlockFacts, path: &str) {
        let nothing = facts.victims.is_none()
            && facts.victim.is_none()
            && facts.detection.is_none()
            && facts.recovery.is_none();
        if nothing {
            self.says_nothing(
                path,
                "add victims, victim, detection or recovery; or write none",
            );
        }
        if let Some(victim) = &facts.victim {
            let place = self.place(&format!("{path}/victim"));
            self.session(victim, &place, Naming::AnySession);
        }
        self.bound(facts.victims.as_ref(), &format!("{path}/victims"));
        self.bound(facts.detection.as_ref(), &format!("{path}/detection"));
        self.bound(facts.recovery.as_ref(), &format!("{path}/recovery"));
    }

    fn latency(&self, latency: &LatencyOf, path: &str, scope: &Scope<'_>) {
        self.subject(
            &latency.of,
            &format!("{path}/of"),
            Subjects::ClientsStepsAndQueries,
        );
        let samples = self.samples(&latency.of, scope);
        self.percentiles(&latency.bounds(), samples, path);
    }

    fn errors(&self, facts: &ErrorsFacts, path: &str) {
        if let Some(of) = &facts.of {
            self.subject(of, &format!("{path}/of"), Subjects::ClientsAndSteps);
        }
        for (index, state) in facts.only.iter().enumerate() {
            self.condition(state, &format!("{path}/only/{index}"));
        }
        if facts.rate.is_none() && facts.count.is_none() && facts.only.is_empty() {
            self.says_nothing(path, "add rate, count or only; or write none");
        }
        self.bound(facts.rate.as_ref(), &format!("{path}/rate"));
        self.bound(facts.count.as_ref(), &format!("{path}/count"));
    }

    fn n_plus_one(&self, facts: &NPlusOneFacts, path: &str) {
        if let Some(of) = &facts.of {
            self.subject(of, &format!("{path}/of"), Subjects::Clients);
        }
        if facts.allow.is_some() && facts.found.is_some() {
            let primary =
                "\"allow\" is for a scenario that is right, \"found\" for one that is not";
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.key_place(&format!("{path}/found")))
                    .related(self.key_place(&format!("{path}/allow")), "the other one"),
            );
        }
        self.bound(facts.multiplier.as_ref(), &format!("{path}/multiplier"));
    }

    fn statements(&self, facts: &StatementsFacts, path: &str) {
        self.subject(&facts.of, &format!("{path}/of"), Subjects::ClientsAndSteps);
        self.bound(Some(&facts.count), &format!("{path}/count"));
    }

    /// Whether there is something of this name.
    fn subject(&self, of: &str, path: &str, allowed: Subjects) {
        let place = self.place(path);
        if !self.is_subject(of, allowed) {
            let known = self.subjects(allowed);
            let known = known.iter().map(String::as_str);
            self.push(self.unknown(what(allowed), of, part(&place, of), known));
        }
    }

    fn is_subject(&self, of: &str, allowed: Subjects) -> bool {
        let session = Session::parse(of);
        if self.is_session(session)
            || allowed == Subjects::ClientsStepsAndQueries && self.scenario.queries.contains_key(of)
        {
            return true;
        }
        let Some((session, step)) = of.split_once('.') else {
            return false;
        };
        let session = Session::parse(session);
        let member = self.cast.members.get(session.client());
        allowed != Subjects::Clients
            && self.is_session(session)
            && member.is_some_and(|member| member.step(step).is_some())
    }

    fn is_session(&self, session: Session<'_>) -> bool {
        let whole = self.sessions_of(Session::Whole(session.client()));
        let known = self.cast.members.contains_key(session.client());
        known && (matches!(session, Session::Whole(_)) || whole.contains(&text(session)))
    }

    fn subjects(&self, allowed: Subjects) -> Vec<String> {
        let mut known: Vec<String> = self.cast.names().map(str::to_owned).collect();
        if allowed != Subjects::Clients {
            known.extend(self.cast.all_steps());
        }
        if allowed == Subjects::ClientsStepsAndQueries {
            known.extend(self.scenario.queries.keys().cloned());
        }
        known
    }

    /// How many samples there will be at most; none where that depends on what happens.
    fn samples(&self, of: &str, scope: &Scope<'_>) -> Option<u64> {
        if let Some(query) = self.scenario.queries.get(of) {
            return Some(u64::from(query.repeat));
        }
        let (session, step) = match of.split_once('.') {
            Some((session, step)) => (Session::parse(session), Some(step)),
            None => (Session::parse(of), None),
        };
        let member = self.cast.members.get(session.client())?;
        let repeats = step
            .and_then(|step| member.step(step))
            .is_some_and(|step| member.repeats(step));
        if repeats || member.client.retry.is_some() {
            return None;
        }
        let sessions = self.sessions_of(session);
        let Some(launched) = &scope.launched else {
            let passes = u64::from(member.client.iterations);
            return Some(passes * sessions.len() as u64);
        };
        let Some(step) = step else {
            return Some(sessions.len() as u64);
        };
        let launches = launched.iter().filter(|launch| {
            launch.parts().is_some_and(|(session, name)| {
                name == step && sessions.iter().any(|known| known == session)
            })
        });
        Some(launches.count() as u64)
    }

    fn check(&self, text: &str, path: &str) {
        let check = match self.compilers.checks.compile(text) {
            Ok(check) => check,
            Err(error) => return self.script_error(&error, path),
        };
        for name in check.names() {
            let place = self.in_script(path, name.place);
            let allowed = match name.function {
                CheckFunction::Latency => Subjects::ClientsStepsAndQueries,
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
        let launch_says = |launch: &Launch| matches!(launch, Launch::Watched(_));
        !scenario.expect.is_empty()
            || !scenario.queries.is_empty()
            || scenario
                .orders
                .values()
                .any(|named| !named.expect.is_empty())
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

fn what(allowed: Subjects) -> &'static str {
    match allowed {
        Subjects::Clients => "client",
        Subjects::ClientsAndSteps => "client or step",
        Subjects::ClientsStepsAndQueries => "client, step or query",
    }
}
