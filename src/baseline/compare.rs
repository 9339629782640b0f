//! What is different from what was remembered?

use super::{Facts, Span};
use crate::spec::{
    quantity::TimeSpan,
    scenario::{BaselineFact, BaselineOptions},
};
use std::collections::{BTreeMap, BTreeSet};

/// How far a latency may move, in percent, where the scenario does not say: runs on a busy machine differ by that
/// much.
pub const LATENCY_TOLERANCE: f64 = 50.0;

/// One fact that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which kind of fact.
    pub fact: BaselineFact,
    /// What it is of: a client, a step, or a query.
    pub of: String,
    /// How it was; none where it was not.
    pub before: Option<String>,
    /// How it is; none where it is no more.
    pub now: Option<String>,
    /// Which way it went.
    pub way: Way,
}

/// Which way a fact went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// More statements, more errors, more waits.
    Worse,
    /// Fewer of them.
    Better,
    /// Neither: other rows.
    Other,
}

/// What of a case is not as the baseline has it. Numbers may move within the tolerance of their fact; facts that
/// the scenario ignores are not compared.
pub fn compare(before: &Facts, now: &Facts, options: Option<&BaselineOptions>) -> Vec<Change> {
    let scope = Scope { options };
    let statements = scope.spans(
        BaselineFact::Statements,
        &before.statements,
        &now.statements,
    );
    let rows = scope.spans(BaselineFact::Rows, &before.rows, &now.rows);
    let errors = scope.spans(
        BaselineFact::Errors,
        &flat(&before.errors),
        &flat(&now.errors),
    );
    let waits = scope.waits(&before.waits, &now.waits);
    let plans = scope.plans(&before.plans, &now.plans);
    [statements, rows, errors, waits, plans].concat()
}

pub(super) fn micros(span: TimeSpan) -> u64 {
    u64::try_from(span.0.as_micros()).unwrap_or(u64::MAX)
}

/// Errors by `step: condition`.
fn flat(errors: &BTreeMap<String, BTreeMap<String, u64>>) -> BTreeMap<String, Span> {
    let each = errors.iter().flat_map(|(step, conditions)| {
        let named = conditions.iter();
        named.map(move |(name, count)| (format!("{step}: {name}"), Span::Always(*count)))
    });
    each.collect()
}

/// What a scenario says of its baseline.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) options: Option<&'a BaselineOptions>,
}

impl Scope<'_> {
    pub(super) fn ignores(self, fact: BaselineFact) -> bool {
        self.options
            .is_some_and(|options| options.ignore.contains(&fact))
    }

    /// Whether a number may have moved this far.
    pub(super) fn tolerates(self, fact: BaselineFact, before: u64, now: u64) -> bool {
        let own = self
            .options
            .and_then(|options| options.tolerance.get(&fact));
        let percent = own.map_or_else(
            || match fact {
                BaselineFact::Latency => LATENCY_TOLERANCE,
                BaselineFact::Statements
                | BaselineFact::Rows
                | BaselineFact::Errors
                | BaselineFact::Waits
                | BaselineFact::Plan
                | BaselineFact::Estimates
                | BaselineFact::Buffers
                | BaselineFact::Wal => 0.0,
            },
            |percent| percent.0,
        );
        before.abs_diff(now) as f64 <= before as f64 * percent / 100.0
    }

    pub(super) fn tolerates_span(self, fact: BaselineFact, before: Span, now: Span) -> bool {
        let ends = before.ends().into_iter().zip(now.ends());
        let mut ends = ends.into_iter();
        ends.all(|(before, now)| self.tolerates(fact, before, now))
    }

    fn spans(
        self,
        fact: BaselineFact,
        before: &BTreeMap<String, Span>,
        now: &BTreeMap<String, Span>,
    ) -> Vec<Change> {
        if self.ignores(fact) {
            return Vec::new();
        }
        let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        let changes = keys.into_iter().filter_map(|of| {
            let (before, now) = (before.get(of).copied(), now.get(of).copied());
            if let (Some(before), Some(now)) = (before, now)
                && self.tolerates_span(fact, before, now)
            {
                return None;
            }
            Some(Change {
                fact,
                of: of.clone(),
                way: way(fact, before, now),
                before: before.map(|span| span.to_string()),
                now: now.map(|span| span.to_string()),
            })
        });
        changes.collect()
    }

    fn waits(
        self,
        before: &BTreeMap<String, BTreeSet<String>>,
        now: &BTreeMap<String, BTreeSet<String>>,
    ) -> Vec<Change> {
        if self.ignores(BaselineFact::Waits) {
            return Vec::new();
        }
        let names = |clients: &BTreeSet<String>| {
            let clients: Vec<&String> = clients.iter().collect();
            crate::text::list(&clients, "and")
        };
        let steps: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        let changed = steps
            .into_iter()
            .filter(|step| before.get(*step) != now.get(*step));
        let changes = changed.map(|step| {
            let (before, now) = (before.get(step), now.get(step));
            let count = |clients: Option<&BTreeSet<String>>| clients.map_or(0, BTreeSet::len);
            Change {
                fact: BaselineFact::Waits,
                of: step.clone(),
                way: by_size(count(before) as u64, count(now) as u64),
                before: before.map(names),
                now: now.map(names),
            }
        });
        changes.collect()
    }
}

fn way(fact: BaselineFact, before: Option<Span>, now: Option<Span>) -> Way {
    let largest = |span: Option<Span>| span.map_or(0, |span| span.ends()[1]);
    match fact {
        BaselineFact::Rows | BaselineFact::Plan | BaselineFact::Estimates => Way::Other,
        BaselineFact::Statements
        | BaselineFact::Errors
        | BaselineFact::Waits
        | BaselineFact::Buffers
        | BaselineFact::Wal
        | BaselineFact::Latency => by_size(largest(before), largest(now)),
    }
}

fn by_size(before: u64, now: u64) -> Way {
    match now.cmp(&before) {
        std::cmp::Ordering::Greater => Way::Worse,
        std::cmp::Ordering::Less => Way::Better,
        std::cmp::Ordering::Equal => Way::Other,
    }
}
