//! What is said of a case that is not as it was, and how a finding looks in the author's file.

use super::*;
use crate::{
    baseline::{Baseline, Facts, Span},
    source::{Color, render},
};

#[test]
fn a_case_that_passed_is_worse_when_its_facts_changed() {
    let case = case(PAGE_ALONE);
    let mut log = LogBuilder::of(&case);
    log.step("page.list", None, "SELECT 1", ids([1]));
    log.step("page.list", None, "SELECT 1", ids([1]));
    let against = |facts: Option<Facts>| {
        let mut baseline = Baseline::new("Page");
        baseline
            .cases
            .extend(facts.map(|facts| ("only".to_owned(), facts)));
        let terms = Terms {
            baselines: [(case.id.file.clone(), baseline)].into(),
            environment: None,
        };
        judge_case(&case, &log.log, &terms)
    };
    let mut facts = Facts::default();
    facts.statements.insert("page".to_owned(), Span::Always(1));
    facts.statements.insert("gone".to_owned(), Span::Always(3));
    facts.rows.insert("page.list".to_owned(), Span::Always(9));
    let worse = against(Some(facts));
    assert_eq!((worse.outcome, worse.is_worse()), (Outcome::Passed, true));
    let new = against(None);
    let all = [worse, new].map(|verdict| told(&verdict)).join("\n");
    insta::assert_snapshot!(all, @r#"
    passed
    warning[baseline-statements]: "gone" sends another number of statements in a pass: none, before 3
      --> /name  ^ better than before
    hint: if this is meant, remember it with --update-baselines
    warning[baseline-statements]: "page" sends another number of statements in a pass: 2, before 1
      --> /clients/page
    hint: if this is meant, remember it with --update-baselines
    warning[baseline-rows]: "page.list" returns or changes another number of rows: 1, before 9
      --> /clients/page/steps/0
    hint: if this is meant, remember it with --update-baselines

    passed
    note[not-in-baseline]: the baseline does not know this case yet
      --> /name
    hint: remember it with --update-baselines
    "#);
}

const PAGE_ALONE: &str = "
name: Page
clients: { page: { steps: [{ step: list, sql: SELECT 1, row_count: 1 }] } }
";

#[test]
fn a_finding_points_into_the_author_s_file() {
    let case = case(LOST_UPDATE);
    let mut log = LogBuilder::of(&case);
    log.step("alice.begin", Some(0), "BEGIN", tag("BEGIN", 0));
    log.step(
        "alice.update",
        Some(1),
        "UPDATE a SET x = 1",
        tag("UPDATE", 1),
    );
    log.step("alice.commit", Some(2), "COMMIT", tag("COMMIT", 0));
    let mut wrong = error("42601", "syntax error at or near \"SET\"");
    wrong.error.as_mut().unwrap().position = Some(10);
    log.step("bob.update", Some(3), "UPDATE a SET x = 1", wrong);
    let verdict = judge_case(&case, &log.log, &Terms::default());
    let all: Vec<String> = verdict
        .findings
        .iter()
        .map(|finding| render(&finding.diagnostic(&case.file), Color::Off))
        .collect();
    insta::assert_snapshot!(all.join("\n\n"), @r#"
    failed[unexpected-error]: step "bob.update" got syntax_error (42601), which nobody expected
     --> scenarios/case.yaml:5:54
      |
    5 |   bob: { steps: [begin, { step: update, sql: UPDATE a }, commit] }
      |                                                      ^ syntax error at or near "SET"

    vacuous[never-waited]: step "bob.update" was expected to wait but finished
      --> scenarios/case.yaml:10:5
       |
    10 |   - bob.update: { waits_for: alice }
       |     ^^^^^^^^^^ got syntax_error (42601) after 1 ms
       |
       = detail: client "alice" held no conflicting lock: it was in no transaction; its last step was "alice.commit", COMMIT (event 12)
       = hint: move "alice.commit" after "bob.update", or drop "waits_for"
    "#);
}
