//! The coordinator and the clients on a fake server and a held clock.

mod fake;
mod fake_load;
mod load;
mod order;
mod whole;

use super::{Advising, Observer, RunOptions, run};
use crate::{
    record::{CaseLog, Event, EventKind, RunFacts, RunLog, StepEnd},
    schedule::{Case, Plan, PlanOptions, plan as plan_cases},
    source::{Color, SourceFile, render_all},
    spec::load_file,
};
use fake::FakeServer;
use std::{ops::ControlFlow, sync::Arc};
use tokio::sync::watch;

/// Looks at nothing.
pub struct Nobody;

impl Observer for Nobody {
    fn began(&self, _: usize, _: &Case) {}

    fn saw(&self, _: usize, _: &Event) {}

    fn ended(&self, _: usize, _: &CaseLog) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The plan of a scenario in YAML.
pub fn plan(yaml: &str) -> Plan {
    let file = SourceFile::new("test.yaml", yaml);
    let scenario =
        load_file(file).unwrap_or_else(|errors| panic!("{}", render_all(&errors, Color::Off)));
    plan_cases(&[Arc::new(scenario)], &PlanOptions::default())
        .unwrap_or_else(|errors| panic!("{}", render_all(&errors, Color::Off)))
}

/// What becomes of a plan on the fake server.
pub fn carry_out(plan: &Plan, observer: &dyn Observer) -> RunLog {
    let (_wish, interrupt) = watch::channel(None);
    let options = RunOptions {
        advising: Advising::No,
        jobs: 1,
        facts: RunFacts::default(),
        interrupt,
    };
    run(
        plan,
        &FakeServer::default(),
        &options,
        observer,
        &NothingToExplore,
    )
}

/// The events of the only case, one short line each, without times and numbers.
pub fn story(log: &RunLog) -> Vec<String> {
    log.cases[0].events.iter().filter_map(line).collect()
}

fn line(event: &Event) -> Option<String> {
    Some(match &event.kind {
        EventKind::Launched { client, step, .. } => format!("{client}.{step}"),
        EventKind::Waiting {
            client, blockers, ..
        } => {
            let names: Vec<String> = blockers
                .iter()
                .flat_map(|blocker| &blocker.client)
                .map(ToString::to_string)
                .collect();
            format!("{client} waits for {}", names.join(", "))
        }
        EventKind::WaitEnded { client, .. } => format!("{client} goes on"),
        EventKind::Completed {
            client, step, end, ..
        } => match end {
            StepEnd::Done => format!("{client}.{step} done"),
            StepEnd::Error { code } => format!("{client}.{step} {code}"),
            StepEnd::HookFailed => format!("{client}.{step} hook failed"),
            StepEnd::Skipped => format!("{client}.{step} skipped"),
        },
        EventKind::Skipped { client, step, .. } => format!("{client}.{step} left out"),
        EventKind::Retrying { client, code, .. } => format!("{client} again after {code}"),
        EventKind::Cancelled { client, .. } => format!("{client} cancelled"),
        EventKind::Finished { client, end } => format!("{client} ends: {end:?}"),
        EventKind::HookEnded {
            client, problem, ..
        } => format!("{client} hook: {problem:?}"),
        EventKind::Logged { text, .. } => format!("log: {text}"),
        EventKind::OrderBegan { order, .. } => format!("order {order}"),
        EventKind::HeldBack { client, .. } => format!("{client} is held back"),
        EventKind::Connected { .. }
        | EventKind::Sent { .. }
        | EventKind::Replied { .. }
        | EventKind::Notice { .. }
        | EventKind::Notified { .. }
        | EventKind::Measured { .. } => return None,
    })
}

/// No plan of these tests explores.
struct NothingToExplore;

impl crate::run::Explorer for NothingToExplore {
    fn explore(
        &self,
        case: &std::sync::Arc<crate::schedule::Case>,
        _: &dyn Fn(&crate::run::ExploreProgress),
    ) -> crate::record::CaseLog {
        panic!("\"{}\" explores", case.id)
    }
}
