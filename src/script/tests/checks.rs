//! The expressions of `expect: check:`.

use super::*;

struct Measured;

impl CheckHost for Measured {
    fn fact(&self, function: CheckFunction, of: &str, fact: &str) -> Option<Fact> {
        match (function, of, fact) {
            (CheckFunction::Latency, "shopper.pick", "p50") => Some(Fact::Number(2.0)),
            (CheckFunction::Latency, "shopper.pick", "p99") => Some(Fact::Number(7.5)),
            (CheckFunction::Statements, "page", "count") => Some(Fact::Count(3)),
            _ => None,
        }
    }
}

fn check(text: &str) -> CheckOutcome {
    Checks::default().compile(text).unwrap().evaluate(&Measured)
}

#[test]
fn a_check_that_fails_says_what_it_looked_at() {
    let outcome = check("latency(\"shopper.pick\").p99 < 3 * latency(\"shopper.pick\").p50");
    assert_eq!(outcome.end, CheckEnd::Fails);
    let touched: Vec<(&str, Option<Fact>)> = outcome
        .touched
        .iter()
        .map(|t| (t.written.as_str(), t.fact))
        .collect();
    let expected = [
        ("latency(\"shopper.pick\").p99", Some(Fact::Number(7.5))),
        ("latency(\"shopper.pick\").p50", Some(Fact::Number(2.0))),
    ];
    assert_eq!(touched, expected);
    assert_eq!(
        check("statements(\"page\").count == 3").end,
        CheckEnd::Holds
    );
}

#[test]
fn a_check_of_something_not_measured_does_not_hold() {
    let outcome = check("latency(\"shopper.pick\").max < 5.0 || true");
    assert_eq!(outcome.end, CheckEnd::NothingMeasured);
    assert_eq!(outcome.touched[0].fact, None);
}

#[test]
fn a_check_is_compiled_with_its_names_and_nothing_else_around_it() {
    let checks = Checks::default();
    let compiled = checks
        .compile("errors(\"alice\").rate < 0.01 && measure(\"total\").sum > 1.0")
        .unwrap();
    let names: Vec<(CheckFunction, &str)> = compiled
        .names()
        .iter()
        .map(|name| (name.function, name.of.as_str()))
        .collect();
    let expected = [
        (CheckFunction::Errors, "alice"),
        (CheckFunction::Measure, "total"),
    ];
    assert_eq!(names, expected);
    for wrong in [
        "latency(which).p50 < 1",
        "sql(\"SELECT 1\")",
        "rows.len > 0",
        "latency(\"a\" + \"b\").p50 < 1",
        "latency() < 1",
    ] {
        assert!(checks.compile(wrong).is_err(), "{wrong}");
    }
    for broken in ["latency(\"a\").p75 < 1", "1 + 1"] {
        assert!(matches!(check(broken).end, CheckEnd::Broken(_)), "{broken}");
    }
}

#[test]
fn counts_are_divided_as_on_paper() {
    for holds in [
        "statements(\"page\").count / 2 == 1.5",
        "statements(\"page\").count / 3 == 1",
        "latency(\"shopper.pick\").p50 / 4 == 0.5",
        "3 / latency(\"shopper.pick\").p50 == 1.5",
        "latency(\"shopper.pick\").p99 / latency(\"shopper.pick\").p50 == 3.75",
        "statements(\"page\").count % 2 == 1",
    ] {
        assert_eq!(check(holds).end, CheckEnd::Holds, "{holds}");
    }
    let share = check("1 / statements(\"page\").count <= 0.1");
    assert_eq!(share.end, CheckEnd::Fails);
}

#[test]
fn a_division_by_zero_breaks_a_check() {
    for zero in ["0", "0.0"] {
        for left in [
            "statements(\"page\").count",
            "latency(\"shopper.pick\").p50",
        ] {
            let end = check(&format!("{left} / {zero} >= 1")).end;
            let CheckEnd::Broken(error) = end else {
                panic!("{left} / {zero} gave {end:?}");
            };
            assert!(error.message.starts_with("division by zero"), "{error}");
        }
    }
}
