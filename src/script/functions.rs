//! The functions a hook may call beyond the language's own.

use super::convert::{from_dynamic, rows_to_dynamic, type_name};
use super::engine::{raise, stop};
use super::running::Running;
use super::{Effect, HookEnd, Limit, Place, SqlError};
use crate::record::{ResultSet, Value};
use rand::{Rng, RngExt};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};
use std::collections::BTreeMap;
use std::rc::Rc;

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// Registers all of them.
pub(super) fn register(engine: &mut Engine) {
    register_ends(engine);
    register_effects(engine);
    register_random(engine);
    register_sql(engine);
}

/// The error of a statement, if that is what a hook threw or let pass.
pub(super) fn sql_error(thrown: &Dynamic) -> Option<SqlError> {
    thrown.clone().try_cast::<SqlError>()
}

fn register_ends(engine: &mut Engine) {
    engine.register_fn("assert", |call: NativeCallContext, holds: Dynamic| {
        assert(&call, &holds, "an assertion without a message")
    });
    engine.register_fn(
        "assert",
        |call: NativeCallContext, holds: Dynamic, message: Dynamic| {
            assert(&call, &holds, &message.to_string())
        },
    );
    engine.register_fn("fail", |call: NativeCallContext, message: Dynamic| {
        let place = Place::from(call.call_position());
        stop::<()>(
            &*running()?,
            HookEnd::Failed {
                message: message.to_string(),
                place,
            },
        )
    });
    engine.register_fn("skip", |call: NativeCallContext, reason: Dynamic| {
        let place = Place::from(call.call_position());
        stop::<()>(
            &*running()?,
            HookEnd::Skipped {
                reason: reason.to_string(),
                place,
            },
        )
    });
}

fn assert(call: &NativeCallContext, holds: &Dynamic, message: &str) -> Raised<()> {
    match holds.as_bool() {
        Ok(true) => Ok(()),
        Ok(false) => {
            let place = Place::from(call.call_position());
            let message = message.to_owned();
            stop(&*running()?, HookEnd::AssertionFailed { message, place })
        }
        Err(_) => raise(format!(
            "assert needs true or false, not {}",
            type_name(holds)
        )),
    }
}

fn register_effects(engine: &mut Engine) {
    engine.register_fn("log", |text: Dynamic| {
        keep(Effect::Logged(text.to_string()))
    });
    // The standard package has a logarithm of this name for floats; ln and log(x, base) remain.
    engine.register_fn("log", |number: f64| {
        keep(Effect::Logged(Dynamic::from(number).to_string()))
    });
    engine.register_fn("measure", |name: ImmutableString, value: Dynamic| {
        let number = value
            .as_float()
            .or_else(|_| value.as_int().map(|n| n as f64));
        match number {
            Ok(value) if value.is_finite() => keep(Effect::Measured {
                name: name.to_string(),
                value,
            }),
            _ => raise(format!("measure needs a number, not {}", type_name(&value))),
        }
    });
    engine.register_fn("save", |name: ImmutableString, value: Dynamic| {
        let value = convert(&value)?;
        keep(Effect::Saved {
            name: name.to_string(),
            value,
        })
    });
}

fn keep(effect: Effect) -> Raised<()> {
    let run = running()?;
    if run.keep(effect) {
        return Ok(());
    }
    let (limit, place) = (Limit::Effects(run.limits.effects), Place::START);
    stop(&run, HookEnd::LimitExceeded { limit, place })
}

fn register_random(engine: &mut Engine) {
    engine.register_fn("random", || -> Raised<f64> {
        // 53 bits fill a double's mantissa: every value in [0, 1) is exact on any machine.
        Ok(running()?.draw(|random| (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64))
    });
    engine.register_fn("random", |from: i64, to: i64| -> Raised<i64> {
        if from > to {
            return raise(format!(
                "random({from}, {to}) has no values: the first is the larger"
            ));
        }
        Ok(running()?.draw(|random| random.random_range(from..=to)))
    });
}

fn register_sql(engine: &mut Engine) {
    engine.register_type_with_name::<SqlError>("SQL error");
    engine.register_get("message", |error: &mut SqlError| error.message.clone());
    engine.register_get("error", |error: &mut SqlError| {
        error.condition.clone().map_or(Dynamic::UNIT, Dynamic::from)
    });
    engine.register_fn("to_string", |error: &mut SqlError| error.message.clone());
    engine.register_fn("sql", |text: ImmutableString| sql(&text, &Map::new()));
    engine.register_fn("sql", |text: ImmutableString, parameters: Map| {
        sql(&text, &parameters)
    });
    engine.register_fn("sql", |_: ImmutableString, other: Dynamic| {
        raise::<Dynamic>(format!(
            "sql takes its parameters as a map, #{{ id: 1 }} for :id, not as {}",
            type_name(&other)
        ))
    });
    engine.register_fn("rows", |step: ImmutableString| -> Raised<Dynamic> {
        let run = running()?;
        match run.host.rows(&step) {
            Some(rows) => visible(&run, &rows),
            None => raise(format!("step \"{step}\" has not run")),
        }
    });
}

fn sql(text: &str, parameters: &Map) -> Raised<Dynamic> {
    let bound = parameters
        .iter()
        .map(|(name, value)| Ok((name.to_string(), convert(value)?)));
    let bound = bound.collect::<Raised<BTreeMap<String, Value>>>()?;
    let run = running()?;
    match run.waiting(|| run.host.sql(text, &bound)) {
        Ok(rows) => visible(&run, &rows),
        Err(error) => raise(Dynamic::from(error)),
    }
}

fn visible(run: &Running, rows: &ResultSet) -> Raised<Dynamic> {
    if rows.rows.len() > run.limits.array {
        let (limit, place) = (Limit::Rows(run.limits.array), Place::START);
        return stop(run, HookEnd::LimitExceeded { limit, place });
    }
    Ok(rows_to_dynamic(rows))
}

fn convert(value: &Dynamic) -> Raised<Value> {
    from_dynamic(value).or_else(raise)
}

fn running() -> Raised<Rc<Running>> {
    match Running::current() {
        Some(run) => Ok(run),
        None => raise("this function is available in hooks only"),
    }
}
