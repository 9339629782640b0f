//! One execution of a step, from its permit to its end, in a few words.

use super::span;
use crate::{
    record::{ClientId, Event, Micros, Reply, ServerError, StepEnd},
    report::columns::Mark,
    text::{plural, thousands},
};

/// The longest values that are shown of a row.
const SHORT_ROW: usize = 30;

/// A step that was given its permit.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub seq: u32,
    pub at: Micros,
    pub client: ClientId,
    /// What was noted of it so far, by number.
    pub events: Vec<u32>,
    step: String,
    iteration: u32,
    replies: u64,
    rows: u64,
    result: String,
    error: Option<ServerError>,
    waited: Option<Micros>,
}

impl Taken {
    pub fn new(event: &Event, client: ClientId, step: String, iteration: u32) -> Self {
        Self {
            seq: event.seq,
            at: event.at,
            client,
            events: vec![event.seq],
            step,
            iteration,
            replies: 0,
            rows: 0,
            result: String::new(),
            error: None,
            waited: None,
        }
    }

    /// The step, and which pass it is where there are several.
    pub fn name(&self) -> String {
        match self.iteration {
            0 | 1 => self.step.clone(),
            pass => format!("{} (pass {pass})", self.step),
        }
    }

    pub fn replied(&mut self, reply: &Reply) {
        self.replies += 1;
        self.rows += reply.row_count();
        self.result = result_text(&self.step, reply);
        self.error.clone_from(&reply.error);
    }

    pub fn waited(&mut self, waited: Micros) {
        let before = self.waited.unwrap_or_default();
        self.waited = Some(Micros(before.0 + waited.0));
    }

    pub fn ended(&self, end: &StepEnd) -> (Mark, String) {
        let (mark, result) = match end {
            StepEnd::Done if self.replies > 1 => (
                Mark::Plain,
                format!(
                    "{}, {}",
                    plural(self.replies, "statement"),
                    plural(self.rows, "row")
                ),
            ),
            StepEnd::Done => (Mark::Plain, self.result.clone()),
            StepEnd::Error { code } => {
                let text = self.error.as_ref().map(error_text);
                let text = text.unwrap_or_else(|| match code.is_empty() {
                    true => "connection lost".to_owned(),
                    false => format!("ERROR {code}"),
                });
                (Mark::Error, text)
            }
            StepEnd::HookFailed => (Mark::Error, "its hook failed".to_owned()),
            StepEnd::Skipped => (Mark::Plain, "its hook skips the case".to_owned()),
        };
        let waited = self
            .waited
            .map(|waited| format!("after waiting {}", span(waited)));
        let facts: Vec<String> = [Some(result).filter(|text| !text.is_empty()), waited]
            .into_iter()
            .flatten()
            .collect();
        let text = match facts.is_empty() {
            true => self.name(),
            false => format!("{}: {}", self.name(), facts.join(", ")),
        };
        (mark, text)
    }
}

/// `UPDATE 1`, `3 rows`, `1 row (100)`; nothing where it would only repeat the step's name.
fn result_text(step: &str, reply: &Reply) -> String {
    let Some(result) = reply.last() else {
        return String::new();
    };
    if result.columns.is_empty() {
        return match &*result.command {
            "BEGIN" | "COMMIT" | "ROLLBACK" if result.command.eq_ignore_ascii_case(step) => {
                String::new()
            }
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" => {
                format!("{} {}", result.command, thousands(result.row_count))
            }
            other => other.to_owned(),
        };
    }
    let count = plural(result.row_count, "row");
    let values = match result.rows.as_slice() {
        [only] if result.row_count == 1 => {
            let values: Vec<String> = only.iter().map(ToString::to_string).collect();
            values.join(", ")
        }
        _ => String::new(),
    };
    match values.chars().count() {
        1..=SHORT_ROW => format!("{count} ({values})"),
        _ => count,
    }
}

/// `ERROR 40P01: deadlock detected`.
pub(super) fn error_text(error: &ServerError) -> String {
    match error.code.is_empty() {
        true => format!("connection lost: {}", error.message),
        false => format!("{} {}: {}", error.severity, error.code, error.message),
    }
}
