//! Exploring orders: there is something to interleave, and what is expected of it can be seen.

use super::Checker;
use crate::{
    source::Diagnostic,
    spec::{
        expect::{Expectation, SerializableExpectation},
        explore::{EqualOrders, Explore, Strategy},
    },
};

impl Checker<'_> {
    /// The block itself.
    pub(super) fn explore(&self) {
        let Some(explore) = &self.scenario.explore else {
            return;
        };
        let sessions: u32 = self.cast.members.values().map(|m| m.sessions()).sum();
        if sessions < 2 {
            let primary = "there is nothing to interleave with one session";
            self.push(
                Diagnostic::error("one-session", primary)
                    .at(self.key_place("/explore"))
                    .hint("add a client, or give this one a \"count\""),
            );
        }
        if self
            .scenario
            .orders
            .named()
            .any(|(name, _)| name == "explore")
        {
            let primary = "the case of \"explore\" has this name";
            self.push(
                Diagnostic::error("reserved-name", primary)
                    .at(self.key_place("/orders/explore"))
                    .related(self.key_place("/explore"), "this one"),
            );
        }
        self.strategy(explore);
        self.only_steps(
            "an explored order",
            "give the client a \"count\", or list the steps twice",
        );
    }

    fn strategy(&self, explore: &Explore) {
        let misplaced = |key: &str, of: &str, hint: &str| {
            let primary = format!("\"{key}\" says nothing with strategy {of}");
            self.push(
                Diagnostic::error("contradiction", primary)
                    .at(self.key_place(&format!("/explore/{key}")))
                    .hint(hint),
            );
        };
        match explore.strategy {
            Strategy::All => {
                if explore.count.is_some() {
                    misplaced("count", "all", "write \"limit\", or strategy: sample");
                }
            }
            Strategy::Sample => {
                if explore.limit.is_some() {
                    misplaced("limit", "sample", "write \"count\", or strategy: all");
                }
                if explore.equal_orders == EqualOrders::Run {
                    misplaced("equal_orders", "sample", "every order that is drawn is run");
                }
                if explore.preemptions.is_some() {
                    misplaced("preemptions", "sample", "write strategy: all");
                }
            }
        }
    }

    /// An expectation that cannot be judged of orders that are explored.
    pub(super) fn of_explored_orders(&self, expectation: &Expectation, path: &str) {
        if self.scenario.explore.is_none() {
            return;
        }
        if let Expectation::Latency(_) = expectation {
            let primary =
                "the steps of an explored order are held back, so their times mean nothing";
            self.push(
                Diagnostic::error("no-times", primary)
                    .at(self.place(path))
                    .related(self.key_place("/explore"), "explored here")
                    .hint("measure in a scenario of its own"),
            );
        }
    }

    pub(super) fn serializable(&self, expected: &SerializableExpectation, path: &str) {
        if !expected.serializable {
            let primary = "nothing can be expected of orders that may or may not be serializable";
            self.push(
                Diagnostic::error("says-nothing", primary)
                    .at(self.place(&format!("{path}/serializable")))
                    .hint("drop it; a violation that must be found is explore: { found: serializable }"),
            );
        }
        let no_order = self.scenario.explore.is_none() && self.lists().is_empty();
        if no_order {
            let primary =
                "serial orders are compared with the order of the steps, which nobody says here";
            self.push(
                Diagnostic::error("no-order", primary)
                    .at(self.place(path))
                    .hint("add \"explore: {}\", or an order"),
            );
        }
    }

    pub(super) fn must_find(&self, path: &str) {
        if self.scenario.explore.is_none() {
            self.push(
                Diagnostic::error("no-explore", "nothing is explored here")
                    .at(self.place(path))
                    .hint("add \"explore: {}\""),
            );
        }
    }
}
