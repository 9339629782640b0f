//! A whole plan, case by case or several side by side.

use super::{
    carry_out::{Carried, carry_out},
    ledger::Entries,
    load::LoadProgress,
    session::Server,
    stop::Interrupt,
    turns::Turns,
};
use crate::{
    record::{Breakage, CaseEnd, CaseLog, Event, LoadLog, Micros, Observed, RunFacts, RunLog},
    schedule::{Case, Plan},
};
use std::{
    ops::ControlFlow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The stack of a case's thread: hooks that run in place need what rhai's deepest recursion needs.
const CASE_STACK: usize = 8 << 20;

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How many cases run side by side; those that measure time always run alone.
    pub jobs: usize,
    /// Facts about the run that are known before it begins.
    pub facts: RunFacts,
    /// Whether what would help is tried out.
    pub advising: Advising,
    /// The wish to end, from a signal.
    pub interrupt: Interrupt,
}

/// Whether what would help is tried out.
#[derive(Debug, Clone, Copy, Default)]
pub enum Advising {
    /// It is not, and nobody looks at what was sent.
    #[default]
    No,
    /// It is not. What was sent is looked at where an expectation asks for it.
    Look(Observe),
    /// It is, on copies of the database, as is what was sent.
    Prove(Observe),
}

/// Finds what is worth a look in the events of a case, and in what its load counted.
pub type Observe = fn(&Case, &[Event], Option<&LoadLog>) -> Observed;

/// Who looks on while cases run, from their threads.
pub trait Observer: Sync {
    /// A case begins.
    fn began(&self, index: usize, case: &Case);

    /// Something happened in a case.
    fn saw(&self, index: usize, event: &Event);

    /// An interval of a load is over.
    fn flowed(&self, _index: usize, _progress: &LoadProgress<'_>) {}

    /// So many orders of a case were tried by now.
    fn explored(&self, _index: usize, _progress: &ExploreProgress) {}

    /// A case ended. `Break` ends the run: no further case begins.
    fn ended(&self, index: usize, log: &CaseLog) -> ControlFlow<()>;
}

/// Nobody looks on.
pub struct NobodyLooks;

impl Observer for NobodyLooks {
    fn began(&self, _: usize, _: &Case) {}

    fn saw(&self, _: usize, _: &Event) {}

    fn ended(&self, _: usize, _: &CaseLog) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// How far an exploration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExploreProgress {
    /// How many orders were run, those included that were left half-way.
    pub ran: u64,
    /// Since it began.
    pub elapsed: Duration,
    /// What is done with them.
    pub doing: Exploring,
}

/// What is done with orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exploring {
    /// They are tried.
    Trying,
    /// One that fails is made shorter.
    Shortening,
}

/// Who tries many orders of a case.
pub trait Explorer: Sync {
    /// Tries the orders that the case's plan says, and tells of one of them and of all; `tell` hears how far it is.
    fn explore(&self, case: &Arc<Case>, tell: &dyn Fn(&ExploreProgress)) -> CaseLog;
}

/// Carries out a plan. Every case of the plan is in the log, in the plan's order, also those that the
/// end of the run kept from beginning.
pub fn run<S: Server + Sync>(
    plan: &Plan,
    server: &S,
    options: &RunOptions,
    observer: &dyn Observer,
    explorer: &dyn Explorer,
) -> RunLog {
    let began = Instant::now();
    // An exploration keeps several databases busy by itself.
    let (explored, others): (Vec<usize>, Vec<usize>) =
        (0..plan.cases.len()).partition(|index| plan.cases[*index].explore.is_some());
    let (alone, together): (Vec<usize>, Vec<usize>) = others
        .into_iter()
        .partition(|index| plan.cases[*index].measures_time);
    let work = Work {
        plan,
        server,
        options,
        observer,
        explorer,
        logs: Mutex::new(vec![None; plan.cases.len()]),
        broken_off: AtomicBool::new(false),
    };
    work.carry_out_all(
        &the_longest_first(plan, together, options.jobs),
        options.jobs,
    );
    work.carry_out_all(&explored, 1);
    work.carry_out_all(&alone, 1);
    let logs = work
        .logs
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let cases = logs.into_iter().zip(&plan.cases);
    let mut facts = options.facts.clone();
    facts.server = Some(server.facts().clone());
    facts.interrupted = options.interrupt.borrow().clone();
    facts.duration = began.elapsed().into();
    let not_begun = facts.interrupted.clone();
    RunLog {
        run: facts,
        cases: cases
            .map(|(log, case)| log.unwrap_or_else(|| never_began(case, not_begun.as_deref())))
            .collect(),
    }
}

/// Side by side, whoever takes longest shall not begin last; how long an order takes is known by its length.
fn the_longest_first(plan: &Plan, mut indices: Vec<usize>, jobs: usize) -> Vec<usize> {
    if jobs > 1 {
        let launches = |index: &usize| plan.cases[*index].order.as_ref().map_or(0, Vec::len);
        indices.sort_by_key(|index| std::cmp::Reverse(launches(index)));
    }
    indices
}

fn never_began(case: &Case, interrupted: Option<&str>) -> CaseLog {
    let end = match interrupted {
        Some(by) => CaseEnd::Broke(Box::new(Breakage {
            code: "interrupted".to_owned(),
            message: format!("not begun: the run was ended by {by}"),
            ..Breakage::default()
        })),
        None => CaseEnd::Skipped {
            reason: "not begun: an earlier case failed".to_owned(),
        },
    };
    CaseLog {
        case: case.id.clone(),
        end,
        events: Vec::new(),
        load: None,
        queries: Vec::new(),
        probes: Vec::new(),
        plans: Vec::new(),
        exploration: None,
        serial: None,
        advice: Vec::new(),
        rewrites: Vec::new(),
        sent: None,
        schema: None,
        migration: None,
        started_at: String::new(),
        duration: Micros(0),
    }
}

/// What the threads of a run share.
struct Work<'a, S> {
    plan: &'a Plan,
    server: &'a S,
    options: &'a RunOptions,
    observer: &'a dyn Observer,
    explorer: &'a dyn Explorer,
    logs: Mutex<Vec<Option<CaseLog>>>,
    broken_off: AtomicBool,
}

impl<S: Server + Sync> Work<'_, S> {
    fn carry_out_all(&self, indices: &[usize], jobs: usize) {
        let turns = Turns::of(self.plan, indices);
        std::thread::scope(|scope| {
            for _ in 0..jobs.clamp(1, indices.len().max(1)) {
                scope.spawn(|| {
                    while !self.shall_end()
                        && let Some(index) = turns.next()
                    {
                        self.carry_out_one(index);
                        turns.ended(index);
                    }
                });
            }
        });
    }

    fn shall_end(&self) -> bool {
        self.broken_off.load(Ordering::Relaxed) || self.options.interrupt.borrow().is_some()
    }

    fn carry_out_one(&self, index: usize) {
        let case = &self.plan.cases[index];
        self.observer.began(index, case);
        let log = match case.explore {
            Some(_) => {
                let tell = |progress: &ExploreProgress| self.observer.explored(index, progress);
                self.explorer.explore(case, &tell)
            }
            None => self.log_of(index),
        };
        if self.observer.ended(index, &log).is_break() {
            self.broken_off.store(true, Ordering::Relaxed);
        }
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(log);
    }

    fn log_of(&self, index: usize) -> CaseLog {
        let case = &self.plan.cases[index];
        let started_at = jiff::Zoned::now().timestamp().to_string();
        let began = Instant::now();
        let entries = Entries::default();
        let carried = self.on_a_thread(index, entries.clone());
        CaseLog {
            case: case.id.clone(),
            end: carried.end.unwrap_or(CaseEnd::Ran),
            events: entries.take(),
            load: carried.load,
            queries: carried.queries,
            probes: carried.probes,
            plans: carried.plans,
            exploration: None,
            serial: None,
            advice: carried.proven.indexes,
            rewrites: carried.proven.rewrites,
            sent: carried.proven.sent,
            schema: carried.schema,
            migration: carried.migration.map(Box::new),
            started_at,
            duration: began.elapsed().into(),
        }
    }

    /// A thread and a runtime per case: a panic in one is an error of that one.
    fn on_a_thread(&self, index: usize, entries: Entries) -> Carried {
        let case = &self.plan.cases[index];
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(carry_out(
                    case,
                    index,
                    self.server,
                    entries,
                    self.observer,
                    self.options,
                )),
                Err(error) => broken("runtime", format!("no runtime for the case: {error}")),
            }
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .name(format!("case {index}"))
                .stack_size(CASE_STACK)
                .spawn_scoped(scope, work);
            match thread.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(carried)) => carried,
                Ok(Err(panic)) => broken("panic", panic_message(panic.as_ref())),
                Err(error) => broken("thread", format!("no thread for the case: {error}")),
            }
        })
    }
}

fn broken(code: &str, message: String) -> Carried {
    let breakage = Breakage {
        code: code.to_owned(),
        message,
        ..Breakage::default()
    };
    Carried {
        end: Some(CaseEnd::Broke(Box::new(breakage))),
        ..Carried::default()
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let said = crate::text::panic_message(panic);
    format!("pgauge itself broke in this case: {said}")
}
