//! What is wrong with a load, and which of its errors may happen.

use super::*;
use crate::record::{
    Histogram, LoadLog, Micros,
    load::{ClientTally, ErrorTally, StepTally},
};
use std::time::Duration;

/// A shopper who picks and pays, with what is expected of the load.
fn shop(expect: &str) -> String {
    format!(
        "
name: Shop
clients:
  shopper: {{ steps: [{{ step: pick, sql: SELECT 1 }}, {{ step: pay, sql: INSERT }}] }}
load: {{ transactions: 20, users: 1 }}
expect: {expect}
"
    )
}

/// Of 20 executions of each step so many met an error of a kind; so many of those nobody expected, and so many ended the
/// transaction.
struct Met {
    step: &'static str,
    code: &'static str,
    count: u64,
    unexpected: u64,
    fatal: u64,
}

const PAY_FAILED: Met = Met {
    step: "pay",
    code: "23505",
    count: 20,
    unexpected: 20,
    fatal: 20,
};

const PAY_PASSED_OVER: Met = Met {
    fatal: 0,
    ..PAY_FAILED
};

const PICK_TRIED_AGAIN: Met = Met {
    step: "pick",
    code: "40001",
    count: 3,
    unexpected: 0,
    fatal: 0,
};

fn histogram(count: u64) -> Histogram {
    let mut histogram = Histogram::default();
    for _ in 0..count {
        histogram.record(Duration::from_millis(1));
    }
    histogram
}

fn shopped(met: &[Met]) -> LoadLog {
    let mut tally = ClientTally {
        client: "shopper".to_owned(),
        ..ClientTally::default()
    };
    for name in ["pick", "pay"] {
        let mut step = StepTally {
            step: name.to_owned(),
            ..StepTally::default()
        };
        for met in met.iter().filter(|met| met.step == name) {
            let error = |count| ErrorTally {
                count,
                fatal: met.fatal,
                step: None,
                first: error(met.code, "no").error.unwrap(),
            };
            let code = met.code.to_owned();
            tally.errors.insert(code.clone(), error(met.count));
            step.errors.insert(code.clone(), met.count);
            if met.unexpected > 0 {
                step.unexpected.insert(code, error(met.unexpected));
            }
        }
        step.latency = histogram(20 - step.errors.values().sum::<u64>());
        tally.steps.push(step);
    }
    let failed = met.iter().map(|met| met.fatal).sum();
    tally.failed = histogram(failed);
    tally.latency = histogram(20 - failed);
    let went_on = met.iter().filter(|met| met.unexpected > met.fatal);
    tally.despite_errors = went_on.map(|met| met.count).sum();
    let tried_again = met.iter().filter(|met| met.unexpected == 0);
    tally.retries = tried_again.map(|met| met.count).sum();
    LoadLog {
        measured: Micros(1_000_000),
        clients: vec![tally],
        ..LoadLog::default()
    }
}

fn of_load(expect: &str, met: &[Met]) -> String {
    let verdict = judged(&shop(expect), |log| {
        log.log.load = Some(Box::new(shopped(met)));
    });
    told(&verdict)
}

#[test]
fn an_expectation_that_names_a_step_allows_errors_of_that_step_only() {
    for expect in [
        "[errors: { of: shopper.pay, rate: 100% }]",
        "[errors: { of: shopper.pay, only: [unique_violation] }]",
        "[errors: { of: shopper, rate: 100% }]",
        "[errors: { count: 20 }]",
    ] {
        assert_eq!(of_load(expect, &[PAY_FAILED]), "passed\n", "{expect}");
    }
    let all = [
        "[errors: { of: shopper.pick, rate: 1% }]",
        "[errors: { of: shopper.pick, only: [unique_violation] }]",
    ];
    let all = all.map(|expect| of_load(expect, &[PAY_FAILED])).join("\n");
    insta::assert_snapshot!(all, @r#"
    failed
    failed[unexpected-error]: unique_violation (23505) ended 20 transactions of "shopper", which nobody expected
      --> /clients/shopper/steps/1  ^ no
    detail: it happened in step "shopper.pay"
    hint: say how many are right: errors: { of: shopper, rate: 1% }, or have them tried again with retry

    failed
    failed[unexpected-error]: unique_violation (23505) ended 20 transactions of "shopper", which nobody expected
      --> /clients/shopper/steps/1  ^ no
    detail: it happened in step "shopper.pay"
    hint: say how many are right: errors: { of: shopper, rate: 1% }, or have them tried again with retry
    "#);
}

#[test]
fn an_error_that_the_script_passes_over_is_as_unexpected_as_one_that_ends_it() {
    let nothing = "[{ throughput: { rate: 1/s } }]";
    insta::assert_snapshot!(of_load(nothing, &[PAY_PASSED_OVER]), @r#"
    failed
    failed[unexpected-error]: step "shopper.pay" got unique_violation (23505) 20 times, which nobody expected
      --> /clients/shopper/steps/1  ^ no
    hint: say how many are right: errors: { of: shopper.pay, rate: 1% }; on_error only says that the script goes on
    "#);
    let only = "[errors: { only: [unique_violation] }]";
    assert_eq!(of_load(only, &[PAY_PASSED_OVER]), "passed\n");
    // Where somebody says how many passes may meet one, those that went on count as well.
    let rate = "[errors: { of: shopper, rate: 1% }]";
    insta::assert_snapshot!(of_load(rate, &[PAY_PASSED_OVER]), @r#"
    failed
    failed[errors]: 100.0% of 20 passes met an error, expected at most 1%
      --> /expect/0/errors/rate
    detail: 20 of unique_violation (23505)
    "#);
}

#[test]
fn only_the_kinds_that_may_happen_may_be_tried_again() {
    for expect in [
        "[errors: { only: [serialization_failure] }]",
        "[errors: { of: shopper.pay, only: [deadlock_detected] }]",
        "[{ throughput: { rate: 1/s } }]",
    ] {
        assert_eq!(of_load(expect, &[PICK_TRIED_AGAIN]), "passed\n", "{expect}");
    }
    let only = "[errors: { of: shopper, only: [deadlock_detected, lock_not_available] }]";
    insta::assert_snapshot!(of_load(only, &[PICK_TRIED_AGAIN]), @r#"
    failed
    failed[errors]: step "shopper.pick" got serialization_failure (40001), expected only deadlock_detected or lock_not_available
      --> /expect/0/errors/only
    detail: 3 errors of other kinds; a step, a retry or another expectation that allows one does not add its kind to "only"
    "#);
    // Nothing is told twice.
    insta::assert_snapshot!(of_load(only, &[PAY_FAILED]), @r#"
    failed
    failed[unexpected-error]: unique_violation (23505) ended 20 transactions of "shopper", which nobody expected
      --> /clients/shopper/steps/1  ^ no
    detail: it happened in step "shopper.pay"
    hint: say how many are right: errors: { of: shopper, rate: 1% }, or have them tried again with retry
    "#);
}
