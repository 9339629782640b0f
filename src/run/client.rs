//! A client: one session that takes the steps of its script, each when it is permitted to.

use super::{
    arguments::Arguments,
    around::{Speaker, setup_failed},
    board::Board,
    hooks::{HookContext, HookVerdict, LostSession},
    ledger::Ledger,
    memory::Memory,
    session::{Message, Session, SessionNote},
    stop::Stop,
    tide::Tide,
};
use crate::{
    record::{Breakage, ClientEnd, EventKind, SentBy, SkipCause},
    schedule::{Case, ClientPlan, StatementForm},
    spec::{client::OnError, scenario::Preset},
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
    /// Send what comes before the first step, or before an order.
    SetUp,
    /// Send what comes after an order.
    TearDown,
    /// Go through the whole script, as often as it says.
    Script,
    /// Start the script again, as `retry` says, after the error that ended it in the forced order.
    Retry,
    /// Roll an open transaction back, for the order is over.
    RollBack,
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
    StepOver(AfterStep),
    /// The script was gone through.
    ScriptOver,
    /// What comes before or after an order was sent.
    AroundOver,
    /// What comes before an order was refused.
    SetupFailed(Box<Breakage>),
    /// The session is gone.
    Lost {
        /// What the server, or the network, said last.
        message: String,
    },
}

/// How a client stands after a step of a forced order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterStep {
    /// It can take the next one.
    GoesOn,
    /// It can, and this one ended with an error.
    Failed,
    /// Its script has ended.
    Ended,
}

/// What the tasks of a case share.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    /// Where facts are noted.
    pub ledger: &'a Ledger<'a>,
    /// What everyone is doing.
    pub board: &'a Board,
    /// The migration that it runs around, if there is one.
    pub tide: Option<&'a Tide>,
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
    /// That the session went away while a hook used it.
    pub(super) lost: Option<LostSession>,
    /// How the script ended before its last step, once it did.
    ended: Option<ClientEnd>,
    /// The last error of a step in a forced order; the SQLSTATE.
    last_error: Option<String>,
    /// Whether the session is gone, as somebody said it would be.
    is_gone: bool,
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
    Lost(LostSession),
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
            lost: None,
            ended: None,
            last_error: None,
            is_gone: false,
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
            Permit::SetUp => return self.set_up().await,
            Permit::TearDown => return self.tear_down().await,
            Permit::Step {
                step,
                launch,
                error_is_expected,
            } => self.take_launched(step, launch, error_is_expected).await,
            Permit::Script => self.go_through_script().await,
            Permit::Retry => self.try_again().await,
            Permit::RollBack => {
                self.roll_back().await;
                Taken::Fine
            }
        };
        match (taken, permit) {
            (Taken::Lost(lost), _) => {
                self.ended = Some(ClientEnd::Lost);
                Announced::Lost {
                    message: lost.message,
                }
            }
            (taken, Permit::Step { .. }) => Announced::StepOver(self.after_step(&taken)),
            (
                _,
                Permit::Script
                | Permit::Retry
                | Permit::SetUp
                | Permit::TearDown
                | Permit::RollBack,
            ) => Announced::ScriptOver,
        }
    }

    async fn set_up(&mut self) -> Announced {
        let plan = self.plan;
        let speaker = self.speaker();
        let sent = speaker
            .send(&mut self.session, &plan.setup, SentBy::Setup)
            .await;
        self.note_what_was_said();
        match sent {
            Ok(()) => Announced::AroundOver,
            Err((number, error)) => {
                let of = format!("setup of client \"{}\"", plan.id);
                let path = format!("{}/setup/{number}", plan.path);
                Announced::SetupFailed(Box::new(setup_failed(&of, path, error)))
            }
        }
    }

    /// What fails here is noted, and no more.
    async fn tear_down(&mut self) -> Announced {
        let plan = self.plan;
        let speaker = self.speaker();
        for text in &plan.teardown {
            let one = std::slice::from_ref(text);
            // The error is in the log.
            let _ = speaker.send(&mut self.session, one, SentBy::Teardown).await;
            self.note_what_was_said();
        }
        Announced::AroundOver
    }

    fn speaker(&self) -> Speaker<'a> {
        Speaker {
            shared: self.shared,
            index: self.index,
            id: &self.plan.id,
        }
    }

    fn after_step(&self, taken: &Taken) -> AfterStep {
        match taken {
            _ if self.ended.is_some() => AfterStep::Ended,
            Taken::Fine => AfterStep::GoesOn,
            Taken::Error(_) | Taken::HookEnded | Taken::Lost { .. } => AfterStep::Failed,
        }
    }

    fn note_what_was_said(&mut self) {
        while let Ok(note) = self.notes.try_recv() {
            self.note_of_server(note);
        }
    }

    /// A step of a forced order. The script's own retry and iterations play no part here.
    async fn take_launched(&mut self, step: usize, launch: usize, expected: bool) -> Taken {
        let plan = self.plan;
        let step = &plan.steps[step];
        let for_tester = self.shared.case.database.preset == Some(Preset::Isolationtester);
        if for_tester && self.is_gone {
            return Taken::Lost(LostSession {
                code: String::new(),
                message: format!(
                    "step \"{}\" cannot be sent: no connection to the server",
                    step.name
                ),
            });
        }
        if self.ended.is_some() || self.shared.stop.requested() {
            self.leave_out(step, SkipCause::ScriptEnded, Some(launch));
            return Taken::Fine;
        }
        let taken = match self.take(step, 1, Some(launch)).await {
            // The server ended the session, as the order says, or as the whole outcome does.
            Taken::Lost(lost) if for_tester || self.is_expected(launch, &lost.code) => {
                self.is_gone = true;
                let code = lost.code;
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
                _ if self.retries(code) => {
                    self.ended = Some(ClientEnd::Stopped { code: code.clone() });
                }
                OnError::Stop => self.ended = Some(ClientEnd::Stopped { code: code.clone() }),
                OnError::Continue => {}
                OnError::Rollback => self.roll_back().await,
            },
            Taken::HookEnded => self.ended = Some(ClientEnd::HookFailed),
            Taken::Lost(_) => {}
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
        let mut iteration = 0;
        let taken = self
            .go_on_while(&mut iteration, |client, so_far| {
                so_far < client.plan.iterations
            })
            .await;
        let Some(tide) = self.shared.tide else {
            return taken;
        };
        tide.ready(self.index);
        if self.has_ended(&taken) {
            return taken;
        }
        let taken = self
            .go_on_while(&mut iteration, |_, _| !tide.has_turned())
            .await;
        if self.has_ended(&taken) {
            return taken;
        }
        let until = iteration + self.plan.iterations;
        self.go_on_while(&mut iteration, |_, so_far| so_far < until)
            .await
    }

    /// Pass after pass, while something says so and nothing ends the script.
    async fn go_on_while(
        &mut self,
        iteration: &mut u32,
        goes_on: impl Fn(&Self, u32) -> bool,
    ) -> Taken {
        while !self.shared.stop.requested() && goes_on(self, *iteration) {
            *iteration += 1;
            self.arguments.begin_pass();
            let taken = self.go_through_once(*iteration).await;
            if self.has_ended(&taken) {
                return taken;
            }
        }
        Taken::Fine
    }

    fn has_ended(&self, taken: &Taken) -> bool {
        self.ended.is_some() || matches!(taken, Taken::Lost(_))
    }

    /// The script again after the error that ended it in a forced order, if `retry` names that error. A script that is not
    /// tried again ends its transaction, so that nobody who is waits for it.
    async fn try_again(&mut self) -> Taken {
        let code = self.last_error.take();
        let Some(code) = code.filter(|code| self.may_retry(code)) else {
            self.roll_back().await;
            return Taken::Fine;
        };
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
        match self.client_hook(plan.before.as_ref(), iteration).await {
            Taken::Fine => {}
            ended => return ended,
        }
        for step in plan.steps.iter() {
            if self.shared.stop.requested() {
                return Taken::Fine;
            }
            let taken = self.take(step, iteration, None).await;
            match (&taken, plan.on_error) {
                (Taken::Fine, _) => {}
                (Taken::Error(code), OnError::Continue) if !self.retries(code) => {}
                (Taken::Error(code), OnError::Rollback) if !self.retries(code) => {
                    self.roll_back().await;
                }
                (Taken::Error(_) | Taken::HookEnded | Taken::Lost(_), _) => return taken,
            }
        }
        self.client_hook(plan.after.as_ref(), iteration).await
    }

    async fn client_hook(
        &mut self,
        hook: Option<&crate::schedule::HookPlan>,
        iteration: u32,
    ) -> Taken {
        let Some(hook) = hook else { return Taken::Fine };
        let context = HookContext {
            step: None,
            run: None,
            iteration,
            result: None,
            params: &[],
        };
        match self.hook(hook, context).await {
            HookVerdict::Finished(_) => Taken::Fine,
            HookVerdict::Ended => Taken::HookEnded,
            HookVerdict::Lost(lost) => Taken::Lost(lost),
        }
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
        note_of_server(self.shared, self.index, note);
    }
}

/// Notes what the server said on its own.
pub(super) fn note_of_server(shared: Shared<'_>, index: usize, note: SessionNote) {
    let kind = match note {
        SessionNote::Notice {
            client,
            severity,
            code,
            message,
            detail,
            hint,
            after_results,
        } => EventKind::Notice {
            client,
            severity,
            code,
            message,
            detail,
            hint,
            after_results,
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
    };
    shared.ledger.note(index, kind);
}
