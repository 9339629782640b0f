//! A client: one session that takes the steps of its script, each when it is permitted to.

use super::{
    arguments::{Arguments, Moment},
    board::{Asking, Board},
    hooks::{HookContext, HookVerdict},
    ledger::Ledger,
    memory::Memory,
    session::{Message, Session, SessionNote},
    stop::Stop,
};
use crate::{
    record::{ClientEnd, EventKind, Reply, RunNo, SentBy, SkipCause, StepEnd, Timing, Value},
    schedule::{Case, ClientPlan, StatementForm, StatementPlan, StepPlan, StepWork},
    spec::client::OnError,
};
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// Rows kept of a result that nobody reads: enough to show what it looked like.
pub const ROWS_FOR_SHOW: usize = 5;

/// Rows kept of a result that a hook, a later step or an expectation reads.
pub const ROWS_TO_READ: usize = 100_000;

/// Leave to go on, given by the coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Take this step of the script.
    Step {
        /// Its index.
        step: usize,
        /// The entry of the launch list that it is.
        launch: usize,
        /// Whether that entry says that it ends with an error, so that the script goes on after one.
        error_is_expected: bool,
    },
    /// Go through the whole script, as often as it says.
    Script,
    /// Start the script again, as `retry` says, after the error that ended it in the forced order.
    Retry,
}

/// What a client tells the coordinator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Who, by index in the case.
    pub client: usize,
    /// Why the permit is used up.
    pub what: Announced,
}

/// Why a permit is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announced {
    /// The step came to its end, or was not taken.
    StepOver,
    /// The script was gone through.
    ScriptOver,
    /// The session is gone.
    Lost {
        /// What the server, or the network, said last.
        message: String,
    },
}

/// What the tasks of a case share.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    /// Where facts are noted.
    pub ledger: &'a Ledger<'a>,
    /// What everyone is doing.
    pub board: &'a Board,
    /// Whether to go on at all.
    pub stop: &'a Stop,
    /// What is carried out.
    pub case: &'a Case,
    /// When the case must be over; hooks end then.
    pub deadline: Instant,
}

/// One session and its script.
pub struct Client<'a, S> {
    pub(super) index: usize,
    pub(super) plan: &'a ClientPlan,
    pub(super) session: S,
    pub(super) notes: UnboundedReceiver<SessionNote>,
    pub(super) shared: Shared<'a>,
    pub(super) memory: Memory,
    arguments: Arguments<'a>,
    /// How many hooks ran on this session.
    pub(super) hooks_run: u64,
    /// How the script ended before its last step, once it did.
    ended: Option<ClientEnd>,
    /// The last error of a step in a forced order; the SQLSTATE.
    last_error: Option<String>,
    attempt: u32,
}

/// What taking a step came to, for what is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Taken {
    /// It succeeded, was left out by `when`, or ended with the error that it is expected to.
    Fine,
    /// It ended with an error nobody expected; the SQLSTATE.
    Error(String),
    /// A hook ended it.
    HookEnded,
    /// The session is gone; the last words.
    Lost(String),
}

impl<'a, S: Session> Client<'a, S> {
    /// A client that holds its session.
    pub fn new(
        index: usize,
        plan: &'a ClientPlan,
        session: S,
        notes: UnboundedReceiver<SessionNote>,
        shared: Shared<'a>,
    ) -> Self {
        let memory = Memory::default();
        let arguments = Arguments::new(shared.case, plan.id.clone());
        Self {
            arguments,
            index,
            plan,
            session,
            notes,
            shared,
            memory,
            hooks_run: 0,
            ended: None,
            last_error: None,
            attempt: 1,
        }
    }

    /// Takes steps as permitted until no more permits can come.
    pub async fn serve(
        mut self,
        mut permits: UnboundedReceiver<Permit>,
        announcements: UnboundedSender<Announcement>,
    ) {
        loop {
            tokio::select! {
                biased;
                permit = permits.recv() => {
                    let Some(permit) = permit else { break };
                    let what = self.follow(permit).await;
                    let announcement = Announcement { client: self.index, what };
                    if announcements.send(announcement).is_err() {
                        break;
                    }
                }
                Some(note) = self.notes.recv() => self.note_of_server(note),
            }
        }
        let end = self.ended.take().unwrap_or(ClientEnd::Done);
        self.note(EventKind::Finished {
            client: self.plan.id.clone(),
            end,
        });
    }

    async fn follow(&mut self, permit: Permit) -> Announced {
        let taken = match permit {
            Permit::Step {
                step,
                launch,
                error_is_expected,
            } => self.take_launched(step, launch, error_is_expected).await,
            Permit::Script => self.go_through_script().await,
            Permit::Retry => self.try_again().await,
        };
        match (taken, permit) {
            (Taken::Lost(message), _) => {
                self.ended = Some(ClientEnd::Lost);
                Announced::Lost { message }
            }
            (_, Permit::Step { .. }) => Announced::StepOver,
            (_, Permit::Script | Permit::Retry) => Announced::ScriptOver,
        }
    }

    /// A step of a forced order. The script's own retry and iterations play no part here.
    async fn take_launched(&mut self, step: usize, launch: usize, expected: bool) -> Taken {
        let plan = self.plan;
        let step = &plan.steps[step];
        if self.ended.is_some() || self.shared.stop.requested() {
            self.leave_out(step, SkipCause::ScriptEnded, Some(launch));
            return Taken::Fine;
        }
        let taken = self.take(step, 1, Some(launch)).await;
        if let Taken::Error(code) = &taken {
            self.last_error = Some(code.clone());
        }
        match &taken {
            Taken::Fine => {}
            Taken::Error(code) => match plan.on_error {
                _ if expected => {}
                OnError::Stop => self.ended = Some(ClientEnd::Stopped { code: code.clone() }),
                OnError::Continue => {}
                OnError::Rollback => self.roll_back().await,
            },
            Taken::HookEnded => self.ended = Some(ClientEnd::HookFailed),
            Taken::Lost(_) => {}
        }
        taken
    }

    /// The whole script, `iterations` times.
    async fn go_through_script(&mut self) -> Taken {
        for iteration in 1..=self.plan.iterations {
            self.arguments.begin_pass();
            let taken = self.go_through_once(iteration).await;
            if self.ended.is_some() || matches!(taken, Taken::Lost(_)) {
                return taken;
            }
        }
        Taken::Fine
    }

    /// The script again after the error that ended it in a forced order, if `retry` names that error.
    async fn try_again(&mut self) -> Taken {
        let Some(code) = self.last_error.take() else {
            return Taken::Fine;
        };
        if !self.may_retry(&code) {
            return Taken::Fine;
        }
        self.ended = None;
        self.begin_again(code).await;
        self.go_through_once(1).await
    }

    /// One pass through the script, with its tries.
    async fn go_through_once(&mut self, iteration: u32) -> Taken {
        loop {
            let taken = self.pass(iteration).await;
            let end = match &taken {
                Taken::Fine => {
                    self.attempt = 1;
                    return taken;
                }
                Taken::Lost(_) => return taken,
                Taken::HookEnded => ClientEnd::HookFailed,
                Taken::Error(code) if self.may_retry(code) => {
                    self.begin_again(code.clone()).await;
                    continue;
                }
                Taken::Error(code) if self.retries(code) => ClientEnd::GaveUp {
                    attempts: self.attempt,
                    code: code.clone(),
                },
                Taken::Error(code) => ClientEnd::Stopped { code: code.clone() },
            };
            self.roll_back().await;
            self.ended = Some(end);
            return taken;
        }
    }

    fn retries(&self, code: &str) -> bool {
        self.plan
            .retry
            .as_ref()
            .is_some_and(|retry| retry.codes.iter().any(|known| known == code))
    }

    fn may_retry(&self, code: &str) -> bool {
        let tries = self.plan.retry.as_ref().map_or(1, |retry| retry.tries);
        self.retries(code) && self.attempt < tries && !self.shared.stop.requested()
    }

    async fn begin_again(&mut self, code: String) {
        self.roll_back().await;
        let attempt = self.attempt;
        self.note(EventKind::Retrying {
            client: self.plan.id.clone(),
            attempt,
            code,
        });
        self.attempt += 1;
        self.arguments.begin_again();
    }

    /// The steps one after the other, once, with the client's own hooks around them.
    async fn pass(&mut self, iteration: u32) -> Taken {
        let plan = self.plan;
        self.memory.begin_iteration();
        if !self.client_hook(plan.before.as_ref(), iteration).await {
            return Taken::HookEnded;
        }
        for step in plan.steps.iter() {
            if self.shared.stop.requested() {
                return Taken::Fine;
            }
            let taken = self.take(step, iteration, None).await;
            match (&taken, plan.on_error) {
                (Taken::Fine, _) | (Taken::Error(_), OnError::Continue) => {}
                (Taken::Error(code), OnError::Rollback) if !self.retries(code) => {
                    self.roll_back().await;
                }
                (Taken::Error(_), _) | (Taken::HookEnded | Taken::Lost(_), _) => return taken,
            }
        }
        if self.client_hook(plan.after.as_ref(), iteration).await {
            Taken::Fine
        } else {
            Taken::HookEnded
        }
    }

    async fn client_hook(
        &mut self,
        hook: Option<&crate::schedule::HookPlan>,
        iteration: u32,
    ) -> bool {
        let Some(hook) = hook else { return true };
        let context = HookContext {
            step: None,
            run: None,
            iteration,
            result: None,
            params: &[],
        };
        matches!(self.hook(hook, context).await, HookVerdict::Finished(_))
    }

    /// Takes one step and notes everything about it.
    async fn take(&mut self, step: &StepPlan, iteration: u32, launch: Option<usize>) -> Taken {
        match self.is_wanted(step, iteration).await {
            HookVerdict::Finished(Value::Bool(false)) => {
                self.leave_out(step, SkipCause::When, launch);
                return Taken::Fine;
            }
            HookVerdict::Finished(_) => {}
            HookVerdict::Ended => return Taken::HookEnded,
        }
        let run = self.shared.ledger.next_run();
        self.shared.board.begins(self.index, &step.name);
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
            Err(Failure::Server { code, .. }) => StepEnd::Error { code: code.clone() },
            Err(Failure::Lost { .. }) => StepEnd::Error {
                code: String::new(),
            },
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
            Err(Failure::Lost { message }) => Taken::Lost(message),
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

    fn leave_out(&self, step: &StepPlan, cause: SkipCause, launch: Option<usize>) {
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
        let asked = Asked {
            sql: &sql,
            params: &[],
            form: StatementForm::Single,
            keep_rows: 0,
        };
        let (reply, _) = self.ask(asked, run, SentBy::Step).await;
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
        if let Some(hook) = &statement.before
            && self.hook(hook, context).await == HookVerdict::Ended
        {
            return Err(Failure::Hook);
        }
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
            outcome = self.once(step, statement, by, run, iteration, row).await;
            if outcome.is_err() || self.shared.stop.requested() {
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
                self.broken_hook(Some(&step.name), &step.path, message);
                return Err(Failure::Hook);
            }
        };
        let asked = Asked {
            sql: &statement.sql,
            params: &params,
            form: statement.form,
            keep_rows: if statement.rows_are_read {
                ROWS_TO_READ
            } else {
                ROWS_FOR_SHOW
            },
        };
        let (reply, timing) = self.ask(asked, run, by).await;
        let failed = failure(&reply, statement.expected_error.as_deref());
        if matches!(failed, Some(Failure::Lost { .. })) {
            return failed.map_or(Ok(()), Err);
        }
        if failed.is_none() {
            self.memory.keep(&step.name, &statement.save, &reply);
        }
        if let Some(hook) = &statement.after {
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
            if self.hook(hook, context).await == HookVerdict::Ended {
                return Err(Failure::Hook);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Sends one message, reads its answer, and notes both.
    pub(super) async fn ask(
        &mut self,
        asked: Asked<'_>,
        run: RunNo,
        by: SentBy,
    ) -> (Reply, Timing) {
        let statement = self.shared.ledger.next_statement();
        self.note(EventKind::Sent {
            statement,
            run: Some(run),
            client: self.plan.id.clone(),
            sql: asked.sql.to_owned(),
            params: asked.params.to_vec(),
            by,
        });
        self.shared.board.asks(
            self.index,
            Asking {
                run,
                since: self.shared.ledger.now(),
            },
        );
        let (reply, timing) = self
            .session
            .execute(Message {
                sql: asked.sql,
                params: asked.params,
                form: asked.form,
                keep_rows: asked.keep_rows,
            })
            .await;
        let wait_over = self
            .shared
            .board
            .answered(self.index, self.shared.ledger.now());
        if let Some(event) = wait_over {
            self.note(event);
        }
        while let Ok(note) = self.notes.try_recv() {
            self.note_of_server(note);
        }
        self.note(EventKind::Replied {
            statement,
            client: self.plan.id.clone(),
            reply: reply.clone(),
            timing,
        });
        (reply, timing)
    }

    /// Ends an open transaction. Nobody wrote this statement, so it is not noted.
    async fn roll_back(&mut self) {
        let message = Message {
            sql: "ROLLBACK",
            params: &[],
            form: StatementForm::Single,
            keep_rows: 0,
        };
        self.session.execute(message).await;
        // "there is no transaction in progress" is news to nobody.
        while self.notes.try_recv().is_ok() {}
    }

    pub(super) fn note(&self, kind: EventKind) {
        self.shared.ledger.note(self.index, kind);
    }

    fn note_of_server(&self, note: SessionNote) {
        self.note(match note {
            SessionNote::Notice {
                client,
                severity,
                code,
                message,
            } => EventKind::Notice {
                client,
                severity,
                code,
                message,
            },
            SessionNote::Notified {
                client,
                channel,
                payload,
                from_pid,
            } => EventKind::Notified {
                client,
                channel,
                payload,
                from_pid,
            },
        });
    }
}

/// One message to send.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The text, with `$1` … for the parameters.
    pub sql: &'a str,
    /// The parameters.
    pub params: &'a [Value],
    /// One statement or several.
    pub form: StatementForm,
    /// How many rows of each result are kept.
    pub keep_rows: usize,
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
    /// The session is gone.
    Lost {
        /// What the server, or the network, said last.
        message: String,
    },
    /// A hook ended it.
    Hook,
}

fn failure(reply: &Reply, expected: Option<&str>) -> Option<Failure> {
    let error = reply.error.as_ref()?;
    Some(if error.ends_session() {
        Failure::Lost {
            message: error.message.clone(),
        }
    } else {
        Failure::Server {
            code: error.code.clone(),
            expected: expected == Some(&error.code),
        }
    })
}
