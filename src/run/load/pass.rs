//! One pass through a script: arguments, messages, answers, hooks.

use super::{
    arguments::Draws,
    hooks::{Hand, HookEnded},
    link::{Answer, AnswerEnd, ArgumentBuffer, Dialer, Link},
    script::{Course, Says, Script, Step, Traffic},
    tally::Counted,
    user::nanos,
    worker::Crew,
};
use crate::{
    record::{ResultSet, ServerError, Value, compare_rows, load::Parts},
    schedule::generate::Stream,
    spec::client::OnError,
    text::plural,
};
use std::{collections::HashMap, ops::Range, sync::Arc, time::Instant};

/// What a user works with, used again for every transaction.
pub(super) struct Desk {
    pub(super) arguments: ArgumentBuffer,
    answers: Vec<Answer>,
    /// What is drawn and remembered, for each script.
    pub(super) draws: Vec<Draws>,
    /// The user's number everywhere, from 1.
    pub(super) user: u32,
    /// Which transaction of the user it is, from 1.
    pub(super) iteration: u64,
    /// What hooks draw from.
    pub(super) hook_stream: Stream,
    pub(super) hooks_run: u64,
    pub(super) results: HashMap<String, Arc<ResultSet>>,
    /// Whether a step of this try met an error.
    pub(super) met_error: bool,
    /// The error of this try after which the transaction is tried again, and the step that met it. Only the next try can
    /// tell whether it counts.
    pub(super) to_retry: Option<(usize, ServerError)>,
}

impl Desk {
    pub(super) fn new(traffic: &Traffic, user: u32) -> Self {
        let draws = traffic.scripts.iter();
        let seed = traffic.case.random_seed;
        Self {
            arguments: ArgumentBuffer::default(),
            answers: Vec::new(),
            draws: draws.map(|script| Draws::new(script, seed, user)).collect(),
            user,
            iteration: 0,
            hook_stream: Stream::of(seed, &["load", "hook", &user.to_string()]),
            hooks_run: 0,
            results: HashMap::new(),
            met_error: false,
            to_retry: None,
        }
    }

    /// A transaction begins.
    pub(super) fn begin(&mut self, script: usize) {
        self.iteration += 1;
        self.draws[script].begin();
        self.forget_errors();
    }

    /// It is tried again, with the values it had.
    pub(super) fn begin_again(&mut self, script: usize) {
        self.draws[script].begin_again();
        self.forget_errors();
    }

    fn forget_errors(&mut self) {
        self.met_error = false;
        self.to_retry = None;
    }

    /// A pass of this user through a script.
    pub(super) fn pass<'a, D: Dialer>(
        &'a mut self,
        crew: &'a Crew<D>,
        script: usize,
        counted: Counted,
        parts: &'a mut Parts,
    ) -> Pass<'a, D> {
        Pass {
            desk: self,
            script: &crew.traffic.scripts[script],
            index: script,
            crew,
            counted,
            parts,
            lost: false,
        }
    }
}

/// How a transaction ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    /// When.
    pub(super) at: Instant,
    /// From when on its user can go on: later, where it left something to roll back.
    pub(super) free: Instant,
    how: How,
    lost: bool,
}

#[derive(Debug, Clone)]
enum How {
    Done,
    /// The SQLSTATE of the error that ended it; the empty one where the connection broke without a word.
    Refused(String),
    GaveUp(String),
    Hook,
}

impl Ended {
    pub(super) fn over(at: Instant) -> Self {
        Self {
            at,
            free: at,
            how: How::Hook,
            lost: false,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.how, How::Done)
    }

    /// Whether the connection is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    pub(super) fn has_given_up(&self) -> bool {
        matches!(self.how, How::GaveUp(_))
    }

    /// The same after its last try.
    pub(super) fn given_up(self) -> Self {
        let how = match self.how {
            How::Refused(code) => How::GaveUp(code),
            how @ (How::Done | How::GaveUp(_) | How::Hook) => how,
        };
        Self { how, ..self }
    }

    /// The SQLSTATE of the error that ended it.
    pub(super) fn code(&self) -> Option<&str> {
        match &self.how {
            How::Refused(code) | How::GaveUp(code) => Some(code),
            How::Done | How::Hook => None,
        }
    }
}

/// Why a pass does not go on.
pub(super) enum Break {
    /// The SQLSTATE of an error.
    Refused(String),
    Hook,
}

impl From<HookEnded> for Break {
    fn from(_: HookEnded) -> Self {
        Self::Hook
    }
}

/// One pass.
pub(super) struct Pass<'a, D: Dialer> {
    pub(super) desk: &'a mut Desk,
    pub(super) script: &'a Script,
    pub(super) index: usize,
    pub(super) crew: &'a Crew<D>,
    pub(super) counted: Counted,
    parts: &'a mut Parts,
    /// Whether the connection is gone.
    pub(super) lost: bool,
}

impl<D: Dialer> Pass<'_, D> {
    /// Goes through the script from now on.
    pub(super) async fn go(&mut self, link: &mut D::Link, began: Instant) -> Ended {
        let mut at = began;
        let how = match self.steps(link, &mut at).await {
            Ok(()) => How::Done,
            Err(Break::Refused(code)) => How::Refused(code),
            Err(Break::Hook) => How::Hook,
        };
        Ended {
            at,
            free: at,
            how,
            lost: self.lost,
        }
    }

    /// Rolls back what the script left open. Where the connection turns out to be gone, that is what ended the transaction,
    /// if nothing else did.
    pub(super) async fn clean_up(&mut self, mut ended: Ended, link: &mut D::Link) -> Ended {
        if ended.lost || !link.in_transaction() {
            return ended;
        }
        let rolled_back = self.roll_back(self.script.steps.len() - 1, link).await;
        ended.free = Instant::now();
        ended.lost = self.lost;
        match (rolled_back, ended.how) {
            (Err(Break::Refused(code)), How::Done) => ended.how = How::Refused(code),
            (_, how) => ended.how = how,
        }
        ended
    }

    async fn steps(&mut self, link: &mut D::Link, at: &mut Instant) -> Result<(), Break> {
        let script = self.script;
        if script.keeps_results {
            self.desk.results.clear();
        }
        self.draw_variables()?;
        if let Some(hook) = &script.before {
            self.hook(hook, Hand::Nothing, link).await?;
            *at = Instant::now();
        }
        for group in &script.groups {
            match self.group(group, link, at).await {
                Ok(()) => {}
                Err(Break::Refused(code)) if !self.lost && !script.retries(&code) => {
                    match script.on_error {
                        OnError::Stop => return Err(Break::Refused(code)),
                        OnError::Continue => {}
                        OnError::Rollback => {
                            self.roll_back(group.end - 1, link).await?;
                            *at = Instant::now();
                        }
                    }
                }
                Err(ended) => return Err(ended),
            }
        }
        if let Some(hook) = &script.after {
            self.hook(hook, Hand::Nothing, link).await?;
            *at = Instant::now();
        }
        Ok(())
    }

    /// Steps that are sent together; one, as a rule.
    async fn group(
        &mut self,
        group: &Range<usize>,
        link: &mut D::Link,
        at: &mut Instant,
    ) -> Result<(), Break> {
        if group.len() > 1 {
            return self.together(group.clone(), link, at).await;
        }
        let step = &self.script.steps[group.start];
        if let Some(hook) = &step.when {
            let value = self.hook(hook, Hand::Nothing, link).await?;
            *at = Instant::now();
            if value == Value::Bool(false) {
                return Ok(());
            }
        }
        if let Some(hook) = &step.before {
            self.hook(hook, Hand::Nothing, link).await?;
            *at = Instant::now();
        }
        let Some(of) = &step.for_each else {
            return self.once(group.start, 0, link, at).await;
        };
        let rows = self
            .desk
            .results
            .get(of)
            .map_or(0, |result| result.rows.len());
        for row in 0..rows {
            self.once(group.start, row, link, at).await?;
        }
        Ok(())
    }

    /// The statement of a step, once.
    async fn once(
        &mut self,
        index: usize,
        row: usize,
        link: &mut D::Link,
        at: &mut Instant,
    ) -> Result<(), Break> {
        let step = &self.script.steps[index];
        self.draw(step, row)?;
        let (sent, answer) = match self.prepare(index, link, at).await {
            Ok(()) => {
                self.sample(index);
                link.push(&step.statement, &self.desk.arguments);
                let sent = *at;
                self.exchange(index..index + 1, link, at).await?;
                (sent, self.desk.answers.pop())
            }
            // Such as that of a table that is not there; a step may say that it expects it.
            Err(error) => (*at, Some(Answer::refused(error, *at))),
        };
        let Some(answer) = answer else {
            // There is one answer for each statement.
            self.lost = true;
            return Err(Break::Refused(String::new()));
        };
        *at = answer.ended;
        let outcome = self.settle(index, &answer, sent, sent);
        if outcome.is_ok() {
            self.keep(step, &answer);
        }
        if let Some(hook) = &step.after {
            let hand = Hand::Answer {
                step,
                row,
                answer: &answer,
                sent,
            };
            self.hook(hook, hand, link).await?;
            *at = Instant::now();
        }
        outcome
    }

    /// Statements of which none needs what another answers, in one go.
    async fn together(
        &mut self,
        steps: Range<usize>,
        link: &mut D::Link,
        at: &mut Instant,
    ) -> Result<(), Break> {
        for index in steps.clone() {
            let prepared = self.prepare(index, link, at).await;
            prepared.map_err(|error| self.refused(index, &error))?;
        }
        let sent = *at;
        for index in steps.clone() {
            let step = &self.script.steps[index];
            self.draw(step, 0)?;
            self.sample(index);
            link.push(&step.statement, &self.desk.arguments);
        }
        self.exchange(steps.clone(), link, at).await?;
        let answers = std::mem::take(&mut self.desk.answers);
        let mut outcome = Ok(());
        for (index, answer) in steps.zip(&answers) {
            outcome = outcome.and(self.settle(index, answer, sent, *at));
            *at = answer.ended;
        }
        self.desk.answers = answers;
        self.desk.answers.clear();
        outcome
    }

    async fn prepare(
        &mut self,
        index: usize,
        link: &mut D::Link,
        at: &mut Instant,
    ) -> Result<(), ServerError> {
        let statement = &self.script.steps[index].statement;
        if link.is_prepared(statement) {
            return Ok(());
        }
        let prepared = link.prepare(statement).await;
        let now = Instant::now();
        self.parts.prepare += nanos(now.saturating_duration_since(*at));
        *at = now;
        prepared
    }

    /// Keeps what a step is sent with, the first time.
    fn sample(&self, index: usize) {
        let mut tally = self.crew.tally.borrow_mut();
        tally.sample(self.index, index, &self.desk.arguments);
    }

    async fn exchange(
        &mut self,
        steps: Range<usize>,
        link: &mut D::Link,
        at: &mut Instant,
    ) -> Result<(), Break> {
        self.desk.answers.clear();
        let exchanged = link.exchange(&mut self.desk.answers).await;
        exchanged.map_err(|error| {
            let now = Instant::now();
            self.parts.first_row += nanos(now.saturating_duration_since(*at));
            *at = now;
            let answered = self.desk.answers.len();
            self.refused((steps.start + answered).min(steps.end - 1), &error)
        })
    }

    /// Counts an answer, and says whether the script goes on. Its time counts from `from`: the end of the answer before it,
    /// where several statements were sent together.
    fn settle(
        &mut self,
        index: usize,
        answer: &Answer,
        sent: Instant,
        from: Instant,
    ) -> Result<(), Break> {
        let step = &self.script.steps[index];
        let first_row = answer.first_row.max(from);
        self.parts.first_row += nanos(first_row.saturating_duration_since(from));
        self.parts.rows += nanos(answer.ended.saturating_duration_since(first_row));
        match &answer.end {
            AnswerEnd::NotRun => Ok(()),
            AnswerEnd::Refused(error) => {
                let expected = step.expected_error.as_deref() == Some(&error.code);
                let ended = self.refused(index, error);
                if expected { Ok(()) } else { Err(ended) }
            }
            AnswerEnd::Done => {
                let took = answer.ended.saturating_duration_since(sent);
                if self.counted == Counted::Yes {
                    let mut tally = self.crew.tally.borrow_mut();
                    tally.step(self.index, index, took, answer.row_count);
                    if let Some((key, words)) = step.differs(answer) {
                        tally.mismatch(self.index, index, key, || words);
                    }
                }
                Ok(())
            }
        }
    }

    /// Counts an error of a step.
    fn refused(&mut self, index: usize, error: &ServerError) -> Break {
        self.desk.met_error = true;
        if self.counted == Counted::Yes && !self.crew.halted() {
            let mut tally = self.crew.tally.borrow_mut();
            tally.refused(self.index, index, error);
            let foreseen = self.script.steps[index].expected_error.as_deref();
            if foreseen != Some(&error.code) {
                match self.script.course(error) {
                    Course::TriedAgain => self.desk.to_retry = Some((index, error.clone())),
                    course => tally.unexpected(self.index, index, error, course),
                }
            }
            if let Some(mark) = &self.crew.mark
                && foreseen != Some(&error.code)
            {
                let now = Instant::now();
                let at = (now, self.crew.since_warmup(now).unwrap_or_default());
                tally.refused_beside(self.index, Some(index), error, at, mark);
            }
        }
        self.lost |= error.ends_session();
        Break::Refused(error.code.clone())
    }

    fn keep(&mut self, step: &Step, answer: &Answer) {
        let Some(result) = &answer.result else { return };
        let slots = &mut self.desk.draws[self.index].slots;
        for (column, slot) in &step.save {
            let value = result
                .rows
                .first()
                .zip(result.column(column))
                .and_then(|(row, at)| row.get(at).cloned());
            slots[*slot] = Some(value.unwrap_or(Value::Null));
        }
        if self.script.keeps_results {
            let result = Arc::clone(result);
            self.desk.results.insert(step.name.clone(), result);
        }
    }

    /// Rolls back; an error of that is counted with a step.
    async fn roll_back(&mut self, index: usize, link: &mut D::Link) -> Result<(), Break> {
        self.desk.arguments.clear();
        link.push(&self.crew.traffic.rollback, &self.desk.arguments);
        let mut answers = Vec::new();
        let sent = link.exchange(&mut answers).await;
        let refused = answers.into_iter().find_map(Answer::into_error);
        match sent.err().or(refused) {
            None => Ok(()),
            Some(error) => {
                self.lost = true;
                Err(self.refused(index, &error))
            }
        }
    }
}

impl Step {
    /// The key under which the step says something else of its answer, and what came, in words.
    fn differs(&self, answer: &Answer) -> Option<(&'static str, String)> {
        let Says {
            affected,
            row_count,
            rows,
        } = &self.says;
        let count = answer.row_count;
        if self.expected_error.is_some() {
            return Some(("error", "it succeeded".to_owned()));
        }
        if let Some(expected) = affected.filter(|expected| *expected != count) {
            let words = format!("changed {}, expected {expected}", plural(count, "row"));
            return Some(("affected", words));
        }
        if let Some(expected) = row_count.filter(|expected| *expected != count) {
            let words = format!("returned {}, expected {expected}", plural(count, "row"));
            return Some(("row_count", words));
        }
        let (expected, order) = rows.as_ref()?;
        let actual = answer
            .result
            .as_deref()
            .map_or(&[][..], |result| &result.rows);
        let difference = compare_rows(expected, actual, *order).err()?;
        Some(("rows", format!("returned other rows:\n{difference}")))
    }
}
