//! A case from a scenario's YAML.

use crate::{
    record::{CaseId, ClientId},
    schedule::{
        Case, ClientPlan, DatabasePlan, HookPlan, LaunchPlan, ProbePlan, QueryPlan, RetryPlan,
        SeedPlan, StatementForm, StatementPlan, StepPlan, StepWork,
    },
    script::{HookKind, Hooks},
    source::SourceFile,
    spec::{
        LoadedScenario,
        client::{Client, Step},
        expect::Expectation,
        order::{Launch, Then},
        scenario::{Requires, Scenario},
    },
    sql::Condition,
};
use indexmap::IndexMap;
use std::{sync::Arc, time::Duration};

/// A case from a scenario's YAML, taken as it is: no variants, no seed, the order that it has.
pub(crate) fn case(yaml: &str) -> Case {
    let scenario: Scenario = serde_yaml::from_str(yaml).unwrap();
    let clients: Vec<ClientPlan> = scenario
        .clients
        .iter()
        .flat_map(|(name, client)| client_plans(name, client))
        .collect();
    let order = scenario.order.as_ref().map(|order| {
        let launches = order.iter().enumerate();
        launches
            .map(|(index, launch)| launch_plan(&clients, index, launch))
            .collect()
    });
    let expect: Vec<(String, Expectation)> = scenario
        .expect
        .iter()
        .enumerate()
        .map(|(index, expectation)| (format!("/expect/{index}"), expectation.clone()))
        .collect();
    Case {
        id: CaseId {
            file: "scenarios/case.yaml".to_owned(),
            scenario: scenario.name.clone(),
            variant: None,
            order: None,
        },
        probes: probes(&expect),
        queries: queries(&scenario),
        file: loaded(yaml, &scenario),
        scenario: Arc::new(scenario),
        expect,
        database: database(),
        clients,
        order,
        before: None,
        after: None,
        timeout: Duration::from_secs(30),
        random_seed: 1,
        measures_time: false,
        hooks: Hooks::default(),
    }
}

fn loaded(yaml: &str, scenario: &Scenario) -> Arc<LoadedScenario> {
    Arc::new(LoadedScenario {
        file: SourceFile::new("scenarios/case.yaml", yaml),
        variants: IndexMap::from([(None, Arc::new(scenario.clone()))]),
        seed_files: IndexMap::new(),
    })
}

fn database() -> DatabasePlan {
    DatabasePlan {
        requires: Requires::default(),
        extensions: Vec::new(),
        collation: None,
        role: None,
        settings: IndexMap::new(),
        seed: SeedPlan::default(),
        fingerprint: String::new(),
    }
}

fn code(condition: &crate::spec::quantity::SqlState) -> String {
    let condition: Condition = condition.0.parse().unwrap();
    condition.code().to_owned()
}

fn hook(text: Option<&String>, path: String) -> Option<HookPlan> {
    let compile = |text: &String| {
        Hooks::default()
            .compile(text, HookKind::Statements)
            .unwrap()
    };
    text.map(|text| HookPlan {
        hook: compile(text),
        path,
    })
}

fn client_plans(name: &str, client: &Client) -> Vec<ClientPlan> {
    let path = format!("/clients/{name}");
    let steps: Arc<[StepPlan]> = client
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| step_plan(index, step, format!("{path}/steps/{index}")))
        .collect();
    let numbers: Vec<Option<u32>> = match client.count {
        Some(count) => (1..=count).map(Some).collect(),
        None => vec![None],
    };
    let plan = |number| ClientPlan {
        id: ClientId {
            script: name.to_owned(),
            number,
        },
        isolation: client.isolation,
        settings: client
            .settings
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect(),
        setup: client.setup.clone(),
        retry: client.retry.as_ref().map(|retry| RetryPlan {
            codes: retry.errors.iter().map(code).collect(),
            tries: retry.tries,
        }),
        on_error: client.on_error,
        iterations: client.iterations,
        before: hook(client.before.as_ref(), format!("{path}/before")),
        after: hook(client.after.as_ref(), format!("{path}/after")),
        steps: Arc::clone(&steps),
        path: path.clone(),
    };
    numbers.into_iter().map(plan).collect()
}

fn step_plan(index: usize, step: &Step, path: String) -> StepPlan {
    match step {
        Step::Control(control) => StepPlan {
            name: control.word().to_owned(),
            work: StepWork::Control(*control),
            path,
        },
        Step::Statement(statement) => StepPlan {
            name: statement
                .step
                .clone()
                .unwrap_or_else(|| (index + 1).to_string()),
            work: StepWork::Statement(Box::new(StatementPlan {
                sql: statement.sql.clone(),
                form: StatementForm::Single,
                arguments: Vec::new(),
                save: Vec::new(),
                for_each: statement.for_each.clone(),
                when: None,
                before: None,
                after: hook(statement.after.as_ref(), format!("{path}/after")),
                expected_error: statement.error.as_ref().map(code),
                rows_are_read: true,
            })),
            path,
        },
    }
}

fn launch_plan(clients: &[ClientPlan], index: usize, launch: &Launch) -> LaunchPlan {
    let (client, step) = launch.step().unwrap().parts().unwrap();
    let of_client = |plan: &ClientPlan| plan.id.to_string() == client;
    let client = clients.iter().position(of_client).unwrap();
    let steps = &clients[client].steps;
    let options = launch.options();
    let expected_error = match &options.then {
        Some(Then::Outcome(outcome)) => outcome.error.as_ref().map(code),
        Some(Then::Done(_)) | None => None,
    };
    LaunchPlan {
        client,
        step: steps.iter().position(|plan| plan.name == step).unwrap(),
        expected_error,
        options,
        path: format!("/order/{index}"),
    }
}

fn queries(scenario: &Scenario) -> Vec<QueryPlan> {
    let plan = |(name, query): (&String, &crate::spec::query::Query)| QueryPlan {
        name: name.clone(),
        sql: query.sql.clone(),
        arguments: Vec::new(),
        repeat: query.repeat,
        path: format!("/queries/{name}"),
    };
    scenario.queries.iter().map(plan).collect()
}

fn probes(expect: &[(String, Expectation)]) -> Vec<ProbePlan> {
    let sql = expect.iter().filter_map(|(path, expectation)| {
        let Expectation::Sql(expectation) = expectation else {
            return None;
        };
        Some(ProbePlan {
            sql: expectation.sql.clone(),
            params: Vec::new(),
            path: path.clone(),
        })
    });
    sql.collect()
}
