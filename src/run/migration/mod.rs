//! A case with a migration: first it is traced on a database that nobody else uses, then it goes beside the clients.
//!
//! Everything that is compared before and after belongs to the quiet database: there nobody but the migration changes
//! anything. Where clients act, that is a copy, and the clients have the database of the case.

mod beside;
mod members;
mod results;
mod trace;
mod under_load;

use super::{
    carry_out::Stage,
    session::{Database, Tidying},
};
use crate::{
    record::{Breakage, DatabaseState, MigrationLog, PlanPoint, ResultComparison, Undone},
    schedule::{ClientPlan, MigrationPart, MigrationPlan},
};
pub(super) use beside::Beside;
use results::Results;

impl<D: Database> Stage<'_, D> {
    /// The whole case.
    pub(super) async fn act_around(&self, plan: &MigrationPlan) -> Result<(), Breakage> {
        self.own_hook(self.case.before.as_ref()).await?;
        let has_traffic = self.case.clients.iter().any(ClientPlan::is_traffic);
        if has_traffic && !self.stop.requested() {
            let copy = self.database.fork().await?;
            let rehearsed = self.on(&copy).rehearse(plan).await;
            copy.close().await?;
            rehearsed?;
            if !self.stop.requested() {
                match &self.case.load {
                    Some(load) => self.migrate_under_load(plan, load).await?,
                    None => self.let_clients_act().await?,
                }
            }
        } else {
            self.rehearse(plan).await?;
        }
        if self.stop.requested() {
            return Ok(());
        }
        self.own_hook(self.case.after.as_ref()).await?;
        self.ask_probes().await?;
        self.look_at_the_schema().await
    }

    /// Before, the migration itself, after, and back again.
    async fn rehearse(&self, plan: &MigrationPlan) -> Result<(), Breakage> {
        self.capture_plans(PlanPoint::Before).await?;
        if self.case.queries.is_empty() || self.stop.requested() {
            return self.rehearse_itself(plan).await;
        }
        // What the queries write is in nobody's way on a copy, and there they find what was before also afterwards.
        let before = self.database.fork().await?;
        let rehearsed = async {
            self.rehearse_itself(plan).await?;
            self.watch_before_and_after(&before).await
        };
        let rehearsed = rehearsed.await;
        before.close().await?;
        rehearsed
    }

    async fn rehearse_itself(&self, plan: &MigrationPlan) -> Result<(), Breakage> {
        if self.stop.requested() {
            return Ok(());
        }
        let before = self.state(None).await?;
        let results = self.results(PlanPoint::Before).await?;
        self.try_members(plan, PlanPoint::Before).await?;
        self.try_members_during(plan).await?;
        self.note_migration(|log| log.before = before.clone());
        self.trace_all(&plan.up, |log, run| {
            log.statements.extend(run.statements);
            log.failure = run.failure;
        })
        .await?;
        let after = self.state(Some(&before)).await?;
        self.note_migration(|log| log.after = after);
        let compared = self.compared_with(&results).await?;
        self.note_migration(|log| log.results = compared);
        if self.stop.requested() {
            return Ok(());
        }
        self.undo(&plan.down, &before, &results).await?;
        self.try_members(plan, PlanPoint::After).await?;
        self.capture_plans(PlanPoint::After).await
    }

    /// Runs the watched queries on the database as it was, and on a copy of it as it is now.
    async fn watch_before_and_after(&self, before: &D) -> Result<(), Breakage> {
        if self.stop.requested() {
            return Ok(());
        }
        let after = self.database.fork().await?;
        let watched = Stage::watch_by_turns(&self.on(before), &self.on(&after)).await;
        after.close().await?;
        watched
    }

    /// Runs what undoes the migration on a copy, and looks at what is left.
    async fn undo(
        &self,
        down: &[MigrationPart],
        before: &DatabaseState,
        results: &Results,
    ) -> Result<(), Breakage> {
        let succeeded = self
            .migration
            .borrow()
            .as_ref()
            .is_some_and(|log| log.succeeded());
        if down.is_empty() || !succeeded {
            return Ok(());
        }
        let copy = self.database.fork().await?;
        let stage = self.on(&copy);
        let undone = async {
            let run = stage.traced(down).await?;
            let mut undone = Undone {
                statements: run.statements,
                failure: run.failure,
                state: stage.state(Some(before)).await?,
                results: Vec::new(),
            };
            copy.tidy(Tidying::Settle).await?;
            undone.results = stage.compared_with(results).await?;
            Ok(undone)
        };
        let undone = undone.await;
        copy.close().await?;
        let undone = undone?;
        self.note_migration(|log| log.undone = Some(undone));
        Ok(())
    }

    /// What the database holds, and the settings of a new session.
    async fn state(&self, before: Option<&DatabaseState>) -> Result<DatabaseState, Breakage> {
        let mut state = self.database.state(before).await?;
        state.settings = self.settings_in_force().await?;
        Ok(state)
    }

    async fn compared_with(&self, results: &Results) -> Result<Vec<ResultComparison>, Breakage> {
        let after = self.results(PlanPoint::After).await?;
        Ok(results.compared_with(&after, self.case))
    }

    /// Adds to what is noted of the migration.
    pub(super) fn note_migration(&self, note: impl FnOnce(&mut MigrationLog)) {
        note(self.migration.borrow_mut().get_or_insert_default());
    }
}
