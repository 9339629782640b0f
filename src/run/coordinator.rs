//! The coordinator: gives permits, watches the locks, and says what is done around each order.
//!
//! Orders that share their sessions come one after the other; a case with one order, or with clients that run freely,
//! is the same with one of them. How an order is forced: [`force`].

mod follow;
mod force;
mod looks;

use super::{
    around::Control,
    board::Line,
    client::{AfterStep, Announced, Announcement, Permit, Shared},
    ledger::Holds,
    load::alarm::Alarm,
    route::Route,
    session::{Blocked, LockWatch, Session},
};
use crate::{
    record::{Breakage, EventKind, Micros},
    schedule::{Case, ClientPlan, Round},
};
use std::{rc::Rc, time::Duration};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    time::{Instant, sleep_until},
};

/// How long a message must be out before its session's locks are looked at when no order is forced:
/// looking costs the server something, and short waits are not worth disturbing what is measured.
const WORTH_A_LOOK: Duration = Duration::from_millis(2);

/// What the runtime's own clock can tell apart.
const TICK: Duration = Duration::from_millis(1);

/// The one who decides who takes the next step.
pub struct Coordinator<'a, S: Session, W> {
    case: &'a Case,
    shared: Shared<'a>,
    permits: Vec<UnboundedSender<Permit>>,
    announcements: UnboundedReceiver<Announcement>,
    cancellers: Vec<S::Canceller>,
    control: Option<Control<'a, S>>,
    watch: W,
    /// Who makes up an order on the way, if anybody does.
    route: Option<&'a dyn Route>,
    /// Clients that used up a permit and have not got another one.
    idle: Vec<bool>,
    /// The entry of the order that each client has launched and that is not reported as over.
    active: Vec<Option<usize>>,
    /// How many notices of each client were reported.
    notices: Vec<u32>,
    /// How each client stood after its last step.
    after: Vec<AfterStep>,
    /// What the last look saw.
    blocked: Vec<Blocked>,
    /// Rings after spans that the runtime's clock cannot tell apart; none where the system has no timer left.
    alarm: Option<Rc<Alarm>>,
    lost: Option<Breakage>,
}

/// Whom a coordinator has to do with.
pub(super) struct Parties<S: Session> {
    /// Where each client gets its permits.
    pub(super) permits: Vec<UnboundedSender<Permit>>,
    /// What they all say.
    pub(super) announcements: UnboundedReceiver<Announcement>,
    /// Who cancels what each client does.
    pub(super) cancellers: Vec<S::Canceller>,
}

impl<'a, S: Session, W: LockWatch> Coordinator<'a, S, W> {
    /// A coordinator of clients that wait for their first permits.
    pub(super) fn new(
        case: &'a Case,
        shared: Shared<'a>,
        parties: Parties<S>,
        control: Option<Control<'a, S>>,
        watch: W,
    ) -> Self {
        let clients = parties.permits.len();
        Self {
            case,
            shared,
            permits: parties.permits,
            announcements: parties.announcements,
            cancellers: parties.cancellers,
            control,
            watch,
            route: None,
            idle: vec![true; clients],
            active: vec![None; clients],
            notices: vec![0; clients],
            after: vec![AfterStep::GoesOn; clients],
            blocked: Vec::new(),
            alarm: Alarm::new().ok(),
            lost: None,
        }
    }

    /// Lets somebody make up the order on the way.
    pub(super) fn along(self, route: Option<&'a dyn Route>) -> Self {
        Self { route, ..self }
    }

    /// Has the clients act: in the order that is made up, in the forced ones, or freely side by side.
    ///
    /// # Errors
    ///
    /// A setup was refused, the watching session broke, a client lost its session, or an order cannot end.
    pub async fn coordinate(mut self) -> Result<(), Breakage> {
        match (self.route, &self.case.order, self.case.rounds.as_slice()) {
            (Some(route), ..) => {
                self.set_up().await?;
                self.follow(route).await?;
                self.tear_down().await;
            }
            (None, None, _) => {
                self.set_up().await?;
                self.let_run(Permit::Script, |_| true).await?;
                self.tear_down().await;
            }
            (None, Some(order), []) => self.act(0..order.len()).await?,
            (None, Some(_), rounds) => {
                for (number, round) in rounds.iter().enumerate() {
                    self.begin(number, round);
                    self.act(round.launches.clone()).await?;
                    if self.shall_end() {
                        break;
                    }
                }
            }
        }
        self.lost.map_or(Ok(()), Err)
    }

    fn begin(&mut self, number: usize, round: &Round) {
        let event = EventKind::OrderBegan {
            order: u32::try_from(number).unwrap_or(u32::MAX),
            name: round.name.clone(),
        };
        self.shared.ledger.enter(self.shared.ledger.now(), event);
    }

    /// One order, with what is done around it.
    async fn act(&mut self, launches: std::ops::Range<usize>) -> Result<(), Breakage> {
        self.set_up().await?;
        self.shared.ledger.hold(Holds::UntilReported);
        self.force(launches).await?;
        if self.shall_end() {
            self.shared.ledger.hold(Holds::Nothing);
            return Ok(());
        }
        if self
            .case
            .clients
            .iter()
            .any(|client| client.retry.is_some())
        {
            self.shared.ledger.hold(Holds::Nothing);
            // Those whose transaction the order leaves open end it, so that nobody who is tried again waits for it.
            self.let_run(Permit::RollBack, |client| client.retry.is_none())
                .await?;
            self.let_run(Permit::Retry, |client| client.retry.is_some())
                .await?;
        }
        self.tear_down().await;
        if self.case.rounds.is_empty() {
            self.shared.ledger.hold(Holds::Nothing);
        }
        Ok(())
    }

    /// The scenario's setup, then that of each client, one after the other.
    async fn set_up(&mut self) -> Result<(), Breakage> {
        if let Some(control) = &mut self.control {
            control.set_up(&self.case.control.setup).await?;
        }
        for client in 0..self.permits.len() {
            if !self.case.clients[client].setup.is_empty() && !self.shall_end() {
                self.around(client, Permit::SetUp).await;
            }
        }
        match &self.lost {
            Some(breakage) if breakage.code == "setup" => Err(breakage.clone()),
            Some(_) | None => Ok(()),
        }
    }

    /// The teardown of each client, then that of the scenario.
    async fn tear_down(&mut self) {
        for client in 0..self.permits.len() {
            if !self.case.clients[client].teardown.is_empty() && !self.shall_end() {
                self.around(client, Permit::TearDown).await;
            }
        }
        if self.shall_end() {
            return;
        }
        if let Some(control) = &mut self.control {
            control.tear_down(&self.case.control.teardown).await;
        }
    }

    /// Waits for what a client does outside of the order, and reports it.
    async fn around(&mut self, client: usize, permit: Permit) {
        self.permit(client, permit);
        while !self.idle[client] {
            match self.announcements.recv().await {
                Some(announcement) => self.take_note(announcement),
                None => break,
            }
        }
        self.notices[client] += self.shared.ledger.report(client);
    }

    fn shall_end(&self) -> bool {
        self.shared.stop.requested() || self.lost.is_some()
    }

    // ---- clients that run freely ----

    async fn let_run(
        &mut self,
        permit: Permit,
        whom: impl Fn(&ClientPlan) -> bool,
    ) -> Result<(), Breakage> {
        for client in 0..self.permits.len() {
            if whom(&self.case.clients[client]) {
                self.permit(client, permit);
            }
        }
        let mut pause = WORTH_A_LOOK;
        while self.idle.contains(&false) {
            if !self.hear_until(Instant::now() + pause).await {
                continue;
            }
            let now = self.shared.ledger.now();
            let asking: Vec<usize> = self
                .shared
                .board
                .asking()
                .into_iter()
                .filter(|(_, line)| is_worth_a_look(line, now))
                .map(|(client, _)| client)
                .collect();
            if asking.is_empty() {
                pause = WORTH_A_LOOK;
                continue;
            }
            let any = self.look(&asking).await?;
            if any {
                self.enter_waits(&asking).await?;
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        Ok(())
    }

    // ---- permits and announcements ----

    fn permit(&mut self, client: usize, permit: Permit) {
        // A client whose session is gone takes no permit; that it is gone has been heard.
        self.idle[client] = self.permits[client].send(permit).is_err();
    }

    /// Hears what has been announced by now.
    fn hear_what_came(&mut self) {
        while let Ok(announcement) = self.announcements.try_recv() {
            self.take_note(announcement);
        }
    }

    fn take_note(&mut self, announcement: Announcement) {
        let Announcement { client, what } = announcement;
        self.idle[client] = true;
        match what {
            Announced::StepOver(after) => self.after[client] = after,
            Announced::ScriptOver | Announced::AroundOver => {}
            Announced::SetupFailed(breakage) => {
                self.lost.get_or_insert(*breakage);
            }
            Announced::Lost { message } => {
                let id = &self.case.clients[client].id;
                self.lost.get_or_insert_with(|| Breakage {
                    code: "session-lost".to_owned(),
                    message: format!("client \"{id}\" lost its session: {message}"),
                    path: Some(self.case.clients[client].path.clone()),
                    ..Breakage::default()
                });
                self.shared.stop.request();
            }
        }
    }

    /// Hears announcements for so long; `true` if nothing was announced. Exact to some microseconds.
    async fn hear_for(&mut self, span: Duration) -> bool {
        let Some(alarm) = self.alarm.clone().filter(|_| span < TICK) else {
            return self.hear_until(Instant::now() + span).await;
        };
        tokio::select! {
            biased;
            Some(announcement) = self.announcements.recv() => {
                self.take_note(announcement);
                false
            }
            () = alarm.after(span) => true,
            () = alarm.ring() => true,
        }
    }

    /// Hears announcements up to a moment; `true` if the moment came before any announcement.
    async fn hear_until(&mut self, moment: Instant) -> bool {
        tokio::select! {
            biased;
            Some(announcement) = self.announcements.recv() => {
                self.take_note(announcement);
                false
            }
            () = sleep_until(moment) => true,
        }
    }
}

fn is_worth_a_look(line: &Line, now: Micros) -> bool {
    line.asking
        .is_some_and(|asking| now.since(asking.since).duration() >= WORTH_A_LOOK)
}
