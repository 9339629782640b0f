//! How does a run look on a terminal and in a CI log? Progress while it runs, failures in full at the end, two
//! lines of summary last.

mod case_line;
mod characters;
mod ending;
mod flow;
mod progress;

pub use case_line::CaseEnding;
pub use characters::Characters;
pub use ending::{Ending, Remembered, Written};
pub use progress::{Progress, Transfer};

use crate::source::Color;
use std::{
    io::{ErrorKind, Write},
    sync::OnceLock,
};

/// The width taken where no terminal tells one, such as in a CI log.
const USUAL_WIDTH: usize = 110;

/// Traces become hard to read beyond this, and useless below that.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=160;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures and one line of summary.
    Quiet,
    /// Every case with a line, failures in full.
    Normal,
    /// Also notes, statements, latencies, and where the time went.
    Verbose,
}

/// What a text for the terminal must fit.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Whether there are colours on standard output.
    pub color: Color,
    /// Whether there are colours on standard error.
    pub color_of_errors: Color,
    /// Characters in a line.
    pub width: usize,
    /// How much is told.
    pub verbosity: Verbosity,
}

impl View {
    /// The view on this terminal, or on whatever standard output is; colours by stream.
    pub fn here(color: Color, color_of_errors: Color, verbosity: Verbosity) -> Self {
        let told = console::Term::stdout().size_checked();
        let width = told.map_or(USUAL_WIDTH, |(_, columns)| usize::from(columns));
        Self {
            color,
            color_of_errors,
            width: width.clamp(*WIDTHS.start(), *WIDTHS.end()),
            verbosity,
        }
    }
}

/// Why something that was said reached nobody, the first of them.
static UNSAID: OnceLock<String> = OnceLock::new();

/// Writes to standard output. That it cannot be written is no reason to break off a run: the reports are still to be
/// written; [`unsaid`] tells it afterwards. A reader who left, as in `pgauge run | head`, has read enough.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let text = crate::text::discreet(text);
    let text = Characters::chosen().spell(&text);
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        UNSAID.get_or_init(|| error.to_string());
    }
}

/// Why standard output could not be written, if so; a disk that is full, for instance.
pub fn unsaid() -> Option<&'static str> {
    UNSAID.get().map(String::as_str)
}

/// Writes to standard error what is of use only while the run lasts, in a log that somebody watches.
fn say_aside(text: &str) {
    let written = std::io::stderr().lock().write_all(text.as_bytes());
    // Nobody is left to be told that nobody listens.
    drop(written);
}
