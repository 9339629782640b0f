//! The scenario's own session: its hooks, the watched queries before the clients, the expectations'
//! statements after them.

use super::{
    arguments::Arguments,
    carry_out::Stage,
    client::Client,
    hooks::{HookContext, HookVerdict},
    lock_wait::watched,
    session::{Database, Message, Session},
    step::ROWS_TO_READ,
};
use crate::{
    record::{Breakage, PlanPoint, ProbeReply, QueryRun, Reply, Timing},
    schedule::{ClientPlan, HookPlan, QueryPlan, StatementForm},
};

impl<D: Database> Stage<'_, D> {
    pub(super) async fn own_hook(&self, hook: Option<&HookPlan>) -> Result<(), Breakage> {
        let Some(hook) = hook else { return Ok(()) };
        let plan = ClientPlan::own_session();
        let (session, notes) = self.connect(&plan.id, Vec::new()).await?;
        let index = self.case.clients.len();
        let mut client = Client::new(index, &plan, session, notes, self.shared());
        let context = HookContext {
            step: None,
            run: None,
            iteration: 1,
            result: None,
            params: &[],
        };
        match client.hook(hook, context).await {
            HookVerdict::Finished(_) => Ok(()),
            HookVerdict::Ended => {
                self.stop.request();
                Ok(())
            }
            HookVerdict::Lost(lost) => Err(session_lost(&lost.message, &hook.path)),
        }
    }

    /// Runs the watched queries that work at this time, each as often as it says.
    pub(super) async fn watch_queries(&self, point: PlanPoint) -> Result<(), Breakage> {
        if self.case.queries.is_empty() {
            return Ok(());
        }
        let own = ClientPlan::own_session();
        let (mut session, _notes) = self.connect(&own.id, Vec::new()).await?;
        let mut arguments = Arguments::new(self.case, own.id.clone());
        let queries = self.case.queries.iter();
        for query in queries.filter(|query| query.works(point)) {
            for repetition in 1..=query.repeat {
                if self.stop.requested() {
                    return Ok(());
                }
                let watched = self.watch(&mut session, &mut arguments, query, (point, repetition));
                if watched.await?.is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Runs the watched queries on the databases before and after a migration by turns, so that whatever else goes on
    /// on the machine meanwhile is felt by both alike.
    pub(super) async fn watch_by_turns(before: &Self, after: &Self) -> Result<(), Breakage> {
        let own = ClientPlan::own_session();
        let (mut early, _notes) = before.connect(&own.id, Vec::new()).await?;
        let (mut late, _more_notes) = after.connect(&own.id, Vec::new()).await?;
        let [mut old, mut new] =
            [before, after].map(|stage| Arguments::new(stage.case, own.id.clone()));
        for query in &before.case.queries {
            let mut works = [PlanPoint::Before, PlanPoint::After].map(|point| query.works(point));
            for repetition in 1..=query.repeat {
                if before.stop.requested() {
                    return Ok(());
                }
                if works[0] {
                    let moment = (PlanPoint::Before, repetition);
                    works[0] = before
                        .watch(&mut early, &mut old, query, moment)
                        .await?
                        .is_ok();
                }
                if works[1] {
                    let moment = (PlanPoint::After, repetition);
                    works[1] = after
                        .watch(&mut late, &mut new, query, moment)
                        .await?
                        .is_ok();
                }
            }
        }
        Ok(())
    }

    /// Runs a watched query once and notes what came of it; whether it succeeded.
    async fn watch(
        &self,
        session: &mut D::Session,
        arguments: &mut Arguments<'_>,
        query: &QueryPlan,
        (point, repetition): (PlanPoint, u32),
    ) -> Result<Result<(), ()>, Breakage> {
        let pid = session.pid();
        let asks = ask(session, arguments, query, repetition);
        let (asked, lock_wait) = watched(pid, asks, async || self.database.watch().await).await?;
        let (reply, timing) = asked?;
        if let Some(lost) = lost(&reply, &query.path) {
            return Err(lost);
        }
        let succeeded = reply.error.is_none().then_some(()).ok_or(());
        self.queries.borrow_mut().push(QueryRun {
            query: query.name.clone(),
            point,
            repetition,
            row_count: reply.row_count(),
            timing,
            lock_wait,
            error: reply.error,
        });
        Ok(succeeded)
    }

    pub(super) async fn ask_probes(&self) -> Result<(), Breakage> {
        if self.case.probes.is_empty() {
            return Ok(());
        }
        let own = ClientPlan::own_session();
        let (mut session, _notes) = self.connect(&own.id, Vec::new()).await?;
        for probe in &self.case.probes {
            let message = Message {
                sql: &probe.sql,
                params: &probe.params,
                form: StatementForm::Single,
                keep_rows: ROWS_TO_READ,
            };
            let (reply, _) = session.execute(message).await;
            let lost = lost(&reply, &probe.path);
            self.probes.borrow_mut().push(ProbeReply {
                path: probe.path.clone(),
                sql: probe.sql.clone(),
                reply,
            });
            if let Some(lost) = lost {
                return Err(lost);
            }
        }
        Ok(())
    }
}

/// Draws the arguments of a query and sends it once.
pub(super) async fn ask<S: Session>(
    session: &mut S,
    arguments: &mut Arguments<'_>,
    query: &QueryPlan,
    repetition: u32,
) -> Result<(Reply, Timing), Breakage> {
    let params = arguments
        .of_query(query, repetition)
        .map_err(|breakage| *breakage)?;
    let message = Message {
        sql: &query.sql,
        params: &params,
        form: StatementForm::Single,
        keep_rows: 0,
    };
    Ok(session.execute(message).await)
}

/// What to say where the answer to a statement was that the session is gone.
fn lost(reply: &Reply, path: &str) -> Option<Breakage> {
    let error = reply.error.as_ref().filter(|error| error.ends_session())?;
    Some(session_lost(&error.message, path))
}

fn session_lost(last_words: &str, path: &str) -> Breakage {
    Breakage {
        code: "session-lost".to_owned(),
        message: format!("pgauge's own session was lost: {last_words}"),
        path: Some(path.to_owned()),
        ..Breakage::default()
    }
}
