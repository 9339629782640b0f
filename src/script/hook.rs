//! Compiling a hook and running it.

use super::convert::{from_dynamic, rows_to_dynamic, to_dynamic};
use super::engine::Operators;
use super::error::describe;
use super::names::Names;
use super::running::Running;
use super::{
    FreeVariable, HookEnd, HookOutcome, HookScope, Host, Limit, Limits, NamedStep, Place,
    RunControl, ScriptError, engine, functions,
};
use crate::record::Value;
use rhai::{AST, Caches, Dynamic, Engine, EvalAltResult, Scope, Stmt};
use std::rc::Rc;
use std::sync::Arc;

/// What a hook's text consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookKind {
    /// Any statements: `before`, `after`.
    Statements,
    /// One expression with a value: `{ rhai: … }`.
    Expression,
    /// One expression that is true or false: `when`.
    Condition,
}

/// Compiles hooks; one for the whole program, shared by all threads.
#[derive(Debug, Clone)]
pub struct Hooks {
    engine: Arc<Engine>,
    /// For hooks to which the operators of the interpreter mean the same as ours.
    quick: Arc<Engine>,
    functions: Arc<[String]>,
    limits: Limits,
}

/// What the calls of one hook were resolved to, as far as it has run; of no use for another hook.
#[derive(Debug, Default)]
pub struct Resolved(Caches);

/// A compiled hook; cheap to clone, shared by all threads.
#[derive(Debug, Clone)]
pub struct Hook {
    engine: Arc<Engine>,
    ast: Arc<AST>,
    names: Arc<Names>,
    limits: Limits,
    kind: HookKind,
}

impl Default for Hooks {
    fn default() -> Self {
        Hooks::new(Limits::default())
    }
}

impl Hooks {
    /// A compiler whose hooks run within these limits. Takes a millisecond: make one and keep it.
    pub fn new(limits: Limits) -> Self {
        let [engine, quick] = [Operators::Ours, Operators::Own].map(|operators| {
            let mut engine = engine::closed(&limits, operators);
            functions::register(&mut engine);
            engine
        });
        let functions = engine::function_names(&engine).into();
        Hooks {
            engine: Arc::new(engine),
            quick: Arc::new(quick),
            functions,
            limits,
        }
    }

    /// Compiles a hook; errors are those of syntax, unknown functions, and assignments to what is given.
    ///
    /// Which variables there are depends on the place of the hook: ask [`Hook::free_variables`].
    pub fn compile(&self, text: &str, kind: HookKind) -> Result<Hook, ScriptError> {
        let ast = self.engine.compile(text)?;
        match kind {
            HookKind::Statements => {}
            HookKind::Expression | HookKind::Condition => one_expression(&ast)?,
        }
        let names = Names::of(&ast)?;
        names.check_functions(&self.functions)?;
        let engine = match names.only_compare() {
            true => &self.quick,
            false => &self.engine,
        };
        Ok(Hook {
            engine: Arc::clone(engine),
            ast: Arc::new(ast),
            names: Arc::new(names),
            limits: self.limits.clone(),
            kind,
        })
    }
}

impl Hook {
    /// Whether the hook may call `sql`: if so it blocks and needs a thread of its own.
    pub fn calls_sql(&self) -> bool {
        self.names.calls("sql")
    }

    /// Whether the hook may be at work for longer than a moment: it has a loop, a function or a closure. What has
    /// none of these goes through its text once.
    pub fn may_run_long(&self) -> bool {
        self.names.loops || !self.names.defined.is_empty()
    }

    /// Whether the hook may find something wrong: it calls `assert` or `fail`.
    pub fn may_fail(&self) -> bool {
        self.names.calls("assert") || self.names.calls("fail")
    }

    /// The variables the hook reads and does not declare, by name, then place.
    pub fn free_variables(&self) -> impl Iterator<Item = &FreeVariable> {
        self.names.free.iter()
    }

    /// Whether the hook may call `rows` with a name that is not a text literal.
    pub fn names_steps_freely(&self) -> bool {
        let mut calls = self.names.calls.iter();
        self.names.calls("rows")
            && calls.any(|call| {
                matches!(call.function.as_str(), "rows" | "Fn") && call.literal.is_none()
                    || call.function == "Fn" && call.literal.as_deref() == Some("rows")
            })
    }

    /// The steps the hook names in `rows("…")`.
    pub fn named_steps(&self) -> impl Iterator<Item = NamedStep> + '_ {
        let calls = self
            .names
            .calls
            .iter()
            .filter(|call| call.function == "rows");
        calls.filter_map(|call| {
            let step = call.literal.clone()?;
            Some(NamedStep {
                step,
                place: call.place,
            })
        })
    }

    /// The names that the hook gives to `save` or `measure`; none where one of them is computed.
    pub fn names_given_to(&self, function: &str) -> Option<Vec<&str>> {
        if !self.names.calls(function) {
            return Some(Vec::new());
        }
        let calls = self.names.calls.iter();
        let calls = calls.filter(|call| call.function == function || call.function == "Fn");
        calls.map(|call| call.first_literal.as_deref()).collect()
    }

    /// Runs the hook to its end on this thread. `host` is asked for `sql` and `rows(step)` only.
    pub fn run(&self, scope: &HookScope, host: Arc<dyn Host>, control: &RunControl) -> HookOutcome {
        self.run_again(&mut Resolved::default(), scope, host, control)
    }

    /// The same for a hook that runs very often: what its calls were resolved to is kept between the runs.
    pub fn run_again(
        &self,
        resolved: &mut Resolved,
        scope: &HookScope,
        host: Arc<dyn Host>,
        control: &RunControl,
    ) -> HookOutcome {
        let run = Running::new(
            host,
            self.limits.clone(),
            control.clone(),
            scope.random_seed,
        );
        let run = Rc::new(run);
        let mut variables = match self.variables(scope) {
            Ok(variables) => variables,
            Err(end) => {
                return HookOutcome {
                    end,
                    effects: Vec::new(),
                };
            }
        };
        let result = run.during(|| self.evaluate(&mut resolved.0, &mut variables));
        let (noted, effects) = run.finish();
        let end = match (noted, result) {
            (Some(noted), result) => placed(noted, result.err().as_deref()),
            (None, Ok(value)) => match from_dynamic(&value) {
                Ok(value) => self.finished(value),
                Err(message) => broken(message),
            },
            (None, Err(error)) => ended_by(&error, &self.limits),
        };
        HookOutcome { end, effects }
    }

    /// What `Engine::eval_ast_with_scope` does, which would look up every function in every run.
    #[allow(
        deprecated,
        reason = "the only way to evaluate a tree with caches of one's own"
    )]
    fn evaluate(
        &self,
        caches: &mut Caches,
        variables: &mut Scope<'_>,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let mut global = self.engine.new_global_runtime_state();
        if !self.names.defined.is_empty() {
            global.lib.push(self.ast.shared_lib().clone());
        }
        let statements = self.ast.statements();
        let engine = &self.engine;
        engine.eval_statements_raw(&mut global, caches, variables, statements)
    }

    /// A condition has to be true or false: what counts as true otherwise, every language answers differently.
    fn finished(&self, value: Value) -> HookEnd {
        match (self.kind, &value) {
            (HookKind::Condition, Value::Bool(_))
            | (HookKind::Statements | HookKind::Expression, _) => HookEnd::Finished(value),
            (HookKind::Condition, _) => broken(format!(
                "a condition must be true or false, not {}",
                value.describe()
            )),
        }
    }

    fn variables(&self, scope: &HookScope) -> Result<Scope<'static>, HookEnd> {
        let mut variables = Scope::new();
        let mut give = |name: &str, value: &dyn Fn() -> Dynamic| {
            if self.names.reads(name) {
                variables.push_constant_dynamic(name, value());
            }
        };
        if let Some(actor) = &scope.actor {
            give("client", &|| actor.client.clone().into());
            give("iteration", &|| to_int(actor.iteration));
        }
        for (name, value) in &scope.variables {
            give(name, &|| to_dynamic(value));
        }
        let Some(result) = &scope.result else {
            return Ok(variables);
        };
        if self.names.reads("rows") && result.rows.rows.len() > self.limits.array {
            return Err(HookEnd::LimitExceeded {
                limit: Limit::Rows(self.limits.array),
                place: Place::START,
            });
        }
        give("rows", &|| rows_to_dynamic(&result.rows));
        give("affected", &|| to_int(result.affected));
        give("error", &|| {
            result.error.clone().map_or(Dynamic::UNIT, Dynamic::from)
        });
        give("elapsed_ms", &|| {
            (result.elapsed.as_secs_f64() * 1e3).into()
        });
        Ok(variables)
    }
}

fn to_int(count: u64) -> Dynamic {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

fn broken(message: String) -> HookEnd {
    HookEnd::Broken(ScriptError::new(message, Place::START))
}

/// A limit is noted without its place, which only the interpreter's own error knows.
fn placed(noted: HookEnd, error: Option<&EvalAltResult>) -> HookEnd {
    match (noted, error) {
        (
            HookEnd::LimitExceeded {
                limit,
                place: Place::START,
            },
            Some(error),
        ) => {
            let place = Place::from(error.position());
            HookEnd::LimitExceeded { limit, place }
        }
        (noted, _) => noted,
    }
}

fn ended_by(error: &EvalAltResult, limits: &Limits) -> HookEnd {
    use EvalAltResult as E;
    let (limit, at) = match error {
        E::ErrorInFunctionCall(_, _, inner, _) => return ended_by(inner, limits),
        E::ErrorTooManyOperations(at) => (Limit::Operations(limits.operations), at),
        E::ErrorStackOverflow(at) => (Limit::CallLevels(limits.call_levels), at),
        E::ErrorDataTooLarge(what, at) => (size(what, limits), at),
        E::ErrorTooManyVariables(at) => (Limit::Variables(limits.variables), at),
        E::ErrorRuntime(value, at) => {
            return match functions::sql_error(value) {
                Some(error) => HookEnd::SqlFailed {
                    error,
                    place: Place::from(*at),
                },
                None => HookEnd::Broken(describe(error)),
            };
        }
        _ => return HookEnd::Broken(describe(error)),
    };
    HookEnd::LimitExceeded {
        limit,
        place: Place::from(*at),
    }
}

/// rhai says in words which size it was.
fn size(what: &str, limits: &Limits) -> Limit {
    if what.contains("string") {
        Limit::String(limits.string)
    } else if what.contains("map") {
        Limit::Map(limits.map)
    } else {
        Limit::Array(limits.array)
    }
}

/// Accepts a text that is one expression with a value.
pub(super) fn one_expression(ast: &AST) -> Result<(), ScriptError> {
    let value = |statement: &Stmt| {
        matches!(
            statement,
            Stmt::Expr(_) | Stmt::FnCall(..) | Stmt::If(..) | Stmt::Switch(..)
        )
    };
    match ast.statements() {
        [only] if value(only) => Ok(()),
        [] => Err(ScriptError::new(
            "an expression was expected and nothing is here",
            Place::START,
        )),
        [other] => Err(ScriptError::new(
            "an expression with a value was expected here",
            other.position(),
        )),
        [_, second, ..] => Err(ScriptError::new(
            "one expression was expected, and here a second statement begins",
            second.position(),
        )),
    }
}
