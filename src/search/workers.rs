//! Who plays orders? Threads with a runtime and a database each; between two orders nothing is done where nothing was left,
//! else the rows are put back, else the database is a new clone.

use super::{
    footprint::Script,
    order::{Ended, Played},
    routes::{Steered, Steering},
    touched::Names,
};
use crate::{
    record::{Breakage, CaseEnd},
    run::{
        Changes, Database, Interrupt, Keeper, NotReady, Rewindable, Rewound, Server, play_order,
    },
    schedule::{Case, StepWork},
    sql::{StatementKind, kind},
};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::Scope,
};

/// The stack of a worker's thread: hooks that run in place need what rhai's deepest recursion needs.
const STACK: usize = 8 << 20;

/// An order to play.
#[derive(Debug, Clone)]
pub enum Job {
    /// As steered.
    Steered(Steering),
    /// As the author wrote it.
    Forced,
}

/// How an exploration keeps its databases.
#[derive(Debug, Default)]
pub struct Upkeep {
    /// How often an order had left nothing.
    pub unchanged: AtomicU64,
    /// How often the rows were put back.
    pub rewound: AtomicU64,
    /// How many clones were used.
    pub clones: AtomicU64,
}

/// What all workers share.
pub struct Workshop<'a, S> {
    /// What is explored.
    pub case: &'a Arc<Case>,
    /// Where.
    pub server: &'a S,
    /// The wish to end, from a signal.
    pub interrupt: Interrupt,
    /// Whether what stands in the tables is told of every order.
    pub compares: Comparing,
    /// What it took.
    pub upkeep: Upkeep,
    /// Columns that differ in every run, once a database was looked at.
    pub moving: Mutex<Option<HashSet<String>>>,
}

/// Whether orders are compared by what stands in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparing {
    /// They are.
    Contents,
    /// They are not.
    Nothing,
}

/// Why no more orders can be played.
#[derive(Debug, Clone)]
pub enum Stopped {
    /// The case is skipped.
    Skip(String),
    /// A hook of an order skips the case.
    CalledOff {
        /// Why.
        reason: String,
        /// The order as far as it got.
        played: Box<Played>,
    },
    /// The world broke.
    Broke(Box<Breakage>),
}

impl From<Stopped> for CaseEnd {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Skip(reason) | Stopped::CalledOff { reason, .. } => Self::Skipped { reason },
            Stopped::Broke(breakage) => Self::Broke(breakage),
        }
    }
}

type Answer = (usize, Result<Played, Stopped>);

/// The workers of an exploration.
pub struct Workers {
    jobs: Sender<(usize, Job)>,
    answers: Receiver<Answer>,
}

impl Workers {
    /// Starts so many of them; they end with this.
    pub fn start<'scope, S>(
        scope: &'scope Scope<'scope, '_>,
        count: usize,
        workshop: &'scope Workshop<'scope, S>,
    ) -> std::io::Result<Self>
    where
        S: Server + Sync,
        S::Database: Rewindable,
    {
        let (jobs, taken) = channel::<(usize, Job)>();
        let (answer, answers) = channel();
        let taken = Arc::new(Mutex::new(taken));
        for number in 0..count.max(1) {
            let (taken, answer) = (taken.clone(), answer.clone());
            std::thread::Builder::new()
                .name(format!("explorer {number}"))
                .stack_size(STACK)
                .spawn_scoped(scope, move || Worker::work(workshop, &taken, &answer))?;
        }
        Ok(Self { jobs, answers })
    }

    /// Plays orders, side by side; tells of them in the order in which they were asked for.
    pub fn play(&self, jobs: Vec<Job>) -> Vec<Result<Played, Stopped>> {
        let count = jobs.len();
        for job in jobs.into_iter().enumerate() {
            // Whoever does not answer is missed below.
            let _ = self.jobs.send(job);
        }
        let mut all: Vec<Option<Result<Played, Stopped>>> = vec![None; count];
        for _ in 0..count {
            let Ok((at, played)) = self.answers.recv() else {
                break;
            };
            all[at] = Some(played);
        }
        let gone = || {
            Err(Stopped::Broke(Box::new(Breakage {
                code: "panic".to_owned(),
                message: "pgauge itself broke while it played an order".to_owned(),
                ..Breakage::default()
            })))
        };
        all.into_iter()
            .map(|played| played.unwrap_or_else(gone))
            .collect()
    }
}

/// One of them.
struct Worker<'a, S: Server>
where
    S::Database: Rewindable,
{
    workshop: &'a Workshop<'a, S>,
    bench: Option<Bench<S::Database>>,
}

/// A database and all that is known of it.
struct Bench<D: Rewindable> {
    database: D,
    keeper: D::Keeper,
    script: Script,
    /// What an order that was played on it may have left.
    left: Option<Changes>,
}

impl<'a, S> Worker<'a, S>
where
    S: Server + Sync,
    S::Database: Rewindable,
{
    fn work(
        workshop: &'a Workshop<'a, S>,
        jobs: &Mutex<Receiver<(usize, Job)>>,
        answers: &Sender<Answer>,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let mut worker = Self {
            workshop,
            bench: None,
        };
        loop {
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((at, job)) = job else { break };
            let played = match &runtime {
                Ok(runtime) => crate::text::guarded(|| runtime.block_on(worker.play(job)))
                    .unwrap_or_else(|panic| {
                        Err(broke("panic", format!("pgauge itself broke: {panic}")))
                    }),
                Err(error) => Err(broke("runtime", format!("no runtime: {error}"))),
            };
            if answers.send((at, played)).is_err() {
                break;
            }
        }
        if let (Some(bench), Ok(runtime)) = (worker.bench.take(), runtime) {
            // Nobody may be connected to what is dropped.
            drop(bench.keeper);
            // What cannot be dropped now is dropped with the server, or by the next run.
            let _ = runtime.block_on(bench.database.close());
        }
    }

    async fn play(&mut self, job: Job) -> Result<Played, Stopped> {
        let workshop = self.workshop;
        if let Some(by) = workshop.interrupt.borrow().clone() {
            return Err(broke("interrupted", format!("the run was ended by {by}")));
        }
        let case = workshop.case;
        let bench = self.clean_bench().await?;
        bench.left = Some(Changes::Anything);
        let lengths = case
            .clients
            .iter()
            .map(|client| client.steps.len())
            .collect();
        let interrupt = workshop.interrupt.clone();
        let (steps, ended, log) = match job {
            Job::Steered(steering) => {
                let route = Steered::new(&bench.script, lengths, steering);
                let log = play_order(case, &bench.database, Some(&route), interrupt).await;
                bench.left = Some(route.changes());
                let (steps, ended) = route.into_steps();
                (steps, ended, log)
            }
            Job::Forced => {
                let log = play_order(case, &bench.database, None, interrupt).await;
                (Vec::new(), Ended::Complete, log)
            }
        };
        match &log.end {
            CaseEnd::Ran => {}
            CaseEnd::Skipped { reason } => {
                return Err(Stopped::CalledOff {
                    reason: reason.clone(),
                    played: Box::new(Played {
                        steps,
                        ended,
                        log,
                        contents: None,
                    }),
                });
            }
            CaseEnd::Broke(breakage) => return Err(Stopped::Broke(breakage.clone())),
        }
        let contents = match workshop.compares {
            Comparing::Contents => {
                let contents = bench.keeper.contents().await;
                Some(or_cause(&bench.database, contents).await?)
            }
            Comparing::Nothing => None,
        };
        Ok(Played {
            steps,
            ended,
            log,
            contents,
        })
    }

    /// A database as the case finds it.
    async fn clean_bench(&mut self) -> Result<&mut Bench<S::Database>, Stopped> {
        let upkeep = &self.workshop.upkeep;
        if let Some(mut bench) = self.bench.take() {
            let Some(left) = bench.left.take() else {
                return Ok(self.bench.insert(bench));
            };
            let rewound = match changes_more_than_rows(self.workshop.case) {
                true => Rewound::NeedsClone,
                false => {
                    let rewound = bench.keeper.rewind(&left).await;
                    or_cause(&bench.database, rewound).await?
                }
            };
            let counted = match rewound {
                Rewound::Unchanged => Some(&upkeep.unchanged),
                Rewound::PutBack => Some(&upkeep.rewound),
                Rewound::NeedsClone => None,
            };
            if let Some(counted) = counted {
                counted.fetch_add(1, Ordering::Relaxed);
                return Ok(self.bench.insert(bench));
            }
            drop(bench.keeper);
            bench.database.close().await.map_err(broken)?;
        }
        let new = self.new_bench().await?;
        upkeep.clones.fetch_add(1, Ordering::Relaxed);
        Ok(self.bench.insert(new))
    }

    async fn new_bench(&self) -> Result<Bench<S::Database>, Stopped> {
        let Workshop { case, server, .. } = self.workshop;
        let database = server.database(case).await.map_err(|not| match not {
            NotReady::Skip { reason } => Stopped::Skip(reason),
            NotReady::Broke(breakage) => Stopped::Broke(breakage),
        })?;
        let keeper = database.keeper().await;
        let mut keeper = or_cause(&database, keeper).await?;
        let script = Script::of(case, &Names::of(keeper.catalog()));
        if !changes_more_than_rows(case) {
            let remembered = keeper.remember(&script.changes()).await;
            or_cause(&database, remembered).await?;
        }
        let mut moving = self
            .workshop
            .moving
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        moving.get_or_insert_with(|| keeper.catalog().moving_columns.iter().cloned().collect());
        drop(moving);
        Ok(Bench {
            database,
            keeper,
            script,
            left: None,
        })
    }
}

/// Whether a statement of the case may leave something that no copy of rows puts back.
fn changes_more_than_rows(case: &Case) -> bool {
    let clients = case.clients.iter();
    let own_hooks = [&case.before, &case.after];
    let mut hooks = own_hooks
        .into_iter()
        .flatten()
        .chain(clients.clone().flat_map(|client| {
            let steps = client.steps.iter().flat_map(|step| match &step.work {
                StepWork::Control(_) => Vec::new(),
                StepWork::Statement(statement) => {
                    [&statement.when, &statement.before, &statement.after]
                        .into_iter()
                        .flatten()
                        .collect()
                }
            });
            steps.chain(&client.before).chain(&client.after)
        }));
    let mut texts = clients.flat_map(|client| {
        let steps = client.steps.iter().filter_map(|step| match &step.work {
            StepWork::Control(_) => None,
            StepWork::Statement(statement) => Some(statement.sql.as_str()),
        });
        steps.chain(client.setup.iter().map(String::as_str))
    });
    hooks.any(|plan| plan.hook.calls_sql()) || texts.any(may_change_more)
}

fn may_change_more(sql: &str) -> bool {
    const HARMLESS: [&str; 14] = [
        "lock",
        "listen",
        "notify",
        "unlisten",
        "declare",
        "fetch",
        "move",
        "close",
        "set",
        "reset",
        "show",
        "prepare",
        "execute",
        "deallocate",
    ];
    let script = crate::sql::split(sql);
    script.statements.iter().any(|statement| {
        let text = statement.text(sql);
        let first = text
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_lowercase();
        match kind(text) {
            StatementKind::Read | StatementKind::LockingRead | StatementKind::Write => false,
            StatementKind::Transaction(control) => {
                control == crate::sql::TransactionControl::Prepare
            }
            StatementKind::Ddl => true,
            StatementKind::Other => !HARMLESS.contains(&first.as_str()),
        }
    })
}

/// What was done, or what is behind it that it was not.
async fn or_cause<T>(database: &impl Database, done: Result<T, Breakage>) -> Result<T, Stopped> {
    match done {
        Ok(done) => Ok(done),
        Err(breakage) => Err(broken(database.cause(breakage).await)),
    }
}

fn broken(breakage: Breakage) -> Stopped {
    Stopped::Broke(Box::new(breakage))
}

fn broke(code: &str, message: String) -> Stopped {
    broken(Breakage {
        code: code.to_owned(),
        message,
        ..Breakage::default()
    })
}
