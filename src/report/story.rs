//! What happened to one case, told in full? Its messages, who did what when, and the statements.
//!
//! The terminal and JUnit tell the same story.

use super::{
    columns::{Frame, Mark, Note},
    results::{CaseResult, Finding, FindingKind, Results},
    style::{Paint, shown},
    trace::{Broken, Trace},
};
use crate::{
    record::{Event, EventKind, RunNo, Value},
    source::{Color, Diagnostic, render},
    text::{Side, align_columns, shortened, shortened_lines},
};
use indexmap::IndexMap;
use std::collections::HashMap;

/// So many characters of the value of a parameter are shown.
const LONGEST_VALUE: usize = 60;

/// The most statements that are listed.
const MOST_STATEMENTS: usize = 60;

/// One finding as a message with its snippet and, where rows differ, their difference; ends with a line break.
pub fn message(results: &Results, finding: &Finding, color: Color) -> String {
    let mut out = render(&shortened_texts(results.diagnostic(finding)), color);
    out.push('\n');
    if let Some(diff) = &finding.diff {
        out.push_str("   - expected, + returned:\n");
        for line in shortened_lines(diff).lines() {
            let paint = match line.chars().next() {
                Some('-') => Paint::Red,
                Some('+') => Paint::Green,
                _ => Paint::Plain,
            };
            let line = format!("   {}", shown(line));
            out.push_str(&paint.on(line.trim_end(), color));
            out.push('\n');
        }
    }
    out
}

/// Who did what when, and where what was expected broke; empty where nothing happened.
pub fn trace(case: &CaseResult, frame: &Frame) -> String {
    let trace = Trace::of(the_order(case));
    let broken: Vec<Broken> = case.bad_findings().filter_map(broken).collect();
    match trace.is_empty() {
        true => String::new(),
        false => frame.draw(&trace.drawing(&broken)),
    }
}

/// `failed[rows]`, with the events where it broke.
fn broken(finding: &Finding) -> Option<Broken> {
    let (word, mark) = match finding.kind {
        FindingKind::Failed => ("failed", Mark::Error),
        FindingKind::Vacuous => ("vacuous", Mark::Wait),
        FindingKind::Errored | FindingKind::Worse | FindingKind::Skipped | FindingKind::Note => {
            return None;
        }
    };
    Some(Broken {
        note: Note {
            text: format!("{word}[{}]", finding.code),
            mark,
        },
        events: finding.events.clone(),
    })
    // That there was nothing to look at is no place either.
    .filter(|broken| finding.kind == FindingKind::Failed || !broken.events.is_empty())
}

/// The events of a case; of several orders that share their sessions, those of the order that a finding is about, or of
/// the last one.
fn the_order(case: &CaseResult) -> &[Event] {
    let events = case.log.events.as_slice();
    let begins: Vec<usize> = events
        .iter()
        .enumerate()
        .filter(|(_, event)| matches!(event.kind, EventKind::OrderBegan { .. }))
        .map(|(at, _)| at)
        .collect();
    let Some(last) = begins.last() else {
        return events;
    };
    let told = case
        .bad_findings()
        .find_map(|finding| finding.events.first());
    let begin = match told {
        Some(seq) => {
            let before = |at: &&usize| events[**at].seq <= *seq;
            *begins.iter().rev().find(before).unwrap_or(last)
        }
        None => *last,
    };
    let end = begins.iter().find(|at| **at > begin);
    &events[begin..end.copied().unwrap_or(events.len())]
}

/// Every statement of a step with the values it was first sent with, one line each; empty where none was sent.
pub fn statements(events: &[Event]) -> String {
    let mut steps: HashMap<RunNo, &str> = HashMap::new();
    let mut seen: IndexMap<(String, &str), &[Value]> = IndexMap::new();
    for event in events {
        match &event.kind {
            EventKind::Launched { run, step, .. } => {
                steps.insert(*run, step);
            }
            EventKind::Sent {
                run: Some(run),
                client,
                sql,
                params,
                ..
            } => {
                let step = steps.get(run).copied().unwrap_or_default();
                let name = format!("{}.{step}", client.script);
                seen.entry((name, sql)).or_insert(params);
            }
            EventKind::Sent { run: None, .. }
            | EventKind::OrderBegan { .. }
            | EventKind::HeldBack { .. }
            | EventKind::Connected { .. }
            | EventKind::Replied { .. }
            | EventKind::Waiting { .. }
            | EventKind::WaitEnded { .. }
            | EventKind::Completed { .. }
            | EventKind::Skipped { .. }
            | EventKind::Notice { .. }
            | EventKind::Notified { .. }
            | EventKind::Measured { .. }
            | EventKind::Logged { .. }
            | EventKind::HookEnded { .. }
            | EventKind::Retrying { .. }
            | EventKind::Cancelled { .. }
            | EventKind::Finished { .. } => {}
        }
    }
    let left_out = seen.len().saturating_sub(MOST_STATEMENTS);
    let rows: Vec<Vec<String>> = seen
        .iter()
        .take(MOST_STATEMENTS)
        .map(|((name, sql), params)| {
            vec![
                name.clone(),
                shortened_lines(&shown(sql.trim())),
                values(params),
            ]
        })
        .collect();
    let mut out: String = align_columns(&rows, &[Side::Left])
        .into_iter()
        .map(|line| format!("  {line}\n"))
        .collect();
    if left_out > 0 {
        out.push_str(&format!("  … {left_out} more\n"));
    }
    out
}

/// The message with each of its texts shortened.
fn shortened_texts(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic {
        primary: shortened_lines(&diagnostic.primary),
        label: diagnostic.label.as_deref().map(shortened_lines),
        detail: diagnostic.detail.as_deref().map(shortened_lines),
        hints: diagnostic
            .hints
            .iter()
            .map(|hint| shortened_lines(hint))
            .collect(),
        ..diagnostic
    }
}

/// `[$1 = 42, $2 = 'a']`
fn values(params: &[Value]) -> String {
    if params.is_empty() {
        return String::new();
    }
    let shown_values = params.iter().enumerate().map(|(index, value)| {
        let text = value.to_string();
        format!(
            "${} = {}",
            index + 1,
            shown(&shortened(&text, LONGEST_VALUE))
        )
    });
    format!("[{}]", shown_values.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn statements_are_listed_once_with_their_first_values() {
        insta::assert_snapshot!(statements(&sample::lost_update_events()));
    }

    #[test]
    fn a_message_shows_how_rows_differ() {
        let results = sample::results();
        let finding = &results.cases[2].findings[0];
        insta::assert_snapshot!(message(&results, finding, Color::Off));
    }
}
