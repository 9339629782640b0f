//! What `expect` and `queries` say.

use super::*;
use crate::{
    record::{
        Histogram, LoadLog, Micros,
        load::{ClientTally, StepTally},
    },
    schedule::PlanOptions,
};

#[test]
fn statements_after_the_clients_are_compared_by_value_and_rows() {
    let yaml = "
name: Case
expect:
  - { sql: SELECT sum(balance) FROM accounts, value: 2000 }
  - { sql: SELECT 1 ORDER BY 1, rows: [[1], [2]] }
  - { sql: SELECT 1, empty: true }
  - { sql: SELECT 1, row_count: { at_least: 3 } }
  - { sql: SELEC, value: null }
";
    let verdict = judged(yaml, |log| {
        let sum = Value::Numeric("1990.00".parse().unwrap());
        log.probe("/expect/0", rows(&["sum"], &[vec![sum]]));
        log.probe("/expect/1", ids([2, 1]));
        log.probe("/expect/2", ids([7, 8]));
        log.probe("/expect/3", ids([7, 8]));
        let mut refused = error("42601", "syntax error at or near \"SELEC\"");
        refused.error.as_mut().unwrap().position = Some(1);
        log.probe("/expect/4", refused);
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    failed
    failed[wrong-rows]: the statement returned numeric <1990.00>, expected integer <2000>
      --> /expect/0/value  ^ returned numeric <1990.00>
    detail: SELECT sum(balance) FROM accounts
    - 2000
    + 1990.00
    failed[wrong-rows]: the statement returned other rows than expected
      --> /expect/1/rows  ^ the rows differ
    detail: SELECT 1 ORDER BY 1
    the rows came in another order, first at row 1:
    - 1
    + 2
    failed[wrong-rows]: the statement returned 2 rows, expected none
      --> /expect/2/empty
    detail: SELECT 1
    + 7
    + 8
    failed[wrong-row-count]: the statement returned 2 rows, expected at least 3
      --> /expect/3/row_count  ^ returned 2 rows
    detail: SELECT 1
    failed[query-error]: the statement failed with syntax_error (42601)
      --> /expect/4@1  ^ syntax error at or near "SELEC"
    "#);
    passed(yaml, |log| {
        let sum = Value::Numeric("2000.00".parse().unwrap());
        log.probe("/expect/0", rows(&["sum"], &[vec![sum]]));
        log.probe("/expect/1", ids([1, 2]));
        log.probe("/expect/2", ids([]));
        log.probe("/expect/3", ids([7, 8, 9]));
        log.probe("/expect/4", rows(&["x"], &[vec![Value::Null]]));
    });
}

#[test]
fn a_step_of_expect_must_have_waited_as_said() {
    let yaml = |waited: &str| {
        let plain = LOST_UPDATE.replace("{ waits_for: alice }", "{ waits: true }");
        format!("{plain}expect: [{{ step: bob.update, waited: {waited} }}]")
    };
    let waits = |log: &mut LogBuilder| bob_waits(log, 3, "alice");
    passed(&yaml("{ for: alice, at_most: 20ms, at_least: 5ms }"), waits);
    passed(&yaml("true"), waits);
    let long = judged(&yaml("{ for: alice, at_most: 10ms }"), waits);
    let not = judged(&yaml("false"), waits);
    let other = judged(&yaml("{ for: carol }"), waits);
    let all = [long, not, other].map(|verdict| told(&verdict)).join("\n");
    insta::assert_snapshot!(all, @r#"
    failed
    failed[waited-too-long]: step "bob.update" waited 12 ms, expected at most 10ms
      --> /expect/0/waited  ^ waited 12 ms for "alice" (ShareLock on a transaction)

    failed
    failed[unexpected-wait]: step "bob.update" waited, and was expected not to
      --> /expect/0/waited  ^ waited 12 ms for "alice" (ShareLock on a transaction)

    vacuous
    vacuous[never-waited]: step "bob.update" was expected to wait for "carol" but waited for "alice"
      --> /expect/0/waited  ^ waited 12 ms for "alice" (ShareLock on a transaction)
    hint: if that is meant, write "waits_for" with "alice"
    "#);
}

const DEADLOCK: &str = "
name: Deadlock
clients:
  alice: { steps: [{ step: credit, sql: UPDATE a }] }
  bob:
    settings: { deadlock_timeout: 10ms }
    steps: [{ step: credit, sql: UPDATE a }]
";

fn deadlock(log: &mut LogBuilder) {
    log.connected("alice", 11);
    log.connected("bob", 12);
    let mut alice = log.launch("alice.credit", None);
    log.send("alice", &mut alice, "UPDATE a", &[], SentBy::Step);
    log.waiting("alice", &alice, &[("bob", 12)]);
    let mut bob = log.launch("bob.credit", None);
    log.send("bob", &mut bob, "UPDATE a", &[], SentBy::Step);
    log.waiting("bob", &bob, &[("alice", 11)]);
    log.goes_on("bob", &bob, 11_500);
    log.reply("bob", &bob, error("40P01", "deadlock detected"));
    let end = StepEnd::Error {
        code: "40P01".to_owned(),
    };
    log.complete("bob.credit", &bob, end);
    log.pass_time(40_000);
    log.goes_on("alice", &alice, 60_000);
    log.reply("alice", &alice, tag("UPDATE", 1));
    log.complete("alice.credit", &alice, StepEnd::Done);
}

#[test]
fn a_deadlock_is_judged_by_victims_detection_and_recovery() {
    let yaml = |facts: &str| format!("{DEADLOCK}expect: [{{ deadlock: {facts} }}]");
    passed(
        &yaml("{ victims: 1, victim: bob, detection: { between: [10ms, 12ms] }, recovery: 50ms }"),
        deadlock,
    );
    let wrong = judged(
        &yaml("{ victims: 2, victim: alice, detection: 5ms, recovery: 10ms }"),
        deadlock,
    );
    let none = judged(&yaml("none"), deadlock);
    let nothing = judged(&yaml("{ recovery: 1s }"), |_| ());
    let all = [wrong, none, nothing]
        .map(|verdict| told(&verdict))
        .join("\n");
    insta::assert_snapshot!(all, @r#"
    failed
    failed[deadlock]: 1 session cancelled for a deadlock, expected exactly 2
      --> /expect/0/deadlock/victims
    detail: "bob" waited for "alice", "alice" waited for "bob"
    failed[deadlock]: client "bob" was the victim of the deadlock, expected "alice"
      --> /expect/0/deadlock/victim
    detail: "bob" waited for "alice", "alice" waited for "bob"
    hint: the victim is the one whose deadlock_timeout runs out first: give "alice" 10ms and the other 10s
    failed[detection]: the deadlock was found after 11.5 ms, expected at most 5ms
      --> /expect/0/deadlock/detection
    detail: deadlock_timeout of "bob" is 10 ms
    failed[recovery]: recovery from the deadlock took 42 ms, expected at most 10ms
      --> /expect/0/deadlock/recovery
    detail: "alice" went on after 42 ms

    failed
    failed[deadlock]: 1 deadlock happened, expected none
      --> /expect/0/deadlock  ^ client "bob" was cancelled
    detail: "bob" waited for "alice", "alice" waited for "bob"
    hint: lock rows and tables in the same order everywhere

    vacuous
    vacuous[no-deadlock]: no deadlock happened, so that there was nothing to look at
      --> /expect/0/deadlock
    "#);
}

#[test]
fn a_percentile_of_too_few_samples_is_vacuous_and_a_slow_one_fails() {
    let yaml = |steps: &str| {
        with_steps(
            "[{ step: read, sql: SELECT 1 }]",
            &format!("[{{ latency: {steps} }}]"),
        )
    };
    let reads = |log: &mut LogBuilder| {
        for iteration in 1..=20 {
            log.iteration = iteration;
            log.step("alice.read", None, "SELECT 1", ids([1]));
        }
    };
    passed(
        &yaml("{ of: alice.read, p95: 1ms, max: { at_least: 1ms } }"),
        reads,
    );
    let slow = judged(&yaml("{ of: alice.read, p50: 500us, p99: 2ms }"), reads);
    let never = judged(&yaml("{ of: alice.read, p50: 1ms }"), |_| ());
    let all = [slow, never].map(|verdict| told(&verdict)).join("\n");
    insta::assert_snapshot!(all, @r#"
    failed
    failed[latency]: p50 of "alice.read" is 1 ms, expected at most 500us
      --> /expect/0/latency/p50  ^ p50 is 1 ms
    detail: 20 samples: p50 1 ms, p90 1 ms, p95 1 ms, max 1 ms
    vacuous[too-few-samples]: 20 samples of "alice.read" are too few to tell a p99
      --> /expect/0/latency/p99  ^ needs 100 samples
    hint: have it run more often, by "iterations", "count" or "repeat", or bound "max" instead

    vacuous
    vacuous[never-ran]: step "alice.read" never ran
      --> /expect/0/latency/of
    hint: drop the expectation, or have it run
    "#);
}

#[test]
fn queries_are_held_to_their_budgets_or_to_that_of_the_suite() {
    let yaml = "
name: Budgets
queries:
  login: { sql: SELECT 1, repeat: 20, budget: { p50: 2ms, p99: 3ms } }
  page: { sql: SELECT 1, budget: 1ms }
  other: { sql: SELECT 1 }
  unseen: { sql: SELECT 1, budget: 1ms }
";
    let options = PlanOptions {
        slow_query: Some("4ms".parse().unwrap()),
        ..PlanOptions::default()
    };
    let case = case_with(yaml, &options);
    let mut log = LogBuilder::of(&case);
    log.query("login", 20, 4_000);
    log.query("page", 1, 900);
    log.query("other", 1, 5_000);
    let verdict = judge_case(&case, &log.log, &Terms::default());
    insta::assert_snapshot!(told(&verdict), @r#"
    failed
    failed[latency]: p50 of "login" is 4 ms, expected at most 2ms
      --> /queries/login/budget/p50  ^ p50 is 4 ms
    detail: 20 samples: p50 4 ms, p90 4 ms, p95 4 ms, max 4 ms
    failed[latency]: max of "other" is 5 ms, expected at most 4ms
      --> /queries/other  ^ max is 5 ms
    detail: 1 sample: max 5 ms
    hint: this is the suite's "slow_query" threshold; give the query a "budget" of its own
    vacuous[too-few-samples]: 20 samples of "login" are too few to tell a p99
      --> /queries/login/budget/p99  ^ needs 100 samples
    hint: have it run more often, by "iterations", "count" or "repeat", or bound "max" instead
    vacuous[never-ran]: query "unseen" never ran
      --> /queries/unseen
    hint: drop the expectation, or have it run
    "#);
}

#[test]
fn errors_are_judged_by_number_rate_and_kind() {
    let yaml = |errors: &str| {
        with_steps(
            "[{ step: put, sql: INSERT, error: unique_violation }]",
            &format!("[{{ errors: {errors} }}]"),
        )
    };
    let puts = |log: &mut LogBuilder| {
        for iteration in 1..=4 {
            log.iteration = iteration;
            log.step("alice.put", None, "INSERT", error("23505", "duplicate"));
        }
    };
    passed(
        &yaml("{ of: alice, rate: 100%, count: 4, only: [unique_violation] }"),
        puts,
    );
    let wrong = judged(
        &yaml("{ of: alice.put, rate: 50%, count: 3, only: [deadlock_detected] }"),
        puts,
    );
    let none = judged(&yaml("none"), puts);
    let never = judged(&yaml("{ of: alice, rate: 1% }"), |_| ());
    let all = [wrong, none, never]
        .map(|verdict| told(&verdict))
        .join("\n");
    insta::assert_snapshot!(all, @r#"
    failed
    failed[errors]: 100.0% of 4 executions met an error, expected at most 50%
      --> /expect/0/errors/rate
    detail: 4 of unique_violation (23505)
    failed[errors]: 4 errors happened, expected exactly 3
      --> /expect/0/errors/count
    detail: 4 of unique_violation (23505)
    failed[errors]: step "alice.put" got unique_violation (23505), expected only deadlock_detected
      --> /expect/0/errors/only

    failed
    failed[errors]: 4 errors happened, expected none
      --> /expect/0/errors
    detail: the first was unique_violation (23505) in step "alice.put"; that a step, the order or a retry expects it does not make it none

    vacuous
    vacuous[never-ran]: client "alice" never ran a step
      --> /expect/0/errors/of
    hint: drop the expectation, or have it run
    vacuous[never-ran]: step "alice.put" never ran, so that nothing held it to what it says
      --> /clients/alice/steps/0
    hint: have it run, or take out what it says of itself
    "#);
}

const PAGE: &str = "
name: A page
clients:
  page:
    steps:
      - { step: list, sql: SELECT user_id FROM orders }
      - { step: owner, sql: SELECT name FROM users WHERE id = $1, for_each: list }
";

fn page(log: &mut LogBuilder) {
    log.step("page.list", None, "SELECT user_id FROM orders", ids(0..40));
    let by = |row| SentBy::ForEach {
        of: "list".to_owned(),
        row,
    };
    let users: Vec<i64> = (0..40).collect();
    log.looped(
        "page.owner",
        by,
        "SELECT name FROM users WHERE id = $1",
        &users,
    );
}

#[test]
fn n_plus_one_is_a_note_until_an_expectation_speaks_of_it() {
    let yaml = |expect: &str| format!("{PAGE}expect: {expect}");
    passed(
        &yaml("[{ n_plus_one: { of: page, found: 1, multiplier: 40 } }]"),
        page,
    );
    passed(&yaml("[{ n_plus_one: { allow: 1 } }]"), page);
    let note = judged(&yaml("[{ statements: { of: page, count: 41 } }]"), page);
    let none = judged(&yaml("[{ n_plus_one: none }]"), page);
    let other = judged(
        &yaml("[{ n_plus_one: { found: 2, multiplier: { at_most: 10 } } }]"),
        page,
    );
    let silent = judged(
        &yaml("[{ n_plus_one: none }, { n_plus_one: { of: page } }]"),
        |_| (),
    );
    let all = [note, none, other, silent]
        .map(|verdict| told(&verdict))
        .join("\n");
    insta::assert_snapshot!(all, @r#"
    passed
    note[n-plus-one]: step "page.owner" sent 40 statements for the 40 rows of step "page.list"
      --> /clients/page/steps/1  ^ 40 statements, one would do
    detail: repeated: select name from users where id = $1
    parent: select user_id from orders
    hint: ask once for all 40 values: SELECT id, name FROM users WHERE id = ANY($1)
    hint: or join "users" to "orders" in the first statement
    hint: "n_plus_one: none" in "expect" makes this a failure

    failed
    failed[n-plus-one]: step "page.owner" sent 40 statements for the 40 rows of step "page.list"
      --> /clients/page/steps/1  ^ 40 statements, one would do
      ::: /expect/0/n_plus_one  - none is allowed here
    detail: repeated: select name from users where id = $1
    parent: select user_id from orders
    hint: ask once for all 40 values: SELECT id, name FROM users WHERE id = ANY($1)
    hint: or join "users" to "orders" in the first statement

    failed
    failed[n-plus-one]: 1 N+1 repetition found, expected exactly 2
      --> /expect/0/n_plus_one/found
    detail: step "page.owner": 40 statements
    failed[n-plus-one]: 40 statements beyond their parents, expected at most 10
      --> /expect/0/n_plus_one/multiplier
    detail: step "page.owner": 40 statements

    vacuous
    vacuous[no-reads]: no client sent a read, so that none could be repeated
      --> /expect/0/n_plus_one
    vacuous[no-reads]: client "page" never sent a read, so that none could be repeated
      --> /expect/1/n_plus_one
    "#);
}

#[test]
fn statements_are_counted_per_pass_and_per_case() {
    let yaml =
        |expect: &str| format!("{PAGE}expect: [n_plus_one: {{ allow: 9 }}, statements: {expect}]");
    let twice = |log: &mut LogBuilder| {
        page(log);
        log.iteration = 2;
        log.step("page.list", None, "SELECT user_id FROM orders", ids(0..40));
    };
    passed(&yaml("{ of: page.list, count: 1 }"), twice);
    passed(&yaml("{ of: page, per: case, count: 42 }"), twice);
    let wrong = judged(&yaml("{ of: page, count: { at_most: 20 } }"), twice);
    let all = judged(&yaml("{ of: page, per: case, count: 41 }"), twice);
    let all = [wrong, all].map(|verdict| told(&verdict)).join("\n");
    insta::assert_snapshot!(all, @r#"
    failed
    failed[statements]: "page" sent 41 statements in a pass, expected at most 20
      --> /expect/1/statements/count  ^ sent 41
    detail: pass 1 of "page" (in 1 of 2 passes): list 1, owner 40

    failed
    failed[statements]: "page" sent 42 statements in all, expected exactly 41
      --> /expect/1/statements/count  ^ sent 42
    "#);
}

#[test]
fn a_check_that_fails_says_what_each_call_gave() {
    let yaml = |check: &str| {
        with_steps(
            "[{ step: read, sql: SELECT 1 }]",
            &format!("[{{ check: '{check}' }}]"),
        )
    };
    let reads = |log: &mut LogBuilder| {
        for _ in 0..4 {
            log.step("alice.read", None, "SELECT 1", ids([1]));
        }
        log.note(EventKind::Measured {
            client: id("alice"),
            step: None,
            name: "total".to_owned(),
            value: 2.5,
        });
    };
    passed(
        &yaml("statements(\"alice\").count == 4 && measure(\"total\").last == 2.5"),
        reads,
    );
    let fails = judged(
        &yaml("latency(\"alice.read\").p50 < 0.5 * latency(\"alice.read\").max"),
        reads,
    );
    let vacuous = judged(&yaml("latency(\"alice.read\").p99 < 3.0"), reads);
    let broken = judged(&yaml("errors(\"alice\").count + 1"), reads);
    let all = [fails, vacuous, broken]
        .map(|verdict| told(&verdict))
        .join("\n");
    insta::assert_snapshot!(all, @r#"
    failed
    failed[check]: the check does not hold
      --> /expect/0/check
    detail: latency("alice.read").p50 is 1
    latency("alice.read").max is 1

    vacuous
    vacuous[too-few-samples]: latency("alice.read").p99 had nothing, or too little, to look at
      --> /expect/0/check
    detail: latency("alice.read").p99 is not known
    hint: a p50 needs 2 samples, a p90 10, a p95 20, a p99 100, a p999 1000

    failed
    failed[check]: the check broke: a check must be true or false, not integer <1>
      --> /expect/0/check:1:1
    "#);
}

#[test]
fn an_order_is_red_only_where_all_its_serial_orders_were_tried() {
    let yaml = with_steps(
        "[{ step: read, sql: SELECT 1 }]",
        "[{ serializable: true }]",
    );
    let check = |transactions: usize, tried_of_more| {
        let differs = |number: usize| SerialDifference {
            order: vec![number, 0],
            transaction: Some(0),
            what: "a.read".to_owned(),
            seen: number.to_string(),
            serial: "0".to_owned(),
        };
        let check = SerialCheck {
            transactions: (0..transactions).map(|at| format!("t{at}")).collect(),
            equals: None,
            differences: match tried_of_more {
                Some(_) => Vec::new(),
                None => (0..transactions).map(differs).collect(),
            },
            tried_of_more,
        };
        let verdict = judged(&yaml, |log| {
            log.step("alice.read", None, "SELECT 1", ids([1]));
            log.log.serial = Some(check.clone());
        });
        told(&verdict)
    };
    let all = [check(12, None), check(8, Some(5_040))].join("\n");
    insta::assert_snapshot!(all, @r"
    failed
    failed[not-serializable]: no serial order of t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10 and t11 comes to the same
      --> /expect/0/serializable
    detail: not t0 < t0: a.read returned 0, and in that serial order 0
    not t1 < t0: a.read returned 1, and in that serial order 0
    not t2 < t0: a.read returned 2, and in that serial order 0
    not t3 < t0: a.read returned 3, and in that serial order 0
    not t4 < t0: a.read returned 4, and in that serial order 0
    not t5 < t0: a.read returned 5, and in that serial order 0
    not t6 < t0: a.read returned 6, and in that serial order 0
    not t7 < t0: a.read returned 7, and in that serial order 0
    not t8 < t0: a.read returned 8, and in that serial order 0
    not t9 < t0: a.read returned 9, and in that serial order 0
    … 2 more
    hint: serializable isolation with a retry, or a lock on what was read (FOR UPDATE, an advisory lock, a constraint), lets one of them go first

    vacuous
    vacuous[never-compared]: there are too many serial orders of 8 transactions: none of the 5,040 that were tried comes to the same
      --> /expect/0/serializable
    hint: compare fewer transactions: leave out clients, or steps
    ");
}

#[test]
fn no_errors_of_a_step_that_a_load_never_took_are_vacuous() {
    let yaml = |check: &str| {
        format!(
            "name: Load
clients:
  shopper: {{ steps: [{{ step: pick, sql: SELECT 1 }}, {{ step: rare, sql: SELECT 2, when: iteration > 9 }}] }}
load: {{ transactions: 3 }}
expect: [{{ check: '{check}' }}]
"
        )
    };
    let loaded = |log: &mut LogBuilder| {
        let mut latency = Histogram::default();
        for _ in 0..3 {
            latency.record_micros(Micros(1_000));
        }
        let step = |step: &str, latency: Histogram| StepTally {
            step: step.to_owned(),
            latency,
            ..StepTally::default()
        };
        let steps = vec![
            step("pick", latency.clone()),
            step("rare", Histogram::default()),
        ];
        log.log.load = Some(Box::new(LoadLog {
            measured: Micros(3_000),
            clients: vec![ClientTally {
                client: "shopper".to_owned(),
                latency,
                steps,
                ..ClientTally::default()
            }],
            ..LoadLog::default()
        }));
    };
    passed(&yaml("errors(\"shopper.pick\").count == 0"), loaded);
    for check in [
        "errors(\"shopper.rare\").count == 0",
        "errors(\"shopper.rare\").rate < 0.5",
    ] {
        let told = told(&judged(&yaml(check), loaded));
        assert!(
            told.starts_with("vacuous\nvacuous[too-few-samples]: errors"),
            "{told}"
        );
    }
}
