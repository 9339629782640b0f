//! `pgauge run`: the way of a scenario through the rooms.

mod baselines;
pub(super) mod reports;
mod server;
mod signals;
mod watcher;

use super::{
    Status, Stop, args::RunArgs, planning::planned_to_run, secrets, settings::RunSettings,
};
use crate::{
    measure,
    record::{Breakage, CaseEnd, CaseLog, RunFacts, RunLog},
    report::{
        results::Results,
        terminal::{Ending, Progress, Verbosity, View, say},
    },
    run::{self, RunOptions, Server},
    schedule::Plan,
    search::Searcher,
    source::{Diagnostic, Diagnostics},
    text::keep_secret,
    verdict,
};
pub use baselines::{Baselines, Seen};
use reports::Reports;
use server::Running;
use std::time::Instant;
use watcher::Watcher;

/// Runs scenarios, says what holds, and writes the reports.
///
/// # Errors
///
/// What kept it from beginning, or a report from being written.
pub fn run(args: &RunArgs, view: View) -> Result<Status, Stop> {
    let settings = RunSettings::of(args)?;
    let plan = planned_to_run(&settings)?.warned(view);
    let mut secrets = secrets::of(&plan);
    secrets.join(&settings.server.redactor());
    keep_secret(&secrets);
    let baselines = Baselines::read(&plan, settings.baselines)?;
    let reports = Reports::open(&settings.reports, &plan)?;
    let (log, server) = carried_out(&plan, &baselines, &settings, view)?;
    let measured = measure::measure_all(&plan, &log);
    let verdict = verdict::judge(&plan, &log, &baselines.terms(log.run.server.as_ref()));
    let settled = baselines.settle(Seen {
        plan: &plan,
        log: &log,
        measured: &measured,
        verdict: &verdict,
    });
    let results = Results::gather(&plan, log, &measured, &verdict).without_secrets(&secrets);
    let (written, unwritten) = reports.write(&plan, &results);
    let ending = Ending {
        results: &results,
        written: &written,
        remembered: settled.remembered,
        skips: settings.running.skips,
        view,
    };
    say(&ending.text());
    note(&settled.notes, view);
    let left = server.map_or(Ok(()), Running::end);
    let left = left.err().map(|breakage| left_behind(&breakage));
    let troubles = settled.problems.0.into_iter().chain(unwritten.0);
    let troubles: Diagnostics = troubles.chain(left).collect();
    Ok(tell(troubles, view).and(verdict.exit_status(settings.running.skips).into()))
}

/// Runs the cases on the server that is meant. Without a server every case is errored, so that the reports tell of
/// each of them.
fn carried_out(
    plan: &Plan,
    baselines: &Baselines,
    settings: &RunSettings,
    view: View,
) -> Result<(RunLog, Option<Running>), Stop> {
    let interrupt = signals::listen()?;
    let progress = Progress::new(plan.cases.len(), view);
    progress.preparing("starting the server");
    let facts = facts(settings);
    let began = Instant::now();
    let server = match Running::start(settings, &progress) {
        Ok(server) => server,
        Err(breakage) => {
            progress.finish();
            return Ok((without_server(plan, facts, &breakage), None));
        }
    };
    for remark in server.remarks() {
        progress.note(&remark);
    }
    let watcher = Watcher {
        plan,
        terms: &baselines.terms(Some(server.server().facts())),
        progress: &progress,
        server: server.server(),
        after_failure: settings.running.after_failure,
    };
    let options = RunOptions {
        jobs: settings.running.jobs,
        advising: settings.running.advising,
        facts,
        interrupt,
    };
    let searcher = Searcher {
        server: server.server(),
        databases: options.jobs,
        interrupt: options.interrupt.clone(),
    };
    let mut log = run::run(plan, server.server(), &options, &watcher, &searcher);
    log.run.duration = began.elapsed().into();
    progress.finish();
    Ok((log, Some(server)))
}

fn facts(settings: &RunSettings) -> RunFacts {
    RunFacts {
        started_at: jiff::Timestamp::now().to_string(),
        pgauge: env!("CARGO_PKG_VERSION").to_owned(),
        random_seed: settings.running.random_seed,
        shard: settings.running.shard,
        ..RunFacts::default()
    }
}

fn without_server(plan: &Plan, run: RunFacts, breakage: &Breakage) -> RunLog {
    let broke = || CaseEnd::Broke(Box::new(breakage.clone()));
    let cases = plan.cases.iter();
    let cases = cases.map(|case| CaseLog::new(case.id.clone(), broke()));
    RunLog {
        run,
        cases: cases.collect(),
    }
}

fn left_behind(breakage: &Breakage) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("clean-up", breakage.message.clone());
    diagnostic.detail.clone_from(&breakage.detail);
    diagnostic.hints.extend(breakage.hint.clone());
    diagnostic.hint("the next run on this server tries again")
}

/// Tells what is worth knowing and changes nothing.
pub(super) fn note(notes: &Diagnostics, view: View) {
    if !notes.0.is_empty() && view.verbosity > Verbosity::Quiet {
        super::tell(notes, view);
    }
}

/// Tells what went wrong after the last case, and what it comes to.
pub(super) fn tell(troubles: Diagnostics, view: View) -> Status {
    if troubles.0.is_empty() {
        return Status::Passed;
    }
    super::tell(&troubles, view);
    Status::World
}
