//! Would an index help? It is built on a copy of the database, and the query is executed there as it was before.
//!
//! Nothing is proposed that did not help: the query must read at most half as many pages, and use the index. What
//! writing costs with it is measured on two more copies, one without it and one with it.
//!
//! That goes for watched queries, and for every different statement that was sent: by steps, by hooks, and by the steps of a
//! load.
//!
//! A query that writes is executed on copies only. EXPLAIN does not count what its foreign keys read in other tables, so
//! there the server's own counters of each relation tell the pages.

mod candidates;
mod observed;
mod same_rows;

use super::{
    carry_out::Stage,
    plans::{Asked, in_read_only_transaction},
    session::{Database, ExplainMode, Message, Session, Tidying},
};
use crate::{
    record::{
        Breakage, Catalog, ClientId, Explained, PlanOutcome, PlanSnapshot, ProvenIndex,
        ProvenRewrite, QueryCost, SentStatements, StatementOf, Value, WriteCost,
    },
    schedule::StatementForm,
};
use candidates::{Candidate, candidates, of_triggers};

/// The name that a candidate has on its copy.
const NAME: &str = "pgauge_candidate";

/// Rows that are updated to see what writing costs.
const WRITTEN_ROWS: u64 = 1000;

/// What was tried on copies of a case's database, and is worth telling.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proven {
    /// Indexes that helped.
    pub indexes: Vec<ProvenIndex>,
    /// Statements that did what many had done.
    pub rewrites: Vec<ProvenRewrite>,
    /// What the statements that were sent do; none where nobody looked.
    pub sent: Option<Box<SentStatements>>,
}

impl<D: Database> Stage<'_, D> {
    /// Tries the candidates of every watched query.
    pub(super) async fn prove_for_queries(
        &self,
        asked: &[Asked<'_>],
        snapshot: &PlanSnapshot,
    ) -> Result<Vec<ProvenIndex>, Breakage> {
        let measured = asked.iter().zip(&snapshot.plans);
        let measured = measured.filter_map(|(asked, captured)| {
            Some(Helped {
                of: StatementOf::Query(asked.query.name.clone()),
                message: asked.message(),
                explained: &captured.measured()?.explained,
                client: None,
                path: &asked.query.path,
            })
        });
        let measured: Vec<Helped<'_>> = measured.collect();
        self.prove_indexes(&measured, &snapshot.catalog).await
    }

    /// Tries the candidates of every statement that reads a whole table, and keeps those that help most.
    async fn prove_indexes(
        &self,
        statements: &[Helped<'_>],
        catalog: &Catalog,
    ) -> Result<Vec<ProvenIndex>, Breakage> {
        let mut proven = Vec::new();
        for helped in statements {
            let mut tried = candidates(&helped.explained.root, catalog);
            let before = match writes_nothing(helped.explained) {
                true => Before::Read(cost(helped.explained)),
                false => {
                    tried.extend(of_triggers(&helped.explained.triggers, catalog));
                    if tried.is_empty() {
                        continue;
                    }
                    match self.cost_of_write(helped, None).await? {
                        Some(before) => Before::Write(before),
                        None => continue,
                    }
                }
            };
            let mut best: Option<(ProvenIndex, Candidate)> = None;
            for candidate in tried {
                if self.stop.requested() {
                    return Ok(proven);
                }
                let found = match before {
                    Before::Read(before) => self.try_one(helped, before, &candidate).await?,
                    Before::Write(before) => self.try_write(helped, before, &candidate).await?,
                };
                if let Some(found) = found
                    && best
                        .as_ref()
                        .is_none_or(|(known, _)| found.after.buffers < known.after.buffers)
                {
                    best = Some((found, candidate));
                }
            }
            if let Some((mut found, candidate)) = best {
                let (bytes, write) = self.price(&candidate, catalog).await?;
                (found.bytes, found.write) = (bytes, write);
                proven.push(found);
            }
        }
        Ok(proven)
    }

    /// A session on a copy, as the one that sends a statement.
    async fn session_for(&self, copy: &D, helped: &Helped<'_>) -> Result<D::Session, Breakage> {
        match helped.client {
            Some(client) => self.session_of(copy, client).await,
            None => Ok(self.connect_to(copy).await?.0),
        }
    }

    /// Builds one candidate for a query that writes; none if it does not help.
    async fn try_write(
        &self,
        helped: &Helped<'_>,
        before: QueryCost,
        candidate: &Candidate,
    ) -> Result<Option<ProvenIndex>, Breakage> {
        let Some(after) = self.cost_of_write(helped, Some(candidate)).await? else {
            return Ok(None);
        };
        Ok((after.buffers * 2 <= before.buffers).then(|| ProvenIndex {
            of: helped.of.clone(),
            asked: helped.message.sql.to_owned(),
            sql: candidate.sql(""),
            bytes: 0,
            before,
            after,
            write: None,
        }))
    }

    /// What a query that writes takes on a copy, with a candidate or without one; none where it is refused.
    async fn cost_of_write(
        &self,
        helped: &Helped<'_>,
        candidate: Option<&Candidate>,
    ) -> Result<Option<QueryCost>, Breakage> {
        let copy = self.database.fork().await?;
        let measured = async {
            let mut session = self.session_for(&copy, helped).await?;
            if let Some(candidate) = candidate {
                let built = plain(&mut session, &candidate.sql(NAME)).await;
                if built.error.is_some() {
                    return Ok(None);
                }
                copy.tidy(Tidying::Analyze(&[candidate.of()])).await?;
            }
            // Planning reads much of the catalog for the first time.
            let planned = session.explain(helped.message, ExplainMode::PlanOnly).await;
            if planned.is_err() {
                return Ok(None);
            }
            // Within a transaction the session keeps its counters to itself.
            plain(&mut session, "BEGIN").await;
            let before = number(&plain(&mut session, FETCHED).await);
            let explained = session.explain(helped.message, ExplainMode::Execute).await;
            plain(&mut session, "SET CONSTRAINTS ALL IMMEDIATE").await;
            let after = number(&plain(&mut session, FETCHED).await);
            plain(&mut session, "ROLLBACK").await;
            Ok(explained.ok().map(|explained| QueryCost {
                buffers: after.saturating_sub(before),
                execution: explained.execution.unwrap_or_default(),
            }))
        };
        let measured = measured.await;
        copy.close().await?;
        measured
    }

    /// Builds one candidate on a copy; none if it does not help.
    async fn try_one(
        &self,
        helped: &Helped<'_>,
        before: QueryCost,
        candidate: &Candidate,
    ) -> Result<Option<ProvenIndex>, Breakage> {
        let copy = self.database.fork().await?;
        let tried = async {
            let mut session = self.session_for(&copy, helped).await?;
            let built = plain(&mut session, &candidate.sql(NAME)).await;
            if built.error.is_some() {
                // Too long a key, no right to build one: it is no candidate then.
                return Ok(None);
            }
            copy.tidy(Tidying::Analyze(&[candidate.of()])).await?;
            let outcome =
                in_read_only_transaction(&mut session, helped.message, helped.path).await?;
            let Some(PlanOutcome::Measured(after)) = outcome else {
                return Ok(None);
            };
            let mut nodes = after.explained.root.nodes();
            let used = nodes.any(|node| node.shape.index.as_deref() == Some(NAME));
            let after = cost(&after.explained);
            if !used || after.buffers * 2 > before.buffers {
                return Ok(None);
            }
            Ok(Some(ProvenIndex {
                of: helped.of.clone(),
                asked: helped.message.sql.to_owned(),
                sql: candidate.sql(""),
                bytes: 0,
                before,
                after,
                write: None,
            }))
        };
        let tried = tried.await;
        copy.close().await?;
        tried
    }

    /// The bytes of the index, and what an UPDATE of some rows takes without and with it; none where that cannot be told.
    async fn price(
        &self,
        candidate: &Candidate,
        catalog: &Catalog,
    ) -> Result<(u64, Option<WriteCost>), Breakage> {
        if catalog.table(&candidate.table).is_none() {
            return Ok((0, None));
        }
        let without = self.written(candidate, None).await?;
        let with = self.written(candidate, Some(candidate.sql(NAME))).await?;
        let bytes = with.as_ref().map_or(0, |with| with.index);
        let cost = without.zip(with).map(|(without, with)| WriteCost {
            rows: WRITTEN_ROWS,
            wal_before: without.wal,
            wal_after: with.wal,
            buffers_before: without.pages,
            buffers_after: with.pages,
        });
        Ok((bytes, cost))
    }

    /// What an UPDATE takes on a copy.
    async fn written(
        &self,
        candidate: &Candidate,
        index: Option<String>,
    ) -> Result<Option<Written>, Breakage> {
        let copy = self.database.fork().await?;
        let written = async {
            let (mut session, _notes) = self.connect_to(&copy).await?;
            let mut bytes = 0;
            if let Some(index) = index {
                plain(&mut session, &index).await;
                let size = format!("SELECT pg_catalog.pg_relation_size('{NAME}')");
                bytes = number(&plain(&mut session, &size).await);
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
            Ok(actual.map(|actual| Written {
                pages: actual.buffers.shared(),
                wal: actual.wal.bytes,
                index: bytes,
            }))
        };
        let written = written.await;
        copy.close().await?;
        written
    }
}

/// A statement that an index may help.
struct Helped<'a> {
    of: StatementOf,
    message: Message<'a>,
    /// What it does as the database is.
    explained: &'a Explained,
    /// Who sent it; none for a watched query.
    client: Option<&'a ClientId>,
    /// JSON pointer of the query.
    path: &'a str,
}

/// What a query takes as the database is.
#[derive(Clone, Copy)]
enum Before {
    /// Of one that reads, as its plan tells.
    Read(QueryCost),
    /// Of one that writes, on a copy.
    Write(QueryCost),
}

/// What an UPDATE took.
struct Written {
    pages: u64,
    /// Bytes of the log.
    wal: u64,
    /// Bytes of the index.
    index: u64,
}

/// Pages of tables and indexes that this session asked for, whoever made it do so.
const FETCHED: &str = "\
    SELECT pg_catalog.sum(pg_catalog.pg_stat_get_xact_blocks_fetched(c.oid))::pg_catalog.int8 \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'i', 't', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";

/// The only number of a reply.
fn number(reply: &crate::record::Reply) -> u64 {
    match reply.rows().first().and_then(|row| row.first()) {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or_default(),
        _ => 0,
    }
}

fn writes_nothing(explained: &Explained) -> bool {
    let mut nodes = explained.root.nodes();
    nodes.all(|node| node.kind != "ModifyTable" && node.kind != "LockRows")
}

fn cost(explained: &Explained) -> QueryCost {
    let actual = explained.root.actual.as_ref();
    QueryCost {
        buffers: actual.map_or(0, |actual| actual.buffers.shared()),
        execution: explained.execution.unwrap_or_default(),
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
