//! Trying the orders of a case: what is next, what it came to, and what is told of it all.

use super::{
    minimise::{self, Trial},
    order::{Ended, Played},
    routes::Steering,
    sample,
    serial::SerialOrders,
    tree::{Branch, Branches, Tree},
    workers::{Comparing, Job, Stopped, Upkeep, Workers, Workshop},
};
use crate::{
    record::{
        Breakage, CaseEnd, CaseLog, ChosenOrders, EventKind, Exploration, FailedOrder,
        LaunchedStep, Micros, Others,
    },
    run::{ExploreProgress, Explorer, Exploring, Interrupt, NextStep, Rewindable, Server},
    schedule::{Case, ExplorePlan, OrdersPlan, Share},
    spec::{client::Isolation, expect::Expectation, explore::EqualOrders},
    verdict::{self, CaseVerdict, FindingKind, Terms},
};
use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Instant,
};

/// So many orders are asked for at once. Not as many as there are workers, so that the same orders are run everywhere.
const AT_ONCE: usize = 16;

/// More databases than this are not used at the same time.
const MOST_DATABASES: usize = 8;

/// Tries many orders of cases on a server.
pub struct Searcher<'a, S> {
    /// The server.
    pub server: &'a S,
    /// How many databases are used at the same time.
    pub databases: usize,
    /// The wish to end, from a signal.
    pub interrupt: Interrupt,
}

impl<S> Explorer for Searcher<'_, S>
where
    S: Server + Sync,
    S::Database: Rewindable,
{
    fn explore(&self, case: &Arc<Case>, tell: &dyn Fn(&ExploreProgress)) -> CaseLog {
        let began = Instant::now();
        let started_at = jiff::Timestamp::now().to_string();
        let log = match case.explore {
            Some(plan) => self.of_plan(case, plan, began, tell),
            None => Err(Stopped::Skip("nothing is explored here".to_owned())),
        };
        let mut log = log.unwrap_or_else(|stopped| CaseLog {
            case: case.id.clone(),
            end: CaseEnd::from(stopped),
            events: Vec::new(),
            queries: Vec::new(),
            probes: Vec::new(),
            plans: Vec::new(),
            advice: Vec::new(),
            rewrites: Vec::new(),
            sent: None,
            schema: None,
            migration: None,
            load: None,
            exploration: None,
            serial: None,
            started_at: String::new(),
            duration: Micros(0),
        });
        log.started_at = started_at;
        log.duration = began.elapsed().into();
        log
    }
}

impl<S> Searcher<'_, S>
where
    S: Server + Sync,
    S::Database: Rewindable,
{
    fn of_plan(
        &self,
        case: &Arc<Case>,
        plan: ExplorePlan,
        began: Instant,
        tell: &dyn Fn(&ExploreProgress),
    ) -> Result<CaseLog, Stopped> {
        let compared = |(_, expectation): &(String, Expectation)| {
            matches!(expectation, Expectation::Serializable(_))
        };
        let workshop = Workshop {
            case,
            server: self.server,
            interrupt: self.interrupt.clone(),
            compares: match case.expect.iter().any(compared) {
                true => Comparing::Contents,
                false => Comparing::Nothing,
            },
            upkeep: Upkeep::default(),
            moving: Mutex::default(),
        };
        let databases = match plan.orders {
            OrdersPlan::Forced => 1,
            // Which transactions the server takes for concurrent depends on who else is at work in it, in whatever
            // database: side by side the same order would not come to the same each time.
            _ if is_serializable(case) => 1,
            // A name is given to one database at a time.
            _ if case.database.name.is_some() => 1,
            // So is what all databases have in common.
            _ if case
                .common_goods()
                .iter()
                .any(|(_, share)| *share == Share::Alone) =>
            {
                1
            }
            OrdersPlan::All(_) | OrdersPlan::Preemptions(..) | OrdersPlan::Sample => {
                self.databases.clamp(1, MOST_DATABASES)
            }
        };
        std::thread::scope(|scope| {
            let workers = Workers::start(scope, databases, &workshop).map_err(|error| {
                Stopped::Broke(Box::new(Breakage {
                    code: "thread".to_owned(),
                    message: format!("no thread to explore with: {error}"),
                    ..Breakage::default()
                }))
            })?;
            let mut search = Search {
                case,
                plan,
                workers: &workers,
                workshop: &workshop,
                serial: SerialOrders::default(),
                told: Exploration {
                    databases: u32::try_from(databases).unwrap_or(u32::MAX),
                    random_seed: case.random_seed,
                    ..Exploration::default()
                },
                shown: None,
                began,
                tell,
            };
            match search.go() {
                Ok(()) => Ok(search.finish()),
                Err(Stopped::Skip(reason)) => Err(Stopped::Skip(reason)),
                Err(Stopped::CalledOff { reason, played }) => search.called_off(reason, *played),
                // What was tried by then is told all the same.
                Err(Stopped::Broke(breakage)) => {
                    search.told.orders = None;
                    // No order that held is what happened.
                    search.shown = None;
                    let mut log = search.finish();
                    log.exploration = log.exploration.filter(|told| told.ran > 0);
                    log.end = CaseEnd::Broke(breakage);
                    Ok(log)
                }
            }
        })
    }
}

/// An exploration that is under way.
struct Search<'a, S> {
    case: &'a Case,
    plan: ExplorePlan,
    workers: &'a Workers,
    workshop: &'a Workshop<'a, S>,
    serial: SerialOrders,
    told: Exploration,
    /// The order that is told, and whether something in it was vacuous.
    shown: Option<(CaseLog, Complete)>,
    began: Instant,
    /// Who hears how far it is.
    tell: &'a dyn Fn(&ExploreProgress),
}

/// Whether every expectation had something to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Complete {
    Yes,
    No,
}

/// What broke in an order: the code of the worst finding and where it stands.
type Failure = (String, Option<String>);

/// What broke, by the first finding that says that something did.
fn failure(judged: &CaseVerdict) -> Option<Failure> {
    let mut findings = judged.findings.iter();
    let bad = [FindingKind::Errored, FindingKind::Failed];
    let failed = findings.find(|finding| bad.contains(&finding.kind))?;
    let place = failed.place.as_ref().map(|place| place.pointer.clone());
    Some((failed.code.to_string(), place))
}

impl<S> Search<'_, S> {
    fn go(&mut self) -> Result<(), Stopped> {
        match self.plan.orders {
            OrdersPlan::All(EqualOrders::Skip) => {
                self.told.chosen = ChosenOrders::All;
                self.through(Branches::ThatMayDiffer, ChosenOrders::UpToLimit)
            }
            OrdersPlan::All(EqualOrders::Run) => {
                self.told.chosen = ChosenOrders::All;
                self.through(Branches::All, ChosenOrders::UpToLimit)
            }
            OrdersPlan::Preemptions(most, equal) => {
                self.told.chosen = ChosenOrders::Preemptions { most };
                let cut = ChosenOrders::PreemptionsUpToLimit { most };
                let branches = match equal {
                    EqualOrders::Skip => Branches::WithInterruptionsThatMayDiffer(most),
                    EqualOrders::Run => Branches::WithInterruptions(most),
                };
                self.through(branches, cut)?;
                let through = self.told.chosen == ChosenOrders::Preemptions { most };
                if through && self.told.failure.is_none() && equal == EqualOrders::Skip {
                    self.told.others = Others::AreEqual;
                }
                Ok(())
            }
            OrdersPlan::Sample => {
                self.told.chosen = ChosenOrders::Sample;
                self.drawn()
            }
            OrdersPlan::Forced => {
                self.told.chosen = ChosenOrders::Forced;
                let played = self.workers.play(vec![Job::Forced]).remove(0)?;
                self.look_at(played).map(drop)
            }
        }
    }

    fn tell(&self, doing: Exploring, shortening: u64) {
        (self.tell)(&ExploreProgress {
            ran: self.told.ran + self.told.left_early + shortening,
            elapsed: self.began.elapsed(),
            doing,
        });
    }

    fn through(&mut self, branches: Branches, cut: ChosenOrders) -> Result<(), Stopped> {
        let mut tree = Tree::new(branches);
        while !tree.is_done() {
            let begun = self.told.ran + self.told.left_early;
            let left = u64::from(self.plan.limit).saturating_sub(begun);
            if left == 0 {
                self.told.chosen = cut;
                self.told.orders = None;
                return Ok(());
            }
            let batch = tree.take(AT_ONCE.min(usize::try_from(left).unwrap_or(AT_ONCE)));
            let jobs = batch
                .iter()
                .map(|branch| Job::Steered(tree.steering(branch)));
            let results = self.workers.play(jobs.collect());
            for (branch, played) in batch.iter().zip(results) {
                let played = played?;
                if played.ended == Ended::Impossible {
                    return Err(not_repeatable(&tree, branch));
                }
                tree.enter(branch, &played.steps, played.ended);
                if self.look_at(played)? {
                    self.told.orders = None;
                    return Ok(());
                }
            }
            self.tell(Exploring::Trying, 0);
        }
        self.told.orders = tree.orders();
        Ok(())
    }

    fn drawn(&mut self) -> Result<(), Stopped> {
        let count = u64::from(self.plan.limit);
        let mut seen: HashSet<Vec<NextStep>> = HashSet::new();
        let mut number = 0;
        while number < count {
            let end = count.min(number + AT_ONCE as u64);
            let jobs = (number..end)
                .map(|number| Job::Steered(sample::drawn(self.case.random_seed, number)));
            for played in self.workers.play(jobs.collect()) {
                let played = played?;
                seen.insert(minimise::steps(&played));
                if self.look_at(played)? {
                    return Ok(());
                }
            }
            self.tell(Exploring::Trying, 0);
            number = end;
        }
        Ok(())
    }

    /// Judges an order; `true` if it fails and the search is over.
    fn look_at(&mut self, played: Played) -> Result<bool, Stopped> {
        if played.ended == Ended::Equal {
            self.told.left_early += 1;
            return Ok(false);
        }
        self.told.ran += 1;
        self.told.in_conflict += u64::from(played.in_conflict());
        let (played, failure, complete) = self.judged(played)?;
        let Some(failure) = failure else {
            let better = match &self.shown {
                None => true,
                Some((_, known)) => *known == Complete::No && complete == Complete::Yes,
            };
            if better {
                self.shown = Some((played.log, complete));
            }
            return Ok(false);
        };
        if self.plan.orders == OrdersPlan::Forced {
            self.shown = Some((played.log, complete));
            return Ok(true);
        }
        let after = self.began.elapsed();
        let before = minimise::steps(&played);
        let mut shortened_in = 0;
        let played = match self.plan.minimise {
            false => played,
            true => {
                let mut attempts = Attempts {
                    search: self,
                    failure,
                    runs: 0,
                };
                let shorter = minimise::minimise(attempts.search.case, played, &mut attempts);
                shortened_in = attempts.runs;
                shorter
            }
        };
        self.told.failure = Some(FailedOrder {
            after: after.into(),
            shortened_in,
            ..self.failed_order(&before, &played)
        });
        self.shown = Some((played.log, complete));
        Ok(true)
    }

    /// What is told of an order that failed, and of what it was before it was made shorter.
    fn failed_order(&self, before: &[NextStep], played: &Played) -> FailedOrder {
        let now = minimise::steps(played);
        FailedOrder {
            number: self.told.ran,
            after: self.began.elapsed().into(),
            shortened_in: 0,
            left_out: before.len().saturating_sub(now.len()) as u64,
            switches: (minimise::switches(before), minimise::switches(&now)),
            launches: launches(&played.log),
            unused: self.unused(&now),
            victim: victim(&played.log),
        }
    }

    /// The end of a search in which a hook skips the case: it may call the rest off, but not what was wrong already.
    fn called_off(mut self, reason: String, played: Played) -> Result<CaseLog, Stopped> {
        let judged = verdict::judge_case(self.case, &played.log, &Terms::default());
        if failure(&judged).is_none() {
            return Err(Stopped::Skip(reason));
        }
        self.told.ran += 1;
        self.told.in_conflict += u64::from(played.in_conflict());
        self.told.orders = None;
        if self.plan.orders != OrdersPlan::Forced {
            let steps = minimise::steps(&played);
            self.told.failure = Some(self.failed_order(&steps, &played));
        }
        self.shown = Some((played.log, Complete::No));
        Ok(self.finish())
    }

    /// Holds an order against the serial ones, where that is asked for, and judges it.
    fn judged(
        &mut self,
        mut played: Played,
    ) -> Result<(Played, Option<Failure>, Complete), Stopped> {
        if self.workshop.compares == Comparing::Contents {
            let moving = self.workshop.moving.lock();
            let moving = moving.unwrap_or_else(PoisonError::into_inner).clone();
            let moving = moving.unwrap_or_default();
            let check = self
                .serial
                .check(self.case, &played, &moving, self.workers)?;
            played.log.serial = Some(check);
        }
        let judged = verdict::judge_case(self.case, &played.log, &Terms::default());
        let failure = failure(&judged);
        let vacuous = |finding: &verdict::Finding| finding.kind == FindingKind::Vacuous;
        let complete = match judged.findings.iter().any(vacuous) {
            true => Complete::No,
            false => Complete::Yes,
        };
        Ok((played, failure, complete))
    }

    fn unused(&self, taken: &[NextStep]) -> Vec<LaunchedStep> {
        let clients = self.case.clients.iter().enumerate();
        let left = clients.flat_map(|(client, plan)| {
            let steps = plan.steps.iter().enumerate();
            steps
                .filter(move |(step, _)| {
                    !taken.contains(&NextStep {
                        client,
                        step: *step,
                    })
                })
                .map(|(_, step)| LaunchedStep {
                    client: plan.id.clone(),
                    step: step.name.clone(),
                    waits_for: Vec::new(),
                    error: None,
                })
        });
        left.collect()
    }

    fn finish(mut self) -> CaseLog {
        let upkeep = &self.workshop.upkeep;
        self.told.unchanged = upkeep.unchanged.load(Ordering::Relaxed);
        self.told.rewound = upkeep.rewound.load(Ordering::Relaxed);
        self.told.clones = upkeep.clones.load(Ordering::Relaxed);
        self.told.serial = self.serial.ran;
        self.told.duration = self.began.elapsed().into();
        let empty = || CaseLog {
            case: self.case.id.clone(),
            end: CaseEnd::Ran,
            events: Vec::new(),
            queries: Vec::new(),
            probes: Vec::new(),
            plans: Vec::new(),
            advice: Vec::new(),
            rewrites: Vec::new(),
            sent: None,
            schema: None,
            migration: None,
            load: None,
            exploration: None,
            serial: None,
            started_at: String::new(),
            duration: Micros(0),
        };
        let mut log = self.shown.take().map_or_else(empty, |(log, _)| log);
        log.exploration = Some(Box::new(self.told));
        log
    }
}

/// Tries shorter orders.
struct Attempts<'s, 'a, S> {
    search: &'s mut Search<'a, S>,
    failure: Failure,
    runs: u64,
}

impl<S> Attempts<'_, '_, S> {
    /// Plays these steps and tells what broke, if they could be gone through.
    fn play(&mut self, steps: &[NextStep]) -> Option<(Played, Option<Failure>)> {
        self.runs += 1;
        self.search.tell(Exploring::Shortening, self.runs);
        let job = Job::Steered(Steering::Listed(steps.to_vec()));
        let played = self.search.workers.play(vec![job]).remove(0).ok()?;
        let whole = played.ended == Ended::Complete && minimise::steps(&played) == steps;
        let (played, failure, _) = whole.then(|| self.search.judged(played))?.ok()?;
        Some((played, failure))
    }
}

impl<S> Trial for Attempts<'_, '_, S> {
    fn fails_the_same(&mut self, steps: &[NextStep]) -> Option<Played> {
        let (played, failure) = self.play(steps)?;
        (failure.as_ref() == Some(&self.failure)).then_some(played)
    }

    fn is_right_one_by_one(&mut self, steps: &[NextStep]) -> bool {
        let mut serial = minimise::one_by_one(steps);
        serial.all(|steps| {
            let played = self.play(&steps);
            played.is_some_and(|(_, failure)| failure.is_none())
        })
    }

    fn runs(&self) -> u64 {
        self.runs
    }
}

/// Whether the server may have to watch for dangerous structures.
fn is_serializable(case: &Case) -> bool {
    let says = |name: &String| name.eq_ignore_ascii_case("default_transaction_isolation");
    let set_up = |sql: &String| sql.to_lowercase().contains("isolation");
    case.database.settings.keys().any(says)
        || case.clients.iter().any(|client| {
            client.isolation == Some(Isolation::Serializable)
                || client.settings.keys().any(says)
                || client.setup.iter().any(set_up)
        })
}

fn not_repeatable(tree: &Tree, branch: &Branch) -> Stopped {
    let steps = match tree.steering(branch) {
        Steering::Prefix { clients, .. } => clients.len(),
        Steering::Drawn(_) | Steering::Listed(_) => 0,
    };
    Stopped::Broke(Box::new(Breakage {
        code: "not-repeatable".to_owned(),
        message: "the same beginning of an order did not come out the same twice".to_owned(),
        detail: Some(format!("step {steps} of it could be taken once and could not the second time")),
        hint: Some(
            "look for what differs in every run: lock_timeout, the time, random(), somebody else on the server"
                .to_owned(),
        ),
        ..Breakage::default()
    }))
}

/// The launch list of an order that was played, with whom each step was seen waiting for.
fn launches(log: &CaseLog) -> Vec<LaunchedStep> {
    let mut all: Vec<(crate::record::RunNo, LaunchedStep)> = Vec::new();
    for event in &log.events {
        match &event.kind {
            EventKind::Launched {
                run,
                client,
                step,
                launch: Some(_),
                ..
            } => all.push((
                *run,
                LaunchedStep {
                    client: client.clone(),
                    step: step.clone(),
                    waits_for: Vec::new(),
                    error: None,
                },
            )),
            EventKind::Waiting { run, blockers, .. } => {
                let launched = all.iter_mut().find(|(known, _)| known == run);
                if let Some((_, launched)) = launched
                    && launched.waits_for.is_empty()
                {
                    let clients = blockers.iter().filter_map(|blocker| blocker.client.clone());
                    let clients: BTreeSet<_> = clients.collect();
                    launched.waits_for = clients.into_iter().collect();
                }
            }
            EventKind::Completed {
                run,
                end: crate::record::StepEnd::Error { code },
                ..
            } => {
                if let Some((_, launched)) = all.iter_mut().find(|(known, _)| known == run) {
                    launched.error = Some(code.clone());
                }
            }
            EventKind::Launched { launch: None, .. }
            | EventKind::Completed { .. }
            | EventKind::OrderBegan { .. }
            | EventKind::HeldBack { .. }
            | EventKind::Connected { .. }
            | EventKind::Sent { .. }
            | EventKind::Replied { .. }
            | EventKind::WaitEnded { .. }
            | EventKind::Skipped { .. }
            | EventKind::Notice { .. }
            | EventKind::Notified { .. }
            | EventKind::Measured { .. }
            | EventKind::Logged { .. }
            | EventKind::HookEnded { .. }
            | EventKind::Retrying { .. }
            | EventKind::Cancelled { .. }
            | EventKind::Finished { .. } => {}
        }
    }
    all.into_iter().map(|(_, launched)| launched).collect()
}

fn victim(log: &CaseLog) -> Option<crate::record::ClientId> {
    let launches = launches(log);
    let mut dead = launches
        .into_iter()
        .filter(|launch| launch.error.as_deref() == Some("40P01"));
    dead.next().map(|launch| launch.client)
}
