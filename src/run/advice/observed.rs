//! What would have spared the clients of a case work? What they sent is sent again on a copy of the database, as the
//! clients left it.
//!
//! Every different statement is carried out there once, and rolled back: what it reads tells whether an index could help,
//! or whether it multiplies rows in a join.
//!
//! One statement for each row of an earlier one is carried out there as it was sent, with the values of its time; so is
//! the statement that could have been sent instead. It is proposed only where the rows are the same, and where it needs
//! fewer round trips, no more pages and no more time. Where the earlier statement wrote or locked its rows, it is not sent
//! again: what followed is asked for all its values at once, as the database is in the end. Nothing is joined to a write,
//! since a statement does not see in its tables what a part of it writes.

use super::{Helped, candidates, plain, same_rows};
use crate::{
    record::{
        Breakage, Catalog, ClientId, Explained, Lookups, Micros, ObservedStatement, PlanNode,
        ProvenRewrite, Reply, Rewrite, RewriteForm, SentPlan, SentStatement, SentStatements,
        SequenceCost, ServerError, StatementOf, Value,
    },
    run::{
        Advising,
        carry_out::{Stage, session_settings},
        session::{Connected, Database, ExplainMode, Message, Session, SessionPlan, Tidying},
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
    /// Tries again on a copy what was sent. Sessions of the case must have been given up.
    pub(in crate::run) async fn try_observed(&self) -> Result<(), Breakage> {
        let (observe, proves) = match self.advising {
            Advising::No => return Ok(()),
            Advising::Look(observe) => (observe, false),
            Advising::Prove(observe) => (observe, true),
        };
        if self.stop.requested() || !(proves || self.case.looks_at_filters()) {
            return Ok(());
        }
        let observed = self.ledger.entries().look(|events| {
            let load = self.load.borrow();
            observe(self.case, events, load.as_deref())
        });
        if observed.lookups.is_empty() && observed.statements.is_empty() {
            return Ok(());
        }
        let copy = self.database.fork().await?;
        let tried = async {
            if proves {
                self.try_lookups(&copy, &observed.lookups).await?;
            }
            self.look_at_statements(&copy, &observed.statements).await
        };
        let tried = tried.await;
        copy.close().await?;
        let (sent, catalog) = tried?;
        if proves {
            let helped = sent.helped(&observed.statements);
            let proven = self.prove_indexes(&helped, &catalog).await?;
            self.proven.borrow_mut().indexes.extend(proven);
        }
        self.proven.borrow_mut().sent = Some(Box::new(sent.told(&observed.statements)));
        Ok(())
    }

    async fn try_lookups(&self, copy: &D, all: &[Lookups]) -> Result<(), Breakage> {
        for lookups in all {
            if self.stop.requested() {
                return Ok(());
            }
            let mut session = self.session_of(copy, &lookups.sender.client).await?;
            if let Some(proven) = prove(&mut session, lookups).await {
                self.proven.borrow_mut().rewrites.push(proven);
            }
        }
        Ok(())
    }

    /// Carries out on a copy what may be worth a word: what joins tables, or reads one that is not small.
    async fn look_at_statements(
        &self,
        copy: &D,
        statements: &[ObservedStatement],
    ) -> Result<(Looked, Catalog), Breakage> {
        let mut catalog = copy.catalog().await?;
        let never_analyzed: Vec<(String, String)> = catalog
            .tables
            .iter()
            .filter(|table| table.rows < 0.0)
            .map(|table| (table.schema.clone(), table.name.clone()))
            .collect();
        if !never_analyzed.is_empty() {
            copy.tidy(Tidying::Analyze(&never_analyzed)).await?;
            catalog = copy.catalog().await?;
        }
        let mut looked = Looked::default();
        for (at, statement) in statements.iter().enumerate() {
            if self.stop.requested() {
                break;
            }
            let mut session = self.session_of(copy, &statement.sender.client).await?;
            match plan_of(&mut session, &statement.sent, &catalog).await {
                Ok(Some(explained)) => looked.plans.push((at, explained)),
                Ok(None) => looked.others += 1,
                Err(_) => looked.refused += 1,
            }
        }
        Ok((looked, catalog))
    }

    /// A session on a copy with the settings of a client.
    pub(super) async fn session_of(
        &self,
        copy: &D,
        client: &ClientId,
    ) -> Result<D::Session, Breakage> {
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
        sender: lookups.sender.clone(),
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

/// What a look at the statements that were sent came to.
#[derive(Default)]
struct Looked {
    /// The plans of those that were carried out, with their places among all.
    plans: Vec<(usize, Explained)>,
    /// How many neither join tables nor read one that is not small.
    others: u64,
    refused: u64,
}

impl Looked {
    /// What an index may help, what costs most in all first.
    fn helped<'a>(&'a self, statements: &'a [ObservedStatement]) -> Vec<Helped<'a>> {
        let mut plans: Vec<&(usize, Explained)> = self.plans.iter().collect();
        plans.sort_by_key(|(at, explained)| {
            let times = statements[*at].sender.times;
            std::cmp::Reverse(super::cost(explained).buffers.saturating_mul(times))
        });
        let helped = plans.into_iter().map(|(at, explained)| Helped {
            of: StatementOf::Sent(statements[*at].sender.clone()),
            message: message(&statements[*at].sent),
            explained,
            client: Some(&statements[*at].sender.client),
            path: "",
        });
        helped.collect()
    }

    fn told(self, statements: &[ObservedStatement]) -> SentStatements {
        let looked_at = self.others + self.plans.len() as u64;
        let plans = self.plans.into_iter().filter(|(_, explained)| {
            let mut nodes = explained.root.nodes();
            nodes.any(|node| is_join(node) || node.kind == "Seq Scan")
        });
        let plans = plans.map(|(at, explained)| SentPlan {
            sender: statements[at].sender.clone(),
            sql: statements[at].sent.sql.clone(),
            explained,
        });
        SentStatements {
            looked_at,
            refused: self.refused,
            plans: plans.collect(),
        }
    }
}

/// The plan of a statement, carried out and rolled back; none where it neither joins tables nor reads one that is not small.
async fn plan_of<S: Session>(
    session: &mut S,
    sent: &SentStatement,
    catalog: &Catalog,
) -> Result<Option<Explained>, ServerError> {
    let asked = Message {
        keep_rows: 1,
        ..message(sent)
    };
    let planned = session.explain(asked, ExplainMode::PlanOnly).await?;
    let reads_much = |node: &PlanNode| {
        let table = node.shape.relation.as_deref();
        let table = table.and_then(|name| catalog.table(name));
        table.is_some_and(|table| table.rows > candidates::SMALL)
    };
    let mut nodes = planned.root.nodes();
    if !nodes.any(|node| is_join(node) || reads_much(node)) {
        return Ok(None);
    }
    plain(session, "BEGIN").await;
    let explained = session.explain(asked, ExplainMode::Execute).await;
    plain(session, "ROLLBACK").await;
    explained.map(Some)
}

fn is_join(node: &PlanNode) -> bool {
    node.kind == "Nested Loop" || node.kind.ends_with("Join")
}
