//! A migration on a terminal.

use super::{
    markdown::word,
    told::{Section, Stands, Told, Tone},
};
use crate::{
    report::style::{Paint, shown},
    source::Color,
    text::{Side, align_columns},
};

/// Every migration, one after the other.
pub fn text(all: &[Told], color: Color) -> String {
    all.iter().map(|told| one(told, color)).collect()
}

fn one(told: &Told, color: Color) -> String {
    let title = format!("{}: {}", shown(&told.title), word(told.outcome));
    let mut out = format!(
        "{}\n{}\n\n",
        Paint::Bold.on(&title, color),
        shown(&told.summary)
    );
    out.extend(told.sections.iter().map(|part| section(part, color)));
    out
}

fn section(section: &Section, color: Color) -> String {
    let mut out = format!("{}\n", Paint::Bold.on(section.title, color));
    if !section.says.is_empty() {
        out.push_str(&format!("  {}\n", shown(&section.says)));
    }
    let heads = section.heads.iter().map(|(head, _)| (*head).to_owned());
    let mut rows: Vec<Vec<String>> = vec![heads.collect()];
    rows.extend(section.rows.iter().map(|row| {
        let cells = row.iter();
        cells
            .map(|cell| shown(&cell.text.replace('\n', "; ")))
            .collect()
    }));
    let sides: Vec<Side> = section
        .heads
        .iter()
        .map(|(_, stands)| match stands {
            Stands::Left => Side::Left,
            Stands::Right => Side::Right,
        })
        .collect();
    let lines = align_columns(&rows, &sides);
    let is_bad = |row: usize| {
        let cells = section.rows.get(row);
        cells.is_some_and(|cells| cells.iter().any(|cell| cell.tone == Tone::Bad))
    };
    for (index, line) in lines.iter().enumerate() {
        let paint = match index.checked_sub(1) {
            None => Paint::Dim,
            Some(row) if is_bad(row) => Paint::Red,
            Some(_) => Paint::Plain,
        };
        out.push_str(&format!("  {}\n", paint.on(line, color)));
    }
    out.push('\n');
    out
}
