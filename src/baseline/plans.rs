//! What of a plan is worth remembering? What is the same on every machine, by the major version of PostgreSQL: each
//! version plans in its own way.
//!
//! | fact | remembered | may move |
//! |---|---|---|
//! | shape: kinds, tables, indexes, join order and strategy | always | not at all |
//! | shapes that other samples of large tables lead to | where there are any | a plan may be any of them |
//! | rows and loops of each node | where two executions agreed, outside of what runs in parallel | as `rows` does |
//! | rows expected at each node | always | where ANALYZE read all rows not at all, else by twice what samples gave |
//! | pages, pages of temporary files, log records and bytes | where two executions agreed | as `buffers` and `wal` do |

use super::{Change, Span, Way, compare::Scope};
use crate::{
    record::{CaseLog, MeasuredPlan, NodeFacts, PlanFacts, PlanNode, PlanPoint},
    spec::scenario::BaselineFact,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The plans of a case's queries, by the major version of PostgreSQL and the query; `query after` where the plan is
/// that after the migration.
pub type Plans = BTreeMap<u32, BTreeMap<String, RememberedPlan>>;

/// What is remembered of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RememberedPlan {
    /// The nodes, indented by their depth.
    pub nodes: Vec<RememberedNode>,
    /// Pages of tables and indexes that it reads, those of planning left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers: Option<u64>,
    /// Pages of temporary files; none is 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub temp: u64,
    /// Log records; none is 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wal_records: u64,
    /// Bytes of the log, where they do not depend on the last checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal: Option<u64>,
    /// The plans that other samples of the tables lead to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub other_shapes: BTreeSet<Vec<String>>,
}

/// What is remembered of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RememberedNode {
    /// Its kind, table and index, indented by its depth.
    pub node: String,
    /// Rows over all loops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// How often it is executed, where that is not once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loops: Option<u64>,
    /// Rows of a loop that are expected; from the smallest to the largest that samples gave, where ANALYZE takes one.
    pub expected: Span,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The plans that were captured in a case. The version of the server is there even if no query has a plan any more:
/// those that are remembered of it are gone then.
pub(super) fn plans(log: &CaseLog) -> Plans {
    let mut plans = Plans::new();
    for snapshot in &log.plans {
        let of_version = plans.entry(snapshot.version_num / 10_000).or_default();
        for captured in &snapshot.plans {
            let key = match snapshot.point {
                PlanPoint::Before => captured.query.clone(),
                PlanPoint::After => format!("{} after", captured.query),
            };
            if let Some(plan) = captured.measured() {
                of_version.insert(key, remembered(plan));
            }
        }
    }
    plans
}

fn remembered(plan: &MeasuredPlan) -> RememberedPlan {
    let facts = PlanFacts::of(&plan.explained);
    let shape: Vec<String> = facts.nodes.iter().map(line).collect();
    let samples: Vec<Vec<NodeFacts>> = plan.other_samples.iter().map(PlanNode::facts).collect();
    let (alike, others): (Vec<_>, Vec<_>) = samples
        .into_iter()
        .partition(|nodes| nodes.iter().map(line).eq(shape.iter().cloned()));
    let steady = plan.steady;
    let nodes = facts.nodes.iter().enumerate().map(|(at, node)| {
        let seen = alike.iter().map(|nodes| nodes[at].estimated);
        let [least, most] = seen.fold([node.estimated; 2], |[least, most], rows| {
            [least.min(rows), most.max(rows)]
        });
        RememberedNode {
            node: line(node),
            rows: node.rows.filter(|_| steady),
            loops: node.loops.filter(|loops| steady && *loops != 1),
            expected: match plan.other_samples.is_empty() {
                true => Span::Always(node.estimated),
                false => Span::Between([least, most]),
            },
        }
    });
    RememberedPlan {
        nodes: nodes.collect(),
        buffers: facts.buffers.filter(|_| steady),
        temp: facts.temp.filter(|_| steady).unwrap_or_default(),
        wal_records: if steady { facts.wal_records } else { 0 },
        wal: facts.wal_bytes.filter(|bytes| steady && *bytes > 0),
        other_shapes: others
            .iter()
            .map(|nodes| nodes.iter().map(line).collect())
            .collect(),
    }
}

fn line(node: &NodeFacts) -> String {
    format!("{}{}", "  ".repeat(node.depth.into()), node.title)
}

impl RememberedPlan {
    fn shape(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.node.clone()).collect()
    }

    fn text(&self) -> String {
        self.shape().join("\n")
    }

    /// With the numbers of `now` that are not known here, such as those of a plan that was not steady when it was first
    /// captured: what is not remembered is never compared.
    fn completed(&self, now: &Self) -> Self {
        let mut known = self.clone();
        if self.shape() != now.shape() {
            return known;
        }
        if self.buffers.is_none() && now.buffers.is_some() {
            known.buffers = now.buffers;
            known.temp = now.temp;
            known.wal_records = now.wal_records;
        }
        known.wal = self.wal.or(now.wal);
        for (known, now) in known.nodes.iter_mut().zip(&now.nodes) {
            if known.rows.is_none() {
                known.rows = now.rows;
                known.loops = now.loops;
            }
        }
        known
    }

    /// Whether the shape, or one that other samples lead to, is one of the other plan's: no few samples show them all.
    fn may_be(&self, other: &Self) -> bool {
        let all = |plan: &Self| -> BTreeSet<Vec<String>> {
            let others = plan.other_shapes.iter().cloned();
            others.chain([plan.shape()]).collect()
        };
        !all(self).is_disjoint(&all(other))
    }
}

impl Scope<'_> {
    /// What of the plans is not as it was. A version that is not remembered has nothing to be compared with.
    pub(super) fn plans(self, before: &Plans, now: &Plans) -> Vec<Change> {
        let mut changes = Vec::new();
        for (version, now) in now {
            let Some(before) = before.get(version) else {
                continue;
            };
            let queries: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
            for query in queries {
                self.plan(query, before.get(query), now.get(query), &mut changes);
            }
        }
        changes.retain(|change| !self.ignores(change.fact));
        changes
    }

    fn plan(
        self,
        query: &str,
        before: Option<&RememberedPlan>,
        now: Option<&RememberedPlan>,
        changes: &mut Vec<Change>,
    ) {
        let change = |fact, of: String, before: Option<String>, now: Option<String>, way| Change {
            fact,
            of,
            before,
            now,
            way,
        };
        let (before, now) = match (before, now) {
            (Some(before), Some(now)) if before.may_be(now) => (before, now),
            (before, now) => {
                changes.push(change(
                    BaselineFact::Plan,
                    query.to_owned(),
                    before.map(RememberedPlan::text),
                    now.map(RememberedPlan::text),
                    Way::Other,
                ));
                return;
            }
        };
        if before.shape() != now.shape() {
            return;
        }
        let mut number = |fact, what: &str, before: Option<u64>, now: Option<u64>| {
            // What one of them does not know, such as a plan that was never steady, is not compared.
            let (Some(before), Some(now)) = (before, now) else {
                return;
            };
            if !self.tolerates(fact, before, now) {
                changes.push(change(
                    fact,
                    format!("{query} {what}"),
                    Some(before.to_string()),
                    Some(now.to_string()),
                    if now > before {
                        Way::Worse
                    } else {
                        Way::Better
                    },
                ));
            }
        };
        number(
            BaselineFact::Buffers,
            "buffers",
            before.buffers,
            now.buffers,
        );
        let both_known = before.buffers.is_some() && now.buffers.is_some();
        let known = |count: u64| both_known.then_some(count);
        number(
            BaselineFact::Buffers,
            "temp blocks",
            known(before.temp),
            known(now.temp),
        );
        number(
            BaselineFact::Wal,
            "WAL records",
            known(before.wal_records),
            known(now.wal_records),
        );
        number(BaselineFact::Wal, "WAL bytes", before.wal, now.wal);
        for (before, now) in before.nodes.iter().zip(&now.nodes) {
            let title = now.node.trim_start();
            let loops = |node: &RememberedNode| node.rows.map(|_| node.loops.unwrap_or(1));
            number(
                BaselineFact::Rows,
                &format!("rows of {title}"),
                before.rows,
                now.rows,
            );
            number(
                BaselineFact::Rows,
                &format!("loops of {title}"),
                loops(before),
                loops(now),
            );
        }
        for (before, now) in before.nodes.iter().zip(&now.nodes) {
            if !self.tolerates_estimate(before.expected, now.expected) {
                let title = now.node.trim_start();
                changes.push(change(
                    BaselineFact::Estimates,
                    format!("{query} rows expected of {title}"),
                    Some(before.expected.to_string()),
                    Some(now.expected.to_string()),
                    Way::Other,
                ));
            }
        }
    }

    fn tolerates_estimate(self, before: Span, now: Span) -> bool {
        match (before, now) {
            (Span::Always(before), Span::Always(now)) => {
                self.tolerates(BaselineFact::Estimates, before, now)
            }
            // A few samples do not show how far others may lie: a factor of two is no other estimate.
            _ => {
                let ([least, most], [now_least, now_most]) = (before.ends(), now.ends());
                now_most.saturating_mul(2) >= least && now_least <= most.saturating_mul(2)
            }
        }
    }

    /// What shall be remembered: what is tolerated stays as it was, and so do other versions; a number that was not known
    /// before is added.
    pub(super) fn remembered_plans(self, old: &Plans, new: &Plans) -> Plans {
        let mut plans = old.clone();
        for (version, new) in new {
            let old = plans.remove(version).unwrap_or_default();
            let kept = new.iter().map(|(query, now)| {
                let before = old.get(query).filter(|before| {
                    let mut changes = Vec::new();
                    self.plan(query, Some(*before), Some(now), &mut changes);
                    changes.is_empty()
                });
                let kept = before.map_or_else(|| now.clone(), |before| before.completed(now));
                (query.clone(), kept)
            });
            plans.insert(*version, kept.collect());
        }
        plans.retain(|_, of_version| !of_version.is_empty());
        plans
    }
}
