//! A migration in a comment of a pull request.

use super::told::{Cell, Section, Stands, Told, Tone};
use crate::report::{clean::for_markdown, results::Outcome};

/// Every migration, one after the other.
pub fn markdown(all: &[Told]) -> String {
    all.iter().map(one).collect()
}

fn one(told: &Told) -> String {
    let mut out = format!(
        "## {}: {}\n\n{}.\n\n",
        for_markdown(&told.title),
        word(told.outcome),
        for_markdown(&told.summary)
    );
    out.extend(told.sections.iter().map(section));
    out
}

fn section(section: &Section) -> String {
    let mut out = format!("### {}\n\n", section.title);
    if !section.says.is_empty() {
        out.push_str(&format!("{}\n\n", for_markdown(&section.says)));
    }
    let heads = section.heads.iter();
    let heads: Vec<String> = heads.map(|(head, _)| for_markdown(head)).collect();
    let sides: Vec<&str> = section
        .heads
        .iter()
        .map(|(_, stands)| match stands {
            Stands::Left => "---",
            Stands::Right => "---:",
        })
        .collect();
    out.push_str(&format!(
        "| {} |\n|{}|\n",
        heads.join(" | "),
        sides.join("|")
    ));
    for row in &section.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    out.push('\n');
    out
}

fn cell(cell: &Cell) -> String {
    let lines = cell.text.lines().map(for_markdown);
    let text = lines.collect::<Vec<_>>().join("<br>");
    match cell.tone {
        Tone::Bad if !text.is_empty() => format!("**{text}**"),
        // In a code span a pipe would still end the cell.
        Tone::Code if !cell.text.contains(['`', '|', '\\']) => format!("`{}`", cell.text.trim()),
        Tone::Plain | Tone::Good | Tone::Costly | Tone::Bad | Tone::Code => text,
    }
}

/// An outcome, in one word.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Errored => "errored",
        Outcome::Skipped => "skipped",
        Outcome::Vacuous => "vacuous",
    }
}
