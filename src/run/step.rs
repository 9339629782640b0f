//! Taking one step: its condition, its hooks, its messages to the server, and what is noted of them.

use super::{
    arguments::Moment,
    board::{Asking, Wait},
    client::{Client, Taken, note_of_server},
    hooks::{HookContext, HookVerdict, LostSession},
    memory::Earlier,
    session::{Message, Session},
};
use crate::{
    record::{
        EventKind, LockFacts, Reply, RunNo, SentBy, ServerError, SkipCause, StepEnd, Timing, Value,
        Witness,
    },
    schedule::{HookPlan, StatementForm, StatementPlan, StepPlan, StepWork},
};

/// Rows kept of a result that nobody reads: enough to show what it looked like.
pub const ROWS_FOR_SHOW: usize = 5;

/// Rows kept of a result that a hook, a later step or an expectation reads.
pub const ROWS_TO_READ: usize = 100_000;

impl<S: Session> Client<'_, S> {
    /// Takes one step and notes everything about it.
    pub(super) async fn take(
        &mut self,
        step: &StepPlan,
        iteration: u32,
        launch: Option<usize>,
    ) -> Taken {
        match self.is_wanted(step, iteration).await {
            HookVerdict::Finished(Value::Bool(false)) => {
                self.leave_out(step, SkipCause::When, launch);
                return Taken::Fine;
            }
            HookVerdict::Finished(_) => {}
            HookVerdict::Ended => return Taken::HookEnded,
            HookVerdict::Lost(lost) => return Taken::Lost(lost),
        }
        let run = self.shared.ledger.next_run();
        self.shared.board.begins(self.index, &step.name, run);
        self.note(EventKind::Launched {
            run,
            client: self.plan.id.clone(),
            step: step.name.clone(),
            iteration,
            attempt: self.attempt,
            launch,
        });
        let taken = match &step.work {
            StepWork::Control(control) => self.control(*control, run).await,
            StepWork::Statement(statement) => self.statement(step, statement, run, iteration).await,
        };
        let end = match &taken {
            Ok(()) => StepEnd::Done,
            Err(Failure::Server { code, .. } | Failure::Lost(LostSession { code, .. })) => {
                StepEnd::Error { code: code.clone() }
            }
            Err(Failure::Hook) => StepEnd::HookFailed,
        };
        self.note(EventKind::Completed {
            run,
            client: self.plan.id.clone(),
            step: step.name.clone(),
            end,
        });
        match taken {
            Ok(()) => Taken::Fine,
            Err(Failure::Server { expected: true, .. }) => Taken::Fine,
            Err(Failure::Server { code, .. }) => Taken::Error(code),
            Err(Failure::Lost(lost)) => Taken::Lost(lost),
            Err(Failure::Hook) => Taken::HookEnded,
        }
    }

    async fn is_wanted(&mut self, step: &StepPlan, iteration: u32) -> HookVerdict {
        let StepWork::Statement(statement) = &step.work else {
            return HookVerdict::Finished(Value::Bool(true));
        };
        let Some(when) = &statement.when else {
            return HookVerdict::Finished(Value::Bool(true));
        };
        let context = HookContext {
            step: Some(&step.name),
            run: None,
            iteration,
            result: None,
            params: &[],
        };
        self.hook(when, context).await
    }

    pub(super) fn leave_out(&self, step: &StepPlan, cause: SkipCause, launch: Option<usize>) {
        self.note(EventKind::Skipped {
            client: self.plan.id.clone(),
            step: step.name.clone(),
            cause,
            launch,
        });
    }

    async fn control(
        &mut self,
        control: crate::spec::client::Control,
        run: RunNo,
    ) -> Result<(), Failure> {
        let sql = self.plan.control_sql(control);
        let message = Message {
            sql: &sql,
            params: &[],
            form: StatementForm::Single,
            keep_rows: 0,
        };
        let (reply, _) = self.ask(message, run, SentBy::Step).await;
        failure(&reply, None).map_or(Ok(()), Err)
    }

    async fn statement(
        &mut self,
        step: &StepPlan,
        statement: &StatementPlan,
        run: RunNo,
        iteration: u32,
    ) -> Result<(), Failure> {
        let context = HookContext {
            step: Some(&step.name),
            run: Some(run),
            iteration,
            result: None,
            params: &[],
        };
        self.step_hook(statement.before.as_ref(), context).await?;
        let repetitions = match &statement.for_each {
            Some(of) => self.memory.rows_of(of),
            None => 1,
        };
        let mut outcome = Ok(());
        for row in 0..repetitions {
            let by = match &statement.for_each {
                Some(of) => SentBy::ForEach {
                    of: of.clone(),
                    row: u32::try_from(row).unwrap_or(u32::MAX),
                },
                None => SentBy::Step,
            };
            let ended = self.once(step, statement, by, run, iteration, row).await;
            if outcome.is_err() && is_in_failed_transaction(&ended) {
                break;
            }
            outcome = ended;
            let goes_on = matches!(
                outcome,
                Ok(()) | Err(Failure::Server { expected: true, .. })
            );
            if !goes_on || self.shared.stop.requested() {
                break;
            }
        }
        outcome
    }

    /// The statement of a step, once: arguments, message, what is saved, the hook after it.
    async fn once(
        &mut self,
        step: &StepPlan,
        statement: &StatementPlan,
        by: SentBy,
        run: RunNo,
        iteration: u32,
        row: usize,
    ) -> Result<(), Failure> {
        let moment = Moment {
            path: &step.path,
            iteration,
            row,
        };
        let params = match self
            .arguments
            .draw(&statement.arguments, &self.memory, moment)
        {
            Ok(params) => params,
            Err(message) => {
                self.without_value(Some(&step.name), &step.path, message);
                return Err(Failure::Hook);
            }
        };
        let message = Message {
            sql: &statement.sql,
            params: &params,
            form: statement.form,
            keep_rows: if statement.rows_are_read {
                ROWS_TO_READ
            } else {
                ROWS_FOR_SHOW
            },
        };
        let (reply, timing) = self.ask(message, run, by).await;
        let failed = failure(&reply, statement.expected_error.as_deref());
        if matches!(failed, Some(Failure::Lost(_))) {
            return failed.map_or(Ok(()), Err);
        }
        if failed.is_none() {
            self.keep(step, statement, row, &reply)?;
        }
        if statement.after.is_some() {
            let named: Vec<(String, Value)> = statement
                .arguments
                .iter()
                .map(|(name, _)| name.clone())
                .zip(params.iter().cloned())
                .collect();
            let context = HookContext {
                step: Some(&step.name),
                run: Some(run),
                iteration,
                result: Some((&reply, timing)),
                params: &named,
            };
            self.step_hook(statement.after.as_ref(), context).await?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// A hook before or after the statement of a step.
    async fn step_hook(
        &mut self,
        hook: Option<&HookPlan>,
        context: HookContext<'_>,
    ) -> Result<(), Failure> {
        let Some(hook) = hook else { return Ok(()) };
        match self.hook(hook, context).await {
            HookVerdict::Finished(_) => Ok(()),
            HookVerdict::Ended => Err(Failure::Hook),
            HookVerdict::Lost(lost) => Err(Failure::Lost(lost)),
        }
    }

    /// Keeps what a step returned for later steps; a column to save that is not there ends the script.
    fn keep(
        &mut self,
        step: &StepPlan,
        statement: &StatementPlan,
        row: usize,
        reply: &Reply,
    ) -> Result<(), Failure> {
        let earlier = match &statement.for_each {
            Some(_) if row > 0 => Earlier::StaysBefore,
            Some(_) | None => Earlier::IsReplaced,
        };
        self.memory.keep(&step.name, reply, earlier);
        for (variable, column) in &statement.save {
            if let Err(message) = self.memory.save(variable, column, reply) {
                let path = format!("{}/save/{variable}", step.path);
                self.without_value(Some(&step.name), &path, message);
                return Err(Failure::Hook);
            }
        }
        Ok(())
    }

    /// Sends one message, reads its answer, and notes both.
    pub(super) async fn ask(
        &mut self,
        message: Message<'_>,
        run: RunNo,
        by: SentBy,
    ) -> (Reply, Timing) {
        let statement = self.shared.ledger.next_statement();
        self.note(EventKind::Sent {
            statement,
            run: Some(run),
            client: self.plan.id.clone(),
            sql: message.sql.to_owned(),
            params: message.params.to_vec(),
            by,
        });
        let asking = Asking {
            run,
            since: self.shared.ledger.now(),
        };
        self.shared.board.asks(self.index, asking);
        let (reply, timing) = self.exchange(message).await;
        while let Ok(note) = self.notes.try_recv() {
            self.note_of_server(note);
        }
        self.note_told_wait(asking, &reply);
        let wait_over = self
            .shared
            .board
            .answered(self.index, self.shared.ledger.now());
        if let Some(event) = wait_over {
            self.note(event);
        }
        self.note(EventKind::Replied {
            statement,
            client: self.plan.id.clone(),
            reply: reply.clone(),
            timing,
        });
        (reply, timing)
    }

    /// The answer to a message. What the server says on its own is noted as it comes: a step that waits may have
    /// notices before, and somebody may wait for them.
    async fn exchange(&mut self, message: Message<'_>) -> (Reply, Timing) {
        let (shared, index) = (self.shared, self.index);
        let answer = self.session.execute(message);
        tokio::pin!(answer);
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return answer,
                Some(note) = self.notes.recv() => note_of_server(shared, index, note),
            }
        }
    }

    /// The victim of a deadlock has waited, also where its wait was over before anybody looked: the
    /// server itself says so, and says for whom.
    fn note_told_wait(&self, asking: Asking, reply: &Reply) {
        let line = self.shared.board.line(self.index);
        let mut told = reply.error.iter().flat_map(ServerError::told_waits);
        let told = told.find(|wait| wait.waiter == line.pid);
        let seen = line.waited == Some(asking.run);
        let Some(told) = told.filter(|_| !seen) else {
            return;
        };
        let blockers = self.shared.board.blockers(&[told.blocker]);
        let wait = Wait {
            run: asking.run,
            since: asking.since,
            blockers: blockers.clone(),
        };
        self.shared.board.waits(self.index, wait);
        let (mode, on) = told.lock.split_once(" on ").unwrap_or((&told.lock, ""));
        self.note(EventKind::Waiting {
            run: asking.run,
            client: line.client,
            blockers,
            lock: Some(LockFacts {
                kind: on.split(' ').next().unwrap_or_default().to_owned(),
                mode: mode.to_owned(),
                relation: None,
            }),
            seen_by: Witness::Server,
        });
    }
}

/// Whether a statement was refused since one before it had failed in the same transaction: where that was expected of an
/// earlier row, the rows that follow it cannot be tried.
fn is_in_failed_transaction(ended: &Result<(), Failure>) -> bool {
    const IN_FAILED_SQL_TRANSACTION: &str = "25P02";
    let refused = |code: &str| code == IN_FAILED_SQL_TRANSACTION;
    matches!(ended, Err(Failure::Server { code, expected: false }) if refused(code))
}

/// Why a step did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failure {
    /// The server answered with an error.
    Server {
        /// Its SQLSTATE.
        code: String,
        /// Whether the step says that it ends so.
        expected: bool,
    },
    /// The session is gone, and nobody said that it would be.
    Lost(LostSession),
    /// A hook ended it, or a value that the author names is not there.
    Hook,
}

fn failure(reply: &Reply, expected: Option<&str>) -> Option<Failure> {
    let error = reply.error.as_ref()?;
    let expected = expected == Some(&error.code);
    Some(if error.ends_session() && !expected {
        Failure::Lost(LostSession::of(error))
    } else {
        Failure::Server {
            code: error.code.clone(),
            expected,
        }
    })
}
