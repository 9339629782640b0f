//! The launch lists with every name resolved.

use super::{List, Lists, Planner, clients::code};
use crate::{
    isolation::Interleavings,
    schedule::case::{ClientPlan, LaunchPlan, MarkerPlan, Round},
    source::{Diagnostic, Diagnostics},
    spec::order::{Launch, LaunchOptions, StepRef, Then},
};

/// The whole launch list of a case, and where in it each of several orders stands.
type Launches = (Option<Vec<LaunchPlan>>, Vec<Round>);

impl Planner<'_> {
    pub(super) fn launches(
        &self,
        lists: &Lists<'_>,
        clients: &[ClientPlan],
    ) -> Result<Launches, Diagnostics> {
        match lists {
            Lists::None | Lists::Explored(_) | Lists::Load(_) => Ok((None, Vec::new())),
            Lists::One(list) => Ok((Some(self.list(list, clients)?), Vec::new())),
            Lists::Shared(lists) => {
                let mut rounds = Vec::with_capacity(lists.len());
                let mut all = Vec::new();
                for list in lists {
                    let begin = all.len();
                    all.extend(self.list(list, clients)?);
                    rounds.push(Round {
                        name: list.name.map(str::to_owned),
                        launches: begin..all.len(),
                    });
                }
                Ok((Some(all), rounds))
            }
            Lists::All => Ok(every_interleaving(clients)),
        }
    }

    fn list(
        &self,
        list: &List<'_>,
        clients: &[ClientPlan],
    ) -> Result<Vec<LaunchPlan>, Diagnostics> {
        let entries = list.order.iter().enumerate();
        entries
            .map(|(index, launch)| self.launch(launch, format!("{}/{index}", list.path), clients))
            .collect()
    }

    fn launch(
        &self,
        launch: &Launch,
        path: String,
        clients: &[ClientPlan],
    ) -> Result<LaunchPlan, Diagnostics> {
        let Some(named) = launch.step() else {
            let place = self.file.place(self.variant, &path);
            let primary = "an entry of an order names one step";
            return Err(Diagnostic::error("unknown-step", primary).at(place).into());
        };
        let (client, step) = self.resolved(named, &path, clients)?;
        let options = launch.options();
        let expected_error = match &options.then {
            Some(Then::Outcome(outcome)) => outcome.error.as_ref().map(code),
            Some(Then::Done(_)) | None => None,
        };
        let markers = self.markers(&options, &path, clients)?;
        Ok(LaunchPlan {
            client,
            step,
            expected_error,
            markers,
            options,
            path,
        })
    }

    fn markers(
        &self,
        options: &LaunchOptions,
        path: &str,
        clients: &[ClientPlan],
    ) -> Result<Vec<MarkerPlan>, Diagnostics> {
        let mut markers: Vec<MarkerPlan> =
            options.marked.iter().map(|_| MarkerPlan::Once).collect();
        for after in options.after.iter().flat_map(|after| after.steps()) {
            let (client, step) = self.resolved(after, path, clients)?;
            markers.push(MarkerPlan::After { client, step });
        }
        let notices = options.after_notices.iter();
        for notices in notices.flat_map(|notices| notices.counts()) {
            let (client, _) = self.resolved(&notices.of, path, clients)?;
            let count = notices.count;
            markers.push(MarkerPlan::AfterNotices { client, count });
        }
        Ok(markers)
    }

    fn resolved(
        &self,
        step: &StepRef,
        path: &str,
        clients: &[ClientPlan],
    ) -> Result<(usize, usize), Diagnostics> {
        resolve(step, clients).ok_or_else(|| {
            let place = self.file.place(self.variant, path);
            let primary = format!("there is no step \"{step}\"");
            Diagnostic::error("unknown-step", primary).at(place).into()
        })
    }
}

/// Every interleaving of the scripts, depth first, the first client first.
fn every_interleaving(clients: &[ClientPlan]) -> Launches {
    let lengths = clients.iter().map(|client| client.steps.len());
    let mut all = Vec::new();
    let mut rounds = Vec::new();
    for steps in Interleavings::new(lengths) {
        let begin = all.len();
        all.extend(steps.into_iter().map(|id| LaunchPlan {
            client: id.session,
            step: id.step,
            expected_error: None,
            markers: Vec::new(),
            options: LaunchOptions::default(),
            path: clients[id.session].steps[id.step].path.clone(),
        }));
        rounds.push(Round {
            name: None,
            launches: begin..all.len(),
        });
    }
    (Some(all), rounds)
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
