//! Specs are read as isolationtester reads them.

use super::fixtures::{BANK_SPEC, parsed, spec, wrong};
use crate::isolation::spec::{Marker, StepId};

const PAIR: &str = "session s1 step a { x } step b {} session s2 step c { } ";

fn id(session: usize, step: usize) -> StepId {
    StepId { session, step }
}

#[test]
fn every_part_of_a_spec_is_kept() {
    let spec = spec(BANK_SPEC);
    assert_eq!(spec.setups.len(), 2);
    assert_eq!(
        spec.setups[1].text,
        "\n  INSERT INTO account VALUES (1, 100);\n  SELECT 'ready' AS state;\n"
    );
    assert_eq!(spec.teardown.as_ref().unwrap().text, "DROP TABLE account;");
    let alice = &spec.sessions[0];
    assert_eq!(alice.setup.as_ref().unwrap().text, "BEGIN;");
    assert_eq!(alice.teardown.as_ref().unwrap().text, "SELECT 1 AS bye;");
    assert_eq!(spec.sessions[1].name.text, "bob b");
    assert_eq!(spec.sessions[1].steps[0].name.text, "his credit");
    assert_eq!(spec.sessions[1].steps[1].sql.text, "");
    let comments: Vec<&str> = spec.comments.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(
        comments,
        [
            "A bank",
            "ends her transaction",
            "he waits for her",
            "alone"
        ]
    );
}

#[test]
fn launches_keep_their_markers() {
    let spec = spec(BANK_SPEC);
    let launches = &spec.permutations[0].launches;
    assert_eq!(launches[1].step, id(1, 0));
    assert_eq!(launches[2].markers, [Marker::Once]);
    assert_eq!(spec.permutations[1].launches.len(), 3);
    let place = spec.file.place(spec.permutations[0].places[1]);
    assert_eq!(place.text(), "\"his credit\" (commit, debit notices 2)");
}

#[test]
fn a_marker_of_the_own_session_is_refused() {
    assert_eq!(
        wrong(&format!("{PAIR} permutation a b c(b) a(b)")),
        "t.spec:1:81: error[marker-own-session]: \"a\" is held back by \"b\", a step of its own session"
    );
}

#[test]
fn a_marker_may_name_a_later_launch_of_its_permutation_but_no_other_step() {
    let spec = spec(&format!("{PAIR} permutation c(a,b notices 3,*) a b"));
    let markers = &spec.permutations[0].launches[0].markers;
    let after = Marker::AfterNotices {
        step: id(0, 1),
        count: 3,
    };
    assert_eq!(markers[..], [Marker::After(id(0, 0)), after, Marker::Once]);
    assert_eq!(
        wrong(&format!("{PAIR} permutation a c(b) permutation b")),
        "t.spec:1:74: error[marker-not-launched]: \"c\" is held back by \"b\", which this permutation does not launch"
    );
}

#[test]
fn duplicate_and_unknown_steps_are_told_all_at_once() {
    assert_eq!(
        wrong(&format!("{PAIR} step a {{}} permutation a(z) y")),
        "t.spec:1:63: error[duplicate-step]: there are two steps named \"a\"\n\
         t.spec:1:82: error[unknown-step]: there is no step named \"z\"\n\
         t.spec:1:85: error[unknown-step]: there is no step named \"y\""
    );
}

#[test]
fn what_is_odd_is_a_warning() {
    let warnings =
        parsed("session s step a {} step b {} session s step c {} permutation a c").warnings;
    assert_eq!(
        warnings.to_string(),
        "t.spec:1:26: warning[unused-step]: no permutation launches the step \"b\"\n\
         t.spec:1:39: warning[twin-sessions]: there are two sessions named \"s\""
    );
    assert!(
        parsed("session s step a {} step b {}")
            .warnings
            .0
            .is_empty()
    );
}

#[test]
fn what_the_grammar_refuses_says_what_is_expected() {
    for (text, message) in [
        (
            "session s1\n",
            "t.spec:1:11: error[spec-syntax]: expected \"step\": a session has at least one, found the end of the file",
        ),
        (
            "session s1 step setup { x }",
            "t.spec:1:17: error[spec-syntax]: expected a name for the step, found the keyword \"setup\"",
        ),
        (
            "Session s1 step a { x }",
            "t.spec:1:1: error[spec-syntax]: expected \"setup\", \"teardown\" or \"session\", found the name \"Session\"",
        ),
        (
            "session s step a {} permutation",
            "t.spec:1:32: error[spec-syntax]: expected the name of a step to launch, found the end of the file",
        ),
        (
            "session s step a {} permutation a()",
            "t.spec:1:35: error[spec-syntax]: expected \"*\" or the name of a step, found \")\"",
        ),
        (
            "session s step a {} permutation a(b notices x)",
            "t.spec:1:45: error[spec-syntax]: expected a number of notices, found the name \"x\"",
        ),
        (
            "session s teardown {} step a {}",
            "t.spec:1:11: error[spec-syntax]: expected \"step\": a session has at least one, found the keyword \"teardown\"",
        ),
        (
            "session s step a {} teardown {} step b {}",
            "t.spec:1:33: error[spec-syntax]: expected \"session\" or \"permutation\", found the keyword \"step\"",
        ),
        (
            "teardown {} setup {} session s step a {}",
            "t.spec:1:13: error[spec-syntax]: expected \"session\", found the keyword \"setup\"",
        ),
        (
            "session s step a {} permutation a session t step b {}",
            "t.spec:1:35: error[spec-syntax]: expected \"permutation\" or the end of the file, found the keyword \"session\"",
        ),
    ] {
        assert_eq!(wrong(text), message);
    }
}

#[test]
fn without_permutations_all_orders_are_meant() {
    let spec = spec(PAIR);
    assert_eq!(spec.order_count(), Some(3));
    let orders: Vec<Vec<&str>> = spec
        .orders()
        .map(|order| {
            order
                .iter()
                .map(|launch| spec.name_of(launch.step))
                .collect()
        })
        .collect();
    assert_eq!(orders, [["a", "b", "c"], ["a", "c", "b"], ["c", "a", "b"]]);
}
