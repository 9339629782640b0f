//! Running a hook for a client: in place, or on a thread of its own when it calls `sql()` or may run long.
//!
//! A hook that loops could keep all clients of its case waiting, and their statements would seem slow. A hook that
//! calls `sql()` blocks until the server has answered, and may wait for a lock that another
//! client of the same thread holds. So it runs elsewhere and asks through a channel; the client's task
//! goes on serving it. One hook per client runs at a time, so there are never more such threads than
//! clients.

use super::{
    client::Client,
    session::{Message, Session},
    step::ROWS_TO_READ,
};
use crate::{
    record::{EventKind, HookProblem, Reply, ResultSet, RunNo, SentBy, ServerError, Timing, Value},
    schedule::{HookPlan, StatementForm, generate::Stream},
    script::{
        Actor, Effect, HookEnd, HookOutcome, HookScope, Host, NoSession, Place, RunControl,
        SqlError, StepResult,
    },
    sql,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, mpsc},
};
use tokio::sync::{mpsc::UnboundedSender, oneshot};

/// The stack of a hook's thread: what rhai needs for its deepest allowed recursion, unoptimised.
pub(super) const HOOK_STACK: usize = 8 << 20;

/// What a hook may see besides the client's memory.
#[derive(Clone, Copy)]
pub struct HookContext<'a> {
    /// The step that it belongs to.
    pub step: Option<&'a str>,
    /// The execution of that step, once it has begun.
    pub run: Option<RunNo>,
    /// Which pass through the script, from 1.
    pub iteration: u32,
    /// What the statement came to, in `after`.
    pub result: Option<(&'a Reply, Timing)>,
    /// The parameters of the statement by name.
    pub params: &'a [(String, Value)],
}

/// How a hook ended, for what is done next. Why it ended otherwise has been noted.
#[derive(Debug, Clone, PartialEq)]
pub enum HookVerdict {
    /// With this value.
    Finished(Value),
    /// An assertion, `fail`, `skip`, or an error: the script ends.
    Ended,
    /// With the session, which went away while the hook used it.
    Lost(LostSession),
}

/// The last words of a session that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSession {
    /// The SQLSTATE of the server's last word; empty where it had none.
    pub code: String,
    /// What the server, or the network, said last.
    pub message: String,
}

impl LostSession {
    /// What an error that ends the session says of it.
    pub(super) fn of(error: &ServerError) -> Self {
        Self {
            code: error.code.clone(),
            message: error.message.clone(),
        }
    }
}

/// A wish of a hook on its own thread: a statement, and where the answer goes.
pub(super) struct Ask {
    pub(super) text: String,
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) answer: mpsc::SyncSender<Result<Arc<ResultSet>, SqlError>>,
}

/// The host of a hook on its own thread.
pub(super) struct Bridge {
    pub(super) asks: UnboundedSender<Ask>,
    pub(super) results: HashMap<String, Arc<ResultSet>>,
}

impl Host for Bridge {
    fn sql(
        &self,
        text: &str,
        parameters: &BTreeMap<String, Value>,
    ) -> Result<Arc<ResultSet>, SqlError> {
        let gone = || SqlError {
            condition: None,
            message: "the client's session is gone".to_owned(),
        };
        let (answer, answered) = mpsc::sync_channel(1);
        let ask = Ask {
            text: text.to_owned(),
            parameters: parameters.clone(),
            answer,
        };
        self.asks.send(ask).map_err(|_| gone())?;
        answered.recv().unwrap_or_else(|_| Err(gone()))
    }

    fn rows(&self, step: &str) -> Option<Arc<ResultSet>> {
        self.results.get(step).cloned()
    }
}

/// The host of a hook that runs in place: it sees earlier rows and has no session.
pub(super) struct StepRows(pub(super) HashMap<String, Arc<ResultSet>>);

impl Host for StepRows {
    fn sql(
        &self,
        text: &str,
        parameters: &BTreeMap<String, Value>,
    ) -> Result<Arc<ResultSet>, SqlError> {
        NoSession.sql(text, parameters)
    }

    fn rows(&self, step: &str) -> Option<Arc<ResultSet>> {
        self.0.get(step).cloned()
    }
}

impl<S: Session> Client<'_, S> {
    /// Runs a hook to its end and notes what it left behind.
    pub(super) async fn hook(&mut self, plan: &HookPlan, context: HookContext<'_>) -> HookVerdict {
        let scope = self.scope(context);
        let control = RunControl {
            deadline: Some(self.shared.deadline),
            cancelled: Some(self.shared.stop.flag()),
        };
        let elsewhere = plan.hook.calls_sql() || plan.hook.may_run_long();
        let outcome = if elsewhere {
            self.on_a_thread(plan, scope, control, context).await
        } else {
            let host = Arc::new(StepRows(self.memory.results.clone()));
            plan.hook.run(&scope, host, &control)
        };
        self.take_effects(outcome.effects, context.step);
        // A hook may catch the error of a statement; that the session is gone concerns everybody.
        if let Some(lost) = self.lost.take() {
            return HookVerdict::Lost(lost);
        }
        match outcome.end {
            HookEnd::Finished(value) => HookVerdict::Finished(value),
            end => {
                self.hook_ended(plan, context.step, end);
                HookVerdict::Ended
            }
        }
    }

    fn scope(&mut self, context: HookContext<'_>) -> HookScope {
        let random_seed = self.random_seed();
        let mut variables = self.memory.saved.clone();
        variables.extend(context.params.iter().cloned());
        let result = context.result.map(|(reply, timing)| StepResult {
            rows: Arc::new(reply.last().cloned().unwrap_or_default()),
            affected: reply.row_count(),
            error: reply
                .error
                .as_ref()
                .map(|error| condition_name(&error.code)),
            elapsed: timing.total.duration(),
        });
        let actor = Actor {
            client: self.plan.id.to_string(),
            iteration: u64::from(context.iteration),
        };
        HookScope {
            variables,
            result,
            actor: Some(actor),
            random_seed,
        }
    }

    /// A seed of its own for every run of a hook in this session, whatever other sessions do meanwhile.
    fn random_seed(&mut self) -> u64 {
        self.hooks_run += 1;
        let client = self.plan.id.to_string();
        Stream::of(self.shared.case.random_seed, &["hook", &client])
            .at(self.hooks_run)
            .bits()
    }

    async fn on_a_thread(
        &mut self,
        plan: &HookPlan,
        scope: HookScope,
        control: RunControl,
        context: HookContext<'_>,
    ) -> HookOutcome {
        let (asks, mut asked) = tokio::sync::mpsc::unbounded_channel();
        let (ended, end) = oneshot::channel();
        let bridge = Arc::new(Bridge {
            asks,
            results: self.memory.results.clone(),
        });
        let hook = plan.hook.clone();
        let thread = std::thread::Builder::new()
            .name(format!("hook of {}", self.plan.id))
            .stack_size(HOOK_STACK)
            .spawn(move || {
                // The receiver is gone only when the whole case is; then nobody wants the outcome.
                let _ = ended.send(hook.run(&scope, bridge, &control));
            });
        if let Err(error) = thread {
            return broken(format!("no thread for the hook: {error}"));
        }
        let run = context.run.unwrap_or_else(|| self.shared.ledger.next_run());
        while let Some(ask) = asked.recv().await {
            let answer = self.answer(&ask, run).await;
            // The hook gave up waiting at its deadline.
            let _ = ask.answer.send(answer);
        }
        end.await
            .unwrap_or_else(|_| broken("the hook's thread broke".to_owned()))
    }

    async fn answer(&mut self, ask: &Ask, run: RunNo) -> Result<Arc<ResultSet>, SqlError> {
        let wrong = |message| SqlError {
            condition: None,
            message,
        };
        let bound = sql::bind(&ask.text);
        let params: Result<Vec<Value>, SqlError> = bound
            .names
            .iter()
            .map(|name| {
                let value = ask
                    .parameters
                    .get(name)
                    .or_else(|| self.memory.saved.get(name));
                value
                    .cloned()
                    .ok_or_else(|| wrong(format!("the parameter :{name} has no value")))
            })
            .collect();
        let params = params?;
        let message = Message {
            sql: &bound.sql,
            params: &params,
            form: if params.is_empty() && sql::split(&ask.text).statements.len() > 1 {
                StatementForm::Batch
            } else {
                StatementForm::Single
            },
            keep_rows: ROWS_TO_READ,
        };
        let (mut reply, _) = self.ask(message, run, SentBy::Hook).await;
        match reply.error {
            None => Ok(Arc::new(reply.results.pop().unwrap_or_default())),
            Some(error) => {
                if error.ends_session() {
                    self.lost.get_or_insert(LostSession::of(&error));
                }
                Err(SqlError {
                    condition: Some(condition_name(&error.code)),
                    message: error.message,
                })
            }
        }
    }

    fn take_effects(&mut self, effects: Vec<Effect>, step: Option<&str>) {
        let client = || self.plan.id.clone();
        let step = || step.map(str::to_owned);
        for effect in effects {
            match effect {
                Effect::Logged(text) => {
                    self.note(EventKind::Logged {
                        client: client(),
                        step: step(),
                        text,
                    });
                }
                Effect::Measured { name, value } => {
                    self.note(EventKind::Measured {
                        client: client(),
                        step: step(),
                        name,
                        value,
                    });
                }
                Effect::Saved { name, value } => {
                    self.memory.saved.insert(name, value);
                }
            }
        }
    }

    fn hook_ended(&self, plan: &HookPlan, step: Option<&str>, end: HookEnd) {
        let (problem, place) = match end {
            HookEnd::Finished(_) => return,
            HookEnd::AssertionFailed { message, place } => {
                (HookProblem::Assertion { message }, place)
            }
            HookEnd::Failed { message, place } => (HookProblem::Failure { message }, place),
            HookEnd::Skipped { reason, place } => {
                self.shared.stop.skip_case(reason.clone());
                (HookProblem::Skip { reason }, place)
            }
            HookEnd::SqlFailed { error, place } => (
                HookProblem::Failure {
                    message: error.message,
                },
                place,
            ),
            HookEnd::LimitExceeded { limit, place } => (
                HookProblem::Broken {
                    message: limit.to_string(),
                },
                place,
            ),
            HookEnd::Cancelled => (
                HookProblem::Broken {
                    message: "cancelled: the case is over".to_owned(),
                },
                Place::START,
            ),
            HookEnd::Broken(error) => (
                HookProblem::Broken {
                    message: error.message,
                },
                error.place,
            ),
        };
        self.note(EventKind::HookEnded {
            client: self.plan.id.clone(),
            step: step.map(str::to_owned),
            problem,
            path: plan.path.clone(),
            line: place.line,
            column: place.column,
        });
    }

    /// Notes that something an author names or computes has no value.
    pub(super) fn without_value(&self, step: Option<&str>, path: &str, message: String) {
        self.note(EventKind::HookEnded {
            client: self.plan.id.clone(),
            step: step.map(str::to_owned),
            problem: HookProblem::Broken { message },
            path: path.to_owned(),
            line: 0,
            column: 0,
        });
    }
}

pub(super) fn broken(message: String) -> HookOutcome {
    HookOutcome {
        end: HookEnd::Failed {
            message,
            place: Place::START,
        },
        effects: Vec::new(),
    }
}

/// A SQLSTATE by its condition name, or itself where PostgreSQL names none.
pub(super) fn condition_name(code: &str) -> String {
    sql::Condition::from_code(code)
        .and_then(|condition| condition.name())
        .map_or_else(|| code.to_owned(), str::to_owned)
}
