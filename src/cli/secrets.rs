//! Which secrets do scenarios hold? Passwords in SQL, and settings and parameters whose names say so.

use crate::{
    record::Value,
    schedule::{ArgumentPlan, Case, MigrationWork, Plan, StepWork},
    spec::{expect::Expectation, value::Argument},
    text::{Redactor, names_a_secret},
};
use indexmap::IndexMap;
use std::collections::HashSet;

/// Everything that must not be told of these cases.
pub(super) fn of(plan: &Plan) -> Redactor {
    let mut secrets = Redactor::new();
    // Many cases may share one large seed.
    let mut seeds = HashSet::new();
    for case in &plan.cases {
        if seeds.insert(&case.database.fingerprint) {
            case.seed_texts()
                .for_each(|text| secrets.learn_shapes(text));
        }
        of_case(case, &mut secrets);
    }
    secrets
}

fn of_case(case: &Case, secrets: &mut Redactor) {
    for (_, text) in case.texts() {
        secrets.learn_shapes(text);
    }
    let clients = case.clients.iter();
    let settings = clients.flat_map(|client| &client.settings);
    for (name, value) in case.database.settings.iter().chain(settings) {
        if names_a_secret(name) {
            secrets.learn(value);
        }
    }
    let parts = case.migration.iter();
    for part in parts.flat_map(|plan| plan.up.iter().chain(&plan.down)) {
        if let MigrationWork::Command(command) = &part.work {
            of_environment(&command.env, secrets);
        }
    }
    let steps = case.clients.iter().flat_map(|client| client.steps.iter());
    let arguments = steps.flat_map(|step| match &step.work {
        StepWork::Statement(statement) => statement.arguments.as_slice(),
        StepWork::Control(_) => &[],
    });
    let variables = case.clients.iter().flat_map(|client| &client.with);
    let queries = case.queries.iter().flat_map(|query| &query.arguments);
    for (name, argument) in arguments.chain(variables).chain(queries) {
        if let ArgumentPlan::Constant(Value::Text(text)) = argument
            && names_a_secret(name)
        {
            secrets.learn(text);
        }
    }
    // A planned probe has its values without their names.
    let probes = case
        .expect
        .iter()
        .filter_map(|(_, expected)| match expected {
            Expectation::Sql(probe) => Some(probe),
            Expectation::Invariant(invariant) => Some(&invariant.invariant),
            _ => None,
        });
    for (name, argument) in probes.flat_map(|probe| &probe.with) {
        if let Some(serde_json::Value::String(text)) = literal(argument)
            && names_a_secret(name)
        {
            secrets.learn(&text);
        }
    }
}

/// The value of a parameter that is always the same.
fn literal(argument: &Argument) -> Option<serde_json::Value> {
    match argument {
        Argument::Value(value) => Some(value.value.0.clone()),
        Argument::Literal(literal) => Some(literal.to_json()),
        Argument::Ref(_) | Argument::Builtin(_) | Argument::Generator(_) => None,
    }
}

/// `{password}` is the word for the secret, and none itself.
fn of_environment(env: &IndexMap<String, String>, secrets: &mut Redactor) {
    for (name, value) in env {
        if names_a_secret(name) && !["{password}", "{url}"].contains(&value.as_str()) {
            secrets.learn(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::testing::case;

    #[test]
    fn a_parameter_with_a_telling_name_is_a_secret_wherever_it_is_given() {
        let case = case(
            "\
name: Canaries
clients:
  alice:
    with: { password: canary-of-client }
    steps:
      - { step: look, sql: 'SELECT :token, :password', with: { token: canary-of-step } }
queries:
  quick: { sql: 'SELECT :secret', with: { secret: canary-of-query } }
expect:
  - { sql: 'SELECT :api_token, :city', with: { api_token: canary-of-sql, city: Oslo }, row_count: 1 }
  - { sql: 'SELECT :api_key', with: { api_key: { value: canary-of-map } }, row_count: 1 }
  - invariant: { sql: 'SELECT :token', with: { token: canary-of-invariant }, row_count: 1 }
",
        );
        let mut secrets = Redactor::new();
        of_case(&case, &mut secrets);
        for place in ["client", "step", "query", "sql", "map", "invariant"] {
            assert_eq!(secrets.redact(&format!("canary-of-{place}")), "***");
        }
        assert_eq!(secrets.redact("Oslo"), "Oslo");
    }
}
