//! What the clients felt: how long they waited, how many at a time, what failed, how much less they got done.

use super::{About, brief, span};
use crate::{
    measure::migration::{FailedStatement, FirstFailure, MigrationTraffic},
    record::Micros,
    spec::{
        expect::{Bound, MigrationFacts},
        quantity::{Percent, TimeSpan},
    },
    text::{format_duration, plural, shortened},
    verdict::{
        bound::{Limit, Natural},
        context::condition,
        finding::Finding,
    },
};

impl About<'_> {
    pub(super) fn traffic(&self, facts: &MigrationFacts) -> Vec<Finding> {
        let asked = [
            ("waited", facts.waited.is_some()),
            ("queue", facts.queue.is_some()),
            ("failed", facts.failed.is_some()),
            ("throughput_lost", facts.throughput_lost.is_some()),
        ];
        let mut asked = asked.iter().filter(|(_, asked)| *asked);
        let Some((first, _)) = asked.next() else {
            return Vec::new();
        };
        let traffic = self.context.measurements.traffic.as_ref();
        let Some(traffic) = traffic.filter(|traffic| traffic.phases[0].statements > 0) else {
            let primary = "no client ran beside the migration";
            return vec![Finding::vacuous("no-traffic", primary).at(self.at(first))];
        };
        let mut findings = Vec::new();
        if let Some(bound) = &facts.waited {
            findings.extend(self.waited(traffic, bound));
        }
        if let Some(bound) = &facts.queue {
            findings.extend(self.queue(traffic, bound));
        }
        if let Some(bound) = &facts.failed {
            findings.extend(self.failed(traffic, bound));
        }
        if let Some(bound) = &facts.throughput_lost {
            findings.extend(self.throughput(traffic, bound));
        }
        findings
    }

    fn waited(&self, traffic: &MigrationTraffic, bound: &Bound<TimeSpan>) -> Option<Finding> {
        let limit = Limit::of(bound, Natural::AtMost);
        let longest = traffic.waits.iter().max_by_key(|wait| wait.waited);
        let waited = longest.map_or(Micros(0), |wait| wait.waited);
        if limit.holds(TimeSpan(waited.duration())) {
            return None;
        }
        let expected = limit.words();
        let finding = match longest {
            None => {
                let primary =
                    format!("nobody was seen waiting for the migration, expected {expected}");
                Finding::failed("migration-wait", primary)
            }
            Some(wait) => {
                let step = wait.step.as_ref().map(|step| format!(".{step}"));
                let lock = wait.lock.as_ref().and_then(|lock| {
                    Some(format!(
                        "it wanted {} on {}",
                        lock.mode,
                        lock.relation.as_ref()?
                    ))
                });
                let primary = format!(
                    "\"{}{}\" waited {} for the migration, expected {expected}",
                    wait.client,
                    step.unwrap_or_default(),
                    span(waited)
                );
                let waits = plural(traffic.wait_count, "wait");
                Finding::failed("migration-wait", primary)
                    .label(format!("{waits} were seen"))
                    .detail(lock)
                    .events(wait.event)
            }
        };
        Some(finding.at(self.at("waited")))
    }

    fn queue(&self, traffic: &MigrationTraffic, bound: &Bound<u64>) -> Option<Finding> {
        let limit = Limit::of(bound, Natural::AtMost);
        if limit.holds(traffic.queue) {
            return None;
        }
        let primary = format!(
            "{} waited at the same time, expected {}",
            plural(traffic.queue, "session"),
            limit.words()
        );
        let events = traffic.waits.iter().filter_map(|wait| wait.event);
        let finding = Finding::failed("migration-queue", primary).events(events);
        Some(finding.at(self.at("queue")))
    }

    fn failed(&self, traffic: &MigrationTraffic, bound: &Bound<u64>) -> Option<Finding> {
        let limit = Limit::of(bound, Natural::AtMost);
        let count = traffic.failures;
        if limit.holds(count) {
            return None;
        }
        let primary = format!(
            "{} failed since the migration began, expected {}",
            plural(count, traffic.unit.word()),
            limit.words()
        );
        let lines = failed_statements(traffic);
        let events = traffic.failed.iter().flat_map(|failed| &failed.events);
        let finding = Finding::failed("migration-failures", primary)
            .detail((!lines.is_empty()).then(|| lines.join("\n")))
            .events(events.copied());
        Some(finding.at(self.at("failed")))
    }

    fn throughput(&self, traffic: &MigrationTraffic, bound: &Bound<Percent>) -> Option<Finding> {
        let key = "throughput_lost";
        let Some(left) = traffic.throughput() else {
            let took = format_duration(traffic.duration.duration());
            let primary = format!(
                "the migration was over in {took}, too soon to tell how much throughput it cost"
            );
            let finding = Finding::vacuous("too-short", primary)
                .at(self.at(key))
                .hint("migrate more rows, or have more clients, with more \"iterations\"");
            return Some(finding);
        };
        let limit = Limit::of(bound, Natural::AtMost);
        let lost = |left: f64| (100.0 * (1.0 - left)).max(0.0);
        if limit.holds(Percent(lost(left.value))) {
            return None;
        }
        let between = format!(
            "{:.0}% of the clients' throughput was lost, between {:.0}% and {:.0}%",
            lost(left.value),
            lost(left.high),
            lost(left.low)
        );
        if [left.low, left.high]
            .iter()
            .any(|left| limit.holds(Percent(lost(*left))))
        {
            let finding = Finding::vacuous("too-short", format!("{between}: too few to tell"))
                .at(self.at(key))
                .label(format!("expected {}", limit.words()))
                .hint("migrate more rows, or have more clients, with more \"iterations\"");
            return Some(finding);
        }
        let [before, during, after] = &traffic.phases;
        let rate = |rate: Option<f64>| format!("{:.0}/s", rate.unwrap_or(0.0));
        let primary = format!("{between}, expected {}", limit.words());
        let detail = format!(
            "{} before, {} during {}, {} after",
            rate(before.rate()),
            rate(during.rate()),
            span(during.duration),
            rate(after.rate())
        );
        let finding = Finding::failed("throughput-lost", primary).detail(Some(detail));
        Some(finding.at(self.at(key)))
    }
}

/// The most kinds of failing statements that are told.
const MOST_FAILING: usize = 10;

/// So many characters of what a server said are told.
const LONGEST_MESSAGE: usize = 200;

/// Every kind of statement that failed since the migration began, a line each.
pub(in crate::verdict) fn failed_statements(traffic: &MigrationTraffic) -> Vec<String> {
    let failed = traffic.failed.iter().take(MOST_FAILING);
    let mut lines: Vec<String> = failed.map(failing).collect();
    if traffic.failed.len() > MOST_FAILING {
        lines.push(format!("… {} more", traffic.failed.len() - MOST_FAILING));
    }
    lines
}

/// `"shopper.pay" failed 312 times with undefined_column (42703), first 0.4 ms after the migration: column …`
fn failing(failed: &FailedStatement) -> String {
    let step = failed.step.as_ref().map(|step| format!(".{step}"));
    let code = match failed.code.as_str() {
        "" => "a broken connection".to_owned(),
        code => condition(code),
    };
    let before = match failed.before {
        0 => String::new(),
        count => format!(" ({} before it)", plural(count, "time")),
    };
    format!(
        "\"{}{}\" failed {}{before} with {code}, first {}: {}",
        failed.client,
        step.unwrap_or_default(),
        plural(failed.count, "time"),
        first(&failed.first),
        shortened(&failed.message, LONGEST_MESSAGE)
    )
}

fn first(first: &FirstFailure) -> String {
    match first {
        FirstFailure::During { sql, after } => {
            format!("{} into {}", span(*after), brief(sql))
        }
        FirstFailure::Between { sql, after } => {
            format!("{} after {}", span(*after), brief(sql))
        }
        FirstFailure::Behind { after } => format!("{} after the migration", span(*after)),
    }
}
