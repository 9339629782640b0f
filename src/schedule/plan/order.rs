//! The launch list with every name resolved.

use super::{Planner, clients::code, escaped};
use crate::{
    schedule::case::{ClientPlan, LaunchPlan},
    source::{Diagnostic, Diagnostics},
    spec::order::{Launch, Order, StepRef, Then},
};

impl Planner<'_> {
    pub(super) fn launches(
        &self,
        order: &Order,
        name: Option<&str>,
        clients: &[ClientPlan],
    ) -> Result<Vec<LaunchPlan>, Diagnostics> {
        let prefix = match name {
            Some(name) => format!("/orders/{}/order", escaped(name)),
            None => "/order".to_owned(),
        };
        let entries = order.iter().enumerate();
        entries
            .map(|(index, launch)| self.launch(launch, format!("{prefix}/{index}"), clients))
            .collect()
    }

    fn launch(
        &self,
        launch: &Launch,
        path: String,
        clients: &[ClientPlan],
    ) -> Result<LaunchPlan, Diagnostics> {
        let found = launch.step().and_then(|step| resolve(step, clients));
        let Some((client, step)) = found else {
            let primary = match launch.step() {
                Some(step) => format!("there is no step \"{step}\""),
                None => "an entry of an order names one step".to_owned(),
            };
            let place = self.file.place(self.variant, &path);
            return Err(Diagnostic::error("unknown-step", primary).at(place).into());
        };
        let options = launch.options();
        let expected_error = match &options.then {
            Some(Then::Outcome(outcome)) => outcome.error.as_ref().map(code),
            Some(Then::Done(_)) | None => None,
        };
        Ok(LaunchPlan {
            client,
            step,
            expected_error,
            options,
            path,
        })
    }
}

/// The session and the step that `alice.debit` or `worker[2].take` names, by index.
pub(super) fn resolve(step: &StepRef, clients: &[ClientPlan]) -> Option<(usize, usize)> {
    let (session, step) = step.parts()?;
    let client = clients
        .iter()
        .position(|client| client.id.to_string() == session)?;
    let step = clients[client]
        .steps
        .iter()
        .position(|plan| plan.name == step)?;
    Some((client, step))
}
