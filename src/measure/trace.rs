//! Which facts belong together? The events of a case joined up: messages with their answers, executions of steps
//! with their messages, passes through a script with their steps.
//!
//! Everything borrows from the log; nothing is counted or judged here.

use crate::{
    record::{
        CaseLog, ClientEnd, ClientId, Event, EventKind, Micros, Reply, RunNo, SentBy, StatementNo,
        StepEnd, Timing, Value,
    },
    schedule::Case,
};
use std::collections::HashMap;

/// The events of a case, joined up.
#[derive(Debug, Clone, Default)]
pub struct Trace<'a> {
    /// Every execution of a step, in the order of their permits.
    pub runs: Vec<StepRun<'a>>,
    /// Every message to the server that was noted, in the order of sending.
    pub messages: Vec<Message<'a>>,
    /// Every try of every pass through a script, in the order in which they began.
    pub passes: Vec<Pass<'a>>,
    /// What each hook of the scenario itself sent, which is no pass through a script and yet the work of one client.
    pub own_hooks: Vec<Pass<'a>>,
    run_index: HashMap<RunNo, usize>,
}

/// When something was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Its place in the order of events.
    pub seq: u32,
    /// The time on the case's clock, for spans only.
    pub at: Micros,
}

impl Moment {
    fn of(event: &Event) -> Self {
        Self {
            seq: event.seq,
            at: event.at,
        }
    }
}

/// One execution of a step.
#[derive(Debug, Clone)]
pub struct StepRun<'a> {
    /// Its number.
    pub run: RunNo,
    /// Who.
    pub client: &'a ClientId,
    /// The step's name within its script.
    pub step: &'a str,
    /// Index into the forced order, if one is.
    pub launch: Option<usize>,
    /// When it got its permit.
    pub launched: Moment,
    /// When it came to its end, and to what; none where the case was over before.
    pub completed: Option<(Moment, &'a StepEnd)>,
    /// Its messages, as indexes into [`Trace::messages`].
    pub messages: Vec<usize>,
}

impl StepRun<'_> {
    /// The SQLSTATE that it ended with, if it ended with an error; empty where the connection broke.
    pub fn error_code(&self) -> Option<&str> {
        match self.completed {
            Some((_, StepEnd::Error { code })) => Some(code),
            Some((_, StepEnd::Done | StepEnd::HookFailed | StepEnd::Skipped)) | None => None,
        }
    }
}

/// One message and its answer.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// Its number.
    pub statement: StatementNo,
    /// The execution of a step, or of a client's hook, that it belongs to; none for `setup`.
    pub run: Option<RunNo>,
    /// On whose session.
    pub client: &'a ClientId,
    /// The text as sent.
    pub sql: &'a str,
    /// The parameters.
    pub params: &'a [Value],
    /// What made it.
    pub by: &'a SentBy,
    /// When it was sent.
    pub sent: Moment,
    /// When it was answered, what, and how long that took; none where the case was over before.
    pub answer: Option<(Moment, &'a Reply, Timing)>,
}

impl Message<'_> {
    /// Whether it is the step's own statement, not one of its hooks'.
    pub fn is_own(&self) -> bool {
        match self.by {
            SentBy::Step | SentBy::ForEach { .. } => true,
            SentBy::Setup | SentBy::Teardown | SentBy::Hook | SentBy::Query { .. } => false,
        }
    }

    /// The answer, if one came.
    pub fn reply(&self) -> Option<&Reply> {
        self.answer.as_ref().map(|(_, reply, _)| *reply)
    }
}

/// One try of one pass through a script.
#[derive(Debug, Clone)]
pub struct Pass<'a> {
    /// Who.
    pub client: &'a ClientId,
    /// Which pass, from 1.
    pub iteration: u32,
    /// Which try of it, from 1.
    pub attempt: u32,
    /// Its steps, as indexes into [`Trace::runs`].
    pub runs: Vec<usize>,
    /// Its messages, those of the client's own hooks included, as indexes into [`Trace::messages`].
    pub messages: Vec<usize>,
    /// How it ended.
    pub end: PassEnd,
}

/// How one try of a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassEnd {
    /// The script was gone through, or as much of it as was permitted.
    Complete,
    /// An error or a hook ended it before that.
    Failed,
}

impl<'a> Trace<'a> {
    /// Joins up the events of a case. `case` tells which of a client's hooks may have sent what no step did.
    pub fn read(case: &Case, log: &'a CaseLog) -> Self {
        Self::of_events(case, &log.events)
    }

    /// Joins up events as [`read`](Self::read) does.
    pub fn of_events(case: &Case, events: &'a [Event]) -> Self {
        let mut reader = Reader::default();
        for event in events {
            reader.take(event);
        }
        reader.finish(case)
    }

    /// The execution with this number; none for a hook of the client itself.
    pub fn run(&self, run: RunNo) -> Option<&StepRun<'a>> {
        self.run_index.get(&run).map(|index| &self.runs[*index])
    }

    /// The messages of an execution, in the order of sending.
    pub fn messages_of(&self, run: &StepRun<'a>) -> impl Iterator<Item = &Message<'a>> {
        run.messages.iter().map(|index| &self.messages[*index])
    }

    /// The last answer to the step's own statement, not to what its hooks sent.
    pub fn own_reply(&self, run: &StepRun<'a>) -> Option<&'a Reply> {
        let own = run
            .messages
            .iter()
            .rev()
            .map(|index| &self.messages[*index]);
        let mut own = own.filter(|message| message.is_own());
        own.find_map(|message| message.answer.map(|(_, reply, _)| reply))
    }

    /// How many rows the step's own statement returned or changed, for all rows of `for_each` together; none if
    /// it was never answered.
    pub fn rows_of(&self, run: &StepRun<'a>) -> Option<u64> {
        self.own_reply(run)?;
        let own = self.messages_of(run).filter(|message| message.is_own());
        Some(own.filter_map(Message::reply).map(Reply::row_count).sum())
    }

    /// From the permit of a pass's first step to the end of its last.
    pub fn span(&self, pass: &Pass<'a>) -> Option<(Micros, Micros)> {
        let first = self.runs.get(*pass.runs.first()?)?;
        let last = self.runs.get(*pass.runs.last()?)?;
        last.completed.map(|(end, _)| (first.launched.at, end.at))
    }
}

/// A trace that is being read.
#[derive(Default)]
struct Reader<'a> {
    trace: Trace<'a>,
    message_index: HashMap<StatementNo, usize>,
    pass_index: HashMap<(&'a ClientId, u32, u32), usize>,
    current_pass: HashMap<&'a ClientId, usize>,
    /// Messages whose run no `Launched` has named: those of hooks of a client or before a step.
    stray: Vec<Stray<'a>>,
}

/// A message that no step sent.
struct Stray<'a> {
    message: usize,
    client: &'a ClientId,
    /// The pass whose step came last before it.
    before: Option<usize>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, event: &'a Event) {
        let moment = Moment::of(event);
        match &event.kind {
            EventKind::Launched {
                run,
                client,
                step,
                iteration,
                attempt,
                launch,
            } => {
                let run = StepRun {
                    run: *run,
                    client,
                    step,
                    launch: *launch,
                    launched: moment,
                    completed: None,
                    messages: Vec::new(),
                };
                self.take_run(run, *iteration, *attempt);
            }
            EventKind::Sent {
                statement,
                run,
                client,
                sql,
                params,
                by,
            } => self.take_message(Message {
                statement: *statement,
                run: *run,
                client,
                sql,
                params,
                by,
                sent: moment,
                answer: None,
            }),
            EventKind::Replied {
                statement,
                client: _,
                reply,
                timing,
            } => {
                if let Some(index) = self.message_index.get(statement) {
                    self.trace.messages[*index].answer = Some((moment, reply, *timing));
                }
            }
            EventKind::Completed { run, end, .. } => {
                if let Some(index) = self.trace.run_index.get(run) {
                    self.trace.runs[*index].completed = Some((moment, end));
                }
            }
            EventKind::Retrying { client, .. } => self.fail_pass(client),
            EventKind::Finished { client, end } => match end {
                ClientEnd::Done => {}
                ClientEnd::Stopped { .. }
                | ClientEnd::HookFailed
                | ClientEnd::GaveUp { .. }
                | ClientEnd::Lost => self.fail_pass(client),
            },
            EventKind::OrderBegan { .. }
            | EventKind::HeldBack { .. }
            | EventKind::Connected { .. }
            | EventKind::Waiting { .. }
            | EventKind::WaitEnded { .. }
            | EventKind::Skipped { .. }
            | EventKind::Notice { .. }
            | EventKind::Notified { .. }
            | EventKind::Measured { .. }
            | EventKind::Logged { .. }
            | EventKind::HookEnded { .. }
            | EventKind::Cancelled { .. } => {}
        }
    }

    fn take_run(&mut self, run: StepRun<'a>, iteration: u32, attempt: u32) {
        let index = self.trace.runs.len();
        self.trace.run_index.insert(run.run, index);
        let pass = self.pass(run.client, iteration, attempt);
        self.trace.passes[pass].runs.push(index);
        self.trace.runs.push(run);
    }

    fn take_message(&mut self, message: Message<'a>) {
        let index = self.trace.messages.len();
        self.message_index.insert(message.statement, index);
        let pass = self.current_pass.get(message.client).copied();
        if let Some(run) = message.run {
            match self.trace.run_index.get(&run) {
                Some(at) => {
                    self.trace.runs[*at].messages.push(index);
                    if let Some(pass) = pass {
                        self.trace.passes[pass].messages.push(index);
                    }
                }
                None => self.stray.push(Stray {
                    message: index,
                    client: message.client,
                    before: pass,
                }),
            }
        }
        self.trace.messages.push(message);
    }

    fn pass(&mut self, client: &'a ClientId, iteration: u32, attempt: u32) -> usize {
        let passes = &mut self.trace.passes;
        let index = *self
            .pass_index
            .entry((client, iteration, attempt))
            .or_insert_with(|| {
                passes.push(Pass {
                    client,
                    iteration,
                    attempt,
                    runs: Vec::new(),
                    messages: Vec::new(),
                    end: PassEnd::Complete,
                });
                passes.len() - 1
            });
        self.current_pass.insert(client, index);
        index
    }

    fn fail_pass(&mut self, client: &'a ClientId) {
        if let Some(pass) = self.current_pass.get(client) {
            self.trace.passes[*pass].end = PassEnd::Failed;
        }
    }

    /// Gives the messages that no step sent to a pass: to the one around them, else to the next one, as
    /// those of a hook before a pass are; after a pass only if the client has a hook there and none before.
    fn finish(mut self, case: &Case) -> Trace<'a> {
        for stray in std::mem::take(&mut self.stray) {
            let passes = &self.trace.passes;
            let sent = self.trace.messages[stray.message].sent.seq;
            let next = passes.iter().position(|pass| {
                let first_after = pass
                    .runs
                    .iter()
                    .any(|run| self.trace.runs[*run].launched.seq > sent);
                pass.client == stray.client && first_after
            });
            let pass = match (stray.before, next) {
                (Some(before), Some(next)) if before != next => {
                    if ends_with_hook(case, stray.client) {
                        Some(before)
                    } else {
                        Some(next)
                    }
                }
                (_, Some(next)) => Some(next),
                (before, None) => before,
            };
            match pass {
                Some(pass) => {
                    let messages = &mut self.trace.passes[pass].messages;
                    let at = messages.partition_point(|index| *index < stray.message);
                    messages.insert(at, stray.message);
                }
                None => self.take_own_hook(&stray),
            }
        }
        self.trace
    }

    /// A message of a session without steps: the scenario's own.
    fn take_own_hook(&mut self, stray: &Stray<'a>) {
        let Trace {
            messages,
            own_hooks,
            ..
        } = &mut self.trace;
        let run = messages[stray.message].run;
        let of_this_run = |hook: &&mut Pass<'a>| {
            let first = hook.messages.first();
            first.is_some_and(|first| messages[*first].run == run)
        };
        match own_hooks.iter_mut().find(of_this_run) {
            Some(hook) => hook.messages.push(stray.message),
            None => own_hooks.push(Pass {
                client: stray.client,
                iteration: 1,
                attempt: 1,
                runs: Vec::new(),
                messages: vec![stray.message],
                end: PassEnd::Complete,
            }),
        }
    }
}

/// Whether what a client sends between two passes comes from the hook after the earlier one.
fn ends_with_hook(case: &Case, client: &ClientId) -> bool {
    let plan = case.clients.iter().find(|plan| plan.id == *client);
    plan.is_some_and(|plan| plan.after.is_some() && plan.before.is_none())
}
