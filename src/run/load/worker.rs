//! A worker: one thread with a runtime of its own, the users that act on it, and what they count together.

use super::{
    alarm::Alarm,
    arrivals::{Arrivals, Seat},
    clock::Clock,
    link::{Company, Dialer},
    mark::Mark,
    pool::Pool,
    processor,
    script::Traffic,
    tally::Tally,
    user::User,
};
use crate::{
    record::{
        Micros, ServerError,
        load::{Crowding, IntervalTally},
    },
    schedule::generate::Stream,
    script::Resolved,
    spec::workload::Connections,
};
use nix::time::{ClockId, clock_gettime};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{Semaphore, mpsc::UnboundedSender, watch},
    task::LocalSet,
};

/// Connections that a worker makes at the same time before the load begins: more would wait for each other on the server.
const DIALLING: usize = 16;

/// How often the wish to end is looked for on behalf of those who sleep.
const HEED_EVERY: Duration = Duration::from_millis(50);

/// What a worker is given.
pub(super) struct Assignment<D> {
    /// Which worker, from 0.
    pub(super) index: u32,
    /// How many there are.
    pub(super) of: u32,
    pub(super) traffic: Arc<Traffic>,
    /// One for each kind of session.
    pub(super) dialers: Vec<D>,
    /// How many transactions may still begin, where their number says when the load ends.
    pub(super) left: Arc<AtomicU64>,
    pub(super) halt: Arc<AtomicBool>,
    pub(super) reports: UnboundedSender<Report>,
    /// When the load begins, once that is known.
    pub(super) start: watch::Receiver<Option<Instant>>,
    /// The migration in its midst, if there is one.
    pub(super) mark: Option<Arc<Mark>>,
}

/// What a worker tells.
#[derive(Debug)]
pub(super) enum Report {
    /// Its users have their connections.
    Ready,
    /// A statement of `setup` was refused, on a session of this kind.
    SetupFailed {
        kind: usize,
        error: Box<ServerError>,
    },
    /// An interval is over.
    Interval(IntervalReport),
    /// A hook asked to skip the case.
    Skip(String),
    /// An error that ends the load.
    End { client: String, code: String },
    /// All its users have ended.
    Done(Box<WorkerReport>),
}

/// The counts of one interval.
#[derive(Debug)]
pub(super) struct IntervalReport {
    /// When it began; the same for all workers.
    pub(super) from: Instant,
    /// When it ended.
    pub(super) until: Instant,
    pub(super) clients: Vec<IntervalTally>,
    pub(super) crowding: Crowding,
}

/// The counts of the whole load.
#[derive(Debug)]
pub(super) struct WorkerReport {
    pub(super) tally: Tally,
    /// Processor time since the end of the warmup.
    pub(super) cpu: Duration,
    /// When the last measured transaction ended; where the load was ended from outside, up to when it was measured.
    pub(super) ended: Instant,
}

/// What the users of a worker share.
pub(super) struct Crew<D: Dialer> {
    pub(super) index: u32,
    pub(super) of: u32,
    pub(super) traffic: Arc<Traffic>,
    pub(super) dialers: Vec<D>,
    pub(super) pools: Vec<Pool<D::Link>>,
    pub(super) dialling: Semaphore,
    pub(super) alarm: Rc<Alarm>,
    pub(super) tally: RefCell<Tally>,
    /// What the calls of the hooks were resolved to, hook by hook.
    pub(super) resolved: RefCell<Vec<Resolved>>,
    pub(super) arrivals: RefCell<Option<Arrivals>>,
    pub(super) halt: Arc<AtomicBool>,
    pub(super) left: Arc<AtomicU64>,
    pub(super) reports: UnboundedSender<Report>,
    /// The migration in the midst of the load, if there is one.
    pub(super) mark: Option<Arc<Mark>>,
    /// When the last measured transaction ended.
    last_end: Cell<Instant>,
    /// When the interval that is under way began.
    cut: Cell<Instant>,
    /// When the stage that is under way began.
    pub(super) stage_from: Cell<Instant>,
    /// The end of the warmup, once that is known.
    measured_from: Cell<Option<Instant>>,
    /// Processor time before anything was measured.
    cpu_before: Cell<Duration>,
}

impl<D: Dialer> Crew<D> {
    /// Tells the case; nobody listens any more where it is over.
    pub(super) fn report(&self, report: Report) {
        let _ = self.reports.send(report);
    }

    /// Whether the interval that is under way belongs to the warmup.
    pub(super) fn is_warming_up(&self) -> bool {
        self.measured_from
            .get()
            .is_some_and(|from| self.cut.get() < from)
    }

    /// How long ago the warmup ended, at a moment.
    pub(super) fn since_warmup(&self, now: Instant) -> Option<Micros> {
        let from = self.measured_from.get()?;
        Some(now.saturating_duration_since(from).into())
    }

    /// A measured transaction ended.
    pub(super) fn ended(&self, at: Instant) {
        self.last_end.set(self.last_end.get().max(at));
    }

    /// Whether the load was ended from outside.
    pub(super) fn halted(&self) -> bool {
        self.halt.load(Ordering::Relaxed)
    }
}

/// How many workers a load has: one for each processor, and never more than there is work for. A small pool has one, so
/// that it is one pool.
pub(super) fn workers(traffic: &Traffic) -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let processors = u32::try_from(processors).unwrap_or(1);
    let most = match traffic.plan.connections {
        Connections::Pool(size) => (size / 16).max(1),
        Connections::PerUser | Connections::PerTransaction => u32::MAX,
    };
    processors.min(most).min(traffic.plan.users()).max(1)
}

/// Whom the connections of a worker wait with.
pub(super) fn company(traffic: &Traffic) -> Company {
    match traffic.plan.users() <= workers(traffic) {
        true => Company::Alone,
        false => Company::Others,
    }
}

/// Whether more users act than there are workers, none of whom ever pauses.
fn never_pauses(traffic: &Traffic) -> bool {
    let pauses = traffic.plan.is_open() || traffic.plan.think.is_some();
    company(traffic) == Company::Others && !pauses
}

/// The users of a worker act, from the first connection to the last answer.
pub(super) fn work<D: Dialer>(assignment: Assignment<D>) -> std::io::Result<()> {
    let is_local = assignment.dialers.iter().all(Dialer::is_local);
    if is_local && never_pauses(&assignment.traffic) {
        processor::keep_to(assignment.index, assignment.of);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, act(assignment))
}

async fn act<D: Dialer>(assignment: Assignment<D>) -> std::io::Result<()> {
    let Assignment {
        index,
        of,
        traffic,
        dialers,
        left,
        halt,
        reports,
        mut start,
        mark,
    } = assignment;
    let alarm = Alarm::new()?;
    let pools = match traffic.plan.connections {
        Connections::Pool(size) => {
            let own = (index..size).step_by(of as usize).count();
            dialers.iter().map(|_| Pool::new(own)).collect()
        }
        Connections::PerUser | Connections::PerTransaction => Vec::new(),
    };
    let crew = Rc::new(Crew {
        index,
        of,
        tally: RefCell::new(Tally::new(&traffic)),
        resolved: RefCell::new((0..traffic.hooks).map(|_| Resolved::default()).collect()),
        pools,
        dialling: Semaphore::new(DIALLING),
        alarm: Rc::clone(&alarm),
        arrivals: RefCell::default(),
        traffic,
        dialers,
        halt,
        left,
        reports,
        mark,
        last_end: Cell::new(Instant::now()),
        cut: Cell::new(Instant::now()),
        stage_from: Cell::new(Instant::now()),
        measured_from: Cell::default(),
        cpu_before: Cell::default(),
    });
    let ringing = tokio::task::spawn_local(async move { alarm.ring().await });
    let heeding = tokio::task::spawn_local(heed(Rc::clone(&crew)));
    let users = connected(&crew).await;
    crew.report(Report::Ready);
    let Ok(Some(start)) = start.wait_for(Option::is_some).await.map(|start| *start) else {
        return Ok(());
    };
    let clock = Clock::new(&crew.traffic.plan, start);
    if crew.traffic.plan.is_open() {
        let worker = index.to_string();
        let before = crew.traffic.plan.users_before.to_string();
        let place = ["load", "arrivals", &before, &worker];
        let random = Stream::of(crew.traffic.case.random_seed, &place).at(0);
        let spacing = crew.traffic.plan.arrivals;
        let arrivals = Arrivals::new(clock.clone(), spacing, random, Seat { index, of });
        *crew.arrivals.borrow_mut() = Some(arrivals);
    }
    crew.cut.set(start);
    crew.stage_from.set(start);
    crew.last_end.set(clock.measured_from);
    crew.measured_from.set(Some(clock.measured_from));
    crew.cpu_before.set(processor_time());
    let acting: Vec<_> = users
        .into_iter()
        .map(|user| tokio::task::spawn_local(user.act(clock.clone())))
        .collect();
    let ticking = tokio::task::spawn_local(tick(Rc::clone(&crew), clock.clone()));
    for user in acting {
        // A user that breaks breaks the worker, whose thread tells how.
        if let Err(error) = user.await
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
    ticking.abort();
    ringing.abort();
    heeding.abort();
    finish(&crew);
    Ok(())
}

/// The users of a worker, those who act from the start with their connections.
async fn connected<D: Dialer>(crew: &Rc<Crew<D>>) -> Vec<User<D>> {
    let plan = &crew.traffic.plan;
    let numbers = (crew.index..plan.users()).step_by(crew.of as usize);
    let mut users: Vec<User<D>> = numbers
        .map(|number| User::new(Rc::clone(crew), number))
        .collect();
    if plan.connections == Connections::PerUser {
        let first = plan.stages.first().map_or(0, |stage| stage.users);
        let early = users.iter_mut().filter(|user| user.number() < first);
        futures_util::future::join_all(early.map(User::connect_early)).await;
    }
    users
}

/// Wakes those who pause, or wait for their turn, once the load is ended from outside.
async fn heed<D: Dialer>(crew: Rc<Crew<D>>) {
    loop {
        // Not the runtime's own timer: with one of those pending, every wait for the network would set the system's timer.
        crew.alarm.after(HEED_EVERY).await;
        if crew.halted() {
            crew.alarm.wake_all();
        }
    }
}

/// Ends intervals on time.
async fn tick<D: Dialer>(crew: Rc<Crew<D>>, clock: Clock) {
    while let Some(end) = clock.interval_end(crew.cut.get()) {
        crew.alarm.until(end).await;
        crew.report_interval(end);
        if clock.begins_stage(end) {
            crew.stage_from.set(end);
        }
        if end <= clock.measured_from {
            crew.cpu_before.set(processor_time());
        }
    }
}

fn finish<D: Dialer>(crew: &Crew<D>) {
    let (last, cut) = (crew.last_end.get(), crew.cut.get());
    crew.report_interval(last.max(cut));
    let mut tally = std::mem::take(&mut *crew.tally.borrow_mut());
    if let Some(arrivals) = crew.arrivals.borrow_mut().as_mut()
        && !crew.halted()
    {
        tally.schedule.offered += arrivals.left();
    }
    crew.report(Report::Done(Box::new(WorkerReport {
        tally,
        cpu: processor_time().saturating_sub(crew.cpu_before.get()),
        // Who only paused after that, or waited for a transaction that nobody wanted any more, measured nothing.
        ended: if crew.halted() { last.max(cut) } else { last },
    })));
}

impl<D: Dialer> Crew<D> {
    /// Tells what the interval that ends now came to, and begins the next one.
    fn report_interval(&self, until: Instant) {
        let mut tally = self.tally.borrow_mut();
        let fresh = vec![IntervalTally::default(); tally.interval.len()];
        let clients = std::mem::replace(&mut tally.interval, fresh);
        let crowding = std::mem::take(&mut tally.crowding);
        let from = self.cut.replace(until);
        self.report(Report::Interval(IntervalReport {
            from,
            until,
            clients,
            crowding,
        }));
    }
}

/// Processor time of this thread.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}
