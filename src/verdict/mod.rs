//! Is it right? One expectation per file; findings with a code and advice.
//!
//! [`judge`] takes the plan and the log of a run and gives a [`Verdict`]: an outcome for each case, and the
//! findings it rests on. The same log always gives the same verdict. Nothing in here waits, and nothing reads a
//! clock, a file or the environment.
//!
//! A case is *failed* when an expectation broke, *errored* when the world broke, *skipped* with a reason, and
//! *vacuous* when all that was expected held and yet a green would mean nothing: an expected wait was never seen, an
//! expectation had nothing to look at, or nothing was expected at all.

mod advice;
mod against_baseline;
mod bound;
mod context;
mod end;
pub mod expect;
pub mod explored;
mod finding;
mod hooks;
mod load;
mod migration;
mod nothing;
mod outcome;
mod plans;
mod repeated;
mod sender;
mod steps;
#[cfg(test)]
mod tests;
mod undone;
mod unexpected;
mod unseen;

pub use against_baseline::NOT_IN_BASELINE;
pub use bound::{Limit, Natural};
pub use context::{Context, condition};
pub use finding::{Finding, FindingKind, FindingPlace, Within};
pub use outcome::{CaseVerdict, Counts, ExitStatus, Outcome, Skips, Verdict};

use crate::{
    baseline::{Baseline, Environment},
    measure::{self, Measurements, Trace, merge::CasePart},
    record::{CaseEnd, CaseLog, RunLog, Shard},
    schedule::{Case, Plan},
    text::guarded,
};
use std::collections::BTreeMap;

/// What is judged against besides the scenarios.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// What is remembered of earlier runs, by the scenario's file as [`CaseId::file`](crate::record::CaseId::file) names it.
    pub baselines: BTreeMap<String, Baseline>,
    /// Where the run took place; without it no times are compared.
    pub environment: Option<Environment>,
}

/// Judges every case of a run.
pub fn judge(plan: &Plan, log: &RunLog, terms: &Terms) -> Verdict {
    let cases = plan.cases.iter().zip(&log.cases);
    Verdict {
        cases: cases
            .map(|(case, log)| judge_case(case, log, terms))
            .collect(),
        interrupted: log.run.interrupted.clone(),
    }
}

/// Judges one case. Where pgauge itself breaks over it the case is errored, and the others are judged all the same.
pub fn judge_case(case: &Case, log: &CaseLog, terms: &Terms) -> CaseVerdict {
    or_errored(log, || {
        let trace = Trace::read(case, log);
        let measurements = measure::measure_trace(case, log, &trace);
        judge_measured(case, log, &trace, &measurements, terms)
    })
}

fn or_errored(log: &CaseLog, judge: impl FnOnce() -> CaseVerdict) -> CaseVerdict {
    guarded(judge).unwrap_or_else(|panic| {
        let primary = format!("pgauge itself broke while it judged this case: {panic}");
        let broken = Finding::new(FindingKind::Errored, "panic", primary)
            .hint("this is a mistake of pgauge: please report it with the file that --json writes");
        CaseVerdict::new(log.case.clone(), vec![broken], log.duration)
    })
}

/// Judges one case that has been measured already.
pub fn judge_measured(
    case: &Case,
    log: &CaseLog,
    trace: &Trace<'_>,
    measurements: &Measurements,
    terms: &Terms,
) -> CaseVerdict {
    let context = Context {
        case,
        log,
        trace,
        measurements,
        terms,
    };
    let part = case.load.as_ref().and_then(|load| load.part);
    let findings = match (&log.end, part) {
        (CaseEnd::Ran, Some(part)) => of_a_part(&context, part),
        (CaseEnd::Ran, None) => explored::judge(&context, of_a_case_that_ran(&context)),
        // A hook may call the rest off, but not what was wrong already.
        (CaseEnd::Skipped { reason }, _) => {
            let findings = [end::skipped(&context, reason)]
                .into_iter()
                .chain(unexpected::judge(&context))
                .chain(failed_before(&context));
            explored::judge(&context, findings.collect())
        }
        // What was wrong before the world broke may be why it did.
        (CaseEnd::Broke(breakage), _) => [end::broke(&context, breakage)]
            .into_iter()
            .chain(failed_before(&context))
            .collect(),
    };
    let mut verdict = CaseVerdict::new(log.case.clone(), findings, log.duration);
    // What failed differs anyway, and its reason has been told.
    if verdict.outcome == Outcome::Passed {
        verdict.add(against_baseline::judge(&context));
    }
    verdict
}

/// What hooks and steps had found wrong by the time a case ended early.
fn failed_before(context: &Context<'_>) -> impl Iterator<Item = Finding> {
    let findings = hooks::judge(context)
        .into_iter()
        .chain(steps::judge(context));
    findings.filter(|finding| finding.kind == FindingKind::Failed)
}

/// Of a load that several processes share, one alone says what went wrong with it, and nothing of what is expected of all.
fn of_a_part(context: &Context<'_>, part: Shard) -> Vec<Finding> {
    let mut findings = hooks::judge(context);
    findings.extend(unexpected::judge(context));
    findings.extend(load::judge(context));
    let primary = format!("part {part} of a load: `pgauge merge` judges the whole");
    findings.push(Finding::new(FindingKind::Skipped, "part-of-load", primary));
    findings
}

/// Judges a load that several processes shared: what they counted together, with what each of them saw of its own
/// database. Where one of them was skipped and others were not, what those came to is judged, and the case is errored: it
/// is not the load that was meant.
pub fn judge_parts(case: &Case, log: &CaseLog, parts: &[CasePart], terms: &Terms) -> CaseVerdict {
    // What a part of the load comes to differs from all of it anyway.
    let of_parts = Terms::default();
    let terms = match parts.iter().any(|part| part.is_missing_in(log)) {
        true => &of_parts,
        false => terms,
    };
    let mut findings: Vec<Finding> = Vec::new();
    for part in parts {
        let seen = CaseLog {
            load: log.load.clone(),
            end: match &part.log.end {
                CaseEnd::Ran => log.end.clone(),
                own @ (CaseEnd::Skipped { .. } | CaseEnd::Broke(_)) => own.clone(),
            },
            ..part.log.clone()
        };
        for mut finding in judge_case(case, &seen, terms).findings {
            if part.is_missing_in(log) && finding.kind == FindingKind::Skipped {
                finding = end::part_skipped(finding, part.shard);
            }
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    CaseVerdict::new(log.case.clone(), findings, log.duration)
}

fn of_a_case_that_ran(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = hooks::judge(context);
    findings.extend(unexpected::judge(context));
    findings.extend(load::judge(context));
    findings.extend(steps::judge(context));
    findings.extend(expect::launch::judge(context));
    findings.extend(expect::query_budget::judge(context));
    findings.extend(migration::judge(context));
    for (pointer, expectation) in &context.case.expect {
        findings.extend(expect::judge(pointer, expectation, context));
    }
    // What failed may be why a step never ran.
    if !findings
        .iter()
        .any(|finding| finding.kind == FindingKind::Failed)
    {
        findings.extend(unseen::judge(context));
    }
    findings.extend(nothing::judge(context));
    findings.extend(repeated::judge(context));
    findings.extend(undone::judge(context));
    findings.extend(plans::judge(context));
    findings.extend(advice::judge(context));
    findings
}
