//! The values of a statement's parameters at the moment it is sent.

use super::memory::Memory;
use crate::{
    record::{Breakage, ClientId, Value},
    schedule::{
        ArgumentPlan, Case, QueryPlan,
        generate::{ArgumentGenerator, Surroundings},
    },
    spec::{generator::Generator, value::Builtin},
};
use std::collections::HashMap;

/// Draws the values of one session's parameters. The same seed, session and pass give the same values,
/// also when the pass is tried again.
#[derive(Debug)]
pub struct Arguments<'a> {
    case: &'a Case,
    session: ClientId,
    generators: HashMap<String, ArgumentGenerator>,
    /// How often each generator was asked.
    asked: HashMap<String, u64>,
    /// The same when the pass began.
    asked_before: HashMap<String, u64>,
}

/// The moment at which a statement is sent.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// JSON pointer of the step or query.
    pub path: &'a str,
    /// Which pass through the script, or which repetition of a query, from 1.
    pub iteration: u32,
    /// Which row of `for_each`, from 0.
    pub row: usize,
}

impl<'a> Arguments<'a> {
    /// For one session of a case.
    pub fn new(case: &'a Case, session: ClientId) -> Self {
        Self {
            case,
            session,
            generators: HashMap::new(),
            asked: HashMap::new(),
            asked_before: HashMap::new(),
        }
    }

    /// A pass through the script begins.
    pub fn begin_pass(&mut self) {
        self.asked_before.clone_from(&self.asked);
    }

    /// The pass is tried again, with the values it had.
    pub fn begin_again(&mut self) {
        self.asked.clone_from(&self.asked_before);
    }

    /// The values for `$1` … in order.
    ///
    /// # Errors
    ///
    /// A sentence on the value that there is not: an earlier step that returned no row, a generator that
    /// cannot go on.
    pub fn draw(
        &mut self,
        arguments: &[(String, ArgumentPlan)],
        memory: &Memory,
        moment: Moment<'_>,
    ) -> Result<Vec<Value>, String> {
        arguments
            .iter()
            .map(|(name, argument)| match argument {
                ArgumentPlan::Constant(value) => Ok(value.clone()),
                ArgumentPlan::Saved(variable) => memory.saved.get(variable).cloned().ok_or_else(|| {
                    format!("the variable \"{variable}\" for :{name} was not saved by any step that ran")
                }),
                ArgumentPlan::Column { step, column } => {
                    memory.column(step, column, moment.row).ok_or_else(|| {
                        format!("step \"{step}\" returned no row with a column \"{column}\" for :{name}")
                    })
                }
                ArgumentPlan::Builtin(builtin) => Ok(self.builtin(*builtin, moment)),
                ArgumentPlan::Generated(generator) => self.generate(name, generator, memory, moment),
            })
            .collect()
    }

    /// The values of a watched query for one of its repetitions, counted from 1.
    ///
    /// # Errors
    ///
    /// A value that there is not.
    pub fn of_query(
        &mut self,
        query: &QueryPlan,
        repetition: u32,
    ) -> Result<Vec<Value>, Box<Breakage>> {
        let moment = Moment {
            path: &query.path,
            iteration: repetition,
            row: 0,
        };
        let drawn = self.draw(&query.arguments, &Memory::default(), moment);
        drawn.map_err(|message| {
            Box::new(Breakage {
                code: "generate".to_owned(),
                message,
                path: Some(query.path.clone()),
                ..Breakage::default()
            })
        })
    }

    fn builtin(&self, builtin: Builtin, moment: Moment<'_>) -> Value {
        Value::Int(match builtin {
            Builtin::Client => i64::from(self.session.number.unwrap_or(1)),
            Builtin::Iteration => i64::from(moment.iteration),
            Builtin::Row => i64::try_from(moment.row)
                .unwrap_or(i64::MAX)
                .saturating_add(1),
        })
    }

    fn generate(
        &mut self,
        name: &str,
        generator: &Generator,
        memory: &Memory,
        moment: Moment<'_>,
    ) -> Result<Value, String> {
        let key = format!("{}/with/{name}", moment.path);
        if !self.generators.contains_key(&key) {
            let session = self.session.to_string();
            let place = [session.as_str(), moment.path, name];
            let around = Surroundings {
                hooks: &self.case.hooks,
                seeded: &self.case.database.seed.seeded,
            };
            let made = ArgumentGenerator::new(self.case.random_seed, &place, generator, around);
            self.generators
                .insert(key.clone(), made.map_err(|error| error.to_string())?);
        }
        let generator = self.generators.get(&key).ok_or("no generator")?;
        let asked = self.asked.entry(key).or_default();
        let value = generator
            .value(*asked, &memory.saved)
            .map_err(|error| error.to_string());
        *asked += 1;
        value
    }
}
