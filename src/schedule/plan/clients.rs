//! Every session that acts, and the steps that it goes through.

use super::{Interleaving, Lists, Planner, escaped, statement};
use crate::{
    record::ClientId,
    schedule::case::{ClientPlan, RetryPlan, StatementForm, StatementPlan, StepPlan, StepWork},
    source::Diagnostics,
    spec::{
        client::{Client, Retry, Statement, Step, step_names},
        expect::Expectation,
        order::{Launch, Then},
        quantity::SqlState,
        scenario::Settings,
        value::Argument,
    },
};
use indexmap::IndexMap;
use std::collections::HashSet;

/// Settings as the server is told them.
pub(super) fn settings(settings: &Settings) -> IndexMap<String, String> {
    let entries = settings.iter();
    entries
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect()
}

/// The SQLSTATE of a condition; a name that there is not has been refused before and stays as it is.
pub(super) fn code(state: &SqlState) -> String {
    match state.condition() {
        Ok(condition) => condition.code().to_owned(),
        Err(_) => state.0.clone(),
    }
}

/// The steps of a client whose rows somebody looks at.
enum Readers {
    /// A hook computes the name of the step, or all rows are compared with those of serial orders.
    All,
    /// These.
    Named(HashSet<String>),
}

impl Readers {
    fn has(&self, step: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(step),
        }
    }
}

impl Planner<'_> {
    pub(super) fn clients(
        &self,
        interleaving: &Interleaving<'_>,
    ) -> Result<Vec<ClientPlan>, Diagnostics> {
        let mut plans = Vec::new();
        for (name, client) in &self.scenario.clients {
            let plan = self.client(name, client, interleaving)?;
            // Under a load the users are many, and the script is one.
            let count = client
                .count
                .filter(|_| !matches!(interleaving.lists, Lists::Load(_)));
            match count {
                None => plans.push(plan),
                Some(count) => plans.extend((1..=count).map(|number| ClientPlan {
                    id: ClientId {
                        script: name.clone(),
                        number: Some(number),
                    },
                    ..plan.clone()
                })),
            }
        }
        Ok(plans)
    }

    fn client(
        &self,
        name: &str,
        client: &Client,
        interleaving: &Interleaving<'_>,
    ) -> Result<ClientPlan, Diagnostics> {
        let path = format!("/clients/{}", escaped(name));
        Ok(ClientPlan {
            id: ClientId::single(name),
            isolation: client.isolation,
            settings: settings(&client.settings),
            setup: client.setup.clone(),
            teardown: client.teardown.clone(),
            printed_as: client.printed_as.clone(),
            retry: client.retry.as_ref().map(retry),
            on_error: client.on_error,
            iterations: client.iterations,
            with: statement::variables(&client.with),
            before: self.hook(client.before.as_deref(), &format!("{path}/before"))?,
            after: self.hook(client.after.as_deref(), &format!("{path}/after"))?,
            steps: self.steps(name, client, &path, interleaving)?.into(),
            on: client.on.clone(),
            path,
        })
    }

    fn steps(
        &self,
        name: &str,
        client: &Client,
        path: &str,
        interleaving: &Interleaving<'_>,
    ) -> Result<Vec<StepPlan>, Diagnostics> {
        let mut plans = Vec::new();
        for (index, (step, step_name)) in client
            .steps
            .iter()
            .zip(step_names(&client.steps))
            .enumerate()
        {
            let path = format!("{path}/steps/{index}");
            let work = match step {
                Step::Control(control) => StepWork::Control(*control),
                Step::Statement(step) => {
                    StepWork::Statement(Box::new(self.statement(step, &path)?))
                }
            };
            plans.push(StepPlan {
                name: step_name,
                work,
                path,
            });
        }
        let mut readers = self.readers(name, client, &plans)?;
        if let Readers::Named(named) = &mut readers {
            named.extend(self.steps_with_expected_rows(name, interleaving));
        }
        for plan in &mut plans {
            if let StepWork::Statement(statement) = &mut plan.work {
                statement.rows_are_read |= readers.has(&plan.name);
            }
        }
        Ok(plans)
    }

    fn statement(&self, step: &Statement, path: &str) -> Result<StatementPlan, Diagnostics> {
        let (sql, arguments, form) = match self.scenario.is_for_tester() {
            // What it says goes to the server as it is.
            true => (step.sql.clone(), Vec::new(), StatementForm::Batch),
            false => {
                let (sql, arguments) = statement::bound(&step.sql, &step.with);
                (sql, arguments, statement::form(&step.sql))
            }
        };
        let after = self.hook(step.after.as_deref(), &format!("{path}/after"))?;
        let hook_reads = after
            .as_ref()
            .is_some_and(|plan| plan.hook.free_variables().any(|free| free.name == "rows"));
        let save = step.save.iter();
        Ok(StatementPlan {
            sql,
            form,
            arguments,
            save: save
                .map(|(variable, column)| (variable.clone(), column.clone()))
                .collect(),
            for_each: step.for_each.clone(),
            when: self.when(step.when.as_deref(), &format!("{path}/when"))?,
            before: self.hook(step.before.as_deref(), &format!("{path}/before"))?,
            after,
            expected_error: step.error.as_ref().map(code),
            rows_are_read: hook_reads || step.rows.is_some() || self.tells_outcome(),
        })
    }

    /// The steps whose rows later steps and hooks look at.
    fn readers(
        &self,
        name: &str,
        client: &Client,
        plans: &[StepPlan],
    ) -> Result<Readers, Diagnostics> {
        let mut named = HashSet::new();
        let mut hooks = Vec::new();
        for (step, plan) in client.steps.iter().zip(plans) {
            if let Step::Statement(step) = step {
                named.extend(step.for_each.clone());
                named.extend(step.with.values().filter_map(|argument| match argument {
                    Argument::Ref(column) => Some(column.parts().0.to_owned()),
                    Argument::Value(_)
                    | Argument::Builtin(_)
                    | Argument::Generator(_)
                    | Argument::Literal(_) => None,
                }));
            }
            if let StepWork::Statement(statement) = &plan.work {
                let own = [&statement.when, &statement.before, &statement.after];
                hooks.extend(own.into_iter().flatten().map(|plan| plan.hook.clone()));
            }
        }
        let path = format!("/clients/{}", escaped(name));
        for (text, key) in [(&client.before, "before"), (&client.after, "after")] {
            let hook = self.hook(text.as_deref(), &format!("{path}/{key}"))?;
            hooks.extend(hook.map(|plan| plan.hook));
        }
        let compared =
            |expectation: &Expectation| matches!(expectation, Expectation::Serializable(_));
        if self.scenario.expect.iter().any(compared)
            || hooks.iter().any(|hook| hook.names_steps_freely())
        {
            return Ok(Readers::All);
        }
        named.extend(
            hooks
                .iter()
                .flat_map(|hook| hook.named_steps().map(|named| named.step)),
        );
        Ok(Readers::Named(named))
    }

    /// The steps of a client of which the order or an expectation says the rows.
    fn steps_with_expected_rows(
        &self,
        client: &str,
        interleaving: &Interleaving<'_>,
    ) -> HashSet<String> {
        let launches = interleaving.launches();
        let launched = launches.filter_map(|launch| match launch {
            Launch::Watched(_) => match launch.options().then {
                Some(Then::Outcome(outcome)) if outcome.rows.is_some() => launch.step().cloned(),
                _ => None,
            },
            Launch::Plain(_) => None,
        });
        let expect = self.scenario.expect.iter().chain(interleaving.expect);
        let expected = expect.filter_map(|expectation| match expectation {
            Expectation::Step(step) if step.rows.is_some() => Some(step.step.clone()),
            _ => None,
        });
        let steps = launched.chain(expected);
        steps
            .filter_map(|step| {
                let (session, step) = step.parts()?;
                let script = session.split('[').next()?;
                (script == client).then(|| step.to_owned())
            })
            .collect()
    }
}

pub(super) fn retry(retry: &Retry) -> RetryPlan {
    RetryPlan {
        codes: retry.errors.iter().map(code).collect(),
        tries: retry.tries,
    }
}
