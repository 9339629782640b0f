//! What does the server do for each watched query? Every one is explained while it is really executed.
//!
//! A read runs on the database of the case, in a transaction that may not write. What writes, or locks rows, runs on a
//! fresh copy each time: rolled back on the same database it would leave dead rows and change what the next one sees.
//! Every statement is executed until two executions in a row agree in all that does not depend on the machine, since
//! the first one also fills the server's own caches of the catalog.
//!
//! ANALYZE looks at 300 rows for each unit of `default_statistics_target` (`std_typanalyze`). Up to that size it reads
//! every row and has no choice; of larger tables it takes another sample each time. What those would make the planner
//! do is asked for on a copy that is analyzed again and again.

use super::{
    Advising,
    arguments::Arguments,
    carry_out::Stage,
    session::{Database, ExplainMode, Message, Session, Tidying},
};
use crate::{
    record::{
        Breakage, CapturedPlan, Catalog, Explained, MeasuredPlan, PlanFacts, PlanNode, PlanOutcome,
        PlanPoint, PlanSnapshot, ServerError, Table, Value,
    },
    schedule::{ClientPlan, QueryPlan, StatementForm},
    sql::{StatementKind, WrittenHint, kind, written_hints},
};
use std::collections::{BTreeMap, BTreeSet};

/// How often a statement is executed at most until two executions agree.
const MOST_EXECUTIONS: u32 = 5;

/// How many other samples of large tables are taken; so many more, one after the other, must lead to no plan that was not
/// seen before.
const SAMPLES: u32 = 3;

/// How many are taken at most, where every few lead to another plan.
const MOST_SAMPLES: u32 = 15;

/// Rows that ANALYZE looks at for each unit of its target.
const ROWS_PER_TARGET: f64 = 300.0;

/// The SQLSTATE of a read that turned out to write.
const READ_ONLY_TRANSACTION: &str = "25006";

/// A watched query with the values of its parameters.
pub(super) struct Asked<'a> {
    pub(super) query: &'a QueryPlan,
    params: Vec<Value>,
}

impl Asked<'_> {
    pub(super) fn message(&self) -> Message<'_> {
        Message {
            sql: &self.query.sql,
            params: &self.params,
            form: StatementForm::Single,
            keep_rows: 1,
        }
    }
}

impl<D: Database> Stage<'_, D> {
    /// Captures the plans of all watched queries, as the database is now; after a migration it is vacuumed, frozen and
    /// analyzed first, as a seeded one is. Sessions of the case must have been given up.
    pub(super) async fn capture_plans(&self, point: PlanPoint) -> Result<(), Breakage> {
        let Some(version_num) = self.version_num.filter(|_| self.case.captures_plans()) else {
            return Ok(());
        };
        if point == PlanPoint::After {
            self.database.tidy(Tidying::Settle).await?;
        }
        let asked = self.asked(point).map_err(|breakage| *breakage)?;
        let catalog = self.database.catalog().await?;
        let (settings, mut outcomes) = self.read_only(&asked).await?;
        for (asked, outcome) in asked.iter().zip(&mut outcomes) {
            if outcome.is_none() && !self.stop.requested() {
                *outcome = Some(self.on_copies(asked).await?);
            }
        }
        let plans = asked
            .iter()
            .zip(outcomes)
            .map(|(asked, outcome)| CapturedPlan {
                query: asked.query.name.clone(),
                sql: asked.query.sql.clone(),
                params: asked.params.clone(),
                outcome: outcome.unwrap_or(PlanOutcome::NoPlan),
            });
        let mut snapshot = PlanSnapshot {
            point,
            taken_at: jiff::Zoned::now().timestamp().to_string(),
            version_num,
            settings,
            plans: plans.collect(),
            catalog,
        };
        self.leave_out_hints(&asked, &mut snapshot).await?;
        self.sample_again(&asked, &mut snapshot).await?;
        // Advice is about what is deployed in the end.
        let is_last = self.case.migration.is_none() || point == PlanPoint::After;
        if matches!(self.advising, Advising::Prove(_)) && is_last {
            let proven = self.prove_for_queries(&asked, &snapshot).await?;
            self.proven.borrow_mut().indexes.extend(proven);
        }
        self.plans.borrow_mut().push(snapshot);
        Ok(())
    }

    /// The queries that work at this time, with the values that their first repetition has.
    fn asked(&self, point: PlanPoint) -> Result<Vec<Asked<'_>>, Box<Breakage>> {
        let mut arguments = Arguments::new(self.case, ClientPlan::own_session().id);
        let queries = self.case.queries.iter();
        queries
            .filter(|query| query.works(point))
            .map(|query| {
                let params = arguments.of_query(query, 1)?;
                Ok(Asked { query, params })
            })
            .collect()
    }

    /// The settings in force, and what came of the queries that only read; none for those that need a copy.
    async fn read_only(
        &self,
        asked: &[Asked<'_>],
    ) -> Result<(BTreeMap<String, String>, Vec<Option<PlanOutcome>>), Breakage> {
        let own = ClientPlan::own_session();
        let (mut session, _notes) = self.connect(&own.id, Vec::new()).await?;
        let settings = session.planner_settings().await;
        let settings = settings.map_err(|error| broke(&error, ""))?;
        let mut outcomes = Vec::new();
        for asked in asked {
            if self.stop.requested() {
                outcomes.push(Some(PlanOutcome::NoPlan));
                continue;
            }
            let outcome = match kind(&asked.query.sql) {
                StatementKind::Read => {
                    in_read_only_transaction(&mut session, asked.message(), &asked.query.path)
                        .await?
                }
                StatementKind::LockingRead | StatementKind::Write => None,
                StatementKind::Transaction(_) | StatementKind::Ddl | StatementKind::Other => {
                    Some(PlanOutcome::NoPlan)
                }
            };
            outcomes.push(outcome);
        }
        Ok((settings, outcomes))
    }

    /// Each execution on a copy of its own.
    async fn on_copies(&self, asked: &Asked<'_>) -> Result<PlanOutcome, Breakage> {
        let mut executions = Executions::default();
        while executions.want_more() && !self.stop.requested() {
            match self.on_a_copy(asked).await? {
                Ok(explained) => executions.add(explained),
                Err(error) => {
                    return refused(error, &asked.query.path).map_err(|breakage| *breakage);
                }
            }
        }
        Ok(executions.outcome())
    }

    async fn on_a_copy(
        &self,
        asked: &Asked<'_>,
    ) -> Result<Result<Explained, ServerError>, Breakage> {
        let copy = self.database.fork().await?;
        let explained = async {
            let (mut session, _notes) = self.connect_to(&copy).await?;
            // Planning reads much of the catalog for the first time; the execution shall not pay for it.
            if let Err(error) = session
                .explain(asked.message(), ExplainMode::PlanOnly)
                .await
            {
                return Ok(Err(error));
            }
            Ok(session.explain(asked.message(), ExplainMode::Execute).await)
        };
        let explained = explained.await;
        copy.close().await?;
        explained
    }

    /// Asks for the plans without each of the hints that correct an estimate by what it would be.
    async fn leave_out_hints(
        &self,
        asked: &[Asked<'_>],
        snapshot: &mut PlanSnapshot,
    ) -> Result<(), Breakage> {
        let relative = |asked: &Asked<'_>| {
            let hints = written_hints(&asked.query.sql);
            hints.iter().any(WrittenHint::is_relative)
        };
        if !asked.iter().any(relative) {
            return Ok(());
        }
        let (mut session, _notes) = self.connect_to(self.database).await?;
        for (asked, plan) in asked.iter().zip(&mut snapshot.plans) {
            let PlanOutcome::Measured(plan) = &mut plan.outcome else {
                continue;
            };
            let hints = written_hints(&asked.query.sql).into_iter();
            for hint in hints.filter(WrittenHint::is_relative) {
                let sql = hint.left_out_of(&asked.query.sql);
                let message = Message {
                    sql: &sql,
                    ..asked.message()
                };
                let explained = session.explain(message, ExplainMode::PlanOnly).await;
                let explained = explained.map_err(|error| broke(&error, &asked.query.path))?;
                plan.without_hint.insert(hint.text(), explained.root);
            }
        }
        Ok(())
    }

    /// Asks for the plans under other samples of the tables that are too large to be read as a whole.
    async fn sample_again(
        &self,
        asked: &[Asked<'_>],
        snapshot: &mut PlanSnapshot,
    ) -> Result<(), Breakage> {
        let target = snapshot.settings.get("default_statistics_target");
        let target = target.and_then(|target| target.parse().ok());
        let large = sampled_tables(snapshot, target.unwrap_or(100.0));
        if large.is_empty() || self.stop.requested() {
            return Ok(());
        }
        let copy = self.database.fork().await?;
        let sampled = async {
            let (mut taken, mut quiet) = (0, 0);
            while quiet < SAMPLES && taken < MOST_SAMPLES && !self.stop.requested() {
                (taken, quiet) = (taken + 1, quiet + 1);
                copy.tidy(Tidying::Analyze(&large)).await?;
                let (mut session, _notes) = self.connect_to(&copy).await?;
                for (asked, plan) in asked.iter().zip(&mut snapshot.plans) {
                    let touches = plan
                        .measured()
                        .is_some_and(|plan| reads_any(plan, &snapshot.catalog, &large));
                    if !touches || self.stop.requested() {
                        continue;
                    }
                    let explained = session
                        .explain(asked.message(), ExplainMode::PlanOnly)
                        .await;
                    let explained = explained.map_err(|error| broke(&error, &asked.query.path))?;
                    if let PlanOutcome::Measured(plan) = &mut plan.outcome {
                        if !is_seen(plan, &explained.root) {
                            quiet = 0;
                        }
                        plan.other_samples.push(explained.root);
                    }
                }
            }
            Ok(())
        };
        let sampled = sampled.await;
        copy.close().await?;
        sampled
    }
}

/// None where the statement turned out to write.
pub(super) async fn in_read_only_transaction<S: Session>(
    session: &mut S,
    message: Message<'_>,
    path: &str,
) -> Result<Option<PlanOutcome>, Breakage> {
    let mut executions = Executions::default();
    control(session, "BEGIN READ ONLY").await;
    let mut error = None;
    while executions.want_more() && error.is_none() {
        match session.explain(message, ExplainMode::Execute).await {
            Ok(explained) => executions.add(explained),
            Err(refused) => error = Some(refused),
        }
    }
    control(session, "ROLLBACK").await;
    match error {
        Some(error) if error.code == READ_ONLY_TRANSACTION => Ok(None),
        Some(error) => match refused(error, path) {
            Ok(outcome) => Ok(Some(outcome)),
            Err(breakage) => Err(*breakage),
        },
        None => Ok(Some(executions.outcome())),
    }
}

/// What goes wrong with these shows in the next message.
async fn control<S: Session>(session: &mut S, sql: &str) {
    let message = Message {
        sql,
        params: &[],
        form: StatementForm::Single,
        keep_rows: 0,
    };
    session.execute(message).await;
}

/// What came of executing a statement again and again.
#[derive(Default)]
struct Executions {
    count: u32,
    last: Option<Explained>,
    steady: bool,
}

impl Executions {
    fn want_more(&self) -> bool {
        !self.steady && self.count < MOST_EXECUTIONS
    }

    fn add(&mut self, explained: Explained) {
        self.count += 1;
        let same = |before: &Explained| PlanFacts::of(before) == PlanFacts::of(&explained);
        self.steady = self.last.as_ref().is_some_and(same);
        self.last = Some(explained);
    }

    fn outcome(self) -> PlanOutcome {
        match self.last {
            Some(explained) => PlanOutcome::Measured(Box::new(MeasuredPlan {
                explained,
                executions: self.count,
                steady: self.steady,
                other_samples: Vec::new(),
                without_hint: BTreeMap::new(),
            })),
            None => PlanOutcome::NoPlan,
        }
    }
}

/// A refused statement has no plan; a session that is gone breaks the case.
fn refused(error: ServerError, path: &str) -> Result<PlanOutcome, Box<Breakage>> {
    match error.ends_session() {
        true => Err(Box::new(broke(&error, path))),
        false => Ok(PlanOutcome::Refused { error }),
    }
}

fn broke(error: &ServerError, path: &str) -> Breakage {
    Breakage {
        code: "explain".to_owned(),
        message: format!("no plan could be captured: {}", error.message),
        path: (!path.is_empty()).then(|| path.to_owned()),
        error: Some(error.clone()),
        ..Breakage::default()
    }
}

/// The tables in the plans that have more rows than ANALYZE reads.
fn sampled_tables(snapshot: &PlanSnapshot, target: f64) -> Vec<(String, String)> {
    let measured = snapshot.plans.iter().filter_map(CapturedPlan::measured);
    let nodes = measured.flat_map(|plan| plan.explained.root.nodes());
    let names: BTreeSet<&str> = nodes
        .filter_map(|node| node.shape.relation.as_deref())
        .collect();
    let tables = names.iter().filter_map(|name| snapshot.catalog.table(name));
    tables
        .filter(|table| table.rows > rows_read(table, target))
        .map(|table| (table.schema.clone(), table.name.clone()))
        .collect()
}

/// Whether a plan of this shape was captured, or came of an earlier sample.
fn is_seen(plan: &MeasuredPlan, root: &PlanNode) -> bool {
    let shape = |root: &PlanNode| -> Vec<(u16, String)> {
        let nodes = root.facts().into_iter();
        nodes.map(|node| (node.depth, node.title)).collect()
    };
    let mut known = [&plan.explained.root]
        .into_iter()
        .chain(&plan.other_samples);
    let new = shape(root);
    known.any(|known| shape(known) == new)
}

/// Rows that ANALYZE reads of a table: as many as the column asks for that asks for most.
fn rows_read(table: &Table, target: f64) -> f64 {
    let targets = table.columns.iter().map(|column| {
        let own = column.statistics_target;
        own.map_or(target, f64::from)
    });
    ROWS_PER_TARGET * targets.reduce(f64::max).unwrap_or(target)
}

fn reads_any(plan: &MeasuredPlan, catalog: &Catalog, tables: &[(String, String)]) -> bool {
    let mut relations = plan
        .explained
        .root
        .nodes()
        .filter_map(|node| catalog.table(node.shape.relation.as_deref()?));
    relations.any(|table| {
        tables
            .iter()
            .any(|(schema, name)| *schema == table.schema && *name == table.name)
    })
}
