//! Hooks and checks as an author writes them.

use super::*;
use crate::record::value::Numeric;
use crate::record::{Column, ResultSet, Value};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn compile(text: &str) -> Result<Hook, ScriptError> {
    Hooks::default().compile(text, HookKind::Statements)
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
fn what_is_given_cannot_be_assigned_and_the_error_comes_at_compile_time() {
    for (hook, place) in [
        ("id += 1", at(1, 1)),
        ("let x = 1;\n  rows[0].total = x;", at(2, 3)),
        ("if true { error = 1; }", at(1, 11)),
    ] {
        let error = compile(hook).unwrap_err();
        assert_eq!(error.place, place, "{hook}");
        assert!(error.message.ends_with("cannot be assigned"), "{error}");
    }
    assert!(compile("let id = 1; id += 1; let f = |v| { v = 2; v }; f.call(id)").is_ok());
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
fn free_variables_are_those_that_the_hook_does_not_declare() {
    let hook = compile(
        "let k = before; for row in rows { let z = row; }\n\
         [1].map(|v| [v].map(|w| w * k * id)); z; fn g(a) { a + b }",
    )
    .unwrap();
    let free: Vec<(&str, Place)> = hook
        .free_variables()
        .map(|v| (v.name.as_str(), v.place))
        .collect();
    let expected = [
        ("before", at(1, 9)),
        ("id", at(2, 33)),
        ("rows", at(1, 28)),
        ("z", at(2, 39)),
    ];
    assert_eq!(free, expected);
}

#[test]
fn a_hook_says_whether_it_may_call_sql_and_which_steps_it_names() {
    let calls = |text: &str| compile(text).unwrap().calls_sql();
    assert!(calls("if false { sql(\"SELECT 1\") }"));
    assert!(calls("\"SELECT 1\".sql(#{})"));
    assert!(calls("[1].map(|v| sql(\"SELECT 1\"))"));
    assert!(calls("Fn(\"sql\").call(\"SELECT 1\")"));
    assert!(calls("Fn(\"s\" + \"ql\").call(\"SELECT 1\")"));
    assert!(!calls("log(\"sql(1)\"); Fn(\"log\").call(1)"));
    let hook = compile("rows(\"pick\").len + rows.len").unwrap();
    let steps: Vec<NamedStep> = hook.named_steps().collect();
    let pick = NamedStep {
        step: "pick".to_owned(),
        place: at(1, 1),
    };
    assert_eq!(steps, [pick]);
}

#[test]
fn unknown_functions_are_found_before_anything_runs() {
    let error = compile("let a = 1;\nassrt(a == 1)").unwrap_err();
    assert_eq!(error.message, "unknown function \"assrt\"");
    assert_eq!(error.hint.as_deref(), Some("did you mean \"assert\"?"));
    assert_eq!(error.place, at(2, 1));
    assert!(compile("fn twice(n) { n * 2 } twice(2)").is_ok());
}

#[test]
fn syntax_errors_point_at_their_place() {
    let error = compile("let a = 1;\nlet b = (a + ;").unwrap_err();
    assert_eq!(error.place.line, 2);
    let error = compile("rows[0].a == null").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("NULL is written ()"));
}

#[test]
fn an_expression_is_one_and_has_a_value() {
    let hooks = Hooks::default();
    let compile = |text| hooks.compile(text, HookKind::Expression);
    assert!(compile("rows(\"pick\").len > 0").is_ok());
    assert!(compile("rows.all(|r| r.total > 0)").is_ok());
    assert!(compile("if a { 1 } else { 2 }").is_ok());
    for wrong in ["", "let a = 1", "1; 2", "while true { }"] {
        assert!(compile(wrong).is_err(), "{wrong}");
    }
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
fn limits_end_a_hook_and_name_themselves_and_the_place() {
    assert_eq!(
        run("let a = 1;\n  loop { a += 1; }"),
        HookEnd::LimitExceeded {
            limit: Limit::Operations(1_000_000),
            place: at(2, 15)
        }
    );
    assert_eq!(
        limit_of(run("fn f(n) { f(n + 1) } f(1)")),
        Limit::CallLevels(32)
    );
    assert_eq!(
        limit_of(run("let s = \"a\"; loop { s += s; }")),
        Limit::String(1 << 20)
    );
    assert_eq!(
        limit_of(run("let a = []; a.pad(1000000000, 0)")),
        Limit::Array(10_000)
    );
    assert_eq!(
        limit_of(run("for i in 0..2000 { log(i) }")),
        Limit::Effects(1_000)
    );
    assert_eq!(
        limit_of(run("try { loop { } } catch { }")),
        Limit::Operations(1_000_000)
    );
    let many = after(&["a"], vec![vec![Value::Null]; 10_001]);
    assert_eq!(limit_of(run_in("rows.len", &many).end), Limit::Rows(10_000));
    assert_eq!(
        run_in("affected", &many).end,
        HookEnd::Finished(Value::Int(10_001))
    );
    let deep = format!("{}1{}", "(".repeat(100), ")".repeat(100));
    assert!(compile(&deep).is_err());
}

#[test]
fn a_hook_ends_when_its_time_is_up_or_it_is_cancelled() {
    let limits = Limits {
        running: Duration::ZERO,
        ..Limits::default()
    };
    let hook = Hooks::new(limits)
        .compile("loop { }", HookKind::Statements)
        .unwrap();
    let run = |hook: &Hook, control| {
        hook.run(&HookScope::default(), Arc::new(NoSession), &control)
            .end
    };
    assert_eq!(
        limit_of(run(&hook, RunControl::default())),
        Limit::Running(Duration::ZERO)
    );

    let hook = compile("loop { }").unwrap();
    let control = RunControl {
        deadline: Some(Instant::now()),
        cancelled: None,
    };
    assert_eq!(limit_of(run(&hook, control)), Limit::Deadline);
    let control = RunControl {
        deadline: None,
        cancelled: Some(Arc::new(AtomicBool::new(true))),
    };
    assert_eq!(run(&hook, control), HookEnd::Cancelled);
}

#[test]
fn a_hook_cannot_sleep_evaluate_text_or_import() {
    for hook in [
        "sleep(1)",
        "sleep(1.5)",
        "eval(\"1\")",
        "import \"x\" as y;",
    ] {
        assert!(compile(hook).is_err(), "{hook}");
    }
    for hook in ["Fn(\"sleep\").call(1000)", "1000.0.sleep()"] {
        assert!(matches!(run(hook), HookEnd::Broken(_)), "{hook}");
    }
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

/// Answers every statement with one row, and fails those that say so.
#[derive(Default)]
struct Scripted {
    sent: Mutex<Vec<(String, BTreeMap<String, Value>)>>,
}

impl Host for Scripted {
    fn sql(
        &self,
        text: &str,
        parameters: &BTreeMap<String, Value>,
    ) -> Result<Arc<ResultSet>, SqlError> {
        let mut sent = self.sent.lock().unwrap();
        sent.push((text.to_owned(), parameters.clone()));
        if text.contains("fail") {
            return Err(SqlError {
                condition: Some("deadlock_detected".to_owned()),
                message: "deadlock detected".to_owned(),
            });
        }
        Ok(result_of(&["n"], vec![vec![Value::Int(3)]]))
    }

    fn rows(&self, step: &str) -> Option<Arc<ResultSet>> {
        (step == "pick").then(|| result_of(&["id"], vec![vec![Value::Int(9)]]))
    }
}

#[test]
fn sql_binds_by_name_and_returns_rows() {
    let host = Arc::new(Scripted::default());
    let hook =
        compile("sql(\"SELECT :a\", #{ a: 1.5, b: () })[0].n + rows(\"pick\")[0].id").unwrap();
    let outcome = hook.run(&HookScope::default(), host.clone(), &RunControl::default());
    assert_eq!(outcome.end, HookEnd::Finished(Value::Int(12)));
    let bound = [("a", Value::Float(1.5)), ("b", Value::Null)];
    let bound = bound.map(|(name, value)| (name.to_owned(), value)).into();
    assert_eq!(
        *host.sent.lock().unwrap(),
        [("SELECT :a".to_owned(), bound)]
    );
}

#[test]
fn a_failed_statement_can_be_caught_by_its_condition_or_ends_the_hook() {
    let run = |text: &str| {
        let host = Arc::new(Scripted::default());
        let hook = compile(text).unwrap();
        hook.run(&HookScope::default(), host, &RunControl::default())
            .end
    };
    let caught = "let seen = (); try { sql(\"fail\") } catch (e) { seen = e.error; } seen";
    assert_eq!(run(caught), HookEnd::Finished(text("deadlock_detected")));
    let end = run("let a = 1;\n sql(\"fail\")");
    let HookEnd::SqlFailed { error, place } = end else {
        panic!("{end:?}")
    };
    assert_eq!(error.message, "deadlock detected");
    assert_eq!(place, at(2, 2));
    assert!(matches!(run("sql(\"SELECT $1\", [1])"), HookEnd::Broken(_)));
    let HookEnd::Broken(error) = run("rows(\"pock\")") else {
        panic!("not broken")
    };
    assert_eq!(error.message, "step \"pock\" has not run");
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
fn hooks_run_on_several_threads_at_once_without_mixing() {
    let hook = compile("for i in 0..200 { save(\"n\", id); } id").unwrap();
    std::thread::scope(|threads| {
        for id in 0..4 {
            let hook = hook.clone();
            threads.spawn(move || {
                let scope = with(&[("id", Value::Int(id))]);
                let outcome = hook.run(&scope, Arc::new(NoSession), &RunControl::default());
                assert_eq!(outcome.end, HookEnd::Finished(Value::Int(id)));
                assert_eq!(outcome.effects.len(), 200);
                let saved = Effect::Saved {
                    name: "n".to_owned(),
                    value: Value::Int(id),
                };
                assert!(outcome.effects.iter().all(|effect| *effect == saved));
            });
        }
    });
}

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
fn the_deepest_calls_of_the_deepest_expressions_fit_half_of_a_small_stack() {
    // Each repeated as often as the limit of depth allows, around the call that recurs.
    let shapes = [
        ("-(1 + ", ")"),
        ("[", "]"),
        ("#{ a: ", "}"),
        ("if true { ", "}"),
        ("[1].map(|x| ", ")"),
        ("switch 1 { 1 => ", "}"),
        ("try { ", "} catch { }"),
        ("{ let a = ", "; a }"),
        ("for i in 0..1 { ", "}"),
        ("to_string(", ")"),
        ("(true && ", ")"),
        ("`${", "}`"),
    ];
    for (open, close) in shapes {
        let nested = |times: usize| {
            let (open, close) = (open.repeat(times), close.repeat(times));
            compile(&format!("fn f(n) {{ {open}f(n + 1){close} }} f(0)"))
        };
        let deepest = (0..40).rev().find_map(|times| nested(times).ok()).unwrap();
        let small = std::thread::Builder::new().stack_size(1 << 20);
        let run = move || {
            let control = RunControl::default();
            deepest.run(&HookScope::default(), Arc::new(NoSession), &control)
        };
        let outcome = small.spawn(run).unwrap().join().unwrap();
        assert_eq!(limit_of(outcome.end), Limit::CallLevels(32), "{open}");
    }
}

#[test]
fn a_value_nested_too_deep_cannot_leave_a_hook() {
    for wrap in ["[a]", "#{ b: a }"] {
        let hook = |levels: u32| format!("let a = []; for i in 1..{levels} {{ a = {wrap}; }} a");
        assert!(matches!(run(&hook(64)), HookEnd::Finished(_)));
        let HookEnd::Broken(error) = run(&hook(65)) else {
            panic!("not broken")
        };
        assert_eq!(
            error.message,
            "a value nested more than 64 levels deep cannot leave the hook"
        );
    }
}
