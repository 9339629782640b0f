//! Hooks and checks as an author writes them.

mod checks;
mod compiling;
mod limits;
mod sql;

use super::*;
use crate::record::value::Numeric;
use crate::record::{Column, ResultSet, Value};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn compile(text: &str) -> Result<Hook, ScriptError> {
    // No test may depend on how busy the machine is.
    let running = Duration::from_secs(3600);
    let limits = Limits {
        running,
        ..Limits::default()
    };
    Hooks::new(limits).compile(text, HookKind::Statements)
}

fn run_in(text: &str, scope: &HookScope) -> HookOutcome {
    let hook = compile(text).unwrap();
    hook.run(scope, Arc::new(NoSession), &RunControl::default())
}

fn run(text: &str) -> HookEnd {
    run_in(text, &HookScope::default()).end
}

fn with(variables: &[(&str, Value)]) -> HookScope {
    HookScope {
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        ..HookScope::default()
    }
}

fn result_of(columns: &[&str], rows: Vec<Vec<Value>>) -> Arc<ResultSet> {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        type_name: "text".to_owned(),
    };
    Arc::new(ResultSet {
        columns: columns.iter().map(column).collect(),
        rows,
        ..ResultSet::default()
    })
}

fn after(columns: &[&str], rows: Vec<Vec<Value>>) -> HookScope {
    HookScope {
        result: Some(StepResult {
            affected: rows.len() as u64,
            rows: result_of(columns, rows),
            error: Some("unique_violation".to_owned()),
            elapsed: Duration::from_micros(1500),
        }),
        actor: Some(Actor {
            client: "shopper[3]".to_owned(),
            iteration: 7,
        }),
        ..HookScope::default()
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn at(line: u32, column: u32) -> Place {
    Place { line, column }
}

fn limit_of(end: HookEnd) -> Limit {
    match end {
        HookEnd::LimitExceeded { limit, .. } => limit,
        other => panic!("no limit was met: {other:?}"),
    }
}

#[test]
fn the_hook_of_the_language_guide_asserts_and_measures() {
    let hook = "assert(rows.len == 1, \"order \" + id + \" is missing\");\n\
                measure(\"order_total\", rows[0].total);";
    let total = Value::Numeric("12.50".parse::<Numeric>().unwrap());
    let mut scope = after(&["total"], vec![vec![total]]);
    scope.variables.insert("id".to_owned(), Value::Int(5));
    let outcome = run_in(hook, &scope);
    assert_eq!(outcome.end, HookEnd::Finished(Value::Null));
    let measured = Effect::Measured {
        name: "order_total".to_owned(),
        value: 12.5,
    };
    assert_eq!(outcome.effects, [measured]);

    let mut scope = after(&["total"], vec![]);
    scope.variables.insert("id".to_owned(), Value::Int(5));
    let failed = HookEnd::AssertionFailed {
        message: "order 5 is missing".to_owned(),
        place: at(1, 1),
    };
    assert_eq!(run_in(hook, &scope).end, failed);
}

#[test]
fn a_hook_sees_what_the_step_came_to_and_who_acts() {
    let hook = "[rows.len, affected, error, elapsed_ms, client, iteration]";
    let end = run_in(hook, &after(&["a"], vec![vec![Value::Null]])).end;
    let seen = vec![
        Value::Int(1),
        Value::Int(1),
        text("unique_violation"),
        Value::Float(1.5),
        text("shopper[3]"),
        Value::Int(7),
    ];
    assert_eq!(end, HookEnd::Finished(Value::Array(seen)));
}

#[test]
fn fail_and_skip_end_the_hook_and_no_try_can_go_on() {
    let end = run("let a = 1;\ntry { fail(\"no\") } catch { }\nskip(\"after\")");
    let failed = HookEnd::Failed {
        message: "no".to_owned(),
        place: at(2, 7),
    };
    assert_eq!(end, failed);
    let skipped = HookEnd::Skipped {
        reason: "not today".to_owned(),
        place: at(1, 1),
    };
    assert_eq!(run("skip(\"not today\")"), skipped);
}

#[test]
fn an_assertion_inside_a_comparator_that_swallows_errors_still_fails() {
    let end = run("[2, 1].sort(|a, b| { assert(false, \"inside\"); 0 });");
    assert!(matches!(end, HookEnd::AssertionFailed { message, .. } if message == "inside"));
}

#[test]
fn effects_are_kept_in_order_up_to_the_end() {
    let outcome = run_in(
        "log(\"one\"); print(2); save(\"total\", 3); measure(\"m\", 4); log(5.0); fail(\"x\"); log(6)",
        &HookScope::default(),
    );
    let logged = |line: &str| Effect::Logged(line.to_owned());
    let expected = [
        logged("one"),
        logged("2"),
        Effect::Saved {
            name: "total".to_owned(),
            value: Value::Int(3),
        },
        Effect::Measured {
            name: "m".to_owned(),
            value: 4.0,
        },
        logged("5.0"),
    ];
    assert_eq!(outcome.effects, expected);
}

#[test]
fn a_method_that_would_change_what_is_given_is_refused() {
    let end = run_in("rows.push(1)", &after(&["a"], vec![])).end;
    let HookEnd::Broken(error) = end else {
        panic!("{end:?}")
    };
    assert_eq!(error.message, "\"push\" would change a read-only value");
}

#[test]
fn a_misspelt_column_is_an_error_and_not_nothing() {
    let end = run_in(
        "rows[0].totl",
        &after(&["total"], vec![vec![Value::Int(1)]]),
    )
    .end;
    let HookEnd::Broken(error) = end else {
        panic!("{end:?}")
    };
    assert_eq!(error.message, "there is no \"totl\" here");
    assert_eq!(error.place, at(1, 9));
}

#[test]
fn comparing_the_order_of_unlike_values_is_an_error_and_equality_is_not() {
    for hook in ["v > 5", "5.0 <= v", "v < \"a\"", "\"a\" >= v"] {
        let end = run_in(hook, &with(&[("v", Value::Null)])).end;
        assert!(matches!(end, HookEnd::Broken(_)), "{hook}: {end:?}");
    }
    let end = run_in("v > 5", &with(&[("v", text("7"))])).end;
    let HookEnd::Broken(error) = end else {
        panic!("{end:?}")
    };
    assert_eq!(error.message, "text > integer has no answer");
    assert_eq!(
        run_in("v == ()", &with(&[("v", Value::Null)])).end,
        HookEnd::Finished(Value::Bool(true))
    );
    assert_eq!(
        run("2000.0 == 2000 && 3 < 3.5"),
        HookEnd::Finished(Value::Bool(true))
    );
}

#[test]
fn an_assertion_on_something_that_is_no_boolean_says_so() {
    let HookEnd::Broken(error) = run("assert(1, \"x\")") else {
        panic!("not broken")
    };
    assert_eq!(error.message, "assert needs true or false, not integer <1>");
}

#[test]
fn random_numbers_follow_the_seed_and_stay_in_their_bounds() {
    let hook = "[random(), random(1, 6), random(1, 6), random(5, 5)]";
    let draw = |random_seed| {
        let scope = HookScope {
            random_seed,
            ..HookScope::default()
        };
        run_in(hook, &scope).end
    };
    assert_eq!(draw(42), draw(42));
    assert_ne!(draw(42), draw(43));
    let bounds = run(
        "for i in 0..500 { let f = random(); let n = random(-2, 2); \
                      assert(f >= 0.0 && f < 1.0 && n >= -2 && n <= 2, \"outside\"); }",
    );
    assert_eq!(bounds, HookEnd::Finished(Value::Null));
    assert!(matches!(run("random(2, 1)"), HookEnd::Broken(_)));
}

#[test]
fn values_go_into_a_hook_and_come_back() {
    let numeric = |text: &str| Value::Numeric(text.parse().unwrap());
    let document = serde_json::json!({"a": [1, "x", null], "b": {"c": true}});
    for (given, seen) in [
        (Value::Null, Value::Null),
        (Value::Bool(true), Value::Bool(true)),
        (Value::Int(i64::MAX), Value::Int(i64::MAX)),
        (Value::Float(0.1), Value::Float(0.1)),
        (numeric("2000"), Value::Int(2000)),
        (numeric("2000.00"), Value::Float(2000.0)),
        (numeric("0.1"), Value::Float(0.1)),
        (numeric("99999999999999999999"), Value::Float(1e20)),
        (text("a\u{1F600}"), text("a\u{1F600}")),
        (Value::Json(document.clone()), Value::Json(document)),
        (
            Value::Array(vec![Value::Int(1), Value::Null]),
            Value::Array(vec![Value::Int(1), Value::Null]),
        ),
        (Value::Bytea(vec![0xde, 0x0a]), text("\\xde0a")),
        (
            Value::Uuid(*b"0123456789abcdef"),
            text("30313233-3435-3637-3839-616263646566"),
        ),
    ] {
        let end = run_in("v", &with(&[("v", given.clone())])).end;
        assert_eq!(end, HookEnd::Finished(seen), "{given:?}");
    }
    let HookEnd::Broken(error) = run("|x| x") else {
        panic!("not broken")
    };
    assert_eq!(error.message, "a function cannot leave the hook");
}

#[test]
fn what_is_equal_does_not_depend_on_how_its_hook_is_run() {
    let values = [
        "()", "true", "false", "0", "1", "-1", "1.0", "0.5", "\"\"", "\"1\"", "\"a\"", "'a'", "[]",
        "[1, ()]", "#{}", "#{a: 1}",
    ];
    for left in values {
        for right in values {
            for operator in ["==", "!="] {
                let short = format!("{left} {operator} {right}");
                // The other operator takes away the short cut.
                let long = format!("let unused = 1 + 1; {short}");
                assert_eq!(run(&short), run(&long), "{short}");
            }
        }
    }
    assert_eq!(run("!true"), run("let unused = 1 + 1; !true"));
}
