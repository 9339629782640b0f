//! What steps say of themselves, and errors that nobody expected.

use super::*;

#[test]
fn an_error_that_nobody_expected_fails_the_case_and_tells_what_it_ended() {
    let verdict = judged(LOST_UPDATE, |log| {
        bob_waits(log, 3, "alice");
        let mut reply = error("42703", "column \"x\" does not exist");
        reply.error.as_mut().unwrap().position = Some(12);
        reply.error.as_mut().unwrap().hint = Some("Perhaps you meant y.".to_owned());
        log.step("alice.update", Some(1), "UPDATE a", reply);
        log.skipped("alice.commit", SkipCause::ScriptEnded, Some(2));
        log.finished(
            "alice",
            ClientEnd::Stopped {
                code: "42703".to_owned(),
            },
        );
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    failed
    failed[unexpected-error]: step "alice.update" got undefined_column (42703), which nobody expected
      --> /clients/alice/steps/1@12  ^ column "x" does not exist
    detail: it ended the script before 1 later step of the order
    hint: Perhaps you meant y.
    "#);
}

const RETRY: &str = "
name: Retry
clients:
  bob:
    retry: { errors: [serialization_failure], tries: 2 }
    steps: [{ step: write, sql: UPDATE a, affected: 1 }]
";

#[test]
fn a_retry_makes_its_errors_expected_only_if_a_later_try_goes_through() {
    let first_try = |log: &mut LogBuilder| {
        log.step(
            "bob.write",
            None,
            "UPDATE a",
            error("40001", "could not serialize"),
        );
        log.retrying("bob", "40001");
        log.attempt = 2;
    };
    passed(RETRY, |log| {
        first_try(log);
        log.step("bob.write", None, "UPDATE a", tag("UPDATE", 1));
        log.finished("bob", ClientEnd::Done);
    });
    // What is expected is not yet one of the kinds that may happen.
    let only = format!("{RETRY}expect: [errors: {{ only: [deadlock_detected] }}]");
    let verdict = judged(&only, |log| {
        first_try(log);
        log.step("bob.write", None, "UPDATE a", tag("UPDATE", 1));
        log.finished("bob", ClientEnd::Done);
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    failed
    failed[errors]: step "bob.write" got serialization_failure (40001), expected only deadlock_detected
      --> /expect/0/errors/only
    "#);
    let verdict = judged(RETRY, |log| {
        first_try(log);
        log.step(
            "bob.write",
            None,
            "UPDATE a",
            error("40001", "could not serialize"),
        );
        log.finished(
            "bob",
            ClientEnd::GaveUp {
                attempts: 2,
                code: "40001".to_owned(),
            },
        );
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    failed
    failed[gave-up]: client "bob" gave up after 2 tries: step "bob.write" got serialization_failure (40001)
      --> /clients/bob/steps/0  ^ could not serialize
    detail: it happened 2 times in all
    hint: find out what keeps getting in its way, or raise "tries"
    "#);
}

#[test]
fn the_rows_and_counts_of_steps_are_compared_in_every_execution() {
    let yaml = with_steps(
        "[{ step: list, sql: SELECT 1, rows: [[1, a], [2, b]] }, { step: put, sql: UPDATE a, affected: 1 }, { step: one, sql: SELECT 1, row_count: 1, affected: 1 }]",
        "[]",
    );
    let verdict = judged(&yaml, |log| {
        log.step("alice.list", None, "SELECT 1", named(&[(2, "b"), (1, "a")]));
        log.step("alice.list", None, "SELECT 1", named(&[(2, "b"), (3, "c")]));
        log.step("alice.list", None, "SELECT 1", named(&[(2, "b")]));
        log.step("alice.put", None, "UPDATE a", tag("UPDATE", 2));
        log.step("alice.one", None, "SELECT 1", ids([1]));
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    failed
    failed[wrong-rows]: step "alice.list" returned other rows than expected
      --> /clients/alice/steps/0/rows  ^ the rows differ
    detail: the first of 2 executions that did so is shown
    - 1  "a"
    + 3  "c"
    failed[wrong-row-count]: step "alice.put" changed 2 rows, expected exactly 1
      --> /clients/alice/steps/1/affected  ^ changed 2 rows
    failed[wrong-row-count]: step "alice.one" changed 0 rows, expected exactly 1
      --> /clients/alice/steps/2/affected  ^ changed 0 rows
    hint: the statement only reads: "row_count" is about what it returns
    "#);
}

#[test]
fn an_error_that_a_step_expects_must_come() {
    let yaml = with_steps(
        "[{ step: put, sql: INSERT, error: unique_violation }]",
        "[]",
    );
    passed(&yaml, |log| {
        log.step("alice.put", None, "INSERT", error("23505", "duplicate"))
    });
    let verdict = judged(&yaml, |log| {
        log.step("alice.put", None, "INSERT", tag("INSERT", 1))
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    failed
    failed[no-error]: step "alice.put" was expected to end with unique_violation (23505) but succeeded
      --> /clients/alice/steps/0/error  ^ returned INSERT 1 after 1 ms
    "#);
}
