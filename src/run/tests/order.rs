//! Forced orders.

use super::{Nobody, carry_out, plan, story};
use crate::record::CaseEnd;

/// Two clients that lock the same thing; `{order}` is the launch list.
fn two_clients(order: &str) -> String {
    format!(
        "name: two
timeout: 300ms
clients:
  alice:
    steps:
      - {{ step: take, sql: LOCK row }}
      - commit
  bob:
    steps:
      - {{ step: take, sql: LOCK row }}
      - commit
order: {order}
"
    )
}

#[test]
fn a_step_that_waits_is_reported_before_the_step_that_lets_it_go_on() {
    let yaml =
        two_clients("[alice.take, { bob.take: { waits_for: alice } }, alice.commit, bob.commit]");
    let log = carry_out(&plan(&yaml), &Nobody);
    assert_eq!(log.cases[0].end, CaseEnd::Ran);
    assert_eq!(
        story(&log),
        [
            "alice.take",
            "alice.take done",
            "bob.take",
            "bob waits for alice",
            "alice.commit",
            "alice.commit done",
            "bob goes on",
            "bob.take done",
            "bob.commit",
            "bob.commit done",
            "alice ends: Done",
            "bob ends: Done",
        ]
    );
}

#[test]
fn an_order_gives_the_same_events_in_every_run() {
    let yaml =
        two_clients("[alice.take, { bob.take: { waits_for: alice } }, alice.commit, bob.commit]");
    let plan = plan(&yaml);
    let first = story(&carry_out(&plan, &Nobody));
    for _ in 0..50 {
        assert_eq!(story(&carry_out(&plan, &Nobody)), first);
    }
}

#[test]
fn a_step_of_a_client_that_still_waits_is_given_up_with_what_everyone_was_doing() {
    let yaml =
        two_clients("[alice.take, { bob.take: { waits_for: alice } }, bob.commit, alice.commit]");
    let log = carry_out(&plan(&yaml), &Nobody);
    let CaseEnd::Broke(breakage) = &log.cases[0].end else {
        panic!("{:?}", log.cases[0].end)
    };
    assert_eq!(breakage.code, "timeout");
    let detail = breakage.detail.as_deref().unwrap_or_default();
    assert!(
        detail.contains("client \"alice\" is idle after step \"take\""),
        "{detail}"
    );
    assert!(
        detail.contains("client \"bob\" has been waiting for \"alice\""),
        "{detail}"
    );
    assert!(story(&log).contains(&"bob cancelled".to_owned()));
}

#[test]
fn the_victim_of_a_deadlock_tries_again_after_the_order() {
    let log = carry_out(
        &plan(
            "name: opposite
clients:
  alice:
    steps:
      - { step: one, sql: LOCK a }
      - { step: two, sql: LOCK b }
      - commit
  bob:
    retry: { errors: [deadlock_detected], tries: 2 }
    steps:
      - { step: one, sql: LOCK b }
      - { step: two, sql: LOCK a }
      - commit
order:
  - alice.one
  - bob.one
  - alice.two: { waits_for: bob }
  - bob.two: { then: { error: deadlock_detected } }
  - alice.commit
unused: [bob.commit]
",
        ),
        &Nobody,
    );
    assert_eq!(log.cases[0].end, CaseEnd::Ran);
    assert_eq!(
        story(&log),
        [
            "alice.one",
            "alice.one done",
            "bob.one",
            "bob.one done",
            "alice.two",
            "alice waits for bob",
            "bob.two",
            // Nobody looked in time, but the server's own words tell that he waited.
            "bob waits for alice",
            "bob goes on",
            "bob.two 40P01",
            "alice goes on",
            "alice.two done",
            "alice.commit",
            "alice.commit done",
            "bob again after 40P01",
            "bob.one",
            "bob.one done",
            "bob.two",
            "bob.two done",
            "bob.commit",
            "bob.commit done",
            "alice ends: Done",
            "bob ends: Done",
        ]
    );
}

#[test]
fn an_unexpected_error_ends_the_script_and_later_launches_are_left_out() {
    let log = carry_out(
        &plan(
            "name: error
clients:
  alice:
    steps:
      - { step: bad, sql: FAIL 23505 }
      - commit
order: [alice.bad, alice.commit]
",
        ),
        &Nobody,
    );
    assert_eq!(
        story(&log),
        [
            "alice.bad",
            "alice.bad 23505",
            "alice.commit left out",
            "alice ends: Stopped { code: \"23505\" }",
        ]
    );
}
