//! What would have spared the clients of a case work? What they sent is sent again on a copy of the database, as the
//! clients left it.
//!
//! One statement for each row of an earlier one is carried out there as it was sent, with the values of its time; so is
//! the statement that could have been sent instead. It is proposed only where the rows are the same, and where it needs
//! fewer round trips, no more pages and no more time. Reads that join are explained there, while they are carried out.

use super::{plain, same_rows};
use crate::{
    record::{
        Breakage, ClientId, Lookups, Micros, Observed, ObservedRead, PlanNode, ProvenRewrite,
        ReadPlan, Reply, Rewrite, RewriteForm, SentStatement, SequenceCost, Value,
    },
    run::{
        Advising,
        carry_out::{Stage, session_settings},
        session::{Connected, Database, ExplainMode, Message, Session, SessionPlan},
    },
    schedule::StatementForm,
    sql::rewrite::{ForAll, JoinKey, Joined, Side, for_all, joined},
};
use std::time::Instant;
use tokio::sync::mpsc::unbounded_channel;

/// How often statements are sent to measure their time.
const TIMES: u32 = 3;

/// How many columns of a parent are tried as the one that a statement was sent for each value of.
const MOST_COLUMNS: usize = 3;

impl<D: Database> Stage<'_, D> {
    /// Tries again on a copy what the clients sent. Sessions of the case must have been given up.
    pub(in crate::run) async fn try_observed(&self) -> Result<(), Breakage> {
        let Advising::Prove(observe) = self.advising else {
            return Ok(());
        };
        if self.stop.requested() {
            return Ok(());
        }
        let entries = self.ledger.entries();
        let observed = entries.look(|events| observe(self.case, events));
        if observed.lookups.is_empty() && observed.reads.is_empty() {
            return Ok(());
        }
        let copy = self.database.fork().await?;
        let tried = self.try_on(&copy, &observed).await;
        copy.close().await?;
        tried
    }

    async fn try_on(&self, copy: &D, observed: &Observed) -> Result<(), Breakage> {
        for lookups in &observed.lookups {
            if self.stop.requested() {
                return Ok(());
            }
            let mut session = self.session_of(copy, &lookups.first.client).await?;
            if let Some(proven) = prove(&mut session, lookups).await {
                self.proven.borrow_mut().rewrites.push(proven);
            }
        }
        for read in &observed.reads {
            if self.stop.requested() {
                return Ok(());
            }
            let mut session = self.session_of(copy, &read.client).await?;
            if let Some(plan) = plan_of_join(&mut session, read).await {
                self.proven.borrow_mut().reads.push(plan);
            }
        }
        Ok(())
    }

    /// A session on a copy with the settings of a client.
    async fn session_of(&self, copy: &D, client: &ClientId) -> Result<D::Session, Breakage> {
        let plan = self.case.clients.iter().find(|plan| plan.id == *client);
        // Nobody hears what the server says to it.
        let (notes, _) = unbounded_channel();
        let plan = SessionPlan {
            client: client.clone(),
            printed_as: None,
            settings: plan.map(session_settings).unwrap_or_default(),
            notes,
        };
        let Connected { session, .. } = copy.connect(&plan).await?;
        self.cancellers.borrow_mut().push(session.canceller());
        Ok(session)
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A statement that may do what many did.
struct Attempt {
    statement: SentStatement,
    how: How,
}

enum How {
    /// All values at once.
    Array(ForAll),
    /// Joined to the parent.
    Join { joined: Joined, columns: Vec<usize> },
}

/// Proves what could be sent instead; none where nothing gives the same rows for less.
async fn prove<S: Session>(session: &mut S, lookups: &Lookups) -> Option<ProvenRewrite> {
    let sent: Vec<&SentStatement> = lookups.parents.iter().chain(&lookups.repeated).collect();
    plain(session, BEGIN).await;
    let replies = replies(session, &sent).await;
    plain(session, "ROLLBACK").await;
    let replies = replies?;
    let (parents, repeated) = replies.split_at(lookups.parents.len());
    let before = cost(session, &sent).await?;
    let mut instead: Vec<Rewrite> = Vec::new();
    for attempt in attempts(lookups, parents, repeated) {
        let form = attempt.form();
        if instead.iter().any(|known| known.form == form) {
            continue;
        }
        let still_sent = match form {
            RewriteForm::Join => &[],
            RewriteForm::Array => &lookups.parents[..],
        };
        let is_same = |reply: &Reply| attempt.gives_the_same(lookups, parents, repeated, reply);
        if let Some(after) = try_instead(session, &attempt, still_sent, is_same).await
            && helps(before, after)
        {
            instead.push(Rewrite {
                form,
                sql: attempt.statement.sql,
                after,
            });
        }
    }
    instead.sort_by_key(|rewrite| (rewrite.after.buffers, rewrite.after.round_trips));
    (!instead.is_empty()).then(|| ProvenRewrite {
        client: lookups.first.client.clone(),
        step: lookups.first.step.clone(),
        event: lookups.first.event,
        rows: repeated.iter().map(Reply::row_count).sum(),
        before,
        instead,
    })
}

fn helps(before: SequenceCost, after: SequenceCost) -> bool {
    after.round_trips < before.round_trips
        && after.buffers <= before.buffers
        && after.time <= before.time
}

/// What a statement takes instead, if its rows are the same.
async fn try_instead<S: Session>(
    session: &mut S,
    attempt: &Attempt,
    parents: &[SentStatement],
    is_same: impl Fn(&Reply) -> bool,
) -> Option<SequenceCost> {
    plain(session, BEGIN).await;
    let reply = replies(session, &[&attempt.statement]).await;
    plain(session, "ROLLBACK").await;
    if !is_same(reply?.first()?) {
        return None;
    }
    let sent: Vec<&SentStatement> = parents.iter().chain([&attempt.statement]).collect();
    cost(session, &sent).await
}

/// The answers to statements with all their rows; none if one of them was refused.
async fn replies<S: Session>(session: &mut S, sent: &[&SentStatement]) -> Option<Vec<Reply>> {
    let mut replies = Vec::new();
    for statement in sent {
        let (reply, _) = session.execute(message(statement)).await;
        if reply.error.is_some() {
            return None;
        }
        replies.push(reply);
    }
    Some(replies)
}

/// What statements take that have been sent before.
async fn cost<S: Session>(session: &mut S, sent: &[&SentStatement]) -> Option<SequenceCost> {
    plain(session, BEGIN).await;
    let measured = measured(session, sent).await;
    plain(session, "ROLLBACK").await;
    measured
}

async fn measured<S: Session>(session: &mut S, sent: &[&SentStatement]) -> Option<SequenceCost> {
    let mut shortest: Option<Micros> = None;
    for _ in 0..TIMES {
        let began = Instant::now();
        replies(session, sent).await?;
        let time = Micros::from(began.elapsed());
        shortest = Some(shortest.map_or(time, |known| known.min(time)));
    }
    let mut buffers = 0;
    for statement in sent {
        let explained = session
            .explain(message(statement), ExplainMode::Execute)
            .await;
        let actual = explained.ok()?.root.actual?;
        buffers += actual.buffers.shared();
    }
    Some(SequenceCost {
        round_trips: sent.len() as u64,
        buffers,
        time: shortest?,
    })
}

fn message(statement: &SentStatement) -> Message<'_> {
    Message {
        sql: &statement.sql,
        params: &statement.params,
        form: StatementForm::Single,
        keep_rows: usize::MAX,
    }
}

/// What is worth a try instead of repeated statements.
fn attempts(lookups: &Lookups, parents: &[Reply], repeated: &[Reply]) -> Vec<Attempt> {
    let mut all = joins(lookups, parents, repeated).unwrap_or_default();
    all.extend(array(lookups));
    all
}

fn array(lookups: &Lookups) -> Option<Attempt> {
    let first = lookups.repeated.first()?;
    let [bind] = lookups.varying[..] else {
        return None;
    };
    let statement = for_all(&first.sql, bind, first.params.len())?;
    let mut values: Vec<Value> = Vec::new();
    for value in lookups.values.iter().flatten().flatten() {
        let value = Value::Text(value.clone());
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let mut params = first.params.clone();
    match params.get_mut(statement.array) {
        Some(param) => *param = Value::Array(values),
        None => params.push(Value::Array(values)),
    }
    Some(Attempt {
        statement: SentStatement {
            sql: statement.sql.clone(),
            params,
        },
        how: How::Array(statement),
    })
}

/// The joins by each of the columns that hold all values; by one set of columns where several values differ.
fn joins(lookups: &Lookups, parents: &[Reply], repeated: &[Reply]) -> Option<Vec<Attempt>> {
    let ([parent], [parent_reply]) = (&lookups.parents[..], parents) else {
        return None;
    };
    let first = lookups.repeated.first()?;
    let mut candidates: Vec<Vec<usize>> = Vec::new();
    for at in 0..lookups.varying.len() {
        let values: Vec<Option<&str>> = lookups
            .values
            .iter()
            .map(|values| values.get(at).and_then(Option::as_deref))
            .collect();
        candidates.push(same_rows::columns_with(parent_reply, &values));
    }
    let choices: Vec<Vec<usize>> = match &candidates[..] {
        [only] => only
            .iter()
            .take(MOST_COLUMNS)
            .map(|column| vec![*column])
            .collect(),
        several => several
            .iter()
            .map(|columns| columns.first().copied())
            .collect::<Option<Vec<usize>>>()
            .into_iter()
            .collect(),
    };
    let of_parent = names(parent_reply)?;
    let own = names(repeated.first()?)?;
    let attempts = choices.into_iter().filter_map(|columns| {
        let keys = lookups.varying.iter().zip(&columns);
        let keys: Vec<JoinKey> = keys
            .map(|(bind, column)| JoinKey {
                bind: *bind,
                column: of_parent[*column].clone(),
            })
            .collect();
        let joined = joined(
            Side {
                sql: &parent.sql,
                params: parent.params.len(),
                columns: &of_parent,
            },
            Side {
                sql: &first.sql,
                params: first.params.len(),
                columns: &own,
            },
            &keys,
        )?;
        let left = joined.params.iter().map(|at| first.params[*at].clone());
        Some(Attempt {
            statement: SentStatement {
                sql: joined.sql.clone(),
                params: parent.params.iter().cloned().chain(left).collect(),
            },
            how: How::Join { joined, columns },
        })
    });
    Some(attempts.collect())
}

fn names(reply: &Reply) -> Option<Vec<String>> {
    let columns = &reply.last()?.columns;
    Some(columns.iter().map(|column| column.name.clone()).collect())
}

impl Attempt {
    fn form(&self) -> RewriteForm {
        match self.how {
            How::Array(_) => RewriteForm::Array,
            How::Join { .. } => RewriteForm::Join,
        }
    }

    /// Whether its rows are those that the repeated statements gave, each with the row or value that it belongs to.
    fn gives_the_same(
        &self,
        lookups: &Lookups,
        parents: &[Reply],
        repeated: &[Reply],
        reply: &Reply,
    ) -> bool {
        let by_values = lookups.values.iter().map(Vec::as_slice).zip(repeated);
        let lookups: Vec<_> = by_values.collect();
        match (&self.how, parents) {
            (How::Array(statement), _) => {
                same_rows::by_value(&lookups, reply, &statement.key, statement.is_added)
            }
            (How::Join { joined, columns }, [parent]) => same_rows::joined(
                parent,
                columns,
                &lookups,
                reply,
                &joined.parent_order,
                &joined.order,
            ),
            (How::Join { .. }, _) => false,
        }
    }
}

/// The plan of a read that joins, carried out; none for any other, and where it is refused.
async fn plan_of_join<S: Session>(session: &mut S, read: &ObservedRead) -> Option<ReadPlan> {
    let asked = Message {
        keep_rows: 1,
        ..message(&read.sent)
    };
    let planned = session.explain(asked, ExplainMode::PlanOnly).await.ok()?;
    planned.root.nodes().find(|node| is_join(node))?;
    plain(session, BEGIN).await;
    let explained = session.explain(asked, ExplainMode::Execute).await;
    plain(session, "ROLLBACK").await;
    Some(ReadPlan {
        client: read.client.clone(),
        step: read.step.clone(),
        event: read.event,
        sql: read.sent.sql.clone(),
        explained: explained.ok()?,
    })
}

fn is_join(node: &PlanNode) -> bool {
    node.kind == "Nested Loop" || node.kind.ends_with("Join")
}
