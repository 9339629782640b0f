//! What is sent for a statement: its text with `$1` …, and where the values come from.

use super::{Planner, database::generator_problem, escaped};
use crate::{
    record::Value,
    schedule::{
        case::{ArgumentPlan, StatementForm},
        generate::{ArgumentGenerator, Seeded, Surroundings},
    },
    source::{Diagnostic, Diagnostics},
    spec::{client::Step, generator::Generator, value::Argument},
    sql,
};
use indexmap::IndexMap;

/// The text with `$1` … and its parameters in that order; one without entry in `with` was saved earlier.
pub(super) fn bound(
    text: &str,
    with: &IndexMap<String, Argument>,
) -> (String, Vec<(String, ArgumentPlan)>) {
    let bound = sql::bind(text);
    let arguments = bound.names.into_iter().map(|name| {
        let source = match with.get(&name) {
            Some(argument) => argument_plan(argument),
            None => ArgumentPlan::Saved(name.clone()),
        };
        (name, source)
    });
    let arguments = arguments.collect();
    (bound.sql, arguments)
}

/// The variables that a script draws before a pass.
pub(super) fn variables(with: &IndexMap<String, Argument>) -> Vec<(String, ArgumentPlan)> {
    with.iter()
        .map(|(name, argument)| (name.clone(), argument_plan(argument)))
        .collect()
}

/// One statement goes by the extended protocol, several as one message.
pub(super) fn form(text: &str) -> StatementForm {
    match sql::split(text).statements.len() {
        0 | 1 => StatementForm::Single,
        _ => StatementForm::Batch,
    }
}

fn argument_plan(argument: &Argument) -> ArgumentPlan {
    match argument {
        Argument::Ref(column) => {
            let (step, column) = column.parts();
            ArgumentPlan::Column {
                step: step.to_owned(),
                column: column.to_owned(),
            }
        }
        Argument::Value(value) => ArgumentPlan::Constant(Value::from_json(&value.value.0)),
        Argument::Builtin(builtin) => ArgumentPlan::Builtin(builtin.builtin),
        Argument::Generator(generator) => ArgumentPlan::Generated(generator.clone()),
        Argument::Literal(literal) => ArgumentPlan::Constant(Value::from_json(&literal.to_json())),
    }
}

/// A parameter whose values are generated.
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    pub(super) generator: &'a Generator,
    /// JSON pointer of the generator.
    pub(super) path: String,
}

impl Planner<'_> {
    /// The generators of all parameters.
    pub(super) fn parameters(&self) -> Vec<Parameter<'_>> {
        let clients = self.scenario.clients.iter().flat_map(|(name, client)| {
            let steps = client.steps.iter().enumerate();
            steps.filter_map(move |(index, step)| match step {
                Step::Statement(step) => {
                    let path = format!("/clients/{}/steps/{index}", escaped(name));
                    Some((path, &step.with))
                }
                Step::Control(_) => None,
            })
        });
        let variables = self.scenario.clients.iter();
        let variables =
            variables.map(|(name, client)| (format!("/clients/{}", escaped(name)), &client.with));
        let queries = self.scenario.queries.iter();
        let queries =
            queries.map(|(name, query)| (format!("/queries/{}", escaped(name)), &query.with));
        let all = clients
            .chain(variables)
            .chain(queries)
            .flat_map(|(path, with)| {
                with.iter().filter_map(move |(name, argument)| {
                    let Argument::Generator(generator) = argument else {
                        return None;
                    };
                    let path = format!("{path}/with/{}", escaped(name));
                    Some(Parameter {
                        name,
                        generator,
                        path,
                    })
                })
            });
        all.collect()
    }

    /// Checks the generators of all parameters: their ranges, and what they refer to.
    pub(super) fn check_generators(&self, seeded: &Seeded) -> Result<(), Diagnostics> {
        let mut problems = Diagnostics::default();
        for Parameter {
            name,
            generator,
            path,
        } in self.parameters()
        {
            let around = Surroundings {
                hooks: &self.compiler.hooks,
                seeded,
            };
            let made = ArgumentGenerator::new(self.random_seed, &[name], generator, around);
            if let Err(error) = made {
                problems.push(generator_problem(self.file, self.variant, &path, &error));
            }
        }
        if problems.has_errors() {
            Err(problems)
        } else {
            Ok(())
        }
    }

    /// The parameters of an expectation, which has no session and no pass to draw values for.
    pub(super) fn constants(
        &self,
        arguments: Vec<(String, ArgumentPlan)>,
        path: &str,
    ) -> Result<Vec<Value>, Diagnostics> {
        let constant = |(name, argument)| match argument {
            ArgumentPlan::Constant(value) => Ok(value),
            ArgumentPlan::Saved(_)
            | ArgumentPlan::Column { .. }
            | ArgumentPlan::Builtin(_)
            | ArgumentPlan::Generated(_) => {
                let primary = format!("parameter \":{name}\" of an expectation has no fixed value");
                Err(Diagnostic::error("parameter", primary)
                    .at(self.file.place(self.variant, &format!("{path}/with/{name}")))
                    .hint("an expectation runs after all clients ended: give it a literal in \"with\""))
            }
        };
        let values: Result<Vec<Value>, Diagnostic> = arguments.into_iter().map(constant).collect();
        values.map_err(Diagnostics::from)
    }
}
