//! Clients that run freely, and whole plans.

use super::{Nobody, carry_out, plan, story};
use crate::{
    record::{CaseEnd, CaseLog, Event},
    run::Observer,
    schedule::Case,
};
use std::ops::ControlFlow;

#[test]
fn a_retry_begins_the_script_again_and_gives_up_after_its_tries() {
    let log = carry_out(
        &plan(
            "name: again
clients:
  alice:
    retry: { errors: [serialization_failure], tries: 2 }
    steps: [{ step: write, sql: FAIL 40001 }]
",
        ),
        &Nobody,
    );
    assert_eq!(
        story(&log),
        [
            "alice.write",
            "alice.write 40001",
            "alice again after 40001",
            "alice.write",
            "alice.write 40001",
            "alice ends: GaveUp { attempts: 2, code: \"40001\" }",
        ]
    );
}

#[test]
fn a_hook_that_calls_sql_speaks_on_its_clients_own_session() {
    let log = carry_out(
        &plan(
            "name: hook
clients:
  alice:
    steps:
      - step: pick
        sql: SELECT
        after: |
          for i in 0..3 { sql(\"LOCK row\", #{}); }
          log(\"three\");
",
        ),
        &Nobody,
    );
    assert_eq!(
        story(&log),
        [
            "alice.pick",
            "log: three",
            "alice.pick done",
            "alice ends: Done"
        ]
    );
    let sent = log.cases[0]
        .events
        .iter()
        .filter(|event| matches!(event.kind, crate::record::EventKind::Sent { .. }));
    assert_eq!(sent.count(), 4);
}

#[test]
fn skip_in_a_hook_skips_the_case() {
    let log = carry_out(
        &plan(
            "name: skipped\nclients: { alice: { before: 'skip(\"not today\")', steps: [begin] } }\n",
        ),
        &Nobody,
    );
    assert_eq!(
        log.cases[0].end,
        CaseEnd::Skipped {
            reason: "not today".to_owned()
        }
    );
}

/// Breaks at the first event of the case, as a bug of ours would.
struct Clumsy;

impl Observer for Clumsy {
    fn began(&self, _: usize, _: &Case) {}

    fn saw(&self, _: usize, event: &Event) {
        assert!(event.seq < 3, "clumsy");
    }

    fn ended(&self, _: usize, _: &CaseLog) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[test]
fn a_panic_in_a_case_is_an_error_of_that_case_and_loses_no_event() {
    let plan = plan("name: panics\nclients: { alice: { steps: [begin, commit] } }\n");
    let log = carry_out(&plan, &Clumsy);
    let CaseEnd::Broke(breakage) = &log.cases[0].end else {
        panic!("{:?}", log.cases[0].end)
    };
    assert_eq!(breakage.code, "panic");
    assert_eq!(log.cases[0].events.len(), 3);
}

#[test]
fn a_break_of_the_observer_keeps_later_cases_from_beginning() {
    struct First;
    impl Observer for First {
        fn began(&self, _: usize, _: &Case) {}
        fn saw(&self, _: usize, _: &Event) {}
        fn ended(&self, _: usize, _: &CaseLog) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    let plan = plan(
        "name: two\nvariants: { one: {}, other: {} }\nclients: { alice: { steps: [begin] } }\n",
    );
    let log = carry_out(&plan, &First);
    assert_eq!(log.cases[0].end, CaseEnd::Ran);
    assert!(matches!(log.cases[1].end, CaseEnd::Skipped { .. }));
}
