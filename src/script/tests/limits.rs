//! What a hook cannot do: run for ever, grow without end, meet the end of the stack, mix with another.

use super::*;

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
