//! What the text of a migration is said to do, held against what it did: every claim of the rules over scripts is
//! confirmed or refuted by the trace, or left open with the reason.
//!
//! What was only sampled can confirm a claim and not refute it, and neither can a statement that failed. A lock that its
//! transaction held before is told with an earlier statement, so that it is not refuted either.

use crate::{
    lint::{Claim, lint_script},
    record::{LockSight, MigrationLog, RelationName, StatementTrace, TableUse, TransactionScope},
    schedule::MigrationWork,
    source::SourceFile,
    text::format_duration,
    verdict::{context::Context, expect::migration::place_of, finding::Finding},
};

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Confirmed,
    Refuted,
    /// The trace cannot tell.
    Open,
}

/// A note for each claim about a statement that was run.
pub(super) fn judge(context: &Context<'_>, log: &MigrationLog) -> Vec<Finding> {
    let parts = context.case.migration.iter().flat_map(|plan| &plan.up);
    let mut findings = Vec::new();
    for part in parts {
        let own = || {
            log.statements
                .iter()
                .filter(|trace| trace.path == part.path)
        };
        match &part.work {
            MigrationWork::Script(script) => {
                let traces: Vec<&StatementTrace> = own().collect();
                findings.extend(of_script(context, &script.text, &traces));
            }
            // Of a program the statements are known one by one, and what it wrote anew as a whole.
            MigrationWork::Command(_) => {
                let Some(whole) = own().next() else { continue };
                for trace in own().skip(1) {
                    let trace = StatementTrace {
                        rewrites: whole.rewrites.clone(),
                        scans: whole.scans.clone(),
                        ..trace.clone()
                    };
                    findings.extend(of_script(context, &trace.sql, &[&trace]));
                }
            }
        }
    }
    findings
}

fn of_script(context: &Context<'_>, text: &str, traces: &[&StatementTrace]) -> Vec<Finding> {
    let file = SourceFile::new("migration", text);
    let (found, _) = lint_script(&file);
    let claims = found.iter().filter_map(|one| {
        let claim = one.found.claim?;
        let end = text.get(..one.span.end)?.chars().count();
        let start = text.get(..one.span.start)?.chars().count();
        // A claim belongs to the last statement that begins before it ends, if that is not one that never ran.
        let trace = traces
            .iter()
            .rev()
            .find(|trace| trace.position as usize <= end)
            .filter(|trace| start < trace.position as usize + trace.sql.chars().count())
            .copied()?;
        let (proof, fact) = proof(trace, claim, &one.found.of);
        let (code, word) = match proof {
            Proof::Confirmed => ("claim-confirmed", "confirmed"),
            Proof::Refuted => ("claim-refuted", "refuted"),
            Proof::Open => ("claim-open", "left open"),
        };
        let primary = format!(
            "{word} by the trace: {} ({})",
            one.found.says, one.rule.code
        );
        let finding = Finding::note(code, primary)
            .at(place_of(context, trace))
            .detail(Some(fact));
        Some(finding)
    });
    claims.collect()
}

/// Whether a statement did to a table what is claimed, and what shows it, or why nothing does.
fn proof(trace: &StatementTrace, claim: Claim, of: &str) -> (Proof, String) {
    let is = |relation: &RelationName| {
        let table = of.rsplit_once('.').map(|(table, _)| table);
        relation.is(of) || table.is_some_and(|table| relation.is(table))
    };
    let wanted = match claim {
        Claim::BlocksReads => Some(TableUse::Reads),
        Claim::BlocksWrites => Some(TableUse::Writes),
        Claim::Rewrites | Claim::Scans => None,
    };
    let locks = trace
        .locks
        .iter()
        .filter(|lock| lock.existed && is(&lock.relation));
    let strongest = locks.map(|lock| lock.mode).max();
    let (held, fact) = match (claim, wanted) {
        (Claim::Rewrites, _) => {
            let anew = trace.rewrites.iter().any(is);
            (anew, format!("{} {} anew", of, written(anew)))
        }
        (Claim::Scans, _) => {
            let scan = trace.scans.iter().find(|scan| is(&scan.table));
            let rows = scan.map_or(0, |scan| scan.rows);
            (scan.is_some(), format!("{rows} rows of {of} were read"))
        }
        (_, wanted) => {
            let blocked =
                strongest.is_some_and(|mode| mode.blocks().any(|what| Some(what) == wanted));
            let span = format_duration(trace.held.duration());
            let fact = match strongest {
                Some(mode) => format!("it held {mode} on {of} for {span}"),
                None => format!("it held no lock on {of}, or {of} was not there before"),
            };
            (blocked, fact)
        }
    };
    if held {
        return (Proof::Confirmed, fact);
    }
    let unknown = match (&trace.error, trace.seen, trace.scope) {
        (Some(_), _, _) => "it failed, and what it did until then is not known",
        (None, LockSight::Sampled { .. }, _) => {
            "it was only looked at from time to time, and not seen doing so"
        }
        (None, _, TransactionScope::Shared) if wanted.is_some() => {
            "its transaction may have held that lock before"
        }
        (None, LockSight::Complete, _) => return (Proof::Refuted, fact),
    };
    (Proof::Open, unknown.to_owned())
}

fn written(anew: bool) -> &'static str {
    if anew {
        "was written"
    } else {
        "was not written"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{LockMode, RelationLock};

    fn orders() -> RelationName {
        RelationName {
            schema: "public".to_owned(),
            name: "orders".to_owned(),
            of: None,
        }
    }

    fn trace(mode: LockMode) -> StatementTrace {
        StatementTrace {
            locks: vec![RelationLock {
                relation: orders(),
                mode,
                existed: true,
            }],
            ..StatementTrace::default()
        }
    }

    fn proven(trace: &StatementTrace, claim: Claim) -> Proof {
        proof(trace, claim, "orders").0
    }

    #[test]
    fn a_claim_holds_if_the_trace_saw_it_and_not_otherwise() {
        let share = trace(LockMode::Share);
        assert_eq!(proven(&share, Claim::BlocksWrites), Proof::Confirmed);
        assert_eq!(proven(&share, Claim::BlocksReads), Proof::Refuted);
        assert_eq!(proven(&share, Claim::Rewrites), Proof::Refuted);
        let anew = StatementTrace {
            rewrites: vec![orders()],
            ..share
        };
        assert_eq!(proven(&anew, Claim::Rewrites), Proof::Confirmed);
    }

    #[test]
    fn what_a_trace_cannot_know_is_not_refuted() {
        let sampled = StatementTrace {
            seen: LockSight::Sampled { looks: 3 },
            ..trace(LockMode::ShareUpdateExclusive)
        };
        assert_eq!(proven(&sampled, Claim::BlocksWrites), Proof::Open);
        let shared = StatementTrace {
            scope: TransactionScope::Shared,
            ..trace(LockMode::AccessShare)
        };
        assert_eq!(proven(&shared, Claim::BlocksReads), Proof::Open);
        assert_eq!(proven(&shared, Claim::Scans), Proof::Refuted);
    }
}
