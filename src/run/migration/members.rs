//! The queries and clients of two versions of an application on the schema before a migration, after it, and while it
//! runs. What one writes is in nobody's way: queries share a copy on which each is rolled back, and what cannot be rolled
//! back has a copy for itself.

use super::beside::Beside;
use crate::{
    record::{
        Breakage, ClientEnd, ClientId, Event, EventKind, HookProblem, MIGRATION, MemberRun, Phase,
        PlanPoint, ServerError, StepEnd,
    },
    run::{
        NobodyLooks,
        arguments::Arguments,
        carry_out::Stage,
        client::{Client, Permit},
        ledger::{Entries, Ledger},
        own_session::ask,
        session::{Database, Message, Session},
    },
    schedule::{ClientPlan, CompatibleMember, MemberKind, MigrationPlan, StatementForm, StepWork},
    spec::migration::is_both,
    sql::may_be_wrapped,
};
use std::cell::Cell;
use tokio::sync::mpsc::unbounded_channel;

impl<D: Database> Stage<'_, D> {
    /// Every member on the database as it is now.
    pub(super) async fn try_members(
        &self,
        plan: &MigrationPlan,
        point: PlanPoint,
    ) -> Result<(), Breakage> {
        let phase = match point {
            PlanPoint::Before => Phase::Before,
            PlanPoint::After => Phase::After,
        };
        let members = plan.compatible.iter().flat_map(|plan| &plan.members);
        let (together, apart): (Vec<_>, Vec<_>) =
            members.partition(|member| self.can_be_rolled_back(member));
        if !together.is_empty() && !self.stop.requested() {
            let copy = self.database.fork().await?;
            let tried = self
                .on(&copy)
                .try_each(&together, phase, Afterwards::RollBack)
                .await;
            copy.close().await?;
            tried?;
        }
        for member in apart {
            if self.stop.requested() {
                return Ok(());
            }
            let copy = self.database.fork().await?;
            let tried = self
                .on(&copy)
                .try_each(&[member], phase, Afterwards::Keep)
                .await;
            copy.close().await?;
            tried?;
        }
        Ok(())
    }

    fn can_be_rolled_back(&self, member: &CompatibleMember) -> bool {
        match member.kind {
            MemberKind::Query(index) => may_be_wrapped(&self.case.queries[index].sql),
            // It has transactions of its own.
            MemberKind::Client => false,
        }
    }

    /// Tries each of these members, one after the other, and notes what came of it.
    async fn try_each(
        &self,
        members: &[&CompatibleMember],
        phase: Phase,
        afterwards: Afterwards,
    ) -> Result<(), Breakage> {
        for member in members {
            if self.stop.requested() {
                return Ok(());
            }
            let error = match (member.kind, afterwards) {
                (MemberKind::Query(index), Afterwards::RollBack) => {
                    self.try_query_and_roll_back(index).await?
                }
                (MemberKind::Query(index), Afterwards::Keep) => self.try_query(index).await?,
                (MemberKind::Client, _) => self.try_client(&member.name).await?,
            };
            self.note_migration(|log| {
                log.compatible.push(MemberRun {
                    member: member.name.clone(),
                    phase,
                    runs: 1,
                    error,
                });
            });
        }
        Ok(())
    }

    /// Constraints that are checked at the end of a transaction are checked before it is rolled back.
    async fn try_query_and_roll_back(&self, index: usize) -> Result<Option<ServerError>, Breakage> {
        let own = ClientPlan::own_session();
        let (mut session, _notes) = self.connect(&own.id, Vec::new()).await?;
        let query = &self.case.queries[index];
        let mut arguments = Arguments::new(self.case, own.id);
        control(&mut session, "BEGIN").await;
        let (reply, _) = ask(&mut session, &mut arguments, query, 1).await?;
        let error = match reply.error {
            None => control(&mut session, "SET CONSTRAINTS ALL IMMEDIATE").await,
            refused => refused,
        };
        control(&mut session, "ROLLBACK").await;
        Ok(error)
    }

    async fn try_query(&self, index: usize) -> Result<Option<ServerError>, Breakage> {
        let own = ClientPlan::own_session();
        let (mut session, _notes) = self.connect(&own.id, Vec::new()).await?;
        let query = &self.case.queries[index];
        let mut arguments = Arguments::new(self.case, own.id);
        let (reply, _) = ask(&mut session, &mut arguments, query, 1).await?;
        Ok(reply.error)
    }

    /// One pass through a client's script; its events are its own.
    async fn try_client(&self, script: &str) -> Result<Option<ServerError>, Breakage> {
        let mut clients = self.case.clients.iter().enumerate();
        let Some((index, plan)) = clients.find(|(_, plan)| plan.id.script == script) else {
            return Ok(None);
        };
        let plan = ClientPlan {
            iterations: 1,
            ..plan.clone()
        };
        let entries = Entries::default();
        let ledger = Ledger::new(
            0,
            self.case.clients.len() + 2,
            entries.clone(),
            &NobodyLooks,
        );
        let stage = self.noted_in(&ledger);
        let (session, notes) = stage.connect_as(&plan).await?;
        let client = Client::new(index, &plan, session, notes, stage.shared());
        let (permit, permits) = unbounded_channel();
        let (announce, _announcements) = unbounded_channel();
        // The client holds its end; a permit more than it can follow does no harm.
        for leave in [Permit::SetUp, Permit::Script] {
            let _ = permit.send(leave);
        }
        drop(permit);
        client.serve(permits, announce).await;
        Ok(error_of(&entries.take(), &plan))
    }

    /// All members that work on both sides, again and again, each in a transaction that is rolled back, while the
    /// migration runs on the same copy.
    pub(super) async fn try_members_during(&self, plan: &MigrationPlan) -> Result<(), Breakage> {
        let members = plan.compatible.iter().flat_map(|plan| &plan.members);
        let queries: Vec<(&CompatibleMember, usize)> = members
            .filter(|member| is_both(&member.on))
            .filter_map(|member| match member.kind {
                MemberKind::Query(index) => Some((member, index)),
                MemberKind::Client => None,
            })
            .collect();
        if queries.is_empty() || self.stop.requested() {
            return Ok(());
        }
        let copy = self.database.fork().await?;
        let stage = self.on(&copy);
        let over = Cell::new(false);
        let migrate = async {
            let migrated = stage.migrate_beside(&plan.up, Beside::Silent).await;
            over.set(true);
            migrated
        };
        let tries = queries
            .iter()
            .map(|(member, index)| stage.again_and_again(member, *index, &over));
        let tries = futures_util::future::join_all(tries);
        let (tried, migrated) = futures_util::future::join(tries, migrate).await;
        copy.close().await?;
        migrated?;
        for run in tried {
            let run = run?;
            self.note_migration(|log| log.compatible.push(run));
        }
        Ok(())
    }

    async fn again_and_again(
        &self,
        member: &CompatibleMember,
        index: usize,
        over: &Cell<bool>,
    ) -> Result<MemberRun, Breakage> {
        let own = ClientPlan::own_session();
        let (mut session, _notes) = self.connect(&own.id, Vec::new()).await?;
        let query = &self.case.queries[index];
        let mut arguments = Arguments::new(self.case, own.id);
        let mut run = MemberRun {
            member: member.name.clone(),
            phase: Phase::During,
            runs: 0,
            error: None,
        };
        while run.error.is_none() && !self.stop.requested() {
            control(&mut session, "BEGIN").await;
            let repetition = u32::try_from(run.runs + 1).unwrap_or(u32::MAX);
            let (reply, _) = ask(&mut session, &mut arguments, query, repetition).await?;
            control(&mut session, "ROLLBACK").await;
            run.runs += 1;
            run.error = reply.error;
            if over.get() {
                break;
            }
        }
        Ok(run)
    }
}

/// What becomes of what a query wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    /// It is rolled back.
    RollBack,
    /// It stays.
    Keep,
}

/// What goes wrong with BEGIN and ROLLBACK shows in the next message.
async fn control<S: Session>(session: &mut S, sql: &str) -> Option<ServerError> {
    let message = Message {
        sql,
        params: &[],
        form: StatementForm::Single,
        keep_rows: 0,
    };
    session.execute(message).await.0.error
}

/// The first error of a script that its author did not foresee.
fn error_of(events: &[Event], plan: &ClientPlan) -> Option<ServerError> {
    let mut last: Option<&ServerError> = None;
    let mut first: Option<ServerError> = None;
    for event in events {
        match &event.kind {
            EventKind::Replied { reply, .. } => last = reply.error.as_ref().or(last),
            EventKind::Completed {
                step,
                end: StepEnd::Error { code },
                ..
            } if !is_foreseen(plan, step, code) => {
                first = first.or_else(|| last.cloned());
            }
            // The next try may do better.
            EventKind::Retrying { .. } => first = None,
            EventKind::HookEnded { problem, .. } => {
                first = first.or_else(|| Some(of_hook(problem)));
            }
            EventKind::Finished {
                end: ClientEnd::Lost | ClientEnd::Stopped { .. } | ClientEnd::GaveUp { .. },
                ..
            } => first = first.or_else(|| last.cloned()),
            _ => {}
        }
    }
    first
}

fn is_foreseen(plan: &ClientPlan, step: &str, code: &str) -> bool {
    let mut steps = plan.steps.iter().filter(|plan| plan.name == step);
    steps.any(|plan| match &plan.work {
        StepWork::Statement(statement) => statement.expected_error.as_deref() == Some(code),
        StepWork::Control(_) => false,
    })
}

fn of_hook(problem: &HookProblem) -> ServerError {
    let message = match problem {
        HookProblem::Assertion { message }
        | HookProblem::Failure { message }
        | HookProblem::Broken { message } => message.clone(),
        HookProblem::Skip { reason } => reason.clone(),
    };
    ServerError {
        severity: "ERROR".to_owned(),
        message,
        ..ServerError::default()
    }
}

/// The session that migrates, as one who is waited for.
pub(super) fn migration_id() -> ClientId {
    ClientId::single(MIGRATION)
}
