//! Which secrets do scenarios hold? Passwords in SQL, and settings and parameters whose names say so.

use crate::{
    record::Value,
    schedule::{ArgumentPlan, Case, Plan, StepWork},
    text::{Redactor, names_a_secret},
};
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
    let steps = case.clients.iter().flat_map(|client| client.steps.iter());
    let arguments = steps.flat_map(|step| match &step.work {
        StepWork::Statement(statement) => statement.arguments.as_slice(),
        StepWork::Control(_) => &[],
    });
    let queries = case.queries.iter().flat_map(|query| &query.arguments);
    for (name, argument) in arguments.chain(queries) {
        if let ArgumentPlan::Constant(Value::Text(text)) = argument
            && names_a_secret(name)
        {
            secrets.learn(&text.to_string());
        }
    }
}
