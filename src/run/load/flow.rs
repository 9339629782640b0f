//! The whole of a load, seen from its case: workers are started and heard, the server is looked at, the counts are added up.

use super::{
    clock::Clock,
    link::{Dialer, LoadWatch, Look},
    mark::Mark,
    planning,
    script::Traffic,
    tally::Tally,
    worker::{Assignment, IntervalReport, Report, WorkerReport, company, work, workers},
};
use crate::{
    record::{
        Breakage, ClientId, LoadLog, Micros, ServerError,
        load::{Crowding, Interval, IntervalTally, LoadEnd, StageLooks},
    },
    run::{Observer, carry_out::Stage, session::Database, stop::Stop},
    schedule::{Case, LoadPlan},
    text::panic_message,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::{
    mpsc::{UnboundedReceiver, unbounded_channel},
    oneshot, watch,
};

/// How often the sessions are looked at: often enough to see where they wait, seldom enough not to be in their way.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often the wish to end is looked for.
const HEED_EVERY: Duration = Duration::from_millis(50);

/// The stack of a worker: hooks that run in place need what rhai's deepest recursion needs.
const WORKER_STACK: usize = 8 << 20;

/// From the word to the beginning, so that all workers have heard it.
const RUN_UP: Duration = Duration::from_millis(5);

/// How far a load is, for those who look on.
#[derive(Debug, Clone, Copy)]
pub struct LoadProgress<'a> {
    /// The interval that is over.
    pub interval: &'a Interval,
    /// The scripts, in the order of its tallies.
    pub clients: &'a [String],
    /// Whether it belongs to the warmup.
    pub warmup: bool,
    /// Since the first transaction.
    pub elapsed: Duration,
    /// How long the load goes on in all, if that is known.
    pub of: Option<Duration>,
}

/// A migration in the midst of a load.
pub(in crate::run) struct Midst {
    /// Is told from when on transactions are measured, as soon as that is known.
    pub(in crate::run) measured: oneshot::Sender<Measured>,
    /// When it begins and when it is over.
    pub(in crate::run) mark: Arc<Mark>,
}

/// What is measured of a load.
pub(in crate::run) struct Measured {
    /// From when on.
    pub(in crate::run) from: Instant,
    /// How many transactions may still begin, where their number says when it ends.
    pub(in crate::run) left: Arc<AtomicU64>,
}

impl<D: Database> Stage<'_, D> {
    /// Lets the traffic flow, with a migration in its midst or not. What was counted is kept, however it ends.
    pub(in crate::run) async fn flow(
        &self,
        case: &Arc<Case>,
        plan: &LoadPlan,
        midst: Option<Midst>,
    ) -> Result<(), Breakage> {
        let traffic = Arc::new(Traffic::of(case, plan));
        let kinds = traffic.kinds.iter();
        let clients: Vec<&ClientId> = kinds.clone().map(|kind| &kind.client).collect();
        let mut watch = self.database.load_watch(&clients).await?;
        let dialers: Vec<D::Dialer> = kinds
            .map(|kind| {
                let settings = kind.settings.clone();
                let company = company(&traffic);
                self.database
                    .dialer(&kind.client, settings, plan.protocol, company)
            })
            .collect();
        let (measured, mark) = match midst {
            Some(midst) => (Some(midst.measured), Some(midst.mark)),
            None => (None, None),
        };
        let left = Arc::new(AtomicU64::new(plan.transactions.unwrap_or(0)));
        let started = self.start(&traffic, &dialers, &left, mark.as_ref());
        let (crew, mut heard) = started.map_err(|broken| *broken)?;
        let mut flow = Flow::new(&traffic, crew, self.ledger.observer(), self.ledger.case());
        flow.measured = measured.map(|measured| (measured, left));
        let flowed = flow.go(&mut watch, &mut heard, &self.stop).await;
        if flowed.is_err() && !flow.is_cut_short() {
            flow.end = LoadEnd::CutShort;
        }
        // Before their sessions are ended, so that what users meet then is not counted, and not begun again.
        flow.crew.halt.store(true, Ordering::Relaxed);
        if flow.is_cut_short() {
            watch.end_sessions().await;
        }
        let last = flow.hear_the_rest(&mut heard).await;
        let broken = flow.crew.join();
        let mut log = flow.log();
        if mark.is_none() {
            log.phases.clear();
        }
        // Only now that the workers have closed their connections will the server have counted everything.
        let watched = watch.end().await.map(|server| log.server = Some(server));
        let counted = log.server.iter().flat_map(|server| &server.statements);
        let untold = !counted.clone().any(|one| one.plan.0 > 0);
        if untold && !flow.is_cut_short() {
            planning::tell(&traffic, &dialers, &mut log).await;
        }
        *self.load.borrow_mut() = Some(Box::new(log));
        flowed.and(last.and(broken).map_err(|broken| *broken))?;
        match flow.is_cut_short() {
            true => Ok(()),
            false => watched,
        }
    }

    /// Starts the workers.
    fn start(
        &self,
        traffic: &Arc<Traffic>,
        dialers: &[D::Dialer],
        left: &Arc<AtomicU64>,
        mark: Option<&Arc<Mark>>,
    ) -> Result<(Crew, UnboundedReceiver<Report>), Box<Breakage>> {
        let (reports, heard) = unbounded_channel();
        let (begin, start) = watch::channel(None);
        let halt = Arc::new(AtomicBool::new(false));
        let of = workers(traffic);
        let mut threads = Vec::new();
        for index in 0..of {
            let assignment = Assignment {
                index,
                of,
                traffic: Arc::clone(traffic),
                dialers: dialers.to_vec(),
                left: Arc::clone(left),
                halt: Arc::clone(&halt),
                reports: reports.clone(),
                start: start.clone(),
                mark: mark.cloned(),
            };
            threads.push(spawned(index, assignment)?);
        }
        let crew = Crew {
            threads,
            begin,
            halt,
        };
        Ok((crew, heard))
    }
}

fn spawned<D: Dialer>(index: u32, assignment: Assignment<D>) -> Result<Thread, Box<Breakage>> {
    let thread = std::thread::Builder::new()
        .name(format!("load {index}"))
        .stack_size(WORKER_STACK)
        .spawn(move || work(assignment));
    thread.map_err(|error| breakage("thread", format!("no thread for the load: {error}")))
}

fn breakage(code: &str, message: String) -> Box<Breakage> {
    Box::new(Breakage {
        code: code.to_owned(),
        message,
        ..Breakage::default()
    })
}

type Thread = JoinHandle<std::io::Result<()>>;

/// The threads of the workers.
struct Crew {
    threads: Vec<Thread>,
    begin: watch::Sender<Option<Instant>>,
    halt: Arc<AtomicBool>,
}

impl Crew {
    /// Waits for all threads; what broke one of them.
    fn join(&mut self) -> Result<(), Box<Breakage>> {
        let mut broken = Ok(());
        for thread in self.threads.drain(..) {
            let end = match thread.join() {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => breakage("runtime", format!("no runtime for the load: {error}")),
                Err(panic) => {
                    let said = panic_message(panic.as_ref());
                    breakage("panic", format!("pgauge itself broke in this load: {said}"))
                }
            };
            broken = broken.and(Err(end));
        }
        broken
    }
}

/// A load that flows.
struct Flow<'a> {
    traffic: &'a Traffic,
    crew: Crew,
    observer: &'a dyn Observer,
    case: usize,
    workers: usize,
    clients: Vec<String>,
    clock: Option<Clock>,
    /// Who waits for the end of the warmup.
    measured: Option<(oneshot::Sender<Measured>, Arc<AtomicU64>)>,
    ready: usize,
    done: usize,
    /// Intervals that not all workers have told of, by their beginning.
    open: BTreeMap<Instant, (usize, Interval)>,
    intervals: Vec<Interval>,
    looks: Vec<StageLooks>,
    tally: Tally,
    cpu: Duration,
    ended: Option<Instant>,
    end: LoadEnd,
    skip: Option<String>,
}

impl<'a> Flow<'a> {
    fn new(traffic: &'a Traffic, crew: Crew, observer: &'a dyn Observer, case: usize) -> Self {
        let scripts = traffic.scripts.iter();
        Self {
            workers: crew.threads.len(),
            clients: scripts.map(|script| script.name.clone()).collect(),
            tally: Tally::new(traffic),
            traffic,
            crew,
            observer,
            case,
            clock: None,
            measured: None,
            ready: 0,
            done: 0,
            open: BTreeMap::new(),
            intervals: Vec::new(),
            looks: Vec::new(),
            cpu: Duration::ZERO,
            ended: None,
            end: LoadEnd::Complete,
            skip: None,
        }
    }

    fn is_cut_short(&self) -> bool {
        self.end != LoadEnd::Complete
    }

    /// Hears the workers and looks at the server until all of them are done, or somebody wishes the end.
    async fn go(
        &mut self,
        watch: &mut impl LoadWatch,
        heard: &mut UnboundedReceiver<Report>,
        stop: &Stop,
    ) -> Result<(), Breakage> {
        let mut heed = tokio::time::interval(HEED_EVERY);
        let mut look = None;
        while self.done < self.workers {
            tokio::select! {
                report = heard.recv() => match report {
                    Some(report) => self.hear(report).map_err(|broken| *broken)?,
                    // A worker that broke tells how when its thread is joined.
                    None => return Ok(()),
                },
                () = self.warmed_up(), if look.is_none() => {
                    watch.begin().await?;
                    look = Some(Instant::now());
                }
                _ = heed.tick() => {}
            }
            if let Some(reason) = self.skip.take() {
                stop.skip_case(reason);
            }
            // One that is gone without a last word broke; its thread tells how.
            let gone = self
                .crew
                .threads
                .iter()
                .filter(|thread| thread.is_finished());
            if stop.requested() || gone.count() > self.done && heard.is_empty() {
                self.end = LoadEnd::CutShort;
                return Ok(());
            }
            if self.ready == self.workers && self.clock.is_none() {
                if !self.met(watch, stop).await? {
                    self.end = LoadEnd::CutShort;
                    return Ok(());
                }
                if self.traffic.plan.warmup.is_zero() {
                    watch.begin().await?;
                    look = Some(Instant::now());
                }
                self.begin();
                if let (Some(clock), Some((tell, left))) = (&self.clock, self.measured.take()) {
                    let from = clock.measured_from;
                    // Who does not listen any more does not want to know.
                    let _ = tell.send(Measured { from, left });
                }
            }
            let now = Instant::now();
            let end = self.clock.as_ref().and_then(Clock::end);
            if look.is_some_and(|look| now >= look) && end.is_none_or(|end| now < end) {
                let seen = watch.look().await?;
                self.looked(now, seen);
                look = Some(now + LOOK_EVERY);
            }
        }
        Ok(())
    }

    /// Waits for the processes that share the load; whether it is to begin at all.
    async fn met(&self, watch: &mut impl LoadWatch, stop: &Stop) -> Result<bool, Breakage> {
        let Some(barrier) = &self.traffic.plan.barrier else {
            return Ok(true);
        };
        let mut heed = tokio::time::interval(HEED_EVERY);
        let mut meeting = std::pin::pin!(watch.meet(barrier));
        while !stop.requested() {
            tokio::select! {
                met = &mut meeting => return met.map(|()| true),
                _ = heed.tick() => {}
            }
        }
        Ok(false)
    }

    /// What a look at the sessions showed, in the stage of that moment.
    fn looked(&mut self, now: Instant, seen: Look) {
        let stages = &self.traffic.plan.stages;
        let stage = self.clock.as_ref().and_then(|clock| clock.stage(now));
        let Some(stage) = stage.filter(|_| stages.len() > 1) else {
            return;
        };
        let index = stage.index;
        if self.looks.last().is_none_or(|last| last.stage != index) {
            self.looks.push(StageLooks {
                stage: index,
                ..StageLooks::default()
            });
        }
        if let Some(looks) = self.looks.last_mut() {
            looks.looks += 1;
            looks.most_sessions = looks.most_sessions.max(seen.sessions);
            looks.idle_in_transaction += seen.idle_in_transaction;
        }
    }

    /// All users have their connections: says when the load begins.
    fn begin(&mut self) {
        let start = Instant::now() + RUN_UP;
        self.clock = Some(Clock::new(&self.traffic.plan, start));
        self.crew.begin.send_replace(Some(start));
    }

    /// Waits for the end of the warmup; for ever while it is not known when that is.
    async fn warmed_up(&self) {
        match &self.clock {
            Some(clock) => tokio::time::sleep_until(clock.measured_from.into()).await,
            None => std::future::pending().await,
        }
    }

    /// Hears what workers that are told to end still have to say.
    async fn hear_the_rest(
        &mut self,
        heard: &mut UnboundedReceiver<Report>,
    ) -> Result<(), Box<Breakage>> {
        let mut wrong = Ok(());
        // Those who have not begun never will.
        if self.clock.is_none() {
            self.crew.begin = watch::channel(None).0;
        }
        while self.done < self.workers {
            match heard.recv().await {
                Some(report) => wrong = wrong.and(self.hear(report)),
                None => break,
            }
        }
        wrong
    }

    fn hear(&mut self, report: Report) -> Result<(), Box<Breakage>> {
        match report {
            Report::Ready => self.ready += 1,
            Report::SetupFailed { kind, error } => {
                return Err(self.setup_failed(kind, error.as_ref()));
            }
            Report::Interval(report) => self.interval(report),
            Report::Skip(reason) => self.skip = Some(reason),
            Report::End { client, code } => {
                if !self.is_cut_short() {
                    self.end = LoadEnd::Error { client, code };
                }
                self.crew.halt.store(true, Ordering::Relaxed);
            }
            Report::Done(report) => self.worker_done(*report),
        }
        Ok(())
    }

    fn setup_failed(&mut self, kind: usize, error: &ServerError) -> Box<Breakage> {
        self.end = LoadEnd::CutShort;
        let client = &self.traffic.kinds[kind].client;
        let said = format!("setup of client \"{client}\" failed: {}", error.message);
        Box::new(Breakage {
            error: Some(error.clone()),
            ..*breakage("setup", said)
        })
    }

    fn interval(&mut self, report: IntervalReport) {
        let Some(clock) = &self.clock else { return };
        let stage = clock.stage(report.from);
        let fresh = || Interval {
            stage: stage.map_or(0, |stage| stage.index),
            users: stage.map_or(0, |stage| stage.plan.users),
            from: Micros::from(report.from.saturating_duration_since(clock.measured_from)),
            length: Micros(0),
            clients: vec![IntervalTally::default(); self.clients.len()],
            crowding: Crowding::default(),
        };
        let (told, interval) = self.open.entry(report.from).or_insert_with(|| (0, fresh()));
        *told += 1;
        let length = Micros::from(report.until.saturating_duration_since(report.from));
        interval.length = interval.length.max(length);
        for (own, other) in interval.clients.iter_mut().zip(&report.clients) {
            own.add(other);
        }
        interval.crowding.add(&report.crowding);
        if *told == self.workers {
            let interval = self.open.remove(&report.from).map(|(_, interval)| interval);
            if let Some(interval) = interval {
                self.close(interval, report.from, report.until);
            }
        }
    }

    /// An interval of which all workers have told.
    fn close(&mut self, interval: Interval, from: Instant, until: Instant) {
        let Some(clock) = &self.clock else { return };
        let warmup = from < clock.measured_from;
        let end = clock.end();
        let progress = LoadProgress {
            interval: &interval,
            clients: &self.clients,
            warmup,
            elapsed: until.saturating_duration_since(clock.start),
            of: end.map(|end| end.saturating_duration_since(clock.start)),
        };
        self.observer.flowed(self.case, &progress);
        if !warmup && interval.length.0 > 0 {
            self.intervals.push(interval);
        }
    }

    fn worker_done(&mut self, report: WorkerReport) {
        self.done += 1;
        self.cpu += report.cpu;
        self.ended = self.ended.max(Some(report.ended));
        let Tally {
            clients,
            connections,
            schedule,
            interval: _,
            crowding: _,
            phases,
        } = report.tally;
        for (own, other) in self.tally.phases.iter_mut().zip(&phases) {
            own.add(other);
        }
        for (own, other) in self.tally.clients.iter_mut().zip(&clients) {
            own.add(other);
        }
        self.tally.connections.add(&connections);
        self.tally.schedule.add(&schedule);
    }

    /// All that was counted.
    fn log(&mut self) -> LoadLog {
        // Told of by some workers only, where others broke.
        let left = std::mem::take(&mut self.open);
        for (from, (_, interval)) in left {
            let until = from + interval.length.duration();
            self.close(interval, from, until);
        }
        for interval in &self.intervals {
            for (tally, part) in self.tally.clients.iter_mut().zip(&interval.clients) {
                tally.latency.add(&part.latency);
            }
        }
        let plan = &self.traffic.plan;
        let measured = self.clock.as_ref().map_or(Duration::ZERO, |clock| {
            let planned = clock.end().filter(|_| !self.is_cut_short());
            let last = self.ended.max(planned).unwrap_or(clock.measured_from);
            last.saturating_duration_since(clock.measured_from)
        });
        // Nothing was measured after the last transaction, where their number says when the load ends.
        let until = Micros::from(measured);
        self.intervals.retain(|interval| interval.from < until);
        if let Some(last) = self.intervals.last_mut() {
            last.length = last.length.min(Micros(until.0 - last.from.0));
        }
        let schedule = std::mem::take(&mut self.tally.schedule);
        LoadLog {
            warmup: plan.warmup.into(),
            measured: measured.into(),
            users: plan.users(),
            workers: u32::try_from(self.workers).unwrap_or(u32::MAX),
            cpu: self.cpu.into(),
            end: self.end.clone(),
            clients: std::mem::take(&mut self.tally.clients),
            connections: std::mem::take(&mut self.tally.connections),
            schedule: plan.is_open().then_some(schedule),
            intervals: std::mem::take(&mut self.intervals),
            looks: std::mem::take(&mut self.looks),
            phases: std::mem::take(&mut self.tally.phases),
            server: None,
        }
    }
}
