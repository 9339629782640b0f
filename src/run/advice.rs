//! Would an index help? It is built on a copy of the database, and the query is executed there as it was before.
//!
//! Nothing is proposed that did not help: the query must read at most half as many pages, and use the index. What
//! writing costs with it is measured on two more copies, one without it and one with it.

mod candidates;

use super::{
    carry_out::Stage,
    plans::{Asked, in_read_only_transaction},
    session::{Database, ExplainMode, Message, Session, Tidying},
};
use crate::{
    record::{
        Breakage, Catalog, MeasuredPlan, PlanOutcome, PlanSnapshot, ProvenIndex, QueryCost, Value,
        WriteCost,
    },
    schedule::StatementForm,
};
use candidates::{Candidate, candidates};

/// The name that a candidate has on its copy.
const NAME: &str = "pgauge_candidate";

/// Rows that are updated to see what writing costs.
const WRITTEN_ROWS: u64 = 1000;

impl<D: Database> Stage<'_, D> {
    /// Tries the candidates of every query that reads a whole table, and keeps those that help most.
    pub(super) async fn prove_advice(
        &self,
        asked: &[Asked<'_>],
        snapshot: &PlanSnapshot,
    ) -> Result<Vec<ProvenIndex>, Breakage> {
        let mut proven = Vec::new();
        for (asked, captured) in asked.iter().zip(&snapshot.plans) {
            let Some(plan) = captured.measured().filter(|plan| writes_nothing(plan)) else {
                continue;
            };
            let mut best: Option<(ProvenIndex, Candidate)> = None;
            for candidate in candidates(&plan.explained.root, &snapshot.catalog) {
                if self.stop.requested() {
                    return Ok(proven);
                }
                if let Some(found) = self.try_one(asked, plan, &candidate).await?
                    && best
                        .as_ref()
                        .is_none_or(|(known, _)| found.after.buffers < known.after.buffers)
                {
                    best = Some((found, candidate));
                }
            }
            if let Some((mut found, candidate)) = best {
                found.write = self.write_cost(&candidate, &snapshot.catalog).await?;
                proven.push(found);
            }
        }
        Ok(proven)
    }

    /// Builds one candidate on a copy; none if it does not help.
    async fn try_one(
        &self,
        asked: &Asked<'_>,
        plan: &MeasuredPlan,
        candidate: &Candidate,
    ) -> Result<Option<ProvenIndex>, Breakage> {
        let copy = self.database.fork().await?;
        let tried = async {
            let (mut session, _notes) = self.connect_to(&copy).await?;
            let built = plain(&mut session, &candidate.sql(NAME)).await;
            if built.error.is_some() {
                // Too long a key, no right to build one: it is no candidate then.
                return Ok(None);
            }
            copy.tidy(Tidying::Analyze(&[candidate.of()])).await?;
            let outcome = in_read_only_transaction(&mut session, asked).await?;
            let Some(PlanOutcome::Measured(after)) = outcome else {
                return Ok(None);
            };
            let mut nodes = after.explained.root.nodes();
            let used = nodes.any(|node| node.shape.index.as_deref() == Some(NAME));
            let (before, after) = (cost(plan), cost(&after));
            if !used || after.buffers * 2 > before.buffers {
                return Ok(None);
            }
            let size = plain(
                &mut session,
                &format!("SELECT pg_catalog.pg_relation_size('{NAME}')"),
            )
            .await;
            let bytes = match size.rows().first().and_then(|row| row.first()) {
                Some(Value::Int(bytes)) => u64::try_from(*bytes).unwrap_or_default(),
                _ => 0,
            };
            Ok(Some(ProvenIndex {
                query: asked.query.name.clone(),
                sql: candidate.sql(""),
                bytes,
                before,
                after,
                write: None,
            }))
        };
        let tried = tried.await;
        copy.close().await?;
        tried
    }

    /// What an UPDATE of some rows takes without and with the index; none where it cannot be told.
    async fn write_cost(
        &self,
        candidate: &Candidate,
        catalog: &Catalog,
    ) -> Result<Option<WriteCost>, Breakage> {
        if catalog.table(&candidate.table).is_none() {
            return Ok(None);
        }
        let without = self.written(candidate, None).await?;
        let with = self.written(candidate, Some(candidate.sql(NAME))).await?;
        Ok(without.zip(with).map(|(without, with)| WriteCost {
            rows: WRITTEN_ROWS,
            wal_before: without.1,
            wal_after: with.1,
            buffers_before: without.0,
            buffers_after: with.0,
        }))
    }

    /// Pages and bytes of the log that an UPDATE takes on a copy.
    async fn written(
        &self,
        candidate: &Candidate,
        index: Option<String>,
    ) -> Result<Option<(u64, u64)>, Breakage> {
        let copy = self.database.fork().await?;
        let written = async {
            let (mut session, _notes) = self.connect_to(&copy).await?;
            if let Some(index) = index {
                plain(&mut session, &index).await;
            }
            let sql = candidate.update(WRITTEN_ROWS);
            let message = Message {
                sql: &sql,
                params: &[],
                form: StatementForm::Single,
                keep_rows: 1,
            };
            let explained = session.explain(message, ExplainMode::Execute).await.ok();
            let actual = explained.and_then(|explained| explained.root.actual);
            Ok(actual.map(|actual| (actual.buffers.shared(), actual.wal.bytes)))
        };
        let written = written.await;
        copy.close().await?;
        written
    }
}

fn writes_nothing(plan: &MeasuredPlan) -> bool {
    let mut nodes = plan.explained.root.nodes();
    nodes.all(|node| node.kind != "ModifyTable" && node.kind != "LockRows")
}

fn cost(plan: &MeasuredPlan) -> QueryCost {
    let actual = plan.explained.root.actual.as_ref();
    QueryCost {
        buffers: actual.map_or(0, |actual| actual.buffers.shared()),
        execution: plan.explained.execution.unwrap_or_default(),
    }
}

async fn plain<S: Session>(session: &mut S, sql: &str) -> crate::record::Reply {
    let message = Message {
        sql,
        params: &[],
        form: StatementForm::Single,
        keep_rows: 1,
    };
    session.execute(message).await.0
}
