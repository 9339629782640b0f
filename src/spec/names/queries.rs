//! The watched statements.

use super::{Checker, escaped};
use crate::{
    source::Diagnostic,
    spec::{
        expect::LatencyBounds,
        query::Budget,
        value::{Argument, Builtin},
    },
};

impl Checker<'_> {
    pub(super) fn queries(&self) {
        for (name, query) in &self.scenario.queries {
            let path = format!("/queries/{}", escaped(name));
            self.standing_alone(&query.sql, &query.with, &path, |argument| match argument {
                Argument::Ref(_) => false,
                Argument::Builtin(builtin) => builtin.builtin == Builtin::Iteration,
                Argument::Value(_) | Argument::Generator(_) | Argument::Literal(_) => true,
            });
            if let Some(Budget::Percentiles(bounds)) = &query.budget {
                let path = format!("{path}/budget");
                self.percentiles(bounds, Some(u64::from(query.repeat)), &path);
            }
        }
    }

    /// Percentiles are bounded in a way that can hold, and there are samples enough for each.
    pub(super) fn percentiles(&self, bounds: &LatencyBounds, samples: Option<u64>, path: &str) {
        let all = [
            ("p50", &bounds.p50, 2),
            ("p90", &bounds.p90, 10),
            ("p95", &bounds.p95, 20),
            ("p99", &bounds.p99, 100),
            ("p99.9", &bounds.p999, 1000),
            ("max", &bounds.max, 1),
        ];
        if all.iter().all(|(_, bound, _)| bound.is_none()) {
            let place = self.key_place(path);
            let diagnostic = Diagnostic::error("says-nothing", "no latency is bounded here");
            self.push(
                diagnostic
                    .at(place)
                    .hint("add p50, p90, p95, p99, p99.9 or max"),
            );
        }
        for (name, bound, needed) in all {
            if bound.is_none() {
                continue;
            }
            let path = format!("{path}/{name}");
            self.bound(bound.as_ref(), &path);
            if let Some(samples) = samples.filter(|samples| *samples < needed) {
                let primary =
                    format!("a {name} needs {needed} samples, and there will be {samples}");
                let diagnostic = Diagnostic::warning("too-few-samples", primary);
                self.push(
                    diagnostic
                        .at(self.key_place(&path))
                        .detail("the case would be vacuous")
                        .hint("raise \"repeat\" of the query or \"iterations\" of the client, or bound \"max\""),
                );
            }
        }
    }
}
