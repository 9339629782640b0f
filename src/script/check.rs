//! The expressions of `expect: check:`. They see what was measured, by the names the author wrote, and nothing
//! else: `latency("shopper.pick").p99 < 3 * latency("shopper.pick").p50`.
//!
//! Every name is a literal, so that it can be checked before anything runs, and so that all facts can be
//! fetched before the expression is evaluated.

use super::convert::type_name;
use super::engine::Operators;
use super::error::describe;
use super::hook::one_expression;
use super::names::Names;
use super::{Limits, Place, ScriptError, engine};
use rhai::{AST, Dynamic, Engine, EvalAltResult, ImmutableString, Position, Scope};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A function of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckFunction {
    /// `latency(of)`: `p50 p90 p95 p99 p999 max mean` in milliseconds, `count`.
    Latency,
    /// `throughput(of)`: `rate` in transactions per second, `count`; under a load.
    Throughput,
    /// `statements(of)`: `count`, and `per_iteration` on average.
    Statements,
    /// `errors(of)`: `count`, and `rate` as a share of all executions, 0 to 1.
    Errors,
    /// `measure(name)`: `min max mean sum count last` of what hooks measured under that name.
    Measure,
}

impl CheckFunction {
    /// All of them.
    pub const ALL: [CheckFunction; 5] = [
        CheckFunction::Latency,
        CheckFunction::Throughput,
        CheckFunction::Statements,
        CheckFunction::Errors,
        CheckFunction::Measure,
    ];

    /// The function's name in a check.
    pub const fn name(self) -> &'static str {
        match self {
            CheckFunction::Latency => "latency",
            CheckFunction::Throughput => "throughput",
            CheckFunction::Statements => "statements",
            CheckFunction::Errors => "errors",
            CheckFunction::Measure => "measure",
        }
    }

    /// The facts it gives.
    pub const fn facts(self) -> &'static [&'static str] {
        match self {
            CheckFunction::Latency => &["p50", "p90", "p95", "p99", "p999", "max", "mean", "count"],
            CheckFunction::Throughput => &["rate", "count"],
            CheckFunction::Statements => &["count", "per_iteration"],
            CheckFunction::Errors => &["count", "rate"],
            CheckFunction::Measure => &["min", "max", "mean", "sum", "count", "last"],
        }
    }
}

/// What a check looks at: supplied by `verdict` from the measurements.
pub trait CheckHost {
    /// One of [`CheckFunction::facts`] about a step, a client or a measure; `None` when there is nothing, or too
    /// little, to say it of. Milliseconds for times; counts are whole numbers.
    fn fact(&self, function: CheckFunction, of: &str, fact: &str) -> Option<Fact>;
}

/// A number in a check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fact {
    /// A count.
    Count(u64),
    /// A measure.
    Number(f64),
}

/// A name in a check: a step or client for `latency`, `statements`, `errors`, what hooks measured for `measure`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckName {
    /// The function it is given to.
    pub function: CheckFunction,
    /// The name as written.
    pub of: String,
    /// Where the call stands.
    pub place: Place,
}

/// How a check came out, and every fact it looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckOutcome {
    /// How it came out.
    pub end: CheckEnd,
    /// The facts in the order in which they were first looked at, for the message of a check that fails.
    pub touched: Vec<Touched>,
}

/// A fact as a check wrote and got it.
#[derive(Debug, Clone, PartialEq)]
pub struct Touched {
    /// As written: `latency("shopper.pick").p99`.
    pub written: String,
    /// What it was; `None` when nothing was measured.
    pub fact: Option<Fact>,
}

/// How a check came out.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckEnd {
    /// It was true.
    Holds,
    /// It was false.
    Fails,
    /// It looked at something that was not, or not often enough, measured: the last of
    /// [`CheckOutcome::touched`].
    NothingMeasured,
    /// The text is wrong: no boolean, a division by zero.
    Broken(ScriptError),
}

/// Compiles checks.
#[derive(Debug, Clone)]
pub struct Checks {
    engine: Arc<Engine>,
    functions: Arc<[String]>,
}

/// A compiled check.
#[derive(Debug, Clone)]
pub struct Check {
    engine: Arc<Engine>,
    ast: Arc<AST>,
    names: Vec<CheckName>,
}

impl Default for Checks {
    fn default() -> Self {
        Checks::new(&Limits::default())
    }
}

impl Checks {
    /// A compiler whose checks run within these limits; `running` does not apply, `operations` does.
    pub fn new(limits: &Limits) -> Self {
        let mut engine = engine::closed(limits, Operators::Ours);
        for function in CheckFunction::ALL {
            engine.register_fn(function.name(), move |of: ImmutableString| Of {
                function,
                of,
            });
        }
        engine.register_type_with_name::<Of>("measurement");
        engine.register_indexer_get(|of: &mut Of, fact: ImmutableString| of.look(&fact));
        divide_as_on_paper(&mut engine);
        let functions = engine::function_names(&engine).into();
        Checks {
            engine: Arc::new(engine),
            functions,
        }
    }

    /// Compiles one boolean expression; whether its names exist is for the caller to ask of [`Check::names`].
    pub fn compile(&self, text: &str) -> Result<Check, ScriptError> {
        let ast = self.engine.compile(text)?;
        one_expression(&ast)?;
        let names = Names::of(&ast)?;
        names.check_functions(&self.functions)?;
        if let Some(variable) = names.free.first() {
            let message = format!("unknown variable \"{}\"", variable.name);
            return Err(ScriptError::new(message, variable.place)
                .hint(format!("a check sees {}", Self::offered())));
        }
        let names = literal_names(&names)?;
        Ok(Check {
            engine: Arc::clone(&self.engine),
            ast: Arc::new(ast),
            names,
        })
    }

    fn offered() -> String {
        let calls = CheckFunction::ALL.map(|function| format!("{}(\"…\")", function.name()));
        calls.join(", ")
    }
}

/// Counts are whole numbers, and rhai divides those without a rest: 1 error in 2 statements would be a share of 0, which
/// no bound from above finds. And a number through nothing is infinite, which no bound from below finds. `%` stays as it
/// is: the rest of a whole number is what it says.
fn divide_as_on_paper(engine: &mut Engine) {
    engine.register_fn("/", |left: i64, right: i64| {
        quotient(left as f64, right as f64)
    });
    engine.register_fn("/", |left: i64, right: f64| quotient(left as f64, right));
    engine.register_fn("/", |left: f64, right: i64| quotient(left, right as f64));
    engine.register_fn("/", quotient);
}

fn quotient(left: f64, right: f64) -> Result<f64, Box<EvalAltResult>> {
    if right == 0.0 {
        return engine::raise(format!("division by zero: {left} / {right}"));
    }
    Ok(left / right)
}

fn literal_names(names: &Names) -> Result<Vec<CheckName>, ScriptError> {
    let mut literal = Vec::new();
    for call in &names.calls {
        let Some(function) = CheckFunction::ALL
            .into_iter()
            .find(|f| f.name() == call.function)
        else {
            continue;
        };
        let Some(of) = call.literal.clone() else {
            let message = format!("{} takes one name, written out as \"…\"", function.name());
            return Err(ScriptError::new(message, call.place));
        };
        literal.push(CheckName {
            function,
            of,
            place: call.place,
        });
    }
    Ok(literal)
}

impl Check {
    /// The names it uses, to be checked against the scenario.
    pub fn names(&self) -> &[CheckName] {
        &self.names
    }

    /// Evaluates the check on what was measured.
    pub fn evaluate(&self, host: &dyn CheckHost) -> CheckOutcome {
        let mut sheet = Sheet::default();
        for CheckName { function, of, .. } in &self.names {
            for fact in function.facts() {
                let key = (*function, of.clone(), *fact);
                sheet.facts.insert(key, host.fact(*function, of, fact));
            }
        }
        SHEET.set(sheet);
        let result = self
            .engine
            .eval_ast_with_scope::<Dynamic>(&mut Scope::new(), &self.ast);
        let touched = SHEET.take().touched;
        let end = match result {
            Err(_) if touched.last().is_some_and(|t| t.fact.is_none()) => CheckEnd::NothingMeasured,
            Err(error) => CheckEnd::Broken(describe(&error)),
            Ok(value) => match value.as_bool() {
                Ok(true) => CheckEnd::Holds,
                Ok(false) => CheckEnd::Fails,
                Err(_) => CheckEnd::Broken(ScriptError::new(
                    format!("a check must be true or false, not {}", type_name(&value)),
                    Place::START,
                )),
            },
        };
        CheckOutcome { end, touched }
    }
}

/// What the check that runs on this thread may look at, and what it looked at.
#[derive(Default)]
struct Sheet {
    facts: BTreeMap<(CheckFunction, String, &'static str), Option<Fact>>,
    touched: Vec<Touched>,
}

thread_local! {
    static SHEET: RefCell<Sheet> = RefCell::default();
}

/// What `latency("…")` is before one of its facts is taken.
#[derive(Debug, Clone)]
struct Of {
    function: CheckFunction,
    of: ImmutableString,
}

impl Of {
    fn look(&self, fact: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let known = self.function.facts();
        let name = self.function.name();
        let Some(fact) = known.iter().find(|known| **known == fact) else {
            let known = known.join(", ");
            return engine::raise(format!("{name} has no \"{fact}\"; it has {known}"));
        };
        let key = (self.function, self.of.to_string(), *fact);
        let written = format!("{name}({:?}).{fact}", self.of.as_str());
        let found = SHEET.with_borrow_mut(|sheet| {
            let found = sheet.facts.get(&key).copied().flatten();
            if found.is_none() || sheet.touched.iter().all(|t| t.written != written) {
                sheet.touched.push(Touched {
                    written,
                    fact: found,
                });
            }
            found
        });
        match found {
            Some(Fact::Count(count)) => Ok(i64::try_from(count).unwrap_or(i64::MAX).into()),
            Some(Fact::Number(number)) => Ok(number.into()),
            None => Err(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE).into()),
        }
    }
}
