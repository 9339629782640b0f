//! How a case ends, and with it a run.

use super::*;
use crate::{
    measure::merge::{MergedCase, PartialRun, merge},
    record::{
        Histogram, Micros,
        load::{ClientTally, LoadLog, StepTally},
    },
};
use std::time::Duration;

#[test]
fn a_case_that_expects_nothing_is_vacuous() {
    let verdict = judged(
        &with_steps("[{ step: read, sql: SELECT 1 }]", "[]"),
        |log| {
            log.step("alice.read", None, "SELECT 1", ids([1]));
        },
    );
    insta::assert_snapshot!(told(&verdict), @r#"
    vacuous
    vacuous[nothing-expected]: nothing was expected, so that nothing could fail
      --> /name
    hint: add "expect", or say at a step what it returns: rows, row_count, affected or error
    "#);
    let hook = "[{ step: read, sql: SELECT 1, after: 'assert(rows.len == 1, \"one\")' }]";
    passed(&with_steps(hook, "[]"), |log| {
        log.step("alice.read", None, "SELECT 1", ids([1]));
    });
}

#[test]
fn hooks_fail_a_case_or_skip_it() {
    let hook = "[{ step: read, sql: SELECT 1, after: 'assert(rows.len == 1, \"one\")' }]";
    let ended = |problem: HookProblem| {
        judged(&with_steps(hook, "[]"), |log| {
            if let HookProblem::Skip { reason } = &problem {
                log.log.end = CaseEnd::Skipped {
                    reason: reason.clone(),
                };
            }
            for _ in 0..2 {
                log.note(EventKind::HookEnded {
                    client: id("alice"),
                    step: Some("read".to_owned()),
                    problem: problem.clone(),
                    path: "/clients/alice/steps/0/after".to_owned(),
                    line: 1,
                    column: 8,
                });
            }
        })
    };
    let message = || "order 7 is missing".to_owned();
    let all = [
        HookProblem::Assertion { message: message() },
        HookProblem::Failure { message: message() },
        HookProblem::Broken { message: message() },
        HookProblem::Skip {
            reason: "no orders here".to_owned(),
        },
    ];
    let all = all.map(|problem| told(&ended(problem))).join("\n");
    insta::assert_snapshot!(all, @r#"
    failed
    failed[assertion]: order 7 is missing
      --> /clients/alice/steps/0/after:1:8
    detail: asserted by step "alice.read"

    failed
    failed[hook-failed]: order 7 is missing
      --> /clients/alice/steps/0/after:1:8
    detail: said by step "alice.read"

    failed
    failed[hook-broken]: a hook of step "alice.read" broke: order 7 is missing
      --> /clients/alice/steps/0/after:1:8

    skipped
    skipped[skipped]: no orders here
      --> /clients/alice/steps/0/after:1:8
    "#);
}

#[test]
fn a_broken_world_is_told_with_what_was_wrong_before() {
    let yaml = with_steps(
        "[{ step: put, sql: UPDATE a, affected: 1 }]",
        "[{ errors: none }]",
    );
    let verdict = judged(&yaml, |log| {
        log.step("alice.put", None, "UPDATE a", tag("UPDATE", 0));
        log.log.end = CaseEnd::Broke(Box::new(Breakage {
            code: "timeout".to_owned(),
            message: "the case did not end within 30 s".to_owned(),
            detail: Some("client \"alice\" is idle after step \"put\"".to_owned()),
            hint: Some("raise \"timeout\"".to_owned()),
            ..Breakage::default()
        }));
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    errored
    errored[timeout]: the case did not end within 30 s
      --> 
    detail: client "alice" is idle after step "put"
    hint: raise "timeout"
    failed[wrong-row-count]: step "alice.put" changed 0 rows, expected exactly 1
      --> /clients/alice/steps/0/affected  ^ changed 0 rows
    "#);
}

#[test]
fn a_load_of_which_one_part_was_skipped_is_errored_and_the_rest_is_judged() {
    let case = case(
        "
name: Load
clients: { shopper: { steps: [{ step: look, sql: SELECT 1 }] } }
load: { transactions: 2, users: 2 }
expect: [{ check: throughput(\"shopper\").count == 2 }]
",
    );
    let of = |index: u32, end: CaseEnd| {
        let mut latency = Histogram::default();
        latency.record(Duration::from_millis(1));
        let tally = ClientTally {
            client: "shopper".to_owned(),
            latency,
            steps: vec![StepTally {
                step: "look".to_owned(),
                ..StepTally::default()
            }],
            ..ClientTally::default()
        };
        let load = (end == CaseEnd::Ran).then(|| LoadLog {
            users: 1,
            measured: Micros(1_000_000),
            clients: vec![tally],
            ..LoadLog::default()
        });
        let log = CaseLog {
            load: load.map(Box::new),
            ..CaseLog::new(case.id.clone(), end)
        };
        let run = RunFacts {
            shard: Some(Shard { index, of: 2 }),
            ..RunFacts::default()
        };
        PartialRun {
            name: index.to_string(),
            log: RunLog {
                run,
                cases: vec![log],
            },
        }
    };
    let skipped = |reason: &str| CaseEnd::Skipped {
        reason: reason.to_owned(),
    };
    let judged = |ends: [CaseEnd; 2]| {
        let [first, second] = ends;
        let merged = merge(vec![of(1, first), of(2, second)]).unwrap();
        let MergedCase { log, parts } = &merged.cases[0];
        told(&judge_parts(&case, log, parts, &Terms::default()))
    };
    let one = judged([skipped("no room"), CaseEnd::Ran]);
    let told =
        "errored\nerrored[part-skipped]: part 1/2 of the load was skipped: no room\n  --> \nhint: ";
    assert!(one.starts_with(told), "{one}");
    assert!(one.contains("\nfailed[check]: "), "{one}");
    let both = judged([skipped("no room"), skipped("no seats")]);
    let told = "skipped\nskipped[skipped]: no room\n  --> \nskipped[skipped]: no seats\n  --> \n";
    assert_eq!(both, told);
}

fn verdict(outcomes: &[FindingKind]) -> Verdict {
    let case = case("name: Case");
    let cases = outcomes.iter().map(|kind| {
        let finding = Finding::new(*kind, "code", "words");
        CaseVerdict::new(case.id.clone(), vec![finding], Default::default())
    });
    Verdict {
        cases: cases.collect(),
        interrupted: None,
    }
}

#[test]
fn of_several_exit_statuses_the_gravest_counts() {
    use FindingKind::*;
    let status = |kinds: &[FindingKind]| verdict(kinds).exit_status(Skips::Allowed).code();
    assert_eq!(status(&[]), 0);
    assert_eq!(status(&[Note, Skipped]), 0);
    assert_eq!(status(&[Note, Worse]), 5);
    assert_eq!(status(&[Worse, Vacuous]), 1);
    assert_eq!(status(&[Worse, Failed]), 1);
    assert_eq!(status(&[Failed, Errored]), 4);
    let mut interrupted = verdict(&[Errored]);
    interrupted.interrupted = Some("SIGINT".to_owned());
    assert_eq!(interrupted.exit_status(Skips::Allowed).code(), 130);
    assert_eq!(verdict(&[Skipped]).exit_status(Skips::Refused).code(), 1);
}

#[test]
fn a_run_is_counted_case_by_case_and_told_by_importance() {
    use FindingKind::*;
    let verdict = verdict(&[Note, Worse, Skipped, Vacuous, Failed, Errored]);
    let counts = verdict.counts();
    assert_eq!((counts.passed, counts.worse, counts.skipped), (2, 1, 1));
    let order: Vec<Outcome> = verdict
        .most_important_first()
        .iter()
        .map(|case| case.outcome)
        .collect();
    use Outcome as O;
    assert_eq!(
        order,
        [
            O::Errored,
            O::Failed,
            O::Vacuous,
            O::Skipped,
            O::Passed,
            O::Passed
        ]
    );
}

#[test]
fn a_run_is_judged_case_by_case() {
    let plan = Plan {
        cases: vec![std::sync::Arc::new(case("name: Case"))],
    };
    let log = RunLog {
        run: RunFacts {
            interrupted: Some("SIGTERM".to_owned()),
            ..RunFacts::default()
        },
        cases: vec![LogBuilder::of(&plan.cases[0]).log],
    };
    let verdict = judge(&plan, &log, &Terms::default());
    assert_eq!(verdict.cases[0].outcome, Outcome::Vacuous);
    assert_eq!(verdict.exit_status(Skips::Allowed), ExitStatus::Interrupted);
}

#[test]
fn a_case_over_which_pgauge_itself_breaks_is_errored() {
    let case = case(LOST_UPDATE);
    let log = LogBuilder::of(&case);
    let verdict = or_errored(&log.log, || panic!("no entry found for key"));
    assert_eq!(verdict.outcome, Outcome::Errored);
    assert_eq!(
        verdict.findings[0].primary,
        "pgauge itself broke while it judged this case: no entry found for key"
    );
}
