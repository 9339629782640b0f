//! How does a trace look? Event number, time, one column per client.

use super::{Line, Mark, Trace, span};
use crate::report::style::{Paint, shown};
use crate::source::Color;
use crate::text::plural;

/// With more clients than this every line names its client instead of standing in its column.
const MOST_COLUMNS: usize = 4;

/// No column is narrower than this; below it, lines name their clients instead.
const NARROWEST: usize = 18;

/// The space that a trace may take.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Characters in a line.
    pub width: usize,
    /// The most lines; of a longer trace the middle is left out.
    pub most_lines: usize,
    /// Whether waits and errors are coloured.
    pub color: Color,
}

impl Frame {
    /// The trace as lines, each ended by a line break.
    pub fn render(&self, trace: &Trace) -> String {
        let times: Vec<String> = trace.lines.iter().map(|line| span(line.at)).collect();
        let time_width = widest(times.iter().map(String::as_str)).max("time".len());
        let number_width =
            widest(trace.lines.iter().map(|line| line.seq.to_string())).max("event".len());
        let gutter = number_width + 2 + time_width;
        let layout = self.layout(trace, self.width.saturating_sub(gutter));
        let mut out = format!("{:>number_width$}  {:>time_width$}", "event", "time");
        out.push_str(&layout.head(trace));
        out.push('\n');
        let left_out = trace.lines.len().saturating_sub(self.most_lines.max(2));
        let first_kept = trace.lines.len().saturating_sub(left_out) / 2;
        for (index, (line, time)) in trace.lines.iter().zip(&times).enumerate() {
            if left_out > 0 && index == first_kept {
                out.push_str(&format!(
                    "{:>gutter$}  … {} left out\n",
                    "",
                    plural(left_out as u64, "line")
                ));
            }
            if (first_kept..first_kept + left_out).contains(&index) {
                continue;
            }
            for (row, text) in layout.cells(trace, line).iter().enumerate() {
                let (number, time) = match row {
                    0 => (line.seq.to_string(), time.as_str()),
                    _ => (String::new(), ""),
                };
                let body = layout.row(line, text, self.color);
                let whole = format!("{number:>number_width$}  {time:>time_width$}{body}");
                out.push_str(whole.trim_end());
                out.push('\n');
            }
        }
        out
    }

    fn layout(&self, trace: &Trace, room: usize) -> Layout {
        let count = trace.clients.len().max(1);
        let share = room / count;
        if count > MOST_COLUMNS || share < NARROWEST + SEPARATOR.len() {
            return Layout::Named {
                width: room.saturating_sub(SEPARATOR.len()).max(NARROWEST),
            };
        }
        let widths = (0..trace.clients.len()).map(|client| {
            let lines = trace.lines.iter().filter(|line| line.client == client);
            let own = widest(lines.map(|line| line.text.as_str()));
            let head = trace.clients[client].to_string().chars().count();
            own.max(head).min(share - SEPARATOR.len())
        });
        Layout::Columns {
            widths: widths.collect(),
        }
    }
}

const SEPARATOR: &str = " | ";

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
    fn head(&self, trace: &Trace) -> String {
        let Self::Columns { widths } = self else {
            return String::new();
        };
        let cells = trace.clients.iter().zip(widths);
        let head: String = cells
            .map(|(client, width)| format!("{SEPARATOR}{:<width$}", client.to_string()))
            .collect();
        head.trim_end().to_owned()
    }

    /// The text of a line, broken where its column ends.
    fn cells(&self, trace: &Trace, line: &Line) -> Vec<String> {
        let text = shown(&line.text);
        match self {
            Self::Columns { widths } => wrap(&text, widths[line.client]),
            Self::Named { width } => {
                wrap(&format!("{}: {text}", trace.clients[line.client]), *width)
            }
        }
    }

    fn row(&self, line: &Line, text: &str, color: Color) -> String {
        let painted = |width: usize| {
            let padding = width.saturating_sub(text.chars().count());
            let paint = match line.mark {
                Mark::Plain => Paint::Plain,
                Mark::Wait => Paint::Yellow,
                Mark::Error => Paint::Red,
            };
            format!("{}{}", paint.on(text, color), " ".repeat(padding))
        };
        match self {
            Self::Named { .. } => format!("{SEPARATOR}{}", painted(0)),
            Self::Columns { widths } => {
                let cells = widths.iter().enumerate().map(|(client, width)| {
                    let cell = match client == line.client {
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
}
