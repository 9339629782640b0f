//! `pgauge merge`: one result of those of several processes.
//!
//! What each of them found is not taken over: a throughput, or a number of errors, is right or wrong only of all together.
//! So the scenarios are read again, and the sums are judged.

use super::{
    Status, Stop,
    args::{Chosen, MergeArgs},
    planning::planned,
    run::{Baselines, Seen, note, reports::Reports, tell},
    secrets,
    settings::{self, BaselineUse, Scope},
};
use crate::{
    measure::{
        measure_all,
        merge::{MergedCase, MergedRun, PartialRun, merge as merged},
    },
    record::{CaseId, RunLog},
    report::{
        results::Results,
        terminal::{CaseEnding, Ending, Progress, View, say},
    },
    schedule::Plan,
    source::Diagnostic,
    verdict::{CaseVerdict, Skips, Verdict, judge_case, judge_parts},
};
use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

/// Adds up what several processes wrote, judges it, and writes the reports.
///
/// # Errors
///
/// A file cannot be read or written, the results are not those of one run, or the scenarios are other ones by now.
pub fn merge(args: &MergeArgs, view: View) -> Result<Status, Stop> {
    let runs = args.results.iter().map(|path| read(path));
    let runs = runs.collect::<Result<Vec<PartialRun>, Stop>>()?;
    let MergedRun { run, cases } = merged(runs).map_err(|wrong| Stop::usage(*wrong))?;
    let (plan, cases) = planned_again(cases, run.random_seed)?;
    let purpose = match args.reports.update_baselines {
        true => BaselineUse::Update,
        false => BaselineUse::Compare,
    };
    let baselines = Baselines::read(&plan, purpose)?;
    let reports = Reports::open(&asked(args), &plan)?;
    let terms = baselines.terms(run.server.as_ref());
    let progress = Progress::new(cases.len(), view);
    let mut verdict = Verdict {
        cases: Vec::new(),
        interrupted: run.interrupted.clone(),
    };
    for (index, (case, merged)) in plan.cases.iter().zip(&cases).enumerate() {
        let judged = match merged.parts.as_slice() {
            [] => judge_case(case, &merged.log, &terms),
            parts => judge_parts(case, &merged.log, parts, &terms),
        };
        ended(&progress, index, merged, &judged);
        verdict.cases.push(judged);
    }
    progress.finish();
    let cases = cases.into_iter().map(|case| case.log).collect();
    let log = RunLog { run, cases };
    let measured = measure_all(&plan, &log);
    let settled = baselines.settle(Seen {
        plan: &plan,
        log: &log,
        measured: &measured,
        verdict: &verdict,
    });
    // The texts of the scenarios come from their files again.
    let secrets = secrets::of(&plan);
    let results = Results::gather(&plan, log, &measured, &verdict).without_secrets(&secrets);
    let (written, unwritten) = reports.write(&plan, &results);
    let skips = match args.skips.no_skips {
        true => Skips::Refused,
        false => Skips::Allowed,
    };
    let ending = Ending {
        results: &results,
        written: &written,
        remembered: settled.remembered,
        skips,
        view,
    };
    say(&ending.text());
    note(&settled.notes, view);
    let troubles = settled.problems.0.into_iter().chain(unwritten.0);
    Ok(tell(troubles.collect(), view).and(verdict.exit_status(skips).into()))
}

fn read(path: &Path) -> Result<PartialRun, Stop> {
    let unreadable = |why: String| {
        let primary = format!("cannot read {}: {why}", path.display());
        Stop::world(Diagnostic::error("merge", primary))
    };
    let json = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let results = Results::from_json(&json).map_err(|error| unreadable(error.to_string()))?;
    let cases = results.cases.into_iter().map(|case| case.log);
    Ok(PartialRun {
        name: path.display().to_string(),
        log: RunLog {
            run: results.run,
            cases: cases.collect(),
        },
    })
}

/// The plan of the cases that ran, and these in its order.
fn planned_again(
    cases: Vec<MergedCase>,
    random_seed: u64,
) -> Result<(Plan, Vec<MergedCase>), Stop> {
    let files: BTreeSet<PathBuf> = cases
        .iter()
        .map(|case| PathBuf::from(&case.log.case.file))
        .collect();
    if files.is_empty() {
        let primary = "the results tell of no case";
        return Err(Stop::usage(Diagnostic::error("merge", primary)));
    }
    let chosen = Chosen {
        paths: files.into_iter().collect(),
        ..Chosen::default()
    };
    let scope = Scope::of(&chosen)?;
    let mut plan = planned(&scope, &chosen, Some(random_seed))?.plan;
    let cases = cases.into_iter();
    let mut ran: HashMap<CaseId, MergedCase> =
        cases.map(|case| (case.log.case.clone(), case)).collect();
    plan.cases.retain(|case| ran.contains_key(&case.id));
    let in_order = plan.cases.iter().filter_map(|case| ran.remove(&case.id));
    let in_order: Vec<MergedCase> = in_order.collect();
    match ran.keys().min() {
        None => Ok((plan, in_order)),
        Some(id) => {
            let primary = format!("{} has no case \"{id}\" any more", id.file);
            let hint = "merge where the scenarios are as they were when they ran";
            Err(Stop::usage(Diagnostic::error("merge", primary).hint(hint)))
        }
    }
}

fn asked(args: &MergeArgs) -> settings::Reports {
    let named = |path: &Option<PathBuf>| {
        let path = path.clone();
        path.filter(|path| !path.as_os_str().is_empty())
    };
    settings::Reports {
        junit: named(&args.reports.junit),
        json: named(&args.reports.json),
        interval_log: named(&args.reports.interval_log),
        trace: None,
    }
}

fn ended(progress: &Progress, index: usize, merged: &MergedCase, verdict: &CaseVerdict) {
    let log = &merged.log;
    progress.began(index, &log.case);
    let worst = verdict.findings.first();
    progress.ended(
        index,
        &CaseEnding {
            case: &log.case,
            outcome: verdict.outcome.into(),
            worst: worst.map(|finding| finding.kind.into()),
            reason: worst.map(|finding| finding.primary.clone()),
            explored: log.exploration.as_deref(),
            duration: log.duration,
        },
    );
}
