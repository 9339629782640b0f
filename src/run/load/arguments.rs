//! The values of parameters under a load: drawn straight into the buffer that is sent.

use super::{
    link::Dialer,
    pass::{Break, Pass},
    script::{Argument, Script, Step},
};
use crate::{
    record::{HookProblem, Value, load::HookTally},
    schedule::generate::{ArgumentGenerator, Presence},
    spec::value::Builtin,
};
use std::{collections::BTreeMap, io::Write};

/// What one user draws and remembers for one script.
pub(super) struct Draws {
    generators: Vec<ArgumentGenerator>,
    /// How often each was asked.
    asked: Vec<u64>,
    /// The same when the transaction began.
    asked_before: Vec<u64>,
    /// The variables, by the slots of the script.
    pub(super) slots: Vec<Option<Value>>,
    /// What hooks saved under names that nobody foresaw.
    pub(super) others: BTreeMap<String, Value>,
}

impl Draws {
    pub(super) fn new(script: &Script, seed: u64, user: u32) -> Self {
        let session = format!("{}[{user}]", script.name);
        let generators = script.generators.iter().map(|generator| {
            let place = [session.as_str(), &generator.path, &generator.name];
            generator.prototype.at(seed, &place)
        });
        let asked = vec![0; script.generators.len()];
        Self {
            generators: generators.collect(),
            asked_before: asked.clone(),
            asked,
            slots: vec![None; script.slots.len()],
            others: BTreeMap::new(),
        }
    }

    /// A transaction begins, with nothing remembered.
    pub(super) fn begin(&mut self) {
        self.asked_before.copy_from_slice(&self.asked);
        self.slots.fill(None);
        self.others.clear();
    }

    /// It is tried again, with the values it had.
    pub(super) fn begin_again(&mut self) {
        self.asked.copy_from_slice(&self.asked_before);
        self.slots.fill(None);
        self.others.clear();
    }
}

/// Why a parameter has no value.
struct NoValue(String);

impl<D: Dialer> Pass<'_, D> {
    /// Draws the variables of the script.
    pub(super) fn draw_variables(&mut self) -> Result<(), Break> {
        let script = self.script;
        for (slot, argument) in &script.variables {
            match self.value(argument, 0, Ask::Next) {
                Ok(value) => self.desk.draws[self.index].slots[*slot] = Some(value),
                Err(NoValue(message)) => return Err(self.no_value(&script.path, message)),
            }
        }
        Ok(())
    }

    /// Draws the parameters of a step into the buffer.
    pub(super) fn draw(&mut self, step: &Step, row: usize) -> Result<(), Break> {
        let mut out = std::mem::take(&mut self.desk.arguments);
        out.clear();
        for argument in &step.arguments {
            match self.write(argument, row, &mut out.bytes) {
                Ok(presence) => out.end(presence),
                Err(NoValue(message)) => return Err(self.no_value(&step.path, message)),
            }
        }
        self.desk.arguments = out;
        Ok(())
    }

    fn no_value(&self, path: &str, message: String) -> Break {
        self.crew.tally.borrow_mut().hook(
            self.index,
            HookTally {
                count: 1,
                problem: HookProblem::Broken { message },
                path: path.to_owned(),
                line: 0,
                column: 0,
            },
        );
        Break::Hook
    }

    fn write(
        &mut self,
        argument: &Argument,
        row: usize,
        out: &mut Vec<u8>,
    ) -> Result<Presence, NoValue> {
        match argument {
            Argument::Constant { text, presence, .. } => {
                out.extend_from_slice(text);
                Ok(*presence)
            }
            Argument::Slot(slot) => match &self.desk.draws[self.index].slots[*slot] {
                Some(value) => Ok(write(value, out)),
                None => Err(self.unsaved(*slot)),
            },
            Argument::Generated(index) => {
                let draws = &mut self.desk.draws[self.index];
                let asked = draws.asked[*index];
                draws.asked[*index] += 1;
                let script = self.script;
                let variable = |name: &str| saved(script, draws, name);
                draws.generators[*index]
                    .write(asked, &variable, out)
                    .map_err(|error| NoValue(error.to_string()))
            }
            Argument::Builtin(_) | Argument::Column { .. } => {
                let value = self.value(argument, row, Ask::Next)?;
                Ok(write(&value, out))
            }
        }
    }

    /// The value of a parameter of the statement that was just answered, for a hook behind it.
    pub(super) fn sent_value(&mut self, argument: &Argument, row: usize) -> Option<Value> {
        self.value(argument, row, Ask::Last).ok()
    }

    fn value(&mut self, argument: &Argument, row: usize, ask: Ask) -> Result<Value, NoValue> {
        match argument {
            Argument::Constant { value, .. } => Ok(value.clone()),
            Argument::Slot(slot) => {
                let value = self.desk.draws[self.index].slots[*slot].clone();
                value.ok_or_else(|| self.unsaved(*slot))
            }
            Argument::Column { step, column } => {
                let result = self.desk.results.get(step);
                let value = result.and_then(|result| {
                    let at = result.column(column)?;
                    result.rows.get(row)?.get(at).cloned()
                });
                value.ok_or_else(|| {
                    NoValue(format!(
                        "step \"{step}\" returned no row with a column \"{column}\""
                    ))
                })
            }
            Argument::Builtin(builtin) => Ok(Value::Int(match builtin {
                Builtin::Client => i64::from(self.desk.user),
                Builtin::Iteration => i64::try_from(self.desk.iteration).unwrap_or(i64::MAX),
                Builtin::Row => i64::try_from(row).unwrap_or(i64::MAX).saturating_add(1),
            })),
            Argument::Generated(index) => {
                let draws = &mut self.desk.draws[self.index];
                let asked = match ask {
                    Ask::Next => {
                        draws.asked[*index] += 1;
                        draws.asked[*index] - 1
                    }
                    Ask::Last => draws.asked[*index].saturating_sub(1),
                };
                let script = self.script;
                let variable = |name: &str| saved(script, draws, name);
                draws.generators[*index]
                    .value_with(asked, &variable)
                    .map_err(|error| NoValue(error.to_string()))
            }
        }
    }

    fn unsaved(&self, slot: usize) -> NoValue {
        let name = &self.script.slots[slot];
        NoValue(format!(
            "the variable \"{name}\" was not saved by any step that ran"
        ))
    }
}

/// Which value of a generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Next,
    /// The one that was drawn last.
    Last,
}

/// A variable by its name.
fn saved(script: &Script, draws: &Draws, name: &str) -> Option<Value> {
    let slot = script.slots.iter().position(|known| known == name);
    slot.and_then(|slot| draws.slots[slot].clone())
        .or_else(|| draws.others.get(name).cloned())
}

/// Writes a value as a parameter in text format.
fn write(value: &Value, out: &mut Vec<u8>) -> Presence {
    match value {
        Value::Int(number) => {
            // A vector takes everything.
            let _ = write!(out, "{number}");
            Presence::Text
        }
        other => match other.to_text() {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Presence::Text
            }
            None => Presence::Null,
        },
    }
}
