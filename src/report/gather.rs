//! From a run and its verdict to what is kept and told: every finding with its place in the author's files.

use super::{
    figures::{Figures, LatencyFigure, TimeFigure},
    migration,
    results::{CaseResult, Finding, FindingKind, Outcome, Results},
};
use crate::{
    measure::{Latencies, Measurements, Percentile},
    record::{CaseLog, RunLog},
    schedule::{Case, Plan},
    text::guarded,
    verdict::{self, CaseVerdict, FindingPlace, Verdict},
};

/// A case that ran and was judged.
struct Judged<'a> {
    case: &'a Case,
    log: CaseLog,
    measurements: &'a Measurements,
    verdict: &'a CaseVerdict,
}

impl Results {
    /// Puts together what a run leaves behind; everything is in the plan's order.
    pub fn gather(plan: &Plan, log: RunLog, measured: &[Measurements], verdict: &Verdict) -> Self {
        let mut results = Self::new(log.run);
        let judged = plan
            .cases
            .iter()
            .zip(log.cases)
            .zip(measured)
            .zip(&verdict.cases);
        for (((case, log), measurements), verdict) in judged {
            let case = results.case_result(Judged {
                case,
                log,
                measurements,
                verdict,
            });
            results.cases.push(case);
        }
        results
    }

    fn case_result(&mut self, judged: Judged<'_>) -> CaseResult {
        let Judged {
            case,
            log,
            measurements,
            verdict,
        } = judged;
        let findings = || -> Vec<Finding> {
            let findings = verdict.findings.iter();
            findings
                .map(|finding| self.finding(case, finding))
                .collect()
        };
        // Where a place cannot be told, what is wrong is told without it.
        let findings = guarded(findings).unwrap_or_else(|_| {
            let findings = verdict.findings.iter();
            findings.map(without_place).collect()
        });
        CaseResult {
            outcome: verdict.outcome.into(),
            findings,
            figures: figures(&log, measurements),
            log,
        }
    }

    fn finding(&mut self, case: &Case, finding: &verdict::Finding) -> Finding {
        let mut keep = |place: &FindingPlace| self.keep_place(&place.locate(&case.file));
        let related = finding.related.iter();
        Finding {
            place: finding.place.as_ref().map(&mut keep),
            related: related
                .map(|(place, label)| (keep(place), label.clone()))
                .collect(),
            ..without_place(finding)
        }
    }
}

fn without_place(finding: &verdict::Finding) -> Finding {
    Finding {
        kind: finding.kind.into(),
        code: finding.code.clone().into_owned(),
        primary: finding.primary.clone(),
        place: None,
        label: finding.label.clone(),
        detail: finding.detail.clone(),
        hints: finding.hints.clone(),
        diff: finding.diff.clone(),
        related: Vec::new(),
        events: finding.events.clone(),
    }
}

fn figures(log: &CaseLog, measured: &Measurements) -> Figures {
    let Latencies {
        steps,
        clients,
        queries,
    } = &measured.latencies;
    let latencies = queries
        .iter()
        .chain(clients)
        .chain(steps)
        .map(|(of, latency)| {
            let percentile = |percentile| latency.percentile(percentile);
            LatencyFigure {
                of: of.clone(),
                samples: latency.count(),
                p50: percentile(Percentile::P50),
                p95: percentile(Percentile::P95),
                p99: percentile(Percentile::P99),
                max: latency.max(),
            }
        });
    let times = measured.times.0.iter().map(|(client, time)| TimeFigure {
        client: client.clone(),
        pool_wait: time.pool_wait,
        lock_wait: time.lock_wait,
        to_first_row: time.to_first_row,
        rows: time.rows,
        between: time.unattributed,
        total: time.total,
    });
    Figures {
        latencies: latencies.collect(),
        times: times.collect(),
        migration: migration::figures(log, measured.traffic.as_ref()),
    }
}

impl From<verdict::Outcome> for Outcome {
    fn from(outcome: verdict::Outcome) -> Self {
        match outcome {
            verdict::Outcome::Passed => Self::Passed,
            verdict::Outcome::Failed => Self::Failed,
            verdict::Outcome::Errored => Self::Errored,
            verdict::Outcome::Skipped => Self::Skipped,
            verdict::Outcome::Vacuous => Self::Vacuous,
        }
    }
}

impl From<verdict::FindingKind> for FindingKind {
    fn from(kind: verdict::FindingKind) -> Self {
        match kind {
            verdict::FindingKind::Errored => Self::Errored,
            verdict::FindingKind::Failed => Self::Failed,
            verdict::FindingKind::Vacuous => Self::Vacuous,
            verdict::FindingKind::Worse => Self::Worse,
            verdict::FindingKind::Skipped => Self::Skipped,
            verdict::FindingKind::Note => Self::Note,
        }
    }
}
