//! What must hold: it speaks of things that exist and are measured, and says something.

use super::{
    Checker,
    order::Naming,
    outcome::Stands,
    subjects::{Scope, Subjects},
};
use crate::{
    source::Diagnostic,
    spec::{
        client::Step,
        expect::{
            DeadlockFacts, ErrorsFacts, Expectation, LatencyOf, NPlusOneFacts, NoneOr,
            PlanProperties, SchemaRules, SqlExpectation, StatementsFacts, StepExpectation, Waited,
        },
        order::{Launch, StepRef},
        value::Argument,
    },
};

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
            launched: (!lists.is_empty() && self.scenario.explore.is_none())
                .then(|| all.iter().collect()),
        };
        for (index, expectation) in self.scenario.expect.iter().enumerate() {
            self.expectation(expectation, &format!("/expect/{index}"), &scope);
        }
        for (name, named) in self.scenario.orders.named() {
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
        self.has_its_migration(expectation, path);
        self.of_explored_orders(expectation, path);
        self.has_its_case(expectation, path);
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
            Expectation::Throughput(throughput) => {
                self.throughput(&throughput.throughput, &format!("{path}/throughput"));
            }
            Expectation::Connections(connections) => {
                self.connections(&connections.connections, &format!("{path}/connections"));
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
            Expectation::Plan(plan) => self.plan(&plan.plan, &format!("{path}/plan")),
            Expectation::Migration(migration) => {
                self.migration_facts(&migration.migration, &format!("{path}/migration"));
            }
            Expectation::Compatible(compatible) => {
                self.compatible(&compatible.compatible, &format!("{path}/compatible"));
            }
            Expectation::Improves(improves) => {
                self.improves(&improves.improves, &format!("{path}/improves"));
            }
            Expectation::Invariant(invariant) => {
                self.sql_expectation(&invariant.invariant, &format!("{path}/invariant"));
            }
            Expectation::Serializable(serializable) => self.serializable(serializable, path),
            Expectation::Explore(_) => self.must_find(path),
            Expectation::Schema(schema) => self.schema(&schema.schema, &format!("{path}/schema")),
            Expectation::Settings(settings) => {
                let facts = &settings.settings;
                if facts.like.is_none() && facts.values.is_empty() {
                    let hint = "name a setting, or an export of production's with like";
                    self.says_nothing(&format!("{path}/settings"), hint);
                }
            }
            Expectation::Check(check) => self.check(&check.check, &format!("{path}/check")),
            Expectation::Outcome(_) => self.outcome_of_all(path),
        }
    }

    pub(super) fn says_nothing(&self, path: &str, hint: &str) {
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
        self.returns_rows(sql, &said, path);
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

    /// A statement that only changes rows returns what is expected of it always or never.
    fn returns_rows(&self, sql: &SqlExpectation, said: &[&str], path: &str) {
        let said: Vec<(&str, bool)> = said.iter().map(|key| (*key, true)).collect();
        self.fits(&sql.sql, &said, Stands::Alone, path);
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
        if let Some((session, index)) = resolved
            && let Step::Statement(statement) =
                &self.cast.members[session.client()].client.steps[index]
        {
            self.fits(&statement.sql, &said, Stands::AtStep, path);
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

    fn plan(&self, plan: &PlanProperties, path: &str) {
        self.subject(&plan.of, &format!("{path}/of"), Subjects::Queries);
        let uses = plan.uses.as_ref();
        let never = plan.never.as_ref();
        if uses.is_some_and(|uses| uses.index.is_none() && uses.join.is_none()) {
            self.says_nothing(&format!("{path}/uses"), "add index or join");
        }
        if never.is_some_and(|never| never.seq_scan.is_none() && never.join.is_none()) {
            self.says_nothing(&format!("{path}/never"), "add seq_scan or join");
        }
        let nothing = uses.is_none()
            && never.is_none()
            && plan.buffers.is_none()
            && plan.wal.is_none()
            && plan.estimate_off.is_none()
            && plan.spills.is_none()
            && plan.workers.is_none();
        if nothing {
            self.says_nothing(
                path,
                "add uses, never, buffers, wal, estimate_off, spills or workers",
            );
        }
        if let (Some(used), Some(unwanted)) = (
            uses.and_then(|uses| uses.join),
            never.and_then(|never| never.join),
        ) && used == unwanted
        {
            let primary = format!("a plan cannot both use and never use a {}", used.node());
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.key_place(&format!("{path}/never/join")))
                    .related(
                        self.key_place(&format!("{path}/uses/join")),
                        "the other one",
                    ),
            );
        }
        self.bound(plan.buffers.as_ref(), &format!("{path}/buffers"));
        self.bound(plan.wal.as_ref(), &format!("{path}/wal"));
    }

    fn schema(&self, rules: &SchemaRules, path: &str) {
        let asked = rules.asked();
        if asked.is_empty() {
            self.says_nothing(path, "add rules, such as unindexed_foreign_keys: none");
        }
        for (key, _, bound) in &asked {
            if let NoneOr::Some(bound) = bound {
                self.bound(Some(bound), &format!("{path}/{key}"));
            }
        }
        for (index, ignored) in rules.ignore.iter().enumerate() {
            let path = format!("{path}/ignore/{index}");
            if !asked.iter().any(|(_, code, _)| *code == ignored.rule) {
                let place = self.place(&format!("{path}/rule"));
                let codes = asked.iter().map(|(_, code, _)| *code);
                self.push(self.unknown("rule that is asked for", &ignored.rule, place, codes));
            }
            if ignored.reason.trim().is_empty() {
                let diagnostic = Diagnostic::error("no-reason", "this is ignored without a reason");
                self.push(diagnostic.at(self.place(&format!("{path}/reason"))));
            }
        }
    }

    fn statements(&self, facts: &StatementsFacts, path: &str) {
        self.subject(&facts.of, &format!("{path}/of"), Subjects::ClientsAndSteps);
        self.bound(Some(&facts.count), &format!("{path}/count"));
    }
}
