//! Does a case measure time, so that nothing may run beside it?

use super::Planner;
use crate::{
    schedule::case::{ClientPlan, QueryPlan, StepWork},
    script::CheckFunction,
    spec::expect::{CheckExpectation, Expectation, NoneOr, Waited},
};

impl Planner<'_> {
    pub(super) fn measures_time(
        &self,
        expect: &[(String, Expectation)],
        queries: &[QueryPlan],
        clients: &[ClientPlan],
    ) -> bool {
        // What a migration writes to the log is told by the whole server.
        !self.scenario.migrate.is_empty()
            || queries.iter().any(|query| query.budget.is_some())
            || expect
                .iter()
                .any(|(_, expectation)| self.is_timed(expectation))
            || clients.iter().any(reads_the_time)
    }

    /// Whether an expectation is about nothing but time or throughput, which are measured under a load where there is one.
    pub(super) fn is_timed_alone(&self, expectation: &Expectation) -> bool {
        match expectation {
            Expectation::Latency(_) => true,
            Expectation::Check(check) => self.measures(check),
            _ => false,
        }
    }

    /// Whether a check looks at times. What cannot be compiled has been refused before.
    fn measures(&self, check: &CheckExpectation) -> bool {
        let compiled = self.compiler.checks.compile(&check.check);
        compiled.is_ok_and(|check| {
            let mut names = check.names().iter();
            names.any(|name| match name.function {
                CheckFunction::Latency | CheckFunction::Throughput => true,
                CheckFunction::Statements | CheckFunction::Errors | CheckFunction::Measure => false,
            })
        })
    }

    fn is_timed(&self, expectation: &Expectation) -> bool {
        match expectation {
            Expectation::Latency(_) | Expectation::Throughput(_) | Expectation::Connections(_) => {
                true
            }
            Expectation::Deadlock(deadlock) => match &deadlock.deadlock {
                NoneOr::Some(facts) => facts.detection.is_some() || facts.recovery.is_some(),
                NoneOr::None(_) => false,
            },
            Expectation::Step(step) => match &step.waited {
                Some(Waited::Facts(facts)) => facts.at_most.is_some() || facts.at_least.is_some(),
                Some(Waited::AtAll(_)) | None => false,
            },
            Expectation::Check(check) => self.measures(check),
            Expectation::Migration(_) | Expectation::Improves(_) => true,
            Expectation::Sql(_)
            | Expectation::Compatible(_)
            | Expectation::Invariant(_)
            | Expectation::Serializable(_)
            | Expectation::Explore(_)
            | Expectation::Errors(_)
            | Expectation::NPlusOne(_)
            | Expectation::Plan(_)
            | Expectation::Schema(_)
            | Expectation::Settings(_)
            | Expectation::Statements(_)
            | Expectation::Outcome(_) => false,
        }
    }
}

/// Whether a hook of the client looks at how long a step took.
fn reads_the_time(client: &ClientPlan) -> bool {
    client.steps.iter().any(|step| match &step.work {
        StepWork::Statement(statement) => statement.after.as_ref().is_some_and(|plan| {
            let mut free = plan.hook.free_variables();
            free.any(|variable| variable.name == "elapsed_ms")
        }),
        StepWork::Control(_) => false,
    })
}
