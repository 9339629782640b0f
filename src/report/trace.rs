//! What happened, as a person would tell it? The events of a case as lines, one column per client.
//!
//! A step is one line where it ended; a wait is a line of its own where it was seen, so that reading from top
//! to bottom is reading in the order of the coordinator.

mod step;

use super::columns::{Drawing, DrawnLine, Mark, Note};
use crate::record::{
    Blocker, ClientEnd, ClientId, Event, EventKind, Hold, HookProblem, LockFacts, Micros, RunNo,
    SentBy, ServerError, SkipCause, StatementNo,
};
use crate::sql::condition_or_code;
use crate::text::{format_duration, list, plural, shortened_lines};
use indexmap::IndexMap;
use std::collections::HashMap;
use step::Taken;

/// The lines of a case, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// Everybody who acted, in the order of their first act.
    pub clients: Vec<ClientId>,
    /// What happened.
    pub lines: Vec<Line>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The event that it stands for.
    pub seq: u32,
    /// When.
    pub at: Micros,
    /// Index into [`Trace::clients`].
    pub client: usize,
    /// In a few words.
    pub text: String,
    /// How it is to be seen.
    pub mark: Mark,
    /// All events that it stands for, by their numbers.
    pub events: Vec<u32>,
}

/// Something that broke, and the events that it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// What, in a few words.
    pub note: Note,
    /// By [`seq`](Event::seq); none where it is about all of it.
    pub events: Vec<u32>,
}

impl Trace {
    /// Tells the events of a case.
    pub fn of(events: &[Event]) -> Self {
        let mut teller = Teller::default();
        for event in events {
            teller.tell(event);
        }
        teller.finish()
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines in columns; what broke stands below the line where it did, or below all of them.
    pub fn drawing(&self, broken: &[Broken]) -> Drawing {
        let times: Vec<String> = self.lines.iter().map(|line| span(line.at)).collect();
        let time_width = widest(times.iter()).max("time".len());
        let numbers: Vec<String> = self.lines.iter().map(|line| line.seq.to_string()).collect();
        let number_width = widest(numbers.iter()).max("event".len());
        let lines = self.lines.iter().zip(numbers.iter().zip(&times));
        let mut lines: Vec<DrawnLine> = lines
            .map(|(line, (number, time))| DrawnLine {
                gutter: format!("{number:>number_width$}  {time:>time_width$}"),
                column: line.client,
                text: line.text.clone(),
                mark: line.mark,
                notes: Vec::new(),
            })
            .collect();
        let mut below: Vec<Note> = Vec::new();
        for Broken { note, events } in broken {
            let at = events.iter().find_map(|seq| self.line_of(*seq));
            let (notes, note) = match at {
                Some(at) => (&mut lines[at].notes, note.clone()),
                None if events.is_empty() => (&mut below, afterwards(note)),
                None => continue,
            };
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        Drawing {
            gutter: format!("{:>number_width$}  {:>time_width$}", "event", "time"),
            columns: self.clients.iter().map(ToString::to_string).collect(),
            lines,
            below,
        }
    }

    /// The line that stands for an event.
    fn line_of(&self, seq: u32) -> Option<usize> {
        self.lines
            .iter()
            .position(|line| line.events.contains(&seq))
    }
}

fn afterwards(note: &Note) -> Note {
    Note {
        text: format!("afterwards: {}", note.text),
        mark: note.mark,
    }
}

fn widest<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

#[derive(Default)]
struct Teller {
    trace: Trace,
    taken: IndexMap<RunNo, Taken>,
    sent: HashMap<StatementNo, (Option<RunNo>, SentBy)>,
}

impl Teller {
    fn line(&mut self, event: &Event, client: &ClientId, mark: Mark, text: String) {
        let client = self.client(client);
        self.trace.lines.push(Line {
            seq: event.seq,
            at: event.at,
            client,
            text: shortened_lines(&text),
            mark,
            events: vec![event.seq],
        });
    }

    /// The last line stands for these events too.
    fn stands_for(&mut self, events: Vec<u32>) {
        if let Some(line) = self.trace.lines.last_mut() {
            line.events.extend(events);
        }
    }

    fn client(&mut self, client: &ClientId) -> usize {
        let known = self.trace.clients.iter().position(|known| known == client);
        known.unwrap_or_else(|| {
            self.trace.clients.push(client.clone());
            self.trace.clients.len() - 1
        })
    }

    fn tell(&mut self, event: &Event) {
        match &event.kind {
            EventKind::OrderBegan { .. }
            | EventKind::Connected { .. }
            | EventKind::Measured { .. } => {}
            EventKind::Launched {
                run,
                client,
                step,
                iteration,
                ..
            } => {
                self.client(client);
                let taken = Taken::new(event, client.clone(), step.clone(), *iteration);
                self.taken.insert(*run, taken);
            }
            EventKind::Sent {
                statement, run, by, ..
            } => {
                if let Some(taken) = run.and_then(|run| self.taken.get_mut(&run)) {
                    taken.events.push(event.seq);
                }
                self.sent.insert(*statement, (*run, by.clone()));
            }
            EventKind::Replied {
                statement,
                client,
                reply,
                ..
            } => {
                let (run, by) = self.sent.remove(statement).unwrap_or((None, SentBy::Setup));
                match run.and_then(|run| self.taken.get_mut(&run)) {
                    Some(taken) => {
                        taken.events.push(event.seq);
                        taken.replied(reply);
                    }
                    None => self.outside_of_steps(event, client, &by, reply.error.as_ref()),
                }
            }
            EventKind::Waiting {
                run,
                client,
                blockers,
                lock,
                seen_by: _,
            } => {
                let step = self.step_name(*run);
                let text = format!("{step} … waits for {}{}", whom(blockers), on(lock.as_ref()));
                self.line(event, client, Mark::Wait, text);
            }
            EventKind::HeldBack { run, client, by } => {
                let text = format!("{} … {}", self.step_name(*run), held_back(by));
                self.line(event, client, Mark::Wait, text);
            }
            EventKind::WaitEnded { run, waited, .. } => {
                if let Some(taken) = self.taken.get_mut(run) {
                    taken.events.push(event.seq);
                    taken.waited(*waited);
                }
            }
            EventKind::Completed {
                run, client, end, ..
            } => {
                if let Some(taken) = self.taken.shift_remove(run) {
                    let (mark, text) = taken.ended(end);
                    self.line(event, client, mark, text);
                    self.stands_for(taken.events);
                }
            }
            EventKind::Cancelled { run, client, after } => {
                let step = self.step_name(*run);
                let text = format!("{step}: cancelled after {}", span(*after));
                self.line(event, client, Mark::Error, text);
            }
            EventKind::Skipped { .. }
            | EventKind::Notice { .. }
            | EventKind::Notified { .. }
            | EventKind::Logged { .. }
            | EventKind::HookEnded { .. }
            | EventKind::Retrying { .. }
            | EventKind::Finished { .. } => self.tell_aside(event),
        }
    }

    /// What is told in one line of its own, whatever step it belongs to.
    fn tell_aside(&mut self, event: &Event) {
        let told = match &event.kind {
            EventKind::Skipped {
                client,
                step,
                cause,
                ..
            } => {
                let why = match cause {
                    SkipCause::When => "left out: its \"when\" was false",
                    SkipCause::ScriptEnded => "not run: the script had ended",
                };
                Some((client, Mark::Plain, format!("{step}: {why}")))
            }
            EventKind::Notice {
                client,
                severity,
                message,
                ..
            } => Some((client, Mark::Plain, format!("{severity}: {message}"))),
            EventKind::Notified {
                client,
                channel,
                payload,
                ..
            } => {
                let text = match payload.is_empty() {
                    true => format!("notified on {channel}"),
                    false => format!("notified on {channel}: {payload}"),
                };
                Some((client, Mark::Plain, text))
            }
            EventKind::Logged { client, text, .. } => {
                Some((client, Mark::Plain, format!("log: {text}")))
            }
            EventKind::HookEnded {
                client, problem, ..
            } => Some((client, Mark::Error, hook(problem))),
            EventKind::Retrying {
                client,
                attempt,
                code,
            } => {
                let text = format!(
                    "starts again after {} (try {})",
                    condition_or_code(code),
                    attempt + 1
                );
                Some((client, Mark::Plain, text))
            }
            EventKind::Finished { client, end } => {
                finish(end).map(|text| (client, Mark::Error, text))
            }
            EventKind::OrderBegan { .. }
            | EventKind::HeldBack { .. }
            | EventKind::Connected { .. }
            | EventKind::Launched { .. }
            | EventKind::Sent { .. }
            | EventKind::Replied { .. }
            | EventKind::Waiting { .. }
            | EventKind::WaitEnded { .. }
            | EventKind::Completed { .. }
            | EventKind::Measured { .. }
            | EventKind::Cancelled { .. } => None,
        };
        if let Some((client, mark, text)) = told {
            self.line(event, client, mark, text);
        }
    }

    /// Setup, queries and hooks of clients are told only where they fail.
    fn outside_of_steps(
        &mut self,
        event: &Event,
        client: &ClientId,
        by: &SentBy,
        error: Option<&ServerError>,
    ) {
        let Some(error) = error else { return };
        let what = match by {
            SentBy::Setup => "setup".to_owned(),
            SentBy::Teardown => "teardown".to_owned(),
            SentBy::Step | SentBy::ForEach { .. } => "statement".to_owned(),
            SentBy::Hook => "sql() of a hook".to_owned(),
            SentBy::Query { name } => format!("query {name}"),
        };
        let text = format!("{what}: {}", step::error_text(error));
        self.line(event, client, Mark::Error, text);
    }

    fn step_name(&self, run: RunNo) -> String {
        self.taken
            .get(&run)
            .map_or_else(|| "a step".to_owned(), Taken::name)
    }

    /// Steps that never ended are told last.
    fn finish(mut self) -> Trace {
        for (_, taken) in std::mem::take(&mut self.taken) {
            let client = self.client(&taken.client);
            self.trace.lines.push(Line {
                seq: taken.seq,
                at: taken.at,
                client,
                text: format!("{}: had not ended", taken.name()),
                mark: Mark::Error,
                events: taken.events,
            });
        }
        self.trace
    }
}

/// `is held back until alice.commit is over`, by what the order says.
fn held_back(by: &[Hold]) -> String {
    let until: Vec<String> = by
        .iter()
        .map(|hold| match hold {
            Hold::Step { client, step } => format!("{client}.{step} is over"),
            Hold::Notices { client, missing } => {
                let more = plural(u64::from(*missing), "more notice");
                format!("{client} has had {more}")
            }
        })
        .collect();
    match until.is_empty() {
        true => "is marked as waiting".to_owned(),
        false => format!("is held back until {}", list(&until, "and")),
    }
}

/// `alice`, `alice and bob`, `another session (pid 77)`.
pub(super) fn whom(blockers: &[Blocker]) -> String {
    let mut names: Vec<String> = Vec::new();
    for blocker in blockers {
        let name = match (&blocker.client, blocker.pid) {
            (Some(client), _) => client.to_string(),
            (None, 0) => "a prepared transaction".to_owned(),
            (None, pid) => format!("another session (pid {pid})"),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.is_empty() {
        true => "somebody".to_owned(),
        false => list(&names, "and"),
    }
}

/// ` (row of accounts)`, ` (table accounts, ACCESS EXCLUSIVE)`: the lock in a tester's words, as far as it is known.
fn on(lock: Option<&LockFacts>) -> String {
    let Some(lock) = lock else {
        return String::new();
    };
    match (lock.kind.as_str(), lock.relation.as_deref()) {
        ("tuple" | "transactionid", Some(relation)) => format!(" (row of {relation})"),
        ("tuple", None) => " (a row)".to_owned(),
        ("transactionid", None) => " (end of the transaction)".to_owned(),
        ("advisory", _) => " (advisory lock)".to_owned(),
        ("relation", Some(relation)) => format!(" (table {relation}, {})", mode(&lock.mode)),
        (kind, Some(relation)) => format!(" ({kind} of {relation}, {})", mode(&lock.mode)),
        // A wait for a safe snapshot has no mode.
        (kind, None) if lock.mode.is_empty() => format!(" ({kind})"),
        (kind, None) => format!(" ({kind}, {})", mode(&lock.mode)),
    }
}

/// `AccessExclusiveLock` as SQL and the manual write it: `ACCESS EXCLUSIVE`.
fn mode(mode: &str) -> String {
    let name = mode.strip_suffix("Lock").unwrap_or(mode);
    let mut words = String::with_capacity(name.len() + 2);
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.extend(letter.to_uppercase());
    }
    words
}

fn hook(problem: &HookProblem) -> String {
    match problem {
        HookProblem::Assertion { message } => format!("hook: assertion failed: {message}"),
        HookProblem::Failure { message } if message.is_empty() => "hook: fail".to_owned(),
        HookProblem::Failure { message } => format!("hook: fail: {message}"),
        HookProblem::Skip { reason } => format!("hook: skip: {reason}"),
        HookProblem::Broken { message } => format!("hook is broken: {message}"),
    }
}

fn finish(end: &ClientEnd) -> Option<String> {
    match end {
        ClientEnd::Done => None,
        ClientEnd::Stopped { code } if code.is_empty() => {
            Some("script ends: connection lost".to_owned())
        }
        ClientEnd::Stopped { code } => Some(format!("script ends: {}", condition_or_code(code))),
        ClientEnd::HookFailed => Some("script ends: its hook failed".to_owned()),
        ClientEnd::GaveUp { attempts, code } => Some(format!(
            "gives up after {attempts} tries: {}",
            condition_or_code(code)
        )),
        ClientEnd::Lost => Some("connection lost".to_owned()),
    }
}

fn span(span: Micros) -> String {
    format_duration(span.duration())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::columns::Frame;
    use crate::report::sample;
    use crate::source::Color;

    fn shown(events: &[Event], width: usize) -> String {
        let frame = Frame {
            width,
            most_lines: 40,
            color: Color::Off,
        };
        frame.draw(&Trace::of(events).drawing(&[]))
    }

    #[test]
    fn a_deadlock_reads_from_top_to_bottom() {
        insta::assert_snapshot!(shown(&sample::deadlock_events(), 100));
    }

    #[test]
    fn long_texts_are_broken_within_their_column() {
        insta::assert_snapshot!(shown(&sample::deadlock_events(), 60));
    }

    #[test]
    fn many_clients_are_told_in_one_column() {
        insta::assert_snapshot!(shown(&sample::crowd_events(), 100));
    }

    #[test]
    fn a_long_trace_keeps_its_beginning_and_its_end() {
        let frame = Frame {
            width: 100,
            most_lines: 6,
            color: Color::Off,
        };
        insta::assert_snapshot!(frame.draw(&Trace::of(&sample::deadlock_events()).drawing(&[])));
    }

    #[test]
    fn what_broke_stands_below_the_step_where_it_did_or_below_all() {
        let events = sample::deadlock_events();
        let broken = |text: &str, mark, events: &[u32]| Broken {
            note: Note {
                text: text.to_owned(),
                mark,
            },
            events: events.to_vec(),
        };
        let broken = [
            // The answer to a step is told where the step is.
            broken("failed[rows]", Mark::Error, &[13]),
            broken("failed[rows]", Mark::Error, &[13]),
            broken("vacuous[never-waited]", Mark::Wait, &[24]),
            broken("failed[value]", Mark::Error, &[]),
            broken("failed[of-another-order]", Mark::Error, &[4000]),
        ];
        let frame = Frame {
            width: 100,
            most_lines: 40,
            color: Color::Off,
        };
        insta::assert_snapshot!(frame.draw(&Trace::of(&events).drawing(&broken)), @r"
        event     time | alice                                    | bob
            6  2.52 ms | begin                                    |
           10   4.2 ms |                                          | begin
           14  5.88 ms | debit: UPDATE 1                          |
                       | ^ failed[rows]                           |
           18  7.56 ms |                                          | debit: UPDATE 1
           21  8.82 ms | credit … waits for bob (row of accounts) |
           24  10.1 ms |                                          | credit … waits for alice (row of
                       |                                          |   accounts)
                       |                                          | ^ vacuous[never-waited]
           27  21.3 ms |                                          | credit: ERROR 40P01: deadlock detected,
                       |                                          |   after waiting 11.3 ms
           30  22.6 ms | credit: UPDATE 1, after waiting 13.8 ms  |
           31    23 ms |                                          | script ends: deadlock_detected
           35  24.7 ms | commit                                   |
                       | afterwards: failed[value]
        ");
    }

    #[test]
    fn lock_modes_read_as_in_the_manual() {
        assert_eq!(mode("AccessExclusiveLock"), "ACCESS EXCLUSIVE");
        assert_eq!(mode("ShareLock"), "SHARE");
    }

    #[test]
    fn a_step_that_never_ended_is_not_forgotten() {
        let events: Vec<Event> = sample::deadlock_events().into_iter().take(12).collect();
        let trace = Trace::of(&events);
        assert_eq!(trace.lines.last().unwrap().text, "debit: had not ended");
    }
}
