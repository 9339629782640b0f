//! One case, from its database to its last statement.

use super::{
    Observer,
    board::Board,
    client::{Client, Shared},
    coordinator::Coordinator,
    ledger::{Entries, Ledger},
    session::{Canceller, Connected, Database, Message, NotReady, Server, Session, SessionPlan},
    step::ROWS_FOR_SHOW,
    stop::{Interrupt, Stop, interrupted},
};
use crate::{
    record::{
        Breakage, CaseEnd, ClientId, EventKind, LoadLog, PlanPoint, PlanSnapshot, ProbeReply,
        QueryRun, SentBy,
    },
    schedule::{Case, ClientPlan, StatementForm},
};
use std::{
    cell::RefCell,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long sessions get to answer a cancel request before the case is given up with them.
const GRACE: Duration = Duration::from_secs(5);

/// What a case left besides its events.
#[derive(Debug, Default)]
pub struct Carried {
    /// How it ended; none while it has not.
    pub end: Option<CaseEnd>,
    /// What the load came to, where the case is one.
    pub load: Option<Box<LoadLog>>,
    /// What the watched queries did.
    pub queries: Vec<QueryRun>,
    /// The answers to the statements of `expect`.
    pub probes: Vec<ProbeReply>,
    /// The plans of the watched queries.
    pub plans: Vec<PlanSnapshot>,
}

/// Carries out a case on a server, to its end or until the run shall end.
pub async fn carry_out<S: Server>(
    case: &Arc<Case>,
    index: usize,
    server: &S,
    entries: Entries,
    observer: &dyn Observer,
    interrupt: Interrupt,
) -> Carried {
    let database = tokio::select! {
        database = server.database(case) => database,
        by = interrupted(interrupt.clone()) => return ended(CaseEnd::Broke(Box::new(interruption(&by)))),
    };
    let database = match database {
        Ok(database) => database,
        Err(NotReady::Skip { reason }) => return ended(CaseEnd::Skipped { reason }),
        Err(NotReady::Broke(breakage)) => return ended(CaseEnd::Broke(breakage)),
    };
    let ledger = Ledger::new(index, case.clients.len() + 1, entries, observer);
    let carried = Stage::new(case, &database, server.facts().version_num, &ledger)
        .play(interrupt)
        .await;
    match (database.close().await, &carried.end) {
        (Err(breakage), Some(CaseEnd::Ran)) => Carried {
            end: Some(CaseEnd::Broke(Box::new(breakage))),
            ..carried
        },
        _ => carried,
    }
}

fn ended(end: CaseEnd) -> Carried {
    Carried {
        end: Some(end),
        ..Carried::default()
    }
}

fn interruption(by: &str) -> Breakage {
    Breakage {
        code: "interrupted".to_owned(),
        message: format!("the run was ended by {by}"),
        ..Breakage::default()
    }
}

/// A case that has its database.
pub(super) struct Stage<'a, D: Database> {
    pub(super) case: &'a Arc<Case>,
    pub(super) database: &'a D,
    pub(super) version_num: u32,
    pub(super) ledger: &'a Ledger<'a>,
    board: Board,
    pub(super) stop: Stop,
    deadline: Instant,
    cancellers: RefCell<Vec<<D::Session as Session>::Canceller>>,
    pub(super) load: RefCell<Option<Box<LoadLog>>>,
    pub(super) queries: RefCell<Vec<QueryRun>>,
    pub(super) probes: RefCell<Vec<ProbeReply>>,
    pub(super) plans: RefCell<Vec<PlanSnapshot>>,
}

impl<'a, D: Database> Stage<'a, D> {
    fn new(case: &'a Arc<Case>, database: &'a D, version_num: u32, ledger: &'a Ledger<'a>) -> Self {
        let ids = case.clients.iter().map(|client| client.id.clone());
        Self {
            case,
            database,
            version_num,
            ledger,
            // The last line is the scenario's own session: hooks, queries, probes.
            board: Board::new(ids.chain([ClientId::single("pgauge")])),
            stop: Stop::default(),
            deadline: Instant::now() + case.timeout,
            cancellers: RefCell::default(),
            load: RefCell::default(),
            queries: RefCell::default(),
            probes: RefCell::default(),
            plans: RefCell::default(),
        }
    }

    /// Acts until the end, the limit, or the wish of the run to end.
    async fn play(self, interrupt: Interrupt) -> Carried {
        let deadline = tokio::time::Instant::from_std(self.deadline);
        let acts = self.act();
        tokio::pin!(acts);
        let end = tokio::select! {
            end = &mut acts => end,
            () = tokio::time::sleep_until(deadline) => {
                let breakage = self.timed_out();
                self.end_early(&mut acts).await;
                Err(breakage)
            }
            by = interrupted(interrupt) => {
                self.end_early(&mut acts).await;
                Err(interruption(&by))
            }
        };
        let end = match (end, self.stop.skipped()) {
            (_, Some(reason)) => CaseEnd::Skipped { reason },
            (Ok(()), None) => CaseEnd::Ran,
            (Err(breakage), None) => CaseEnd::Broke(Box::new(breakage)),
        };
        Carried {
            end: Some(end),
            load: self.load.take(),
            queries: self.queries.take(),
            probes: self.probes.take(),
            plans: self.plans.take(),
        }
    }

    /// Cancels what runs and lets the tasks note how it ended, for a while.
    async fn end_early(
        &self,
        acts: &mut std::pin::Pin<&mut impl Future<Output = Result<(), Breakage>>>,
    ) {
        self.stop.request();
        for (client, line) in self.board.asking() {
            if let Some(asking) = line.asking {
                let after = self.ledger.now().since(asking.since);
                let event = EventKind::Cancelled {
                    run: asking.run,
                    client: line.client,
                    after,
                };
                self.ledger.note(client, event);
            }
        }
        let cancellers = self.cancellers.borrow().clone();
        let cancel = async {
            futures_util::future::join_all(cancellers.iter().map(Canceller::cancel)).await;
            // How the tasks end is in their events.
            let _ = acts.await;
        };
        // Who does not answer within the grace is left to the closing of the connections.
        let _ = tokio::time::timeout(GRACE, cancel).await;
        self.ledger.hold(super::ledger::Holds::Nothing);
    }

    fn timed_out(&self) -> Breakage {
        let limit = crate::text::format_duration(self.case.timeout);
        Breakage {
            code: "timeout".to_owned(),
            message: format!("the case did not end within {limit}"),
            detail: Some(self.board.describe(self.ledger.now())),
            hint: Some(
                "check the order for a step that waits for a later one, or raise \"timeout\""
                    .to_owned(),
            ),
            ..Breakage::default()
        }
    }

    async fn act(&self) -> Result<(), Breakage> {
        self.capture_plans(PlanPoint::Before).await?;
        self.watch_queries().await?;
        self.own_hook(self.case.before.as_ref()).await?;
        if !self.case.clients.is_empty() && !self.stop.requested() {
            match &self.case.load {
                Some(plan) => self.flow(self.case, plan).await?,
                None => self.let_clients_act().await?,
            }
        }
        if self.stop.requested() {
            return Ok(());
        }
        self.own_hook(self.case.after.as_ref()).await?;
        self.ask_probes().await
    }

    pub(super) async fn connect(
        &self,
        client: &ClientId,
        settings: Vec<(String, String)>,
    ) -> Result<(D::Session, UnboundedReceiver<super::SessionNote>), Breakage> {
        let (notes, received) = unbounded_channel();
        let plan = SessionPlan {
            client: client.clone(),
            settings,
            notes,
        };
        let Connected { session, pool_wait } = self.database.connect(&plan).await?;
        self.cancellers.borrow_mut().push(session.canceller());
        let index = self.case.clients.iter().position(|plan| plan.id == *client);
        let index = index.unwrap_or(self.case.clients.len());
        self.board.connected(index, session.pid());
        if index < self.case.clients.len() {
            let pid = session.pid();
            self.ledger.note(
                index,
                EventKind::Connected {
                    client: client.clone(),
                    pid,
                    pool_wait,
                },
            );
        }
        Ok((session, received))
    }

    /// A session of the scenario itself on a copy of its database.
    pub(super) async fn connect_to(
        &self,
        copy: &D,
    ) -> Result<(D::Session, UnboundedReceiver<super::SessionNote>), Breakage> {
        let (notes, received) = unbounded_channel();
        let plan = SessionPlan {
            client: ClientPlan::own_session().id,
            settings: Vec::new(),
            notes,
        };
        let Connected { session, .. } = copy.connect(&plan).await?;
        self.cancellers.borrow_mut().push(session.canceller());
        Ok((session, received))
    }

    pub(super) fn shared(&self) -> Shared<'_> {
        Shared {
            ledger: self.ledger,
            board: &self.board,
            stop: &self.stop,
            case: self.case,
            deadline: self.deadline,
        }
    }

    // ---- clients ----

    async fn let_clients_act(&self) -> Result<(), Breakage> {
        let watch = self.database.watch().await?;
        let (announce, announcements) = unbounded_channel();
        let mut permits = Vec::new();
        let mut serving = Vec::new();
        for (index, plan) in self.case.clients.iter().enumerate() {
            let (mut session, notes) = self.connect(&plan.id, session_settings(plan)).await?;
            self.set_up(index, plan, &mut session).await?;
            let (permit, permitted) = unbounded_channel();
            permits.push(permit);
            let client = Client::new(index, plan, session, notes, self.shared());
            serving.push(client.serve(permitted, announce.clone()));
        }
        drop(announce);
        let coordinator = Coordinator::new(self.case, self.shared(), permits, announcements, watch);
        let clients = futures_util::future::join_all(serving);
        let (coordinated, _) = futures_util::future::join(coordinator.coordinate(), clients).await;
        coordinated
    }

    /// Sends `setup` of a client; an error in it breaks the case, since nothing after it would mean
    /// what the author wrote.
    async fn set_up(
        &self,
        index: usize,
        plan: &ClientPlan,
        session: &mut D::Session,
    ) -> Result<(), Breakage> {
        for (number, sql) in plan.setup.iter().enumerate() {
            let statement = self.ledger.next_statement();
            let client = || plan.id.clone();
            self.ledger.note(
                index,
                EventKind::Sent {
                    statement,
                    run: None,
                    client: client(),
                    sql: sql.clone(),
                    params: Vec::new(),
                    by: SentBy::Setup,
                },
            );
            let message = Message {
                sql,
                params: &[],
                form: StatementForm::Batch,
                keep_rows: ROWS_FOR_SHOW,
            };
            let (reply, timing) = session.execute(message).await;
            let error = reply.error.clone();
            self.ledger.note(
                index,
                EventKind::Replied {
                    statement,
                    client: client(),
                    reply,
                    timing,
                },
            );
            if let Some(error) = error {
                return Err(Breakage {
                    code: "setup".to_owned(),
                    message: format!("setup of client \"{}\" failed: {}", plan.id, error.message),
                    path: Some(format!("{}/setup/{number}", plan.path)),
                    error: Some(error),
                    ..Breakage::default()
                });
            }
        }
        Ok(())
    }
}

fn session_settings(plan: &ClientPlan) -> Vec<(String, String)> {
    let isolation = plan.isolation.map(|level| {
        (
            "default_transaction_isolation".to_owned(),
            level.as_sql().to_owned(),
        )
    });
    let settings = plan
        .settings
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()));
    settings.chain(isolation).collect()
}
