//! Are two outcomes the same? Facts are compared, in order, and not text: SQL, times and alignment do not count.

use super::{
    expected::{Expected, timed_out},
    table::{Table, TableDifference},
    trace::{Cast, Fact, Trace},
};
use crate::{
    source::{Diagnostic, Place, Severity},
    text::plural,
};
use std::collections::HashMap;

/// How far two outcomes of an order agree; the best comes first. Only the first one passes, the others tell
/// what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The same facts in the same order.
    Strict,
    /// The same, but for where the notices of a session stand between the facts of other sessions.
    NoticesPerSession,
    /// Each step came to the same rows and errors; who waited, and what was said besides, may differ.
    ResultsOnly,
}

/// What comes of comparing a run with the expected files of its spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The expected file that agrees in all orders, by its position; none where the run does not pass.
    pub agrees_with: Option<usize>,
    /// The expected file that agrees in the most orders, by its position: what follows is about it.
    pub closest: usize,
    /// For each order of the run, how far it agrees; none where not even the results do.
    pub levels: Vec<Option<Level>>,
    /// The first difference, where the run does not pass.
    pub first: Option<Difference>,
}

impl Comparison {
    /// How many orders agree at least as far as this.
    pub fn agreeing(&self, level: Level) -> usize {
        let far_enough = |found: &&Option<Level>| found.is_some_and(|found| found <= level);
        self.levels.iter().filter(far_enough).count()
    }
}

/// Where a run first differs from an expected file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which order, from 0.
    pub order: usize,
    /// Which fact of the run's order, from 0; their number where the file has more.
    pub fact: usize,
    /// What differs.
    pub what: WhatDiffers,
    /// How far the order agrees all the same.
    pub level: Option<Level>,
    /// Where the expected file says otherwise.
    pub place: Option<Place>,
}

/// What differs between a run and an expected file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhatDiffers {
    /// A fact; none where one of the two has no more.
    Fact {
        /// What the file says.
        expected: Option<Fact>,
        /// What happened.
        found: Option<Fact>,
    },
    /// Other steps were launched.
    Launches {
        /// What the file says.
        expected: Vec<String>,
        /// What was launched.
        found: Vec<String>,
    },
    /// The file has fewer orders, or more of them.
    OrderCount {
        /// How many the file has.
        expected: usize,
        /// How many there were.
        found: usize,
    },
}

/// Compares a run with the expected files of its spec, of which one must agree in all orders. Without any
/// expected file nothing agrees.
pub fn compare(found: &[Trace], alternatives: &[Expected], cast: &Cast) -> Comparison {
    let levels_of = |expected: &Expected| -> Vec<Option<Level>> {
        let level = |(at, trace): (usize, &Trace)| {
            let expected = expected.orders.get(at)?;
            level(trace, &expected.trace, cast)
        };
        found.iter().enumerate().map(level).collect()
    };
    let mut comparison = Comparison {
        agrees_with: None,
        closest: 0,
        levels: vec![None; found.len()],
        first: None,
    };
    for (at, expected) in alternatives.iter().enumerate() {
        let candidate = Comparison {
            agrees_with: None,
            closest: at,
            levels: levels_of(expected),
            first: None,
        };
        let agreeing = candidate.agreeing(Level::Strict);
        if agreeing == found.len() && found.len() == expected.orders.len() {
            return Comparison {
                agrees_with: Some(at),
                ..candidate
            };
        }
        if at == 0 || agreeing > comparison.agreeing(Level::Strict) {
            comparison = candidate;
        }
    }
    comparison.first = alternatives
        .get(comparison.closest)
        .and_then(|expected| first_difference(found, expected, &comparison.levels));
    comparison
}

/// How far two outcomes of an order agree; none where not even the results do.
pub fn level(found: &Trace, expected: &Trace, cast: &Cast) -> Option<Level> {
    if found.launches != expected.launches {
        return None;
    }
    let (found, expected) = (telling(found), telling(expected));
    if same_all(&found, &expected) {
        Some(Level::Strict)
    } else if same_but_for_notices(&found, &expected, cast) {
        Some(Level::NoticesPerSession)
    } else if same_results(&found, &expected) {
        Some(Level::ResultsOnly)
    } else {
        None
    }
}

/// The facts that have a text form: a table without columns has none.
fn telling(trace: &Trace) -> Vec<&Fact> {
    let tells = |fact: &&Fact| !matches!(fact, Fact::Rows(table) if table.columns.is_empty());
    trace.facts.iter().filter(tells).collect()
}

fn same_all(found: &[&Fact], expected: &[&Fact]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| same(a, b))
}

/// Whether two facts tell the same. Not compared are times, the client library's words about a lost
/// connection, and all but the first line of what the tester says itself (details of errors).
fn same(found: &Fact, expected: &Fact) -> bool {
    match (found, expected) {
        (Fact::Rows(found), Fact::Rows(expected)) => found.difference(expected).is_none(),
        (Fact::Lost { .. }, Fact::Lost { .. }) => true,
        (Fact::Cancelled { step: found, .. }, Fact::Cancelled { step: expected, .. }) => {
            found == expected
        }
        (Fact::Said { message: found }, Fact::Said { message: expected }) => {
            let gist = |message: &str| -> String {
                let line = message.lines().next().unwrap_or_default();
                timed_out(line).unwrap_or(line).trim_end().to_owned()
            };
            gist(found) == gist(expected)
        }
        (
            Fact::Notice {
                session,
                severity,
                text,
            },
            Fact::Notice {
                session: other_session,
                severity: other_severity,
                text: other_text,
            },
        ) => {
            session == other_session
                && severity == other_severity
                && text.trim_end() == other_text.trim_end()
        }
        (
            Fact::Error { severity, message },
            Fact::Error {
                severity: other_severity,
                message: other_message,
            },
        ) => severity == other_severity && message.trim_end() == other_message.trim_end(),
        _ => found == expected,
    }
}

fn same_but_for_notices(found: &[&Fact], expected: &[&Fact], cast: &Cast) -> bool {
    let others = |facts: &[&Fact], session: Option<&str>| -> Vec<Fact> {
        let belongs = |fact: &&&Fact| match session {
            None => !matches!(fact, Fact::Notice { .. }),
            Some(session) => session_of(fact, cast) == Some(session),
        };
        facts
            .iter()
            .filter(belongs)
            .map(|fact| (*fact).clone())
            .collect()
    };
    let same_part = |session: Option<&str>| {
        let (found, expected) = (others(found, session), others(expected, session));
        same_all(
            &found.iter().collect::<Vec<_>>(),
            &expected.iter().collect::<Vec<_>>(),
        )
    };
    same_part(None)
        && cast
            .sessions
            .iter()
            .all(|session| same_part(Some(session.as_str())))
}

/// The session that a fact names, itself or by its step.
fn session_of<'a>(fact: &'a Fact, cast: &'a Cast) -> Option<&'a str> {
    match fact {
        Fact::Waiting { step }
        | Fact::Done { step }
        | Fact::Completed { step }
        | Fact::Cancelled { step, .. } => cast.step(step).map(|step| step.session.as_str()),
        Fact::Notice { session, .. } | Fact::Notify { session, .. } => Some(session),
        Fact::Rows(_)
        | Fact::Error { .. }
        | Fact::Lost { .. }
        | Fact::Unexpected { .. }
        | Fact::Said { .. } => None,
    }
}

/// Whether each step, at each of its launches, came to the same rows and errors.
fn same_results(found: &[&Fact], expected: &[&Fact]) -> bool {
    let (found, expected) = (results(found), results(expected));
    found.len() == expected.len()
        && found.iter().all(|(key, found)| {
            expected
                .get(key)
                .is_some_and(|expected| same_all(found, expected))
        })
}

/// The answers by step and by which end of that step it is; those before the first end belong to no step.
fn results<'a>(facts: &[&'a Fact]) -> HashMap<(&'a str, usize), Vec<&'a Fact>> {
    let mut ends: HashMap<&str, usize> = HashMap::new();
    let mut results: HashMap<(&str, usize), Vec<&Fact>> = HashMap::new();
    let mut current = ("", 0);
    for fact in facts {
        match fact {
            Fact::Done { step } | Fact::Completed { step } => {
                let end = ends.entry(step).or_default();
                *end += 1;
                current = (step, *end);
                results.entry(current).or_default();
            }
            Fact::Rows(_) | Fact::Error { .. } | Fact::Lost { .. } | Fact::Unexpected { .. } => {
                results.entry(current).or_default().push(fact);
            }
            Fact::Waiting { .. }
            | Fact::Notice { .. }
            | Fact::Notify { .. }
            | Fact::Cancelled { .. }
            | Fact::Said { .. } => {}
        }
    }
    results
}

fn first_difference(
    found: &[Trace],
    expected: &Expected,
    levels: &[Option<Level>],
) -> Option<Difference> {
    for (order, (found, side)) in found.iter().zip(&expected.orders).enumerate() {
        let level = levels.get(order).copied().flatten();
        if level == Some(Level::Strict) {
            continue;
        }
        if found.launches != side.trace.launches {
            return Some(Difference {
                order,
                fact: 0,
                what: WhatDiffers::Launches {
                    expected: side.trace.launches.clone(),
                    found: found.launches.clone(),
                },
                level,
                place: expected.place(order, usize::MAX),
            });
        }
        let (ours, theirs) = (telling(found), telling(&side.trace));
        let unequal = |(a, b): (&&Fact, &&Fact)| !same(a, b);
        let at = ours
            .iter()
            .zip(&theirs)
            .position(unequal)
            .unwrap_or(ours.len().min(theirs.len()));
        return Some(Difference {
            order,
            fact: at,
            what: WhatDiffers::Fact {
                expected: theirs.get(at).map(|fact| (*fact).clone()),
                found: ours.get(at).map(|fact| (*fact).clone()),
            },
            level,
            place: expected.place(order, at.min(side.spans.len().saturating_sub(1))),
        });
    }
    let counts = (expected.orders.len(), found.len());
    (counts.0 != counts.1).then(|| Difference {
        order: counts.0.min(counts.1),
        fact: 0,
        what: WhatDiffers::OrderCount {
            expected: counts.0,
            found: counts.1,
        },
        level: None,
        place: expected.place(counts.1, usize::MAX),
    })
}

impl Difference {
    /// What a person reads: what was expected and found, where, and how far it agrees otherwise.
    pub fn diagnostic(&self) -> Diagnostic {
        let (primary, detail) = match &self.what {
            WhatDiffers::OrderCount { expected, found } => (
                format!(
                    "expected {}, found {found}",
                    plural(*expected as u64, "order")
                ),
                None,
            ),
            WhatDiffers::Launches { expected, found } => (
                format!("order {} launches other steps", self.order + 1),
                Some(format!(
                    "expected \"{}\", found \"{}\"",
                    expected.join(" "),
                    found.join(" ")
                )),
            ),
            WhatDiffers::Fact { expected, found } => self.words(expected.as_ref(), found.as_ref()),
        };
        let mut diagnostic =
            Diagnostic::new(Severity::Failed, "isolation-outcome", primary).at(self.place.clone());
        if let Some(detail) = detail {
            diagnostic = diagnostic.detail(detail);
        }
        match self.level {
            Some(Level::NoticesPerSession) => diagnostic
                .hint("only notices stand elsewhere, between the facts of other sessions"),
            Some(Level::ResultsOnly) => diagnostic.hint(
                "every step came to the same rows and errors; who waited, or when it was told, differs",
            ),
            Some(Level::Strict) | None => diagnostic,
        }
    }

    fn words(&self, expected: Option<&Fact>, found: Option<&Fact>) -> (String, Option<String>) {
        let order = self.order + 1;
        if let (Some(Fact::Rows(expected)), Some(Fact::Rows(found))) = (expected, found) {
            let detail = rows_words(expected, found);
            return (format!("order {order}: other rows than expected"), detail);
        }
        let words = |fact: Option<&Fact>| fact.map_or("nothing more".to_owned(), fact_words);
        let primary = format!(
            "order {order}: expected {}, found {}",
            words(expected),
            words(found)
        );
        (primary, None)
    }
}

fn rows_words(expected: &Table, found: &Table) -> Option<String> {
    Some(match found.difference(expected)? {
        TableDifference::Columns => format!(
            "expected the columns {}, found {}",
            expected.columns.join(", "),
            found.columns.join(", ")
        ),
        TableDifference::RowCount => format!(
            "expected {}, found {}",
            plural(expected.rows.len() as u64, "row"),
            found.rows.len()
        ),
        TableDifference::Value { row, column } => {
            let value = |table: &Table| {
                let value = table.rows.get(row).and_then(|row| row.get(column));
                value.map_or(String::new(), |value| value.trim().to_owned())
            };
            format!(
                "row {}, column \"{}\": expected \"{}\", found \"{}\"",
                row + 1,
                expected.columns.get(column).map_or("", String::as_str),
                value(expected),
                value(found)
            )
        }
    })
}

fn fact_words(fact: &Fact) -> String {
    match fact {
        Fact::Waiting { step } => format!("step \"{step}\" waiting"),
        Fact::Done { step } => format!("step \"{step}\" done at once"),
        Fact::Completed { step } => format!("the end of the waiting step \"{step}\""),
        Fact::Rows(table) => format!(
            "{} of ({})",
            plural(table.rows.len() as u64, "row"),
            table.columns.join(", ")
        ),
        Fact::Error { severity, message } => format!("{severity} \"{message}\""),
        Fact::Lost { .. } => "a lost connection".to_owned(),
        Fact::Unexpected { status } => format!("the status {status}"),
        Fact::Notice {
            session,
            severity,
            text,
        } => format!("{severity} \"{text}\" to session \"{session}\""),
        Fact::Notify {
            session, channel, ..
        } => format!("a notification on channel \"{channel}\" to session \"{session}\""),
        Fact::Cancelled { step, .. } => format!("step \"{step}\" cancelled at the time limit"),
        Fact::Said { message } => {
            format!("\"{}\"", message.lines().next().unwrap_or_default())
        }
    }
}
