//! Hooks under a load: in place, with nothing converted that they do not read. One that calls `sql()` waits for the
//! server, and so runs on a thread of its own while the user's task serves it.

use super::{
    link::{Answer, AnswerEnd, ArgumentBuffer, Dialer, Fragment, Link, LoadStatement, Rows},
    pass::Pass,
    script::{Hook, Read, Step},
    tally::Counted,
    worker::Report,
};
use crate::{
    record::{HookProblem, ResultSet, Value, load::HookTally},
    run::hooks::{Ask, Bridge, HOOK_STACK, StepRows, broken, condition_name},
    schedule::{StatementForm, generate::Presence},
    script::{
        Actor, Effect, HookEnd, HookOutcome, HookScope, Host, NoSession, Place, RunControl,
        SqlError, StepResult,
    },
    sql,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Instant,
};
use tokio::sync::oneshot;

/// Where in a pass a hook runs.
#[derive(Clone, Copy)]
pub(super) enum Hand<'a> {
    /// Behind no statement.
    Nothing,
    /// Behind a statement that was answered.
    Answer {
        step: &'a Step,
        row: usize,
        answer: &'a Answer,
        sent: Instant,
    },
}

/// A hook ended the transaction.
pub(super) struct HookEnded;

static NO_HOST: LazyLock<Arc<NoSession>> = LazyLock::new(|| Arc::new(NoSession));

static NO_ROWS: LazyLock<Arc<ResultSet>> = LazyLock::new(Arc::default);

impl<D: Dialer> Pass<'_, D> {
    /// Runs a hook to its end, and keeps what it left behind.
    pub(super) async fn hook(
        &mut self,
        hook: &Hook,
        hand: Hand<'_>,
        link: &mut D::Link,
    ) -> Result<Value, HookEnded> {
        let scope = self.scope(hook, hand);
        let control = RunControl {
            deadline: None,
            cancelled: Some(Arc::clone(&self.crew.halt)),
        };
        let outcome = if hook.calls_sql {
            self.on_a_thread(hook, scope, control, link).await
        } else {
            let host: Arc<dyn Host> = match hook.sees_steps {
                true => Arc::new(StepRows(self.desk.results.clone())),
                false => NO_HOST.clone(),
            };
            let mut resolved = self.crew.resolved.borrow_mut();
            let resolved = &mut resolved[hook.index];
            hook.plan.hook.run_again(resolved, &scope, host, &control)
        };
        self.take_effects(outcome.effects);
        match outcome.end {
            HookEnd::Finished(value) => Ok(value),
            end => {
                self.ended_badly(hook, end);
                Err(HookEnded)
            }
        }
    }

    fn scope(&mut self, hook: &Hook, hand: Hand<'_>) -> HookScope {
        self.desk.hooks_run += 1;
        let mut variables = BTreeMap::new();
        for (name, read) in &hook.reads {
            let value = match (read, hand) {
                (Read::Slot(slot), _) => self.desk.draws[self.index].slots[*slot].clone(),
                (Read::Argument(at), Hand::Answer { step, row, .. }) => {
                    self.sent_value(&step.arguments[*at], row)
                }
                (Read::Argument(_), Hand::Nothing) => None,
            };
            let others = &self.desk.draws[self.index].others;
            if let Some(value) = value.or_else(|| others.get(name).cloned()) {
                variables.insert(name.clone(), value);
            }
        }
        let result = match hand {
            Hand::Nothing => None,
            Hand::Answer { answer, sent, .. } => Some(StepResult {
                rows: answer.result.clone().unwrap_or_else(|| NO_ROWS.clone()),
                affected: answer.row_count,
                error: match &answer.end {
                    AnswerEnd::Refused(error) => Some(condition_name(&error.code)),
                    AnswerEnd::Done | AnswerEnd::NotRun => None,
                },
                elapsed: answer.ended.saturating_duration_since(sent),
            }),
        };
        let actor = hook.sees_actor.then(|| Actor {
            client: format!("{}[{}]", self.script.name, self.desk.user),
            iteration: self.desk.iteration,
        });
        let random_seed = self.desk.hook_stream.at(self.desk.hooks_run).bits();
        HookScope {
            variables,
            result,
            actor,
            random_seed,
        }
    }

    fn take_effects(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Measured { name, value } => {
                    if self.counted == Counted::Yes {
                        let mut tally = self.crew.tally.borrow_mut();
                        let measured = &mut tally.clients[self.index].measured;
                        measured.entry(name).or_default().record(value);
                    }
                }
                Effect::Saved { name, value } => {
                    let slot = self.script.slots.iter().position(|known| *known == name);
                    let draws = &mut self.desk.draws[self.index];
                    match slot {
                        Some(slot) => draws.slots[slot] = Some(value),
                        None => {
                            draws.others.insert(name, value);
                        }
                    }
                }
                Effect::Logged(text) => {
                    if self.counted == Counted::Yes {
                        let mut tally = self.crew.tally.borrow_mut();
                        tally.clients[self.index].logged.record(text);
                    }
                }
            }
        }
    }

    fn ended_badly(&self, hook: &Hook, end: HookEnd) {
        if self.crew.halted() {
            return;
        }
        let (problem, place) = match end {
            HookEnd::Finished(_) | HookEnd::Cancelled => return,
            HookEnd::AssertionFailed { message, place } => {
                (HookProblem::Assertion { message }, place)
            }
            HookEnd::Failed { message, place } => (HookProblem::Failure { message }, place),
            HookEnd::Skipped { reason, place } => {
                self.crew.report(Report::Skip(reason.clone()));
                (HookProblem::Skip { reason }, place)
            }
            HookEnd::SqlFailed { error, place } => {
                let message = error.message;
                (HookProblem::Failure { message }, place)
            }
            HookEnd::LimitExceeded { limit, place } => {
                let message = limit.to_string();
                (HookProblem::Broken { message }, place)
            }
            HookEnd::Broken(error) => {
                let message = error.message;
                (HookProblem::Broken { message }, error.place)
            }
        };
        let Place { line, column } = place;
        let hook = HookTally {
            count: 1,
            problem,
            path: hook.plan.path.clone(),
            line,
            column,
        };
        if self.counted == Counted::Yes {
            self.crew.tally.borrow_mut().hook(self.index, hook);
        }
    }

    async fn on_a_thread(
        &mut self,
        hook: &Hook,
        scope: HookScope,
        control: RunControl,
        link: &mut D::Link,
    ) -> HookOutcome {
        let (asks, mut asked) = tokio::sync::mpsc::unbounded_channel();
        let (ended, end) = oneshot::channel();
        let bridge = Arc::new(Bridge {
            asks,
            results: self.desk.results.clone(),
        });
        let running = hook.plan.hook.clone();
        let thread = std::thread::Builder::new()
            .name(format!("hook of {}", self.script.name))
            .stack_size(HOOK_STACK)
            .spawn(move || {
                // The receiver is gone only when the whole load is; then nobody wants the outcome.
                let _ = ended.send(running.run(&scope, bridge, &control));
            });
        if let Err(error) = thread {
            return broken(format!("no thread for the hook: {error}"));
        }
        while let Some(ask) = asked.recv().await {
            let answer = self.answer(&ask, link).await;
            // The hook gave up waiting.
            let _ = ask.answer.send(answer);
        }
        end.await
            .unwrap_or_else(|_| broken("the hook's thread broke".to_owned()))
    }

    /// Sends what a hook asks for on the user's own connection.
    async fn answer(&mut self, ask: &Ask, link: &mut D::Link) -> Result<Arc<ResultSet>, SqlError> {
        let wrong = |message: String| SqlError {
            condition: None,
            message,
        };
        let bound = sql::bind(&ask.text);
        let mut arguments = ArgumentBuffer::default();
        for name in &bound.names {
            let saved = || {
                let slot = self.script.slots.iter().position(|known| known == name)?;
                self.desk.draws[self.index].slots[slot].clone()
            };
            let value = ask.parameters.get(name).cloned().or_else(saved);
            let value =
                value.ok_or_else(|| wrong(format!("the parameter :{name} has no value")))?;
            match value.to_text() {
                Some(text) => {
                    arguments.bytes.extend_from_slice(text.as_bytes());
                    arguments.end(Presence::Text);
                }
                None => arguments.end(Presence::Null),
            }
        }
        // With its parameters written into it, so that nothing has to be prepared that may never come again.
        let statement = LoadStatement {
            index: usize::MAX,
            fragments: Fragment::of(&bound.sql),
            sql: bound.sql,
            form: StatementForm::Batch,
            rows: Rows::Kept,
        };
        let mut answers = Vec::new();
        link.push(&statement, &arguments);
        if let Err(error) = link.exchange(&mut answers).await {
            self.lost = true;
            return Err(wrong(error.message));
        }
        match answers.pop() {
            Some(Answer {
                end: AnswerEnd::Refused(error),
                ..
            }) => Err(SqlError {
                condition: Some(condition_name(&error.code)),
                message: error.message,
            }),
            Some(answer) => Ok(answer.result.unwrap_or_else(|| NO_ROWS.clone())),
            None => Err(wrong("the connection is gone".to_owned())),
        }
    }
}
