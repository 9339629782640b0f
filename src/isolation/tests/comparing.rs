//! What is the same passes, and every change that matters does not.

use super::fixtures::{BANK_OUT, BANK_SPEC, expected, spec, suite, suite_specs};
use crate::isolation::{Cast, Comparison, Expected, Fact, Level, Trace, compare};

fn traces(expected: &Expected) -> Vec<Trace> {
    let trace = |order: &crate::isolation::ExpectedOrder| order.trace.clone();
    expected.orders.iter().map(trace).collect()
}

fn bank() -> (Cast, Expected) {
    let cast = Cast::from(&spec(BANK_SPEC));
    let read = expected(BANK_OUT, &cast);
    (cast, read)
}

/// Compares the bank's outcome, changed, with its expected file.
fn changed(change: impl FnOnce(&mut Vec<Trace>)) -> Comparison {
    let (cast, read) = bank();
    let mut found = traces(&read);
    change(&mut found);
    compare(&found, std::slice::from_ref(&read), &cast)
}

/// The level of the first order and the first difference in words.
fn told(comparison: &Comparison) -> (Option<Level>, String) {
    assert_eq!(comparison.agrees_with, None);
    let diagnostic = comparison.first.as_ref().unwrap().diagnostic();
    let detail = diagnostic.detail.clone().unwrap_or_default();
    (comparison.levels[0], format!("{diagnostic}; {detail}"))
}

#[test]
fn an_outcome_agrees_with_itself() {
    let comparison = changed(|_| {});
    assert_eq!(comparison.agrees_with, Some(0));
    assert_eq!(comparison.agreeing(Level::Strict), 2);
    assert_eq!(comparison.first, None);
}

#[test]
fn times_padding_and_details_do_not_count() {
    let comparison = changed(|found| {
        for fact in found.iter_mut().flat_map(|trace| &mut trace.facts) {
            match fact {
                Fact::Cancelled { seconds, .. } => *seconds += 1,
                Fact::Said { message } => {
                    *message = message.replace("720", "2").replace("LINE 1: DROP", "X");
                }
                Fact::Lost { message } => "gone".clone_into(message),
                Fact::Rows(table) => table.rows[0][0].insert(0, ' '),
                _ => {}
            }
        }
    });
    assert_eq!(comparison.agrees_with, Some(0));
}

#[test]
fn a_dropped_wait_fails_and_says_that_the_results_are_the_same() {
    let comparison = changed(|found| {
        found[0].facts.remove(3);
    });
    let (level, words) = told(&comparison);
    assert_eq!(level, Some(Level::ResultsOnly));
    assert_eq!(
        words,
        "t.out:12:1: failed[isolation-outcome]: order 1: expected step \"his credit\" waiting, \
         found step \"his credit\" cancelled at the time limit; "
    );
    assert_eq!(comparison.agreeing(Level::Strict), 1);
    assert_eq!(comparison.agreeing(Level::ResultsOnly), 2);
}

#[test]
fn a_notice_between_other_facts_of_other_sessions_fails_as_such() {
    // Before the step of the other session instead of behind it.
    let (level, words) = told(&changed(|found| found[0].facts.swap(1, 2)));
    assert_eq!(level, Some(Level::NoticesPerSession));
    assert_eq!(
        words,
        "t.out:9:1: failed[isolation-outcome]: order 1: expected step \"debit\" done at once, \
         found NOTICE \"one\nDETAIL:  more of it\" to session \"bob b\"; "
    );
    // Behind the step of its own session.
    let (level, _) = told(&changed(|found| found[0].facts.swap(2, 3)));
    assert_eq!(level, Some(Level::ResultsOnly));
}

#[test]
fn a_changed_value_fails_and_is_named() {
    let (level, words) = told(&changed(|found| {
        let Some(Fact::Rows(table)) = found[0].facts.get_mut(14) else {
            panic!("no rows")
        };
        "2".clone_into(&mut table.rows[0][0]);
    }));
    assert_eq!(level, None);
    assert_eq!(
        words,
        "t.out:28:1: failed[isolation-outcome]: order 1: other rows than expected; \
         row 1, column \"bye\": expected \"1\", found \"2\""
    );
}

#[test]
fn another_end_than_expected_is_a_difference() {
    let (_, words) = told(&changed(|found| {
        found[0].facts.pop();
    }));
    assert_eq!(
        words,
        "t.out:33:1: failed[isolation-outcome]: order 1: \
         expected \"teardown failed: ERROR:  no table\", found nothing more; "
    );
    let comparison = changed(|found| {
        found.pop();
    });
    let (_, words) = told(&comparison);
    assert_eq!(
        words,
        "t.out:36:1: failed[isolation-outcome]: expected 2 orders, found 1; "
    );
    assert_eq!(comparison.agreeing(Level::Strict), 1);
}

#[test]
fn one_of_several_expected_files_must_agree_in_all_orders() {
    let (cast, right) = bank();
    let mut first_wrong = right.clone();
    first_wrong.orders[0].trace.facts.pop();
    let mut second_wrong = right.clone();
    second_wrong.orders[1].trace.facts.pop();
    let found = traces(&right);
    let all = [first_wrong, second_wrong, right];
    assert_eq!(compare(&found, &all, &cast).agrees_with, Some(2));
    let comparison = compare(&found, &all[..2], &cast);
    assert_eq!(comparison.agrees_with, None);
    assert_eq!(comparison.agreeing(Level::Strict), 1);
    let none = compare(&found, &[], &cast);
    assert_eq!(
        (none.agrees_with, none.agreeing(Level::ResultsOnly)),
        (None, 0)
    );
}

/// A way to change an outcome; none where there is nothing to change in this way.
type Change = fn(&mut Vec<Fact>) -> Option<()>;

const CHANGES: [(&str, Change); 5] = [
    ("drop a wait", |facts| {
        let at = facts
            .iter()
            .position(|f| matches!(f, Fact::Waiting { .. }))?;
        facts.remove(at);
        Some(())
    }),
    ("tell a wait as done", |facts| {
        let at = facts
            .iter()
            .position(|f| matches!(f, Fact::Waiting { .. }))?;
        let Fact::Waiting { step } = facts[at].clone() else {
            return None;
        };
        facts[at] = Fact::Done { step };
        Some(())
    }),
    ("swap two completions", |facts| {
        let mut ends = facts.iter_mut().filter_map(|fact| match fact {
            Fact::Completed { step } => Some(step),
            _ => None,
        });
        let (first, second) = (ends.next()?, ends.next()?);
        (first != second).then(|| std::mem::swap(first, second))
    }),
    ("change a value", |facts| {
        let value = facts.iter_mut().find_map(|fact| match fact {
            Fact::Rows(table) => table.rows.first_mut()?.first_mut(),
            _ => None,
        })?;
        value.push('x');
        Some(())
    }),
    ("change an error", |facts| {
        let message = facts.iter_mut().find_map(|fact| match fact {
            Fact::Error { message, .. } => Some(message),
            _ => None,
        })?;
        message.push('x');
        Some(())
    }),
];

#[test]
fn every_change_of_every_order_of_the_suite_is_seen() {
    let Some(folder) = suite() else { return };
    let mut seen = [0; CHANGES.len()];
    for (name, spec, outputs) in suite_specs(&folder) {
        let cast = Cast::from(&spec);
        for output in outputs {
            let read = Expected::read(&output, &cast).unwrap();
            let found = traces(&read);
            let same = compare(&found, std::slice::from_ref(&read), &cast);
            assert_eq!(same.agrees_with, Some(0), "{name}");
            for order in 0..found.len() {
                for (which, (change, make)) in CHANGES.iter().enumerate() {
                    let mut other = found.clone();
                    if make(&mut other[order].facts).is_none() {
                        continue;
                    }
                    let comparison = compare(&other, std::slice::from_ref(&read), &cast);
                    assert_eq!(comparison.agrees_with, None, "{name} {order}: {change}");
                    assert_eq!(comparison.agreeing(Level::Strict), found.len() - 1);
                    assert_eq!(comparison.first.unwrap().order, order);
                    seen[which] += 1;
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}
