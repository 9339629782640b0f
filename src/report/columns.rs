//! How do things that several clients do stand side by side? A gutter, one column per client, lines from top to bottom.

use super::style::{Paint, shown};
use crate::source::Color;
use crate::text::plural;

/// With more clients than this every line names its client instead of standing in its column.
const MOST_COLUMNS: usize = 4;

/// No column is narrower than this; below it, lines name their clients instead.
const NARROWEST: usize = 18;

/// The space that a drawing may take.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Characters in a line.
    pub width: usize,
    /// The most lines; of a longer drawing the middle is left out, but for lines that something is noted at.
    pub most_lines: usize,
    /// Whether waits and errors are coloured.
    pub color: Color,
}

/// What is drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    /// The head of the gutter.
    pub gutter: String,
    /// The heads of the columns.
    pub columns: Vec<String>,
    /// The lines, from top to bottom.
    pub lines: Vec<DrawnLine>,
    /// What belongs to all of it, below.
    pub below: Vec<Note>,
}

/// A line in one of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnLine {
    /// What stands in the gutter.
    pub gutter: String,
    /// Index into [`Drawing::columns`].
    pub column: usize,
    /// What stands in the column.
    pub text: String,
    /// How it is to be seen.
    pub mark: Mark,
    /// What is noted right below it.
    pub notes: Vec<Note>,
}

/// A few words that point to what stands above them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The words.
    pub text: String,
    /// How they are to be seen.
    pub mark: Mark,
}

/// How something is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Plain,
    /// Somebody waits, or a green would mean nothing.
    Wait,
    /// Something went wrong, as expected or not.
    Error,
}

impl Mark {
    fn paint(self) -> Paint {
        match self {
            Self::Plain => Paint::Plain,
            Self::Wait => Paint::Yellow,
            Self::Error => Paint::Red,
        }
    }
}

impl Frame {
    /// The drawing as text, each line ended by a line break.
    pub fn draw(&self, drawing: &Drawing) -> String {
        let gutters = drawing.lines.iter().map(|line| &line.gutter);
        let gutter = widest(gutters.chain([&drawing.gutter]));
        let layout = self.layout(drawing, self.width.saturating_sub(gutter));
        let mut out = format!("{:>gutter$}", drawing.gutter);
        out.push_str(&layout.head(drawing));
        out.push('\n');
        let mut left_out = 0;
        let tell_left_out = |out: &mut String, left_out: &mut usize| {
            if *left_out > 0 {
                let lines = plural(*left_out as u64, "line");
                out.push_str(&format!("{:>gutter$}  … {lines} left out\n", ""));
                *left_out = 0;
            }
        };
        for (line, kept) in drawing.lines.iter().zip(self.kept(drawing)) {
            if !kept {
                left_out += 1;
                continue;
            }
            tell_left_out(&mut out, &mut left_out);
            let cells = layout.cells(drawing, line.column, &line.text);
            let mut rows: Vec<(String, Mark)> =
                cells.into_iter().map(|cell| (cell, line.mark)).collect();
            for note in &line.notes {
                let cells = layout.note(line.column, &format!("^ {}", note.text));
                rows.extend(cells.into_iter().map(|cell| (cell, note.mark)));
            }
            for (row, (text, mark)) in rows.iter().enumerate() {
                let beside = if row == 0 { line.gutter.as_str() } else { "" };
                let body = layout.row(line.column, text, *mark, self.color);
                let whole = format!("{beside:>gutter$}{body}");
                out.push_str(whole.trim_end());
                out.push('\n');
            }
        }
        tell_left_out(&mut out, &mut left_out);
        for note in &drawing.below {
            let text = note.mark.paint().on(&shown(&note.text), self.color);
            out.push_str(&format!("{:>gutter$}{SEPARATOR}{text}\n", ""));
        }
        out
    }

    /// Which lines there is room for.
    fn kept(&self, drawing: &Drawing) -> impl Iterator<Item = bool> {
        let count = drawing.lines.len();
        let left_out = count.saturating_sub(self.most_lines.max(2));
        let first = count.saturating_sub(left_out) / 2;
        let gap = first..first + left_out;
        let lines = drawing.lines.iter().enumerate();
        lines.map(move |(index, line)| !gap.contains(&index) || !line.notes.is_empty())
    }

    fn layout(&self, drawing: &Drawing, room: usize) -> Layout {
        let count = drawing.columns.len().max(1);
        let share = room / count;
        if count > MOST_COLUMNS || share < NARROWEST + SEPARATOR.len() {
            return Layout::Named {
                width: room.saturating_sub(SEPARATOR.len()).max(NARROWEST),
            };
        }
        let widths = drawing.columns.iter().enumerate().map(|(column, head)| {
            let lines = drawing.lines.iter().filter(|line| line.column == column);
            let notes = lines.clone().flat_map(|line| &line.notes);
            let own = widest(lines.map(|line| line.text.as_str()));
            let notes = widest(notes.map(|note| note.text.as_str())) + POINTER;
            let own = if notes > POINTER { own.max(notes) } else { own };
            own.max(head.chars().count()).min(share - SEPARATOR.len())
        });
        Layout::Columns {
            widths: widths.collect(),
        }
    }
}

const SEPARATOR: &str = " | ";

/// How much wider than its text a note is.
const POINTER: usize = 2;

fn widest<S: AsRef<str>>(texts: impl Iterator<Item = S>) -> usize {
    texts
        .map(|text| text.as_ref().chars().count())
        .max()
        .unwrap_or(0)
}

/// Where a line's text stands.
enum Layout {
    /// In its client's column.
    Columns { widths: Vec<usize> },
    /// Behind its client's name.
    Named { width: usize },
}

impl Layout {
    fn head(&self, drawing: &Drawing) -> String {
        let Self::Columns { widths } = self else {
            return String::new();
        };
        let cells = drawing.columns.iter().zip(widths);
        let head: String = cells
            .map(|(head, width)| format!("{SEPARATOR}{head:<width$}"))
            .collect();
        head.trim_end().to_owned()
    }

    /// The text of a line, broken where its column ends.
    fn cells(&self, drawing: &Drawing, column: usize, text: &str) -> Vec<String> {
        let text = shown(text);
        match self {
            Self::Columns { widths } => wrap(&text, widths[column]),
            Self::Named { width } => wrap(&format!("{}: {text}", drawing.columns[column]), *width),
        }
    }

    fn note(&self, column: usize, text: &str) -> Vec<String> {
        let width = match self {
            Self::Columns { widths } => widths[column],
            Self::Named { width } => *width,
        };
        wrap(&shown(text), width)
    }

    fn row(&self, column: usize, text: &str, mark: Mark, color: Color) -> String {
        let painted = |width: usize| {
            let padding = width.saturating_sub(text.chars().count());
            format!("{}{}", mark.paint().on(text, color), " ".repeat(padding))
        };
        match self {
            Self::Named { .. } => format!("{SEPARATOR}{}", painted(0)),
            Self::Columns { widths } => {
                let cells = widths.iter().enumerate().map(|(own, width)| {
                    let cell = match own == column {
                        true => painted(*width),
                        false => " ".repeat(*width),
                    };
                    format!("{SEPARATOR}{cell}")
                });
                cells.collect()
            }
        }
    }
}

/// Lines of at most `width` characters, broken between words where there is a space, the rest indented.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    let mut indent = "";
    loop {
        let room = width.saturating_sub(indent.len()).max(1);
        let Some((cut, _)) = rest.char_indices().nth(room) else {
            lines.push(format!("{indent}{rest}"));
            return lines;
        };
        let fits_exactly = rest[cut..].starts_with(' ');
        let space = rest[..cut].rfind(' ').filter(|at| *at > 0);
        let (line, tail) = match space {
            Some(space) if !fits_exactly => rest.split_at(space),
            _ => rest.split_at(cut),
        };
        lines.push(format!("{indent}{}", line.trim_end()));
        rest = tail.trim_start();
        indent = "  ";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_break_between_words_and_long_words_anywhere() {
        assert_eq!(wrap("short", 10), ["short"]);
        assert_eq!(wrap("one two three", 8), ["one two", "  three"]);
        assert_eq!(wrap("éééééééé", 4), ["éééé", "  éé", "  éé"]);
        assert_eq!(wrap("", 4), [""]);
    }

    fn drawing(lines: usize, noted: usize) -> Drawing {
        let lines = (0..lines).map(|number| DrawnLine {
            gutter: number.to_string(),
            column: number % 2,
            text: format!("step {number}"),
            mark: Mark::Plain,
            notes: match number == noted {
                true => vec![Note {
                    text: "failed[rows]".to_owned(),
                    mark: Mark::Error,
                }],
                false => Vec::new(),
            },
        });
        Drawing {
            gutter: "event".to_owned(),
            columns: vec!["alice".to_owned(), "bob".to_owned()],
            lines: lines.collect(),
            below: Vec::new(),
        }
    }

    #[test]
    fn a_line_that_something_is_noted_at_is_never_left_out() {
        let frame = Frame {
            width: 80,
            most_lines: 4,
            color: Color::Off,
        };
        let drawn = frame.draw(&drawing(9, 4));
        insta::assert_snapshot!(drawn, @r"
        event | alice          | bob
            0 | step 0         |
            1 |                | step 1
               … 2 lines left out
            4 | step 4         |
              | ^ failed[rows] |
               … 2 lines left out
            7 |                | step 7
            8 | step 8         |
        ");
    }
}
