//! Measured traffic on a server that answers at once: everything is counted, once.

use super::{Nobody, carry_out, plan};
use crate::record::{CaseEnd, LoadLog, load::LoadEnd};

fn load(yaml: &str) -> LoadLog {
    let log = carry_out(&plan(yaml), &Nobody);
    assert_eq!(log.cases[0].end, CaseEnd::Ran);
    *log.cases[0].load.clone().unwrap()
}

#[test]
fn as_many_transactions_are_measured_as_are_asked_for_whoever_makes_them() {
    let log = load(
        "name: counted
clients:
  one: { steps: [begin, { step: read, sql: SELECT 1 }, commit] }
  other: { steps: [{ step: write, sql: UPDATE }] }
load: { transactions: 1000, users: 7, mix: { one: 1, other: 3 } }
",
    );
    let [one, other] = log.clients.as_slice() else {
        panic!("{:?}", log.clients)
    };
    let counts = (one.latency.count(), other.latency.count());
    assert_eq!(counts.0 + counts.1, 1000);
    assert!(counts.1 > counts.0, "{counts:?}");
    for step in &one.steps {
        assert_eq!(step.latency.count(), counts.0, "{}", step.step);
    }
    let of_intervals = log.intervals.iter().flat_map(|interval| &interval.clients);
    assert_eq!(
        of_intervals.map(|tally| tally.latency.count()).sum::<u64>(),
        1000
    );
    assert_eq!((log.users, log.end), (7, LoadEnd::Complete));
}

#[test]
fn the_same_seed_draws_the_same_mix() {
    let yaml = "name: mixed
random_seed: 5
clients:
  one: { steps: [{ sql: SELECT 1 }] }
  other: { steps: [{ sql: SELECT 2 }] }
load: { transactions: 500, users: 1, mix: { one: 1, other: 1 } }
";
    let counts = |log: LoadLog| -> Vec<u64> {
        let clients = log.clients.iter();
        clients.map(|tally| tally.latency.count()).collect()
    };
    assert_eq!(counts(load(yaml)), counts(load(yaml)));
}

#[test]
fn errors_are_counted_by_code_and_do_not_end_the_load() {
    let log = load(
        "name: errors
clients:
  one: { steps: [{ step: read, sql: SELECT 1 }, { step: write, sql: FAIL 23505 }] }
load: { transactions: 20, users: 2 }
",
    );
    let tally = &log.clients[0];
    assert_eq!((tally.latency.count(), tally.failed.count()), (0, 20));
    let error = &tally.errors["23505"];
    assert_eq!((error.count, error.fatal), (20, 20));
    assert_eq!(error.step.as_deref(), Some("write"));
    assert_eq!(tally.steps[0].latency.count(), 20);
    assert_eq!(tally.steps[1].errors["23505"], 20);
}

#[test]
fn a_transaction_is_tried_again_and_counts_once() {
    let log = load(
        "name: again
clients:
  one: { steps: [begin, { step: write, sql: ODD 40001 }, commit] }
load: { transactions: 10, users: 1, retry: { errors: [serialization_failure], tries: 2 } }
",
    );
    let tally = &log.clients[0];
    assert_eq!((tally.latency.count(), tally.failed.count()), (10, 0));
    assert_eq!((tally.retries, tally.gave_up), (10, 0));
    let error = &tally.errors["40001"];
    assert_eq!((error.count, error.fatal), (10, 0));
}

#[test]
fn what_is_tried_again_is_so_whatever_the_script_does_after_other_errors() {
    for on_error in ["continue", "rollback"] {
        let log = load(&format!(
            "name: again
clients:
  one: {{ on_error: {on_error}, steps: [begin, {{ step: write, sql: ODD 40001 }}, commit] }}
load: {{ transactions: 10, users: 1, retry: {{ errors: [serialization_failure], tries: 2 }} }}
"
        ));
        let tally = &log.clients[0];
        assert_eq!((tally.latency.count(), tally.retries), (10, 10));
    }
}

#[test]
fn who_tried_as_often_as_allowed_gave_up() {
    let log = load(
        "name: gave up
clients:
  one: { steps: [{ step: write, sql: FAIL 40P01 }] }
load: { transactions: 3, users: 1, retry: { errors: [deadlock_detected], tries: 4 } }
",
    );
    let tally = &log.clients[0];
    assert_eq!(
        (tally.failed.count(), tally.retries, tally.gave_up),
        (3, 9, 3)
    );
    assert_eq!(
        (tally.errors["40P01"].count, tally.errors["40P01"].fatal),
        (12, 3)
    );
}

/// What a load counted of each unexpected kind of error of a step: how many, and how many ended a transaction.
fn unexpected(log: &LoadLog, step: usize) -> Vec<(String, u64, u64)> {
    let errors = log.clients[0].steps[step].unexpected.iter();
    errors
        .map(|(code, error)| (code.clone(), error.count, error.fatal))
        .collect()
}

fn is(code: &str, count: u64, fatal: u64) -> Vec<(String, u64, u64)> {
    vec![(code.to_owned(), count, fatal)]
}

#[test]
fn an_error_is_unexpected_of_its_step_also_where_the_script_goes_on() {
    let scripts = |on_error: &str, retry: &str| {
        load(&format!(
            "name: goes on
clients:
  one:
    on_error: {on_error}
    steps: [{{ step: bad, sql: FAIL 23505 }}, {{ step: odd, sql: ODD 40001 }}]
load: {{ transactions: 10, users: 1{retry} }}
"
        ))
    };
    for on_error in ["continue", "rollback"] {
        let log = scripts(on_error, "");
        let tally = &log.clients[0];
        let counts = (tally.latency.count(), tally.failed.count());
        assert_eq!((counts, tally.despite_errors), ((10, 0), 10), "{on_error}");
        assert_eq!(unexpected(&log, 0), is("23505", 10, 0), "{on_error}");
        assert_eq!(unexpected(&log, 1), is("40001", 5, 0), "{on_error}");
    }
    // What the next try makes good is none; what the first one passed over is one all the same.
    let retry = ", retry: { errors: [serialization_failure], tries: 2 }";
    for on_error in ["continue", "rollback"] {
        let log = scripts(on_error, retry);
        assert_eq!(unexpected(&log, 0), is("23505", 20, 0), "{on_error}");
        assert_eq!(unexpected(&log, 1), [], "{on_error}");
    }
    let log = scripts("stop", "");
    assert_eq!(unexpected(&log, 0), is("23505", 10, 10));
    assert_eq!(log.clients[0].despite_errors, 0);
}

#[test]
fn whose_last_try_failed_met_an_unexpected_error_once() {
    let log = load(
        "name: gave up
clients:
  one: { steps: [{ step: read, sql: SELECT 1 }, { step: write, sql: FAIL 40P01 }] }
load: { transactions: 3, users: 1, retry: { errors: [deadlock_detected], tries: 4 } }
",
    );
    assert_eq!(unexpected(&log, 0), []);
    assert_eq!(unexpected(&log, 1), is("40P01", 3, 3));
}

#[test]
fn a_lost_connection_is_counted_and_a_new_one_made() {
    let log = load(
        "name: lost
clients:
  one: { steps: [{ sql: GONE }] }
load: { transactions: 4, users: 1 }
",
    );
    assert_eq!(log.connections.lost, 4);
    // The first one was there before anything was measured.
    assert_eq!(log.connections.connect.count(), 3);
    assert_eq!(log.clients[0].errors[""].fatal, 4);
    assert_eq!(unexpected(&log, 0), is("", 4, 4));
}

#[test]
fn a_session_that_is_ended_ends_a_transaction_with_the_servers_own_code() {
    for (steps, code) in [
        ("[begin, { step: write, sql: KILL 57P01 }, commit]", "57P01"),
        // Nothing is said until the next statement is sent, which is the ROLLBACK of what was left open.
        ("[begin, { step: write, sql: DOOM 25P03 }]", "25P03"),
    ] {
        let log = load(&format!(
            "name: ended
clients:
  one: {{ on_error: continue, steps: {steps} }}
load: {{ transactions: 4, users: 1, retry: {{ errors: ['57P01', '25P03'], tries: 5 }} }}
"
        ));
        let tally = &log.clients[0];
        assert_eq!((log.connections.lost, tally.failed.count()), (4, 4));
        let error = &tally.errors[code];
        // A session that is gone is not tried again on.
        assert_eq!((error.count, error.fatal, tally.retries), (4, 4, 0));
        assert_eq!(error.step.as_deref(), Some("write"));
    }
}

#[test]
fn an_error_that_a_step_expects_may_come_as_soon_as_it_is_prepared() {
    let log = load(
        "name: unparsed
clients:
  one:
    steps:
      - { step: gone, sql: UNPARSED 42P01, error: undefined_table, after: log(error) }
      - { step: write, sql: SELECT 1 }
load: { transactions: 3, users: 1 }
",
    );
    let tally = &log.clients[0];
    assert_eq!((tally.latency.count(), tally.failed.count()), (3, 0));
    let error = &tally.errors["42P01"];
    assert_eq!((error.count, error.fatal), (3, 0));
    assert_eq!(tally.logged.first, ["undefined_table"; 3]);
}

#[test]
fn the_parts_of_a_transaction_are_no_more_than_the_whole() {
    const SECOND: u64 = 1_000_000_000;
    let parts = |steps: &str| {
        let log = load(&format!(
            "name: parts
clients: {{ one: {{ steps: {steps} }} }}
load: {{ transactions: 1, users: 1, pipeline: true }}
"
        ));
        let parts = log.clients[0].parts;
        assert!(parts.total >= parts.first_row, "{parts:?}");
        // Whole seconds are as the server says; what is beyond them is the time of this test.
        (parts.first_row / SECOND, parts.total / SECOND)
    };
    let together = "[{ sql: TAKE 1000 }, { sql: TAKE 1000 }, { sql: TAKE 1000 }]";
    assert_eq!(parts(together), (3, 3));
    // What an error took is the server's time as well.
    assert_eq!(parts("[{ sql: FAIL 40P01 2000 }]"), (2, 2));
}

#[test]
fn what_was_measured_is_kept_where_the_server_does_not_tell_what_it_counted() {
    let plan = plan(
        "name: blind
clients: { one: { steps: [{ sql: BLIND }] } }
load: { transactions: 3, users: 1 }
",
    );
    let log = &carry_out(&plan, &Nobody).cases[0];
    assert!(matches!(log.end, CaseEnd::Broke(_)), "{:?}", log.end);
    let load = log.load.as_ref().unwrap();
    assert_eq!(load.clients[0].latency.count(), 3);
}

#[test]
fn an_error_ends_the_load_where_the_scenario_says_so() {
    let log = load(
        "name: ended
timeout: 20s
clients:
  one: { steps: [{ sql: FAIL 23505 }] }
load: { duration: 10s, users: 2, on_error: end }
",
    );
    let end = LoadEnd::Error {
        client: "one".to_owned(),
        code: "23505".to_owned(),
    };
    assert_eq!(log.end, end);
}

#[test]
fn a_pool_of_one_serves_all_users_and_says_how_long_they_waited() {
    let log = load(
        "name: pooled
clients:
  one: { steps: [{ sql: SELECT 1 }] }
load: { transactions: 200, users: 20, connections: { pool: 1 } }
",
    );
    assert_eq!(log.clients[0].latency.count(), 200);
    assert_eq!((log.workers, log.connections.wait.count()), (1, 200));
    assert_eq!(log.connections.connect.count(), 1);
}

#[test]
fn a_rate_is_kept_and_its_lag_told_apart() {
    let log = load(
        "name: rated
clients:
  one: { steps: [{ sql: SELECT 1 }] }
load: { duration: 300ms, users: 4, rate: 500/s, arrivals: uniform }
",
    );
    let schedule = log.schedule.unwrap();
    assert!((140..=150).contains(&schedule.offered), "{schedule:?}");
    assert_eq!(schedule.begun, log.clients[0].latency.count());
    assert_eq!(schedule.lag.count(), schedule.begun);
}

#[test]
fn a_beginning_that_nobody_wants_any_more_is_not_behind() {
    let log = load(
        "name: counted and rated
clients: { one: { steps: [{ sql: SELECT 1 }] } }
load: { transactions: 20, users: 8, rate: 1000/s }
",
    );
    let schedule = log.schedule.unwrap();
    assert_eq!((schedule.offered, schedule.begun), (20, 20));
    assert_eq!(log.end, LoadEnd::Complete);
}

#[test]
fn only_what_a_rate_asks_for_is_counted_with_the_schedule() {
    let log = load(
        "name: in two stages
clients: { one: { steps: [{ sql: SELECT 1 }] } }
load: { users: 2, stages: [{ duration: 50ms, users: 2 }, { duration: 50ms, users: 2, rate: 400/s }] }
",
    );
    let schedule = log.schedule.unwrap();
    assert!(
        schedule.begun <= schedule.offered && schedule.offered < 100,
        "{schedule:?}"
    );
    assert!(log.clients[0].latency.count() > schedule.begun);
}

#[test]
fn what_begins_in_the_measured_time_is_counted_also_where_it_was_due_in_the_warmup() {
    // One user, who cannot keep up by far; what is due in the warmup alone takes longer than the whole load.
    let log = load(
        "name: behind
clients:
  one: { before: 'let n = 0; while n < 3000 { n += 1; }', steps: [{ sql: SELECT 1 }] }
load: { warmup: 200ms, duration: 1s, users: 1, rate: 100000/s }
",
    );
    let schedule = log.schedule.unwrap();
    assert!(log.clients[0].latency.count() > 0);
    assert_eq!(schedule.begun, log.clients[0].latency.count());
    assert!(schedule.is_saturated(), "{schedule:?}");
}

#[test]
fn the_measured_time_ends_with_the_last_transaction_also_where_users_go_on_pausing() {
    let log = load(
        "name: pauses afterwards
timeout: 30s
clients: { one: { steps: [{ sql: SELECT 1 }] } }
load: { transactions: 3, users: 3, think: 2s }
",
    );
    assert_eq!(log.clients[0].latency.count(), 3);
    let last = log.intervals.last().unwrap();
    assert_ne!(last.clients[0].latency.count(), 0, "{:?}", log.intervals);
    assert_eq!(last.from.0 + last.length.0, log.measured.0);
}

#[test]
fn a_hook_that_fails_in_the_warmup_is_not_counted() {
    let log = load(
        "name: cold
clients:
  one: { before: 'assert(iteration > 1, \"cold\")', steps: [{ sql: SELECT 1 }] }
load: { warmup: 100ms, duration: 100ms, users: 1 }
",
    );
    assert_eq!(log.clients[0].hook, None);
}

#[test]
fn hooks_run_in_place_and_measure() {
    let log = load(
        "name: hooked
clients:
  one:
    with: { account: { sequence: 5 } }
    steps:
      - step: read
        sql: SELECT :account
        after: measure(\"account\", account); assert(affected == 1, \"one row\")
load: { transactions: 3, users: 1 }
",
    );
    let measured = &log.clients[0].measured["account"];
    assert_eq!((measured.min, measured.max, measured.count), (5.0, 7.0, 3));
    assert_eq!(log.clients[0].hook, None);
}

#[test]
fn statements_that_need_nothing_of_each_other_go_together() {
    let log = load(
        "name: pipelined
clients:
  one: { steps: [begin, { sql: SELECT 1 }, { sql: FAIL 23505 }, { sql: SELECT 2 }, commit] }
load: { transactions: 2, users: 1, pipeline: true }
",
    );
    let counts: Vec<u64> = log.clients[0]
        .steps
        .iter()
        .map(|step| step.executions())
        .collect();
    assert_eq!(counts, [2, 2, 2, 0, 0]);
}

#[test]
fn a_step_that_does_not_come_to_what_it_says_is_counted() {
    let log = load(
        "name: differs
clients:
  one: { steps: [{ step: write, sql: UPDATE, affected: 2 }] }
load: { transactions: 6, users: 1 }
",
    );
    let mismatch = log.clients[0].steps[0].mismatch.clone().unwrap();
    assert_eq!((mismatch.count, mismatch.key.as_str()), (6, "affected"));
    assert_eq!(mismatch.first, "changed 1 row, expected 2");
}

#[test]
fn lines_that_hooks_log_are_counted_and_the_first_ones_kept() {
    let log = load(
        "name: logged
clients:
  one:
    before: log(`pass ${iteration}`)
    steps: [{ sql: SELECT 1 }]
load: { transactions: 25, users: 1 }
",
    );
    let logged = &log.clients[0].logged;
    assert_eq!((logged.count, logged.first.len()), (25, 10));
    assert_eq!(logged.first[0], "pass 1");
}

#[test]
fn nobody_pauses_beyond_the_end_and_who_waits_hears_that_the_load_is_over() {
    let log = load(
        "name: pausing
timeout: 30s
clients:
  one: { steps: [{ sql: SELECT 1 }] }
load: { duration: 100ms, users: 3, think: 1h }
",
    );
    assert_eq!(log.clients[0].latency.count(), 3);
    let log = load(
        "name: ended while others pause
timeout: 30s
clients:
  one: { steps: [{ sql: SELECT 1 }] }
  other: { steps: [{ sql: FAIL 23505 }] }
load: { duration: 20s, users: 4, think: { between: [1ms, 20s] }, on_error: end, mix: { one: 1, other: 9 } }
",
    );
    assert_ne!(log.end, LoadEnd::Complete);
}

#[cfg(target_os = "linux")]
#[test]
fn only_users_who_never_pause_keep_to_a_processor() {
    let places = |load: &str| {
        let log = self::load(&format!(
            "name: places
clients: {{ one: {{ steps: [{{ step: where, sql: PLACES }}] }} }}
load: {{ transactions: 64, users: 64{load} }}
"
        ));
        log.clients[0].steps[0].most_rows
    };
    let all = std::thread::available_parallelism().unwrap().get() as u64;
    assert_eq!(places(", think: 1ms"), all);
    assert_eq!(places(", rate: 10000/s"), all);
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed:"));
    let allowed: u32 = mask
        .unwrap()
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(u32::count_ones)
        .sum();
    // Where a quota counts instead, or there are more of them than users, there is not one for each worker.
    let one_each = u64::from(allowed) == all && all <= 64;
    assert_eq!(places(""), if one_each { 1 } else { all });
}
