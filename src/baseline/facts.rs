//! What of a case is worth remembering? Only what is the same in every run by construction, so that a baseline changes
//! when the program or the database does, and at no other time.
//!
//! | fact | remembered |
//! |---|---|
//! | statements of a pass | under a forced order, of a session alone, and of a straight script (no `when`, no `for_each`, no hook that calls `sql`) whose passes all agree |
//! | rows of a step | under a forced order, and of a session alone |
//! | errors of a step | under a forced order, and of a session alone |
//! | rows of a query | always: queries run before the clients, one after the other |
//! | who waits for whom | under a forced order |
//! | plans of queries | always; see [`plans`](super::plans) |
//!
//! Clients that run freely side by side meet in another way each time. So do several retries after a forced order:
//! of a forced order only what it launched itself counts. Whatever a generator gives is fixed by the random seed.

use super::Plans;
use crate::{
    measure::{
        Measurements,
        trace::{Pass, PassEnd, StepRun, Trace},
    },
    record::{CaseLog, ClientId},
    schedule::{Case, ClientPlan, HookPlan, StepWork},
    spec::scenario::BaselineFact,
    sql::Condition,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is remembered of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// How many statements each client sends in one pass through its script; BEGIN, COMMIT and ROLLBACK are
    /// not counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statements: BTreeMap<String, Span>,
    /// How many rows each step, or watched query, returns or changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, Span>,
    /// Which errors each step meets, by condition, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, BTreeMap<String, u64>>,
    /// Whom each step waits for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waits: BTreeMap<String, BTreeSet<String>>,
    /// The plans of the watched queries, by the major version of PostgreSQL.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plans: Plans,
}

/// A number that is the same each time, or the smallest and the largest of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Span {
    /// The same each time.
    Always(u64),
    /// From the smallest to the largest.
    Between([u64; 2]),
}

impl Default for Span {
    fn default() -> Self {
        Self::Always(0)
    }
}

impl Span {
    /// The smallest and the largest.
    pub fn ends(self) -> [u64; 2] {
        match self {
            Self::Always(only) => [only, only],
            Self::Between(ends) => ends,
        }
    }

    /// The span that holds this number too.
    fn with(self, number: u64) -> Self {
        let [min, max] = self.ends();
        match (min.min(number), max.max(number)) {
            (min, max) if min == max => Self::Always(min),
            (min, max) => Self::Between([min, max]),
        }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Always(only) => write!(f, "{only}"),
            Self::Between([min, max]) => write!(f, "{min} to {max}"),
        }
    }
}

impl Facts {
    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        let Self {
            statements,
            rows,
            errors,
            waits,
            plans,
        } = self;
        statements.is_empty()
            && rows.is_empty()
            && errors.is_empty()
            && waits.is_empty()
            && plans.values().all(BTreeMap::is_empty)
    }

    /// What of a case that ran is worth remembering, without the facts that its scenario ignores.
    pub fn of(case: &Case, log: &CaseLog, trace: &Trace<'_>, measured: &Measurements) -> Self {
        if case.explore.is_some() {
            // Which of many orders is told depends on what breaks.
            return Self::default();
        }
        let known = Known { case, trace };
        let ignored = case
            .scenario
            .baseline
            .as_ref()
            .map(|baseline| &baseline.ignore);
        let wanted = |fact| !ignored.is_some_and(|ignored| ignored.contains(&fact));
        let mut facts = Self::default();
        if wanted(BaselineFact::Statements) {
            facts.statements = known.statements(measured);
        }
        if wanted(BaselineFact::Rows) {
            facts.rows = known.rows();
            for run in log.queries.iter().filter(|run| run.error.is_none()) {
                add(&mut facts.rows, run.query.clone(), run.row_count);
            }
        }
        if wanted(BaselineFact::Errors) {
            facts.errors = known.errors();
        }
        if wanted(BaselineFact::Waits) {
            facts.waits = known.waits(measured);
        }
        if wanted(BaselineFact::Plan) {
            facts.plans = super::plans::plans(log);
        }
        facts
    }
}

fn add(spans: &mut BTreeMap<String, Span>, key: String, number: u64) {
    let span = spans.entry(key).or_insert(Span::Always(number));
    *span = span.with(number);
}

/// A case and what is the same in every run of it.
struct Known<'a> {
    case: &'a Case,
    trace: &'a Trace<'a>,
}

impl<'a> Known<'a> {
    fn is_ordered(&self) -> bool {
        self.case.order.is_some()
    }

    /// The executions that are the same in every run.
    fn runs(&self) -> impl Iterator<Item = &'a StepRun<'a>> {
        let alone = self.case.clients.len() == 1;
        let ordered = self.is_ordered();
        self.trace.runs.iter().filter(move |run| match ordered {
            true => run.launch.is_some(),
            false => alone,
        })
    }

    fn statements(&self, measured: &Measurements) -> BTreeMap<String, Span> {
        let mut spans = BTreeMap::new();
        let mut uneven = BTreeSet::new();
        let passes = self.trace.passes.iter().zip(&measured.statements.passes);
        for (pass, counted) in passes {
            let Some(key) = self.key_of(pass) else {
                continue;
            };
            add(&mut spans, key.clone(), counted.count);
            if !self.is_ordered() && matches!(spans[&key], Span::Between(_)) {
                uneven.insert(key);
            }
        }
        spans.retain(|key, _| !uneven.contains(key) || self.case.clients.len() == 1);
        spans
    }

    /// Under which name the statements of a pass are remembered; none for a pass that may differ from run to
    /// run.
    fn key_of(&self, pass: &Pass<'_>) -> Option<String> {
        if self.is_ordered() {
            return (pass.attempt == 1).then(|| pass.client.to_string());
        }
        let whole = pass.end == PassEnd::Complete;
        let same = self.case.clients.len() == 1 || self.is_straight(pass.client);
        (whole && same).then(|| pass.client.script.clone())
    }

    fn is_straight(&self, client: &ClientId) -> bool {
        let mut plans = self.case.clients.iter();
        plans
            .find(|plan| plan.id == *client)
            .is_some_and(is_straight)
    }

    fn is_control(&self, run: &StepRun<'_>) -> bool {
        let mut plans = self.case.clients.iter();
        let plan = plans.find(|plan| plan.id == *run.client);
        let step = plan.and_then(|plan| plan.steps.iter().find(|step| step.name == run.step));
        step.is_some_and(|step| match step.work {
            StepWork::Control(_) => true,
            StepWork::Statement(_) => false,
        })
    }

    fn rows(&self) -> BTreeMap<String, Span> {
        let mut spans = BTreeMap::new();
        // BEGIN, COMMIT and ROLLBACK have no rows.
        let works = self.runs().filter(|run| !self.is_control(run));
        for run in works {
            if let Some(rows) = self
                .trace
                .rows_of(run)
                .filter(|_| run.error_code().is_none())
            {
                add(&mut spans, name(run), rows);
            }
        }
        spans
    }

    fn errors(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let mut errors = BTreeMap::<String, BTreeMap<String, u64>>::new();
        for run in self.runs() {
            if let Some(code) = run.error_code() {
                let condition = Condition::from_code(code).and_then(|known| known.name());
                let condition = condition.unwrap_or(code).to_owned();
                *errors
                    .entry(name(run))
                    .or_default()
                    .entry(condition)
                    .or_default() += 1;
            }
        }
        errors
    }

    fn waits(&self, measured: &Measurements) -> BTreeMap<String, BTreeSet<String>> {
        let mut waits = BTreeMap::<String, BTreeSet<String>>::new();
        let ordered = self.runs().filter(|_| self.is_ordered());
        for run in ordered {
            let seen = measured
                .waits
                .of_run(run.run)
                .flat_map(|wait| &wait.blockers);
            let whom = seen.filter_map(|blocker| blocker.client.as_ref());
            for client in whom {
                waits
                    .entry(name(run))
                    .or_default()
                    .insert(client.to_string());
            }
        }
        waits
    }
}

fn name(run: &StepRun<'_>) -> String {
    format!("{}.{}", run.client, run.step)
}

/// Whether a script sends the same statements in every pass, whatever the server answers.
fn is_straight(plan: &ClientPlan) -> bool {
    let sends = |hook: &Option<HookPlan>| hook.as_ref().is_some_and(|plan| plan.hook.calls_sql());
    let straight = plan.steps.iter().all(|step| match &step.work {
        StepWork::Control(_) => true,
        StepWork::Statement(statement) => {
            statement.when.is_none()
                && statement.for_each.is_none()
                && !sends(&statement.before)
                && !sends(&statement.after)
        }
    });
    straight && !sends(&plan.before) && !sends(&plan.after)
}
