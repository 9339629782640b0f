//! What is known of a hook before it runs.

use super::*;

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
fn a_hook_says_whether_it_may_run_long() {
    let long = |text: &str| compile(text).unwrap().may_run_long();
    for text in [
        "loop { }",
        "while id > 0 { }",
        "do { } until true",
        "if false { for i in 0..9 { } }",
        "fn f() { 1 } f()",
        "rows.all(|row| row.total > 0)",
    ] {
        assert!(long(text), "{text}");
    }
    assert!(!long(
        "let a = rows[0].total; if a > 1 { log(a) } assert(a > 0)"
    ));
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
