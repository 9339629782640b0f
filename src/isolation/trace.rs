//! What happened in one order, as isolationtester would have told it: the facts in the order in which they
//! are reported, and their text form.
//!
//! The list is flat, as the text is. The results of a step are the answers that follow its `Done` or
//! `Completed`; tables before the first step are the setup's. Behind the last step the text does not tell
//! its tables from those of the teardown, and neither does the list.

use super::{spec::Spec, table::Table};

/// One order and what was reported of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The steps that were launched, by name.
    pub launches: Vec<String>,
    /// What was reported, in order.
    pub facts: Vec<Fact>,
}

/// One thing that isolationtester reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A launched step was seen waiting, or is held back by a marker.
    Waiting {
        /// The step.
        step: String,
    },
    /// A step was over at the first look.
    Done {
        /// The step.
        step: String,
    },
    /// A step that had been reported as waiting is over.
    Completed {
        /// The step.
        step: String,
    },
    /// Rows: of the last reported step, or of a setup or a teardown.
    Rows(Table),
    /// The server answered with an error.
    Error {
        /// `ERROR`, `FATAL` or `PANIC`.
        severity: String,
        /// The primary message.
        message: String,
    },
    /// The connection broke; the text is the client library's, not the server's.
    Lost {
        /// What the library says, one or more lines.
        message: String,
    },
    /// An answer that is no rows, no error and no end of a command, such as `PGRES_COPY_IN`.
    Unexpected {
        /// libpq's name of the status.
        status: String,
    },
    /// The server sent a NOTICE or the like to a session.
    Notice {
        /// The session.
        session: String,
        /// `NOTICE`, `WARNING`, `INFO` …
        severity: String,
        /// The primary message; after it, on lines of their own, `DETAIL:  …`, `HINT:  …` and the like.
        text: String,
    },
    /// A session received a NOTIFY.
    Notify {
        /// The session.
        session: String,
        /// The channel.
        channel: String,
        /// The payload.
        payload: String,
        /// The session that sent it, `control connection`, or `PID 123`.
        from: String,
    },
    /// A step ran into the time limit and was cancelled.
    Cancelled {
        /// The step.
        step: String,
        /// After how long.
        seconds: u64,
    },
    /// What the tester says of itself: a setup or teardown that failed, a step that could not be ended.
    Said {
        /// One or more lines.
        message: String,
    },
}

/// What the text form needs to know of those who act: isolationtester repeats the SQL of each step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cast {
    /// The names of the sessions.
    pub sessions: Vec<String>,
    /// The steps.
    pub steps: Vec<CastStep>,
}

/// A step as the text form knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CastStep {
    /// Its name, unique.
    pub name: String,
    /// The name of its session.
    pub session: String,
    /// Its SQL.
    pub sql: String,
}

impl Cast {
    /// The step of this name.
    pub fn step(&self, name: &str) -> Option<&CastStep> {
        self.steps.iter().find(|step| step.name == name)
    }
}

impl From<&Spec> for Cast {
    fn from(spec: &Spec) -> Self {
        let steps = spec.sessions.iter().flat_map(|session| {
            session.steps.iter().map(|step| CastStep {
                name: step.name.text.clone(),
                session: session.name.text.clone(),
                sql: step.sql.text.clone(),
            })
        });
        Self {
            sessions: spec
                .sessions
                .iter()
                .map(|session| session.name.text.clone())
                .collect(),
            steps: steps.collect(),
        }
    }
}

/// The first lines of the text form, before any order.
pub fn write_head(cast: &Cast, unused_steps: &[&str], out: &mut String) {
    for step in unused_steps {
        out.push_str(&format!("unused step name: {step}\n"));
    }
    out.push_str(&format!(
        "Parsed test spec with {} sessions\n",
        cast.sessions.len()
    ));
}

impl Trace {
    /// Writes the text form of this order, from the empty line before it on.
    pub fn write(&self, cast: &Cast, out: &mut String) {
        out.push_str("\nstarting permutation:");
        for launch in &self.launches {
            out.push(' ');
            out.push_str(launch);
        }
        out.push('\n');
        for fact in &self.facts {
            fact.write(cast, out);
        }
    }
}

impl Fact {
    /// Writes the text form of this fact, with the end of its last line.
    pub fn write(&self, cast: &Cast, out: &mut String) {
        let echo = |step: &str| cast.step(step).map_or("", |step| step.sql.as_str());
        let line = match self {
            Self::Rows(table) => return table.draw(out),
            Self::Waiting { step } => format!("step {step}: {} <waiting ...>", echo(step)),
            Self::Done { step } => format!("step {step}: {}", echo(step)),
            Self::Completed { step } => format!("step {step}: <... completed>"),
            Self::Error { severity, message } => format!("{severity}:  {message}"),
            // libpq ends its own messages with a line break, isolationtester adds one.
            Self::Lost { message } => format!("{message}\n"),
            Self::Unexpected { status } => format!("unexpected result status: {status}"),
            Self::Notice {
                session,
                severity,
                text,
            } => format!("{session}: {severity}:  {text}"),
            Self::Notify {
                session,
                channel,
                payload,
                from,
            } => format!("{session}: NOTIFY \"{channel}\" with payload \"{payload}\" from {from}"),
            Self::Cancelled { step, seconds } => {
                format!("isolationtester: canceling step {step} after {seconds} seconds")
            }
            Self::Said { message } => message.clone(),
        };
        out.push_str(&line);
        out.push('\n');
    }
}
