//! The load: it has an end, its scripts exist, and what it says can come true.

use super::{Checker, escaped};
use crate::{
    source::Diagnostic,
    spec::{
        Scenario,
        expect::{ConnectionsFacts, Expectation, NoneOr, ThroughputFacts},
        workload::{Connections, Load, Think},
    },
};

impl Checker<'_> {
    pub(super) fn load(&self) {
        let Some(load) = &self.scenario.load else {
            return;
        };
        if self.scenario.clients.is_empty() {
            let diagnostic = Diagnostic::error("nobody-acts", "a load needs clients");
            self.push(
                diagnostic
                    .at(self.key_place("/load"))
                    .hint("add \"clients\" with the scripts"),
            );
        }
        if self.scenario.orders.named().any(|(name, _)| name == "load") {
            let primary = "the case of the load is called \"load\" already";
            self.push(
                Diagnostic::error("duplicate-case", primary)
                    .at(self.key_place("/orders/load"))
                    .related(self.key_place("/load"), "the load")
                    .hint("give the order another name"),
            );
        }
        self.length(load);
        self.mix(load);
        self.rates(load);
        self.pool(load);
        self.think(load);
        for (index, state) in load
            .retry
            .iter()
            .flat_map(|retry| &retry.errors)
            .enumerate()
        {
            self.condition(state, &format!("/load/retry/errors/{index}"));
        }
    }

    /// One of duration, transactions and stages says when it ends.
    fn length(&self, load: &Load) {
        let said = [
            ("duration", load.duration.is_some()),
            ("transactions", load.transactions.is_some()),
            ("stages", !load.stages.is_empty()),
        ];
        let said: Vec<&str> = said
            .iter()
            .filter(|(_, said)| *said)
            .map(|(key, _)| *key)
            .collect();
        match said.as_slice() {
            [] => {
                let diagnostic = Diagnostic::error("endless", "this load has no end");
                self.push(
                    diagnostic
                        .at(self.key_place("/load"))
                        .hint("add duration, transactions or stages"),
                );
            }
            [_] => {}
            [first, second, ..] => {
                let primary = format!("\"{first}\" and \"{second}\" both say when the load ends");
                self.push(
                    Diagnostic::error("contradiction", primary)
                        .at(self.key_place(&format!("/load/{second}")))
                        .related(self.key_place(&format!("/load/{first}")), "the other one"),
                );
            }
        }
        let spans = load.stages.iter().enumerate();
        let spans = spans.map(|(index, stage)| {
            let path = format!("/load/stages/{index}/duration");
            (path, stage.duration.0.is_zero())
        });
        let own = load
            .duration
            .map(|span| ("/load/duration".to_owned(), span.0.is_zero()));
        let own = own.into_iter().chain(
            load.transactions
                .map(|count| ("/load/transactions".to_owned(), count.0 == 0)),
        );
        for (path, _) in own.chain(spans).filter(|(_, nothing)| *nothing) {
            let diagnostic = Diagnostic::error("nothing-measured", "nothing would be measured");
            self.push(diagnostic.at(self.place(&path)));
        }
        let timeout = self.scenario.timeout.map(|timeout| timeout.0);
        let least = load.least_length();
        if let Some(timeout) = timeout.filter(|timeout| *timeout <= least) {
            let primary = format!(
                "the load takes {}, and the case may take {} in all",
                crate::text::format_duration(least),
                crate::text::format_duration(timeout)
            );
            self.push(
                Diagnostic::error("timeout", primary)
                    .at(self.place("/timeout"))
                    .related(self.key_place("/load"), "the load")
                    .hint("raise \"timeout\", or leave it out: a load brings its own"),
            );
        }
    }

    fn mix(&self, load: &Load) {
        for client in load.mix.keys() {
            if !self.cast.members.contains_key(client.as_str()) {
                let path = format!("/load/mix/{}", escaped(client));
                let place = self.key_place(&path);
                self.push(self.unknown("client", client, place, self.cast.names()));
            }
        }
        if !load.mix.is_empty() && load.mix.values().sum::<f64>() <= 0.0 {
            let diagnostic = Diagnostic::error("contradiction", "all weights are 0");
            self.push(diagnostic.at(self.place("/load/mix")));
        }
    }

    fn rates(&self, load: &Load) {
        let rated = load.rate.is_some() || load.stages.iter().any(|stage| stage.rate.is_some());
        if load.arrivals.is_some() && !rated {
            let primary = "\"arrivals\" says how a \"rate\" is spaced, and there is none";
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.key_place("/load/arrivals"))
                    .hint("add \"rate\", or drop \"arrivals\""),
            );
        }
        let stages = load.stages.iter().enumerate();
        let stages =
            stages.map(|(index, stage)| (format!("/load/stages/{index}/rate"), stage.rate));
        for (path, rate) in stages.chain([("/load/rate".to_owned(), load.rate)]) {
            if rate.is_some_and(|rate| rate.per_second() <= 0.0) {
                let diagnostic = Diagnostic::error("nothing-measured", "nothing would ever begin");
                self.push(diagnostic.at(self.place(&path)));
            }
        }
        if let (true, Some(think)) = (rated, &load.think) {
            let _: &Think = think;
            let primary = "with a \"rate\" nobody pauses: the rate says when transactions begin";
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.key_place("/load/think"))
                    .hint("drop \"think\" or \"rate\""),
            );
        }
    }

    /// A pool has connections of one kind.
    fn pool(&self, load: &Load) {
        let Connections::Pool(_) = load.connections else {
            return;
        };
        let mut members = self
            .cast
            .members
            .iter()
            .filter(|(name, _)| load.mix.is_empty() || load.mix.contains_key(**name));
        let Some((first, first_member)) = members.next() else {
            return;
        };
        let alike = |one: &crate::spec::client::Client, other: &crate::spec::client::Client| {
            one.settings == other.settings
                && one.isolation == other.isolation
                && one.setup == other.setup
        };
        for (name, member) in members {
            if !alike(first_member.client, member.client) {
                let primary = format!(
                    "\"{name}\" and \"{first}\" share a pool, and their sessions are not alike"
                );
                self.push(
                    Diagnostic::error("contradiction", primary)
                        .at(self.key_place(&format!("/clients/{}", escaped(name))))
                        .related(self.key_place("/load/connections"), "the pool")
                        .hint("give them the same isolation, settings and setup, or connections: per_user"),
                );
            }
        }
    }

    fn think(&self, load: &Load) {
        if let Some(Think::Between(think)) = load.think
            && think.between.0 > think.between.1
        {
            let (least, most) = think.between;
            let primary = format!("nothing lies between {least} and {most}");
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.place("/load/think/between"))
                    .hint("the smaller one comes first"),
            );
        }
    }

    pub(super) fn throughput(&self, facts: &ThroughputFacts, path: &str) {
        if let Some(of) = &facts.of {
            self.subject(
                of,
                &format!("{path}/of"),
                super::subjects::Subjects::Clients,
            );
        }
        self.bound(Some(&facts.rate), &format!("{path}/rate"));
    }

    pub(super) fn connections(&self, facts: &ConnectionsFacts, path: &str) {
        let ConnectionsFacts {
            wait_p50,
            wait_p95,
            wait_p99,
            wait_max,
            recovery,
            refused,
        } = facts;
        let spans = [
            ("wait_p50", wait_p50),
            ("wait_p95", wait_p95),
            ("wait_p99", wait_p99),
            ("wait_max", wait_max),
            ("recovery", recovery),
        ];
        if spans.iter().all(|(_, bound)| bound.is_none()) && refused.is_none() {
            self.says_nothing(
                path,
                "add wait_p50, wait_p95, wait_p99, wait_max, recovery or refused",
            );
        }
        for (key, bound) in spans {
            self.bound(bound.as_ref(), &format!("{path}/{key}"));
        }
        self.bound(refused.as_ref(), &format!("{path}/refused"));
    }

    /// Whether there is a case for the expectation to look at: some need a load, some the events of each step, which a
    /// load does not keep.
    pub(super) fn has_its_case(&self, expectation: &Expectation, path: &str) {
        let (of_a_load, of_events) = (needs_load(expectation), needs_events(expectation));
        if of_a_load && self.scenario.load.is_none() {
            let primary = "this is measured under a load, and there is none";
            self.push(
                Diagnostic::error("no-load", primary)
                    .at(self.place(path))
                    .hint("add \"load\""),
            );
        } else if of_events && is_load_alone(self.scenario) {
            let primary = "a load keeps numbers, not the events of every step that this looks at";
            self.push(
                Diagnostic::error("no-events", primary)
                    .at(self.place(path))
                    .hint("add an \"order\", whose case keeps them, or expect latency, throughput, errors or sql"),
            );
        }
    }
}

/// Whether an expectation is about measured traffic only.
pub fn needs_load(expectation: &Expectation) -> bool {
    matches!(
        expectation,
        Expectation::Throughput(_) | Expectation::Connections(_)
    )
}

/// Whether an expectation looks at events that only a forced order, or a free run, keeps.
pub fn needs_events(expectation: &Expectation) -> bool {
    match expectation {
        Expectation::Step(_) | Expectation::NPlusOne(_) | Expectation::Statements(_) => true,
        Expectation::Deadlock(deadlock) => match &deadlock.deadlock {
            NoneOr::None(_) => false,
            NoneOr::Some(facts) => {
                facts.victim.is_some() || facts.detection.is_some() || facts.recovery.is_some()
            }
        },
        _ => false,
    }
}

/// Whether the load is the only case of a scenario.
fn is_load_alone(scenario: &Scenario) -> bool {
    scenario.load.is_some() && scenario.order.is_none() && scenario.orders.is_empty()
}
