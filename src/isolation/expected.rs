//! What does an expected `.out` file say? The text form read back into facts, each with its place.
//!
//! The SQL of a step is skipped in the text by what is known of it; blanks may differ, so that a file whose
//! lines were trimmed is read too, and one whose spec was laid out anew.

use super::{
    table::Table,
    trace::{Cast, Fact, Trace, write_head},
};
use crate::source::{Diagnostic, Place, SourceFile, Span};

/// An expected file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Where it was read from.
    pub file: SourceFile,
    /// Steps that the file names as unused.
    pub unused_steps: Vec<String>,
    /// The orders.
    pub orders: Vec<ExpectedOrder>,
}

/// One order of an expected file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedOrder {
    /// What it says.
    pub trace: Trace,
    /// Its first line.
    pub span: Span,
    /// Where each fact stands.
    pub spans: Vec<Span>,
}

impl Expected {
    /// Reads an expected file of a spec with this cast.
    ///
    /// # Errors
    ///
    /// The first line that cannot be understood.
    pub fn read(file: &SourceFile, cast: &Cast) -> Result<Self, Diagnostic> {
        let mut reader = Reader {
            file,
            text: file.text(),
            cast,
            at: 0,
        };
        let unused_steps = reader.head()?;
        let mut orders = Vec::new();
        while reader.at < reader.text.len() {
            orders.push(reader.order()?);
        }
        Ok(Self {
            file: file.clone(),
            unused_steps,
            orders,
        })
    }

    /// The text form again; the same bytes as were read, except where blanks differed.
    pub fn write(&self, cast: &Cast) -> String {
        let mut out = String::new();
        let unused: Vec<&str> = self.unused_steps.iter().map(String::as_str).collect();
        write_head(cast, &unused, &mut out);
        for order in &self.orders {
            order.trace.write(cast, &mut out);
        }
        out
    }

    /// Where a fact stands; the first line of its order where there is no such fact.
    pub fn place(&self, order: usize, fact: usize) -> Option<Place> {
        let order = self.orders.get(order)?;
        let span = order.spans.get(fact).copied().unwrap_or(order.span);
        Some(self.file.place(span))
    }
}

const START: &str = "starting permutation:";

/// How a message of the client library about a lost connection begins.
const LOST: [&str; 5] = [
    "server closed the connection unexpectedly",
    "SSL connection has been closed unexpectedly",
    "could not receive data from server",
    "could not send data to server",
    "no connection to the server",
];

/// How a line of the tester's own begins.
const SAID: [&str; 14] = [
    "setup failed: ",
    "setup of session ",
    "teardown failed: ",
    "teardown of session ",
    "failed to complete permutation",
    "failed to send query for step ",
    "active steps are:",
    "PQcancel failed: ",
    "PQconsumeInput failed: ",
    "lock wait query failed: ",
    "invalid socket: ",
    "select failed: ",
    "isolationtester: ",
    "invalid permutation detected",
];

const SEVERITIES: [&str; 3] = ["ERROR", "FATAL", "PANIC"];

struct Reader<'a> {
    file: &'a SourceFile,
    text: &'a str,
    cast: &'a Cast,
    at: usize,
}

impl<'a> Reader<'a> {
    fn head(&mut self) -> Result<Vec<String>, Diagnostic> {
        let mut unused = Vec::new();
        loop {
            let line = self.line();
            if let Some(step) = line.strip_prefix("unused step name: ") {
                unused.push(step.to_owned());
            } else if line.starts_with("Parsed test spec with ") {
                self.skip_line();
                return Ok(unused);
            } else {
                return Err(self
                    .problem("this is not an output of isolationtester")
                    .hint("such a file begins with \"Parsed test spec with 2 sessions\""));
            }
            self.skip_line();
        }
    }

    fn order(&mut self) -> Result<ExpectedOrder, Diagnostic> {
        if self.rest().starts_with('\n') {
            self.at += 1;
        }
        let start = self.at;
        let Some(names) = self.line().strip_prefix(START) else {
            return Err(self.problem(format!("expected \"{START}\"")));
        };
        let launches = self.launches(names)?;
        let span = Span::new(start, start + self.line().len());
        self.skip_line();
        let mut order = ExpectedOrder {
            trace: Trace {
                launches,
                facts: Vec::new(),
            },
            span,
            spans: Vec::new(),
        };
        while self.at < self.text.len() && !self.order_starts() {
            self.fact(&mut order)?;
        }
        Ok(order)
    }

    fn order_starts(&self) -> bool {
        let rest = self.rest();
        rest.strip_prefix('\n').unwrap_or(rest).starts_with(START)
    }

    /// The names of the launched steps. A name may hold blanks, so the longest known one is taken.
    fn launches(&self, names: &str) -> Result<Vec<String>, Diagnostic> {
        let mut launches = Vec::new();
        let mut rest = names.trim_end();
        while !rest.is_empty() {
            rest = rest.strip_prefix(' ').unwrap_or(rest);
            let known = self
                .cast
                .steps
                .iter()
                .map(|step| step.name.as_str())
                .filter(|name| {
                    rest.strip_prefix(name)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
                })
                .max_by_key(|name| name.len());
            let Some(name) = known else {
                let unknown = rest.split(' ').next().unwrap_or(rest);
                let problem = self.problem(format!("there is no step named \"{unknown}\""));
                let known = self.cast.steps.iter().map(|step| &step.name);
                return Err(match crate::text::did_you_mean(unknown, known) {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                });
            };
            launches.push(name.to_owned());
            rest = &rest[name.len()..];
        }
        Ok(launches)
    }

    /// Reads one fact, or one more line of the message before.
    fn fact(&mut self, order: &mut ExpectedOrder) -> Result<(), Diagnostic> {
        let start = self.at;
        let read = self.step(&order.trace.launches)?;
        let read = read.or_else(|| self.table(Table::read));
        let read = read.or_else(|| self.of_session());
        let read = read.or_else(|| self.message());
        let read = read.or_else(|| self.table(Table::read_loosely));
        if let Some(fact) = read {
            order.trace.facts.push(fact);
            order.spans.push(self.span_from(start));
            return Ok(());
        }
        let line = self.line();
        let message = match order.trace.facts.last_mut() {
            Some(Fact::Error { message, .. } | Fact::Said { message }) => message,
            Some(Fact::Notice { text, .. }) => text,
            _ => return Err(self.problem("this line is none that isolationtester writes")),
        };
        message.push('\n');
        message.push_str(line);
        self.skip_line();
        if let Some(span) = order.spans.last_mut() {
            span.end = start + line.len();
        }
        Ok(())
    }

    /// `step NAME: …`
    fn step(&mut self, launches: &[String]) -> Result<Option<Fact>, Diagnostic> {
        let Some(rest) = self.rest().strip_prefix("step ") else {
            return Ok(None);
        };
        let named = launches
            .iter()
            .filter(|name| {
                rest.strip_prefix(name.as_str())
                    .is_some_and(|rest| rest.starts_with(':'))
            })
            .max_by_key(|name| name.len());
        let Some(name) = named else {
            return Ok(None);
        };
        let after_colon = self.at + "step ".len() + name.len() + 1;
        let step = name.clone();
        if self.text[after_colon..].starts_with(" <... completed>") {
            self.skip_line();
            return Ok(Some(Fact::Completed { step }));
        }
        let sql = self.cast.step(name).map_or("", |step| step.sql.as_str());
        let echoed = skip_echo(&self.text[after_colon..], sql);
        let Some((length, waits)) = echoed else {
            return Err(self
                .problem(format!(
                    "the SQL of step \"{name}\" is not that of the spec"
                ))
                .hint("make the expected file anew from a run that is right"));
        };
        self.at = after_colon + length;
        Ok(Some(match waits {
            Waits::Yes => Fact::Waiting { step },
            Waits::No => Fact::Done { step },
        }))
    }

    fn table(&mut self, read: impl Fn(&str) -> Option<(Table, usize)>) -> Option<Fact> {
        let (table, length) = read(self.rest())?;
        self.at += length;
        Some(Fact::Rows(table))
    }

    /// `SESSION: NOTICE:  …` and `SESSION: NOTIFY …`
    fn of_session(&mut self) -> Option<Fact> {
        let rest = self.rest();
        let after = |name: &String| {
            Some((
                name.clone(),
                rest.strip_prefix(name.as_str())?.strip_prefix(": ")?,
            ))
        };
        let (session, said) = self.cast.sessions.iter().find_map(after)?;
        if let Some(notify) = said.strip_prefix("NOTIFY \"") {
            return self.notify(session, notify);
        }
        let line = said.lines().next()?;
        let (severity, text) = line.split_once(":  ")?;
        let is_word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        if severity.is_empty() || !severity.chars().all(is_word) {
            return None;
        }
        let fact = Fact::Notice {
            session,
            severity: severity.to_owned(),
            text: text.to_owned(),
        };
        self.skip_line();
        Some(fact)
    }

    /// The rest of a NOTIFY; the payload may hold quotes and line breaks, so its end is the first place at
    /// which a sender and the end of a line follow.
    fn notify(&mut self, session: String, notify: &'a str) -> Option<Fact> {
        let (channel, rest) = notify.split_once("\" with payload \"")?;
        let (payload, from, behind) = rest.match_indices("\" from ").find_map(|(at, link)| {
            let after = &rest[at + link.len()..];
            let line = after.lines().next()?;
            let known = line == "control connection"
                || line
                    .strip_prefix("PID ")
                    .is_some_and(|pid| pid.parse::<u32>().is_ok())
                || self.cast.sessions.iter().any(|session| session == line);
            known.then_some((&rest[..at], line, &after[line.len()..]))
        })?;
        let fact = Fact::Notify {
            session,
            channel: channel.to_owned(),
            payload: payload.to_owned(),
            from: from.to_owned(),
        };
        self.at = self.text.len() - behind.len();
        self.at += usize::from(behind.starts_with('\n'));
        Some(fact)
    }

    /// Errors, and what the tester says itself.
    fn message(&mut self) -> Option<Fact> {
        let line = self.line();
        if LOST.iter().any(|known| line.starts_with(known)) {
            return Some(self.lost());
        }
        let error = line
            .split_once(":  ")
            .filter(|(severity, _)| SEVERITIES.contains(severity));
        let fact = if let Some((severity, message)) = error {
            Fact::Error {
                severity: severity.to_owned(),
                message: message.to_owned(),
            }
        } else if let Some(status) = line.strip_prefix("unexpected result status: ") {
            Fact::Unexpected {
                status: status.to_owned(),
            }
        } else if let Some(cancelled) = cancelled(line) {
            cancelled
        } else if SAID.iter().any(|known| line.starts_with(known)) || timed_out(line).is_some() {
            Fact::Said {
                message: line.to_owned(),
            }
        } else {
            return None;
        };
        self.skip_line();
        Some(fact)
    }

    /// A message of the client library, up to the empty line behind it.
    fn lost(&mut self) -> Fact {
        let mut lines = Vec::new();
        while self.at < self.text.len() {
            let line = self.line();
            self.skip_line();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        Fact::Lost {
            message: lines.join("\n"),
        }
    }

    // ---- lines ----

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn line(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find('\n').unwrap_or(rest.len())]
    }

    fn skip_line(&mut self) {
        self.at = (self.at + self.line().len() + 1).min(self.text.len());
    }

    /// From a place to here, without the blank end.
    fn span_from(&self, start: usize) -> Span {
        Span::new(start, start + self.text[start..self.at].trim_end().len())
    }

    fn problem(&self, primary: impl Into<String>) -> Diagnostic {
        let span = Span::new(self.at, self.at + self.line().len());
        Diagnostic::error("expected-file", primary).at(self.file.place(span))
    }
}

/// `isolationtester: canceling step S after N seconds`
fn cancelled(line: &str) -> Option<Fact> {
    let rest = line.strip_prefix("isolationtester: canceling step ")?;
    let (step, rest) = rest.rsplit_once(" after ")?;
    Some(Fact::Cancelled {
        step: step.to_owned(),
        seconds: rest.strip_suffix(" seconds")?.parse().ok()?,
    })
}

/// `step S timed out after N seconds`; gives all before the number.
pub(super) fn timed_out(line: &str) -> Option<&str> {
    let (before, rest) = line.rsplit_once(" timed out after ")?;
    rest.strip_suffix(" seconds")?;
    before.starts_with("step ").then_some(before)
}

/// Whether a step is reported as waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    Yes,
    No,
}

const WAITING: &str = " <waiting ...>";

/// Steps over the SQL of a step, from behind the colon; gives the bytes up to and with the end of the line,
/// and whether the step waits. None where other SQL stands there.
fn skip_echo(text: &str, sql: &str) -> Option<(usize, Waits)> {
    let exact = text
        .strip_prefix(' ')
        .and_then(|text| text.strip_prefix(sql));
    if let Some(rest) = exact {
        let at = text.len() - rest.len();
        if rest.starts_with('\n') {
            return Some((at + 1, Waits::No));
        }
        if let Some(rest) = rest.strip_prefix(WAITING)
            && (rest.is_empty() || rest.starts_with('\n'))
        {
            return Some((
                text.len() - rest.len() + usize::from(!rest.is_empty()),
                Waits::Yes,
            ));
        }
    }
    skip_echo_loosely(text, sql)
}

/// As [`skip_echo`], where blanks may differ.
fn skip_echo_loosely(text: &str, sql: &str) -> Option<(usize, Waits)> {
    let mut at = 0;
    for c in sql.chars().filter(|c| !c.is_whitespace()) {
        at += text[at..].find(|c: char| !c.is_whitespace())?;
        at += text[at..].starts_with(c).then(|| c.len_utf8())?;
    }
    let blanks = text[at..].len() - text[at..].trim_start().len();
    if text[at + blanks..].starts_with(WAITING.trim_start()) {
        at += blanks + WAITING.trim_start().len();
        at += text[at..].find('\n').map_or(text.len() - at, |end| end + 1);
        return Some((at, Waits::Yes));
    }
    let line_end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    if !text[at..line_end].trim().is_empty() {
        return None;
    }
    at = line_end;
    // Empty lines at the end of the SQL; the last one may belong to the next order.
    while text[at..].starts_with('\n') && !text[at + 1..].starts_with(START) {
        at += 1;
    }
    Some((at, Waits::No))
}
