//! The rhai interpreter, closed: limits set, nothing in it that waits, evaluates text or writes to stdout.

use super::running::{self, Running};
use super::{Effect, HookEnd, Limits};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, OptimizationLevel, Position};

/// Functions of the language itself, which its list of registered functions does not name.
const LANGUAGE_FUNCTIONS: [&str; 7] = [
    "Fn",
    "call",
    "curry",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "type_of",
];

/// Whose operators an interpreter uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operators {
    /// Ours, and its own where we have none.
    Ours,
    /// Its own, by a short cut that passes over ours.
    Own,
}

/// An interpreter with the standard packages and without any function of ours.
pub(super) fn closed(limits: &Limits, operators: Operators) -> Engine {
    let mut engine = Engine::new();
    // The tree is asked which names a hook uses; optimised, it would have lost branches.
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_max_operations(limits.operations);
    engine.set_max_call_levels(limits.call_levels);
    engine.set_max_expr_depths(limits.expression_depth, limits.function_depth);
    engine.set_max_string_size(limits.string);
    engine.set_max_array_size(limits.array);
    engine.set_max_map_size(limits.map);
    engine.set_max_variables(limits.variables);
    engine.set_fast_operators(operators == Operators::Own);
    engine.set_fail_on_invalid_map_property(true);
    engine.disable_symbol("eval");
    forbid_sleep(&mut engine);
    refuse_to_order_unlike_values(&mut engine);
    engine.on_progress(|operations| {
        if !running::is_time_to_look(operations) {
            return None;
        }
        let run = Running::current()?;
        let end = run.must_end()?;
        run.end(end);
        Some(Dynamic::UNIT)
    });
    engine.on_print(log);
    engine.on_debug(|text, _, _| log(text));
    engine
}

/// The names of all functions an interpreter knows, sorted, operators left out.
pub(super) fn function_names(engine: &Engine) -> Vec<String> {
    let name = |f: rhai::FuncInfo| Some(f.metadata.name.to_string());
    let mut names = engine.collect_fn_metadata(None, name, true);
    names.extend(LANGUAGE_FUNCTIONS.map(str::to_owned));
    names.retain(|name| name != "sleep" && name.chars().all(|c| c.is_alphanumeric() || c == '_'));
    names.sort();
    names.dedup();
    names
}

/// An error of a native function; rhai adds the place of the call.
pub(super) fn raise<T>(message: impl Into<Dynamic>) -> Result<T, Box<EvalAltResult>> {
    Err(EvalAltResult::ErrorRuntime(message.into(), Position::NONE).into())
}

/// Ends the hook so that no `try` of its own can go on.
pub(super) fn stop<T>(run: &Running, end: HookEnd) -> Result<T, Box<EvalAltResult>> {
    run.end(end);
    Err(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE).into())
}

fn log(text: &str) {
    if let Some(run) = Running::current() {
        // A line too many is dropped here: on_print cannot raise. `log` itself ends the hook.
        run.keep(Effect::Logged(text.to_owned()));
    }
}

/// `sleep` blocks its thread where no limit reaches it, and disabling the symbol does not stop the call.
fn forbid_sleep(engine: &mut Engine) {
    const MESSAGE: &str = "a hook cannot sleep";
    engine.register_fn("sleep", |_: i64| raise::<()>(MESSAGE));
    engine.register_fn("sleep", |_: f64| raise::<()>(MESSAGE));
}

/// rhai orders values of unlike types by answering false, which would let `rows[0].total > 5` fail, and its
/// negation pass, for a NULL or for a number that arrived as text.
fn refuse_to_order_unlike_values(engine: &mut Engine) {
    for operator in ["<", "<=", ">", ">="] {
        let refuse = move |left: &str, right: &str| -> Result<bool, Box<EvalAltResult>> {
            raise(format!("{left} {operator} {right} has no answer"))
        };
        engine.register_fn(operator, move |_: (), _: i64| refuse("NULL", "integer"));
        engine.register_fn(operator, move |_: (), _: f64| refuse("NULL", "float"));
        engine.register_fn(operator, move |_: (), _: ImmutableString| {
            refuse("NULL", "text")
        });
        engine.register_fn(operator, move |_: (), _: ()| refuse("NULL", "NULL"));
        engine.register_fn(operator, move |_: i64, _: ()| refuse("integer", "NULL"));
        engine.register_fn(operator, move |_: f64, _: ()| refuse("float", "NULL"));
        engine.register_fn(operator, move |_: ImmutableString, _: ()| {
            refuse("text", "NULL")
        });
        engine.register_fn(operator, move |_: ImmutableString, _: i64| {
            refuse("text", "integer")
        });
        engine.register_fn(operator, move |_: ImmutableString, _: f64| {
            refuse("text", "float")
        });
        engine.register_fn(operator, move |_: i64, _: ImmutableString| {
            refuse("integer", "text")
        });
        engine.register_fn(operator, move |_: f64, _: ImmutableString| {
            refuse("float", "text")
        });
    }
}
