//! A client: one session that takes the steps of its script, each when it is permitted to.

use super::{
    arguments::Arguments,
    board::Board,
    hooks::{HookContext, HookVerdict},
    ledger::Ledger,
    memory::Memory,
    session::{Message, Session, SessionNote},
    stop::Stop,
};
use crate::{
    record::{ClientEnd, EventKind, SkipCause},
    schedule::{Case, ClientPlan, StatementForm},
    spec::client::OnError,
};
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

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
    pub(super) arguments: Arguments<'a>,
    /// How many hooks ran on this session.
    pub(super) hooks_run: u64,
    /// How the script ended before its last step, once it did.
    ended: Option<ClientEnd>,
    /// The last error of a step in a forced order; the SQLSTATE.
    last_error: Option<String>,
    pub(super) attempt: u32,
}

/// What taking a step came to, for what is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    /// It succeeded, was left out by `when`, or ended with the error that it is expected to.
    Fine,
    /// It ended with an error nobody expected; the SQLSTATE.
    Error(String),
    /// A hook ended it.
    HookEnded,
    /// The session is gone.
    Lost {
        /// The SQLSTATE of the server's last word; empty where it had none.
        code: String,
        /// The last words.
        message: String,
    },
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
            (Taken::Lost { message, .. }, _) => {
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
        let taken = match self.take(step, 1, Some(launch)).await {
            // The server ended the session, as the order says.
            Taken::Lost { code, .. } if self.is_expected(launch, &code) => {
                self.ended = Some(ClientEnd::Stopped { code: code.clone() });
                Taken::Error(code)
            }
            taken => taken,
        };
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
            Taken::Lost { .. } => {}
        }
        taken
    }

    /// Whether an entry of the order says that it ends with this error.
    fn is_expected(&self, launch: usize, code: &str) -> bool {
        let order = self.shared.case.order.as_deref().unwrap_or_default();
        let expected = order
            .get(launch)
            .and_then(|plan| plan.expected_error.as_deref());
        expected == Some(code)
    }

    /// The whole script, `iterations` times.
    async fn go_through_script(&mut self) -> Taken {
        for iteration in 1..=self.plan.iterations {
            if self.shared.stop.requested() {
                break;
            }
            self.arguments.begin_pass();
            let taken = self.go_through_once(iteration).await;
            if self.ended.is_some() || matches!(taken, Taken::Lost { .. }) {
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
                Taken::Lost { .. } => return taken,
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
                (Taken::Error(_), _) | (Taken::HookEnded | Taken::Lost { .. }, _) => return taken,
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

    pub(super) fn note_of_server(&self, note: SessionNote) {
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
