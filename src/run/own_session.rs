//! The scenario's own session: its hooks, the watched queries before the clients, the expectations'
//! statements after them.

use super::{
    arguments::{Arguments, Moment},
    carry_out::Stage,
    client::Client,
    hooks::{HookContext, HookVerdict},
    memory::Memory,
    session::{Database, Message, Session},
    step::ROWS_TO_READ,
};
use crate::{
    record::{Breakage, PlanPoint, ProbeReply, QueryRun, Reply},
    schedule::{ClientPlan, HookPlan, StatementForm},
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
                let moment = Moment {
                    path: &query.path,
                    iteration: repetition,
                    row: 0,
                };
                let drawn = arguments.draw(&query.arguments, &Memory::default(), moment);
                let params = drawn.map_err(|message| Breakage {
                    code: "generate".to_owned(),
                    message,
                    path: Some(query.path.clone()),
                    ..Breakage::default()
                })?;
                let message = Message {
                    sql: &query.sql,
                    params: &params,
                    form: StatementForm::Single,
                    keep_rows: 0,
                };
                let (reply, timing) = session.execute(message).await;
                if let Some(lost) = lost(&reply, &query.path) {
                    return Err(lost);
                }
                let failed = reply.error.is_some();
                self.queries.borrow_mut().push(QueryRun {
                    query: query.name.clone(),
                    point,
                    repetition,
                    row_count: reply.row_count(),
                    timing,
                    error: reply.error,
                });
                if failed {
                    break;
                }
            }
        }
        Ok(())
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
