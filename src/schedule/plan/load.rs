//! The load of a scenario as a case.

use super::{Planner, clients::retry};
use crate::{
    schedule::{
        case::ClientPlan,
        load::{LoadPlan, MixPart, StagePlan},
    },
    spec::{
        client::Client,
        workload::{Load, Stage},
    },
};

impl Planner<'_> {
    /// The load, and a plan of each script that takes part in it.
    pub(super) fn load(&self, load: &Load, all: Vec<ClientPlan>) -> (LoadPlan, Vec<ClientPlan>) {
        let mut clients = Vec::new();
        let mut mix = Vec::new();
        for mut plan in all {
            let weight = match load.mix.get(&plan.id.script) {
                Some(weight) => *weight,
                None if load.mix.is_empty() => f64::from(self.count_of(&plan.id.script)),
                None => 0.0,
            };
            if weight > 0.0 {
                mix.push(MixPart {
                    client: clients.len(),
                    weight,
                });
                plan.retry = load.retry.as_ref().map(retry).or(plan.retry);
                clients.push(plan);
            }
        }
        let counted = clients.iter().map(|plan| self.count_of(&plan.id.script));
        let users = load.users.unwrap_or_else(|| counted.sum::<u32>().max(1));
        let plan = LoadPlan {
            warmup: load.warmup.map_or_else(Default::default, |span| span.0),
            stages: stages(load, users),
            transactions: load.transactions.map(|count| count.0),
            mix,
            arrivals: load.arrivals.unwrap_or_default(),
            connections: load.connections,
            think: load.think,
            protocol: load.protocol,
            pipeline: load.pipeline,
            on_error: load.on_error,
            users_before: 0,
            part: None,
            barrier: None,
        };
        (plan, clients)
    }

    fn count_of(&self, script: &str) -> u32 {
        let client: Option<&Client> = self.scenario.clients.get(script);
        client.and_then(|client| client.count).unwrap_or(1)
    }
}

fn stages(load: &Load, users: u32) -> Vec<StagePlan> {
    let rate = load.rate.map(|rate| rate.per_second());
    if load.stages.is_empty() {
        return vec![StagePlan {
            duration: load.duration.map(|span| span.0),
            users,
            rate,
        }];
    }
    let mut before = (users, rate);
    let next = |stage: &Stage| {
        let rate = stage.rate.map(|rate| rate.per_second());
        before = (stage.users.unwrap_or(before.0), rate.or(before.1));
        StagePlan {
            duration: Some(stage.duration.0),
            users: before.0,
            rate: before.1,
        }
    };
    load.stages.iter().map(next).collect()
}
