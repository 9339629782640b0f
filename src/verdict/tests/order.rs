//! What a forced order says.

use super::*;

fn alice_commits(log: &mut LogBuilder) {
    log.step("alice.begin", Some(0), "BEGIN", tag("BEGIN", 0));
    log.step("alice.update", Some(1), "UPDATE a", tag("UPDATE", 1));
    log.step("alice.commit", Some(2), "COMMIT", tag("COMMIT", 0));
}

#[test]
fn a_step_that_was_to_wait_and_finished_makes_the_case_vacuous() {
    let verdict = judged(LOST_UPDATE, |log| {
        alice_commits(log);
        log.step("bob.update", Some(3), "UPDATE a", tag("UPDATE", 1));
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    vacuous
    vacuous[never-waited]: step "bob.update" was expected to wait but finished
      --> /order/3/bob.update  ^ returned UPDATE 1 after 1 ms
    detail: client "alice" held no conflicting lock: it was in no transaction; its last step was "alice.commit", COMMIT (event 12)
    hint: move "alice.commit" after "bob.update", or drop "waits_for"
    "#);
}

#[test]
fn what_the_other_client_held_decides_the_advice() {
    let in_transaction = judged(LOST_UPDATE, |log| {
        log.step("alice.begin", Some(0), "BEGIN", tag("BEGIN", 0));
        log.step("alice.update", Some(1), "UPDATE a", tag("UPDATE", 0));
        log.step("bob.update", Some(3), "UPDATE a", tag("UPDATE", 1));
    });
    insta::assert_snapshot!(told(&in_transaction), @r#"
    vacuous
    vacuous[never-waited]: step "bob.update" was expected to wait but finished
      --> /order/3/bob.update  ^ returned UPDATE 1 after 1 ms
    detail: client "alice" held no conflicting lock; its last step was "alice.update", UPDATE 0 (event 8)
    hint: have "alice" lock what "bob.update" needs, such as by SELECT … FOR UPDATE, or drop "waits_for"
    "#);
    let not_begun = judged(LOST_UPDATE, |log| {
        log.step("bob.update", Some(3), "UPDATE a", tag("UPDATE", 1));
    });
    insta::assert_snapshot!(told(&not_begun), @r#"
    vacuous
    vacuous[never-waited]: step "bob.update" was expected to wait but finished
      --> /order/3/bob.update  ^ returned UPDATE 1 after 1 ms
    detail: client "alice" held no conflicting lock: it was in no transaction; it had taken no step yet
    hint: launch a step of "alice" that takes the lock before "bob.update"
    "#);
    let autocommit = judged(LOST_UPDATE, |log| {
        log.step("alice.update", Some(1), "UPDATE a", tag("UPDATE", 1));
        log.step("bob.update", Some(3), "UPDATE a", tag("UPDATE", 1));
    });
    insta::assert_snapshot!(told(&autocommit), @r#"
    vacuous
    vacuous[never-waited]: step "bob.update" was expected to wait but finished
      --> /order/3/bob.update  ^ returned UPDATE 1 after 1 ms
    detail: client "alice" held no conflicting lock: it was in no transaction; its last step was "alice.update", UPDATE 1 (event 4)
    hint: begin a transaction in "alice" and end it after "bob.update", or drop "waits_for"
    "#);
}

#[test]
fn a_wait_that_was_expected_and_seen_passes_and_for_another_client_does_not() {
    passed(LOST_UPDATE, |log| bob_waits(log, 3, "alice"));
    let verdict = judged(LOST_UPDATE, |log| bob_waits(log, 3, "carol"));
    insta::assert_snapshot!(told(&verdict), @r#"
    vacuous
    vacuous[never-waited]: step "bob.update" was expected to wait for "alice" but waited for "carol"
      --> /order/3/bob.update  ^ waited 12 ms for "carol" (ShareLock on a transaction)
    hint: if that is meant, write "waits_for" with "carol"
    "#);
}

#[test]
fn a_plain_entry_that_waits_fails_the_case() {
    let plain = LOST_UPDATE.replace(
        "bob.update: { waits_for: alice }",
        "bob.update: { then: { affected: 1 } }",
    );
    let verdict = judged(&plain, |log| bob_waits(log, 3, "alice"));
    insta::assert_snapshot!(told(&verdict), @r#"
    failed
    failed[unexpected-wait]: step "bob.update" was expected to finish but waited
      --> /order/3/bob.update  ^ waited 12 ms for "alice" (ShareLock on a transaction)
    hint: if it is meant to wait, add "waits_for: alice" to the entry
    "#);
}

#[test]
fn a_failure_counts_more_than_a_wait_that_was_never_seen() {
    let then = LOST_UPDATE.replace(
        "waits_for: alice",
        "waits_for: alice, then: { affected: 1 }",
    );
    let verdict = judged(&then, |log| {
        log.step("bob.update", Some(3), "UPDATE a", tag("UPDATE", 0));
    });
    assert_eq!(verdict.outcome, Outcome::Failed);
    insta::assert_snapshot!(told(&verdict), @r#"
    failed
    failed[wrong-row-count]: step "bob.update" changed 0 rows, expected exactly 1
      --> /order/3/bob.update/then  ^ changed 0 rows
    vacuous[never-waited]: step "bob.update" was expected to wait but finished
      --> /order/3/bob.update  ^ returned UPDATE 0 after 1 ms
    detail: client "alice" held no conflicting lock: it was in no transaction; it had taken no step yet
    hint: launch a step of "alice" that takes the lock before "bob.update"
    "#);
}

#[test]
fn a_step_that_was_left_out_of_the_order_makes_the_case_vacuous() {
    let verdict = judged(LOST_UPDATE, |log| {
        bob_waits(log, 3, "alice");
        log.skipped("alice.commit", SkipCause::When, Some(2));
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    vacuous
    vacuous[left-out]: step "alice.commit" of the order was not taken: its "when" was false
      --> /order/2
    hint: take the step out of the order, or have the condition hold
    "#);
    let tolerated = format!("{LOST_UPDATE}expect: [{{ errors: {{ only: [division_by_zero] }} }}]");
    let verdict = judged(&tolerated, |log| {
        bob_waits(log, 3, "alice");
        log.step(
            "alice.update",
            Some(1),
            "UPDATE a",
            error("22012", "division by zero"),
        );
        log.skipped("alice.commit", SkipCause::ScriptEnded, Some(2));
        log.finished(
            "alice",
            ClientEnd::Stopped {
                code: "22012".to_owned(),
            },
        );
    });
    insta::assert_snapshot!(told(&verdict), @r#"
    vacuous
    vacuous[script-ended]: step "alice.commit" of the order was not taken: the script had ended
      --> /order/2
    detail: the last step before it was "alice.update", which got division_by_zero (22012) after 1 ms (event 10)
    hint: take it out of the order and list it under "unused", or give client "alice" "on_error: continue" or "rollback"
    "#);
}
