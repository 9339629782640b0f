//! One case, from its database to its last statement.

use super::{
    Advising, NobodyLooks, Observer, RunOptions,
    advice::Proven,
    around::{Control, Speaker},
    board::Board,
    client::{Client, Shared},
    coordinator::{Coordinator, Parties},
    ledger::{Entries, Ledger},
    migration::Beside,
    route::Route,
    session::{Canceller, Connected, Database, NotReady, Server, Session, SessionPlan},
    stop::{Interrupt, Stop, interrupted},
    tide::Tide,
};
use crate::{
    record::{
        Breakage, CaseEnd, CaseLog, ClientId, EventKind, LoadLog, MIGRATION, Micros, MigrationLog,
        PlanPoint, PlanSnapshot, ProbeReply, QueryRun, SchemaFacts,
    },
    schedule::{Case, ClientPlan},
};
use std::{
    cell::RefCell,
    rc::Rc,
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
    /// What was tried and helped.
    pub proven: Proven,
    /// What there was in the database at the end.
    pub schema: Option<SchemaFacts>,
    /// What the migration did, if there is one and it was begun.
    pub migration: Option<MigrationLog>,
}

/// Carries out a case on a server, to its end or until the run shall end.
pub async fn carry_out<S: Server>(
    case: &Arc<Case>,
    index: usize,
    server: &S,
    entries: Entries,
    observer: &dyn Observer,
    options: &RunOptions,
) -> Carried {
    let interrupt = options.interrupt.clone();
    let database = tokio::select! {
        database = server.database(case) => database,
        by = interrupted(interrupt.clone()) => return ended(CaseEnd::Broke(Box::new(interruption(&by)))),
    };
    let database = match database {
        Ok(database) => database,
        Err(NotReady::Skip { reason }) => return ended(CaseEnd::Skipped { reason }),
        Err(NotReady::Broke(breakage)) => return ended(CaseEnd::Broke(breakage)),
    };
    let ledger = Ledger::new(index, case.clients.len() + 2, entries, observer);
    let carried = Stage::new(
        case,
        &database,
        Some(server.facts().version_num),
        options.advising,
        &ledger,
    )
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

/// Plays one order of a case on a database, made up on the way if somebody does; tells what was noted. The database
/// stays, with all that the order left in it.
pub async fn play_order<D: Database>(
    case: &Arc<Case>,
    database: &D,
    route: Option<&dyn Route>,
    interrupt: Interrupt,
) -> CaseLog {
    let started_at = jiff::Zoned::now().timestamp().to_string();
    let began = Instant::now();
    let entries = Entries::default();
    let ledger = Ledger::new(0, case.clients.len() + 2, entries.clone(), &NobodyLooks);
    let stage = Stage {
        route,
        // Nobody looks at plans here.
        ..Stage::new(case, database, None, Advising::No, &ledger)
    };
    let carried = stage.play(interrupt).await;
    CaseLog {
        case: case.id.clone(),
        end: carried.end.unwrap_or(CaseEnd::Ran),
        events: entries.take(),
        queries: carried.queries,
        probes: carried.probes,
        plans: Vec::new(),
        advice: Vec::new(),
        rewrites: Vec::new(),
        sent: None,
        schema: None,
        load: None,
        exploration: None,
        serial: None,
        migration: None,
        started_at,
        duration: began.elapsed().into(),
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
    /// `server_version_num`; none where nobody looks at plans and schemas.
    pub(super) version_num: Option<u32>,
    /// Who makes up the order on the way, if anybody does.
    route: Option<&'a dyn Route>,
    pub(super) advising: Advising,
    pub(super) ledger: &'a Ledger<'a>,
    pub(super) board: Rc<Board>,
    pub(super) stop: Rc<Stop>,
    deadline: Instant,
    pub(super) cancellers: Rc<RefCell<Vec<<D::Session as Session>::Canceller>>>,
    pub(super) load: Rc<RefCell<Option<Box<LoadLog>>>>,
    pub(super) queries: Rc<RefCell<Vec<QueryRun>>>,
    pub(super) probes: Rc<RefCell<Vec<ProbeReply>>>,
    pub(super) plans: Rc<RefCell<Vec<PlanSnapshot>>>,
    pub(super) proven: Rc<RefCell<Proven>>,
    schema: Rc<RefCell<Option<SchemaFacts>>>,
    pub(super) migration: Rc<RefCell<Option<MigrationLog>>>,
}

/// A session that was taken from its pool.
struct Opened<S> {
    session: S,
    notes: UnboundedReceiver<super::SessionNote>,
    pool_wait: Micros,
}

impl<'a, D: Database> Stage<'a, D> {
    fn new(
        case: &'a Arc<Case>,
        database: &'a D,
        version_num: Option<u32>,
        advising: Advising,
        ledger: &'a Ledger<'a>,
    ) -> Self {
        let ids = case.clients.iter().map(|client| client.id.clone());
        // Behind the clients are the scenario's own session (hooks, queries, probes) and the one that migrates.
        let own = [ClientPlan::own_session().id, ClientId::single(MIGRATION)];
        Self {
            case,
            database,
            version_num,
            route: None,
            advising,
            ledger,
            board: Rc::new(Board::new(ids.chain(own))),
            stop: Rc::default(),
            deadline: Instant::now() + case.timeout,
            cancellers: Rc::default(),
            load: Rc::default(),
            queries: Rc::default(),
            probes: Rc::default(),
            plans: Rc::default(),
            proven: Rc::default(),
            schema: Rc::default(),
            migration: Rc::default(),
        }
    }

    /// The same stage with another database, a copy of its own.
    pub(super) fn on<'b>(&'b self, copy: &'b D) -> Stage<'b, D> {
        Stage {
            database: copy,
            route: None,
            ledger: self.ledger,
            case: self.case,
            version_num: self.version_num,
            advising: self.advising,
            board: Rc::clone(&self.board),
            stop: Rc::clone(&self.stop),
            deadline: self.deadline,
            cancellers: Rc::clone(&self.cancellers),
            load: Rc::clone(&self.load),
            queries: Rc::clone(&self.queries),
            probes: Rc::clone(&self.probes),
            plans: Rc::clone(&self.plans),
            proven: Rc::clone(&self.proven),
            schema: Rc::clone(&self.schema),
            migration: Rc::clone(&self.migration),
        }
    }

    /// The same stage, where what the clients do is noted elsewhere.
    pub(super) fn noted_in<'b>(&'b self, ledger: &'b Ledger<'b>) -> Stage<'b, D> {
        let ids = self.case.clients.iter().map(|client| client.id.clone());
        let own = [ClientPlan::own_session().id, ClientId::single(MIGRATION)];
        Stage {
            ledger,
            board: Rc::new(Board::new(ids.chain(own))),
            ..self.on(self.database)
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
            (Err(breakage), None) => CaseEnd::Broke(Box::new(self.database.cause(breakage).await)),
        };
        Carried {
            end: Some(end),
            load: self.load.take(),
            queries: self.queries.take(),
            probes: self.probes.take(),
            plans: self.plans.take(),
            proven: self.proven.take(),
            schema: self.schema.take(),
            migration: self.migration.take(),
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
            // The users of a load are not on the board.
            detail: match self.case.load {
                Some(_) => None,
                None => Some(self.board.describe(self.ledger.now())),
            },
            hint: Some(match self.case.load {
                Some(_) => {
                    "see which step takes so long, give it a statement_timeout, or raise \"timeout\""
                        .to_owned()
                }
                None => {
                    "check the order for a step that waits for a later one, or raise \"timeout\""
                        .to_owned()
                }
            }),
            ..Breakage::default()
        }
    }

    async fn act(&self) -> Result<(), Breakage> {
        match &self.case.migration {
            Some(plan) => self.act_around(plan).await?,
            None => self.act_alone().await?,
        }
        self.try_observed().await
    }

    async fn act_alone(&self) -> Result<(), Breakage> {
        self.capture_plans(PlanPoint::Before).await?;
        self.watch_queries(PlanPoint::Before).await?;
        self.own_hook(self.case.before.as_ref()).await?;
        if !self.case.clients.is_empty() && !self.stop.requested() {
            match &self.case.load {
                Some(plan) => self.flow(self.case, plan, None).await?,
                None => self.let_clients_act().await?,
            }
        }
        if self.stop.requested() {
            return Ok(());
        }
        self.own_hook(self.case.after.as_ref()).await?;
        self.ask_probes().await?;
        self.look_at_the_schema().await
    }

    /// What there is in the database at the end, where an expectation asks for it.
    pub(super) async fn look_at_the_schema(&self) -> Result<(), Breakage> {
        if self.version_num.is_some() && self.case.looks_at_the_schema() {
            *self.schema.borrow_mut() = Some(self.database.schema().await?);
        }
        Ok(())
    }

    /// Takes a session and notes that its client has it.
    pub(super) async fn connect(
        &self,
        client: &ClientId,
        settings: Vec<(String, String)>,
    ) -> Result<(D::Session, UnboundedReceiver<super::SessionNote>), Breakage> {
        let opened = self.open(client, None, settings).await?;
        let index = self.case.clients.iter().position(|plan| plan.id == *client);
        self.note_connected(index.unwrap_or(self.case.clients.len()), &opened);
        Ok((opened.session, opened.notes))
    }

    async fn open(
        &self,
        client: &ClientId,
        printed_as: Option<String>,
        settings: Vec<(String, String)>,
    ) -> Result<Opened<D::Session>, Breakage> {
        let (notes, received) = unbounded_channel();
        let plan = SessionPlan {
            client: client.clone(),
            printed_as,
            settings,
            notes,
        };
        let Connected { session, pool_wait } = self.database.connect(&plan).await?;
        Ok(Opened {
            session,
            notes: received,
            pool_wait,
        })
    }

    fn note_connected(&self, index: usize, opened: &Opened<D::Session>) {
        let session = &opened.session;
        self.cancellers.borrow_mut().push(session.canceller());
        self.board.connected(index, session.pid());
        if let Some(plan) = self.case.clients.get(index) {
            let event = EventKind::Connected {
                client: plan.id.clone(),
                pid: session.pid(),
                pool_wait: opened.pool_wait,
            };
            self.ledger.note(index, event);
        }
    }

    /// A session of the scenario itself on a copy of its database.
    pub(super) async fn connect_to(
        &self,
        copy: &D,
    ) -> Result<(D::Session, UnboundedReceiver<super::SessionNote>), Breakage> {
        let (notes, received) = unbounded_channel();
        let plan = SessionPlan {
            client: ClientPlan::own_session().id,
            printed_as: None,
            settings: Vec::new(),
            notes,
        };
        let Connected { session, .. } = copy.connect(&plan).await?;
        self.cancellers.borrow_mut().push(session.canceller());
        Ok((session, received))
    }

    /// A client's session, with the settings of its plan.
    pub(super) async fn connect_as(
        &self,
        plan: &ClientPlan,
    ) -> Result<(D::Session, UnboundedReceiver<super::SessionNote>), Breakage> {
        self.connect(&plan.id, session_settings(plan)).await
    }

    pub(super) fn shared(&self) -> Shared<'_> {
        Shared {
            ledger: self.ledger,
            tide: None,
            board: &self.board,
            stop: &self.stop,
            case: self.case,
            deadline: self.deadline,
        }
    }

    // ---- clients ----

    pub(super) async fn let_clients_act(&self) -> Result<(), Breakage> {
        let case = self.case;
        let tide = Tide::default();
        let control = async {
            match case.control.is_empty() && case.rounds.is_empty() {
                true => Ok(None),
                false => self.control_session().await.map(Some),
            }
        };
        let clients = case
            .clients
            .iter()
            .map(|plan| self.open(&plan.id, plan.printed_as.clone(), session_settings(plan)));
        let clients = futures_util::future::try_join_all(clients);
        let (watch, control, sessions) =
            futures_util::future::try_join3(self.database.watch(), control, clients).await?;
        let (announce, announcements) = unbounded_channel();
        let mut parties = Parties {
            permits: Vec::new(),
            announcements,
            cancellers: Vec::new(),
        };
        let mut serving = Vec::new();
        let shared = Shared {
            tide: case.migration.is_some().then_some(&tide),
            ..self.shared()
        };
        for (index, (opened, plan)) in sessions.into_iter().zip(&case.clients).enumerate() {
            self.note_connected(index, &opened);
            let (permit, permitted) = unbounded_channel();
            parties.permits.push(permit);
            parties.cancellers.push(opened.session.canceller());
            // Who works on one side of a migration only is no traffic beside it.
            if case.migration.is_some() && !plan.is_traffic() {
                continue;
            }
            let Opened { session, notes, .. } = opened;
            let client = Client::new(index, plan, session, notes, shared);
            serving.push(client.serve(permitted, announce.clone()));
        }
        drop(announce);
        let serving_clients = serving.len();
        let migrate = async {
            let Some(plan) = &case.migration else {
                return Ok(());
            };
            tide.all_ready(serving_clients).await;
            let migrated = self.migrate_beside(&plan.up, Beside::Noted).await;
            tide.turn();
            migrated
        };
        let coordinator =
            Coordinator::new(case, self.shared(), parties, control, watch).along(self.route);
        let clients = futures_util::future::join_all(serving);
        let (coordinated, _, migrated) =
            futures_util::future::join3(coordinator.coordinate(), clients, migrate).await;
        coordinated.and(migrated)
    }

    /// The session of what is done around each order; nobody hears what the server says to it.
    async fn control_session(&self) -> Result<Control<'_, D::Session>, Breakage> {
        let printed = Some("control connection".to_owned());
        let opened = self.open(&CONTROL, printed, Vec::new()).await?;
        self.cancellers
            .borrow_mut()
            .push(opened.session.canceller());
        Ok(Control {
            session: opened.session,
            speaker: Speaker {
                shared: self.shared(),
                index: self.case.clients.len(),
                id: &CONTROL,
            },
        })
    }
}

/// Who does what is done around each order: the scenario itself.
static CONTROL: std::sync::LazyLock<ClientId> =
    std::sync::LazyLock::new(|| ClientPlan::own_session().id);

pub(super) fn session_settings(plan: &ClientPlan) -> Vec<(String, String)> {
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
