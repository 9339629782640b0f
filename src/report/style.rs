//! How do texts look on a terminal? A few colours, and nothing that data could do to the terminal itself.

use crate::source::Color;
use anstyle::{AnsiColor, Style};

/// The colours of pgauge, by what they mean elsewhere too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    Plain,
    /// Good.
    Green,
    /// Waits, warnings, vacuous.
    Yellow,
    /// Wrong.
    Red,
    /// Headings.
    Bold,
    /// Of less weight.
    Dim,
}

impl Paint {
    /// The text in this colour, or as it is where there are no colours.
    pub fn on(self, text: &str, color: Color) -> String {
        let style = match (color, self) {
            (Color::Off, _) | (Color::On, Self::Plain) => return text.to_owned(),
            (Color::On, Self::Green) => AnsiColor::Green.on_default(),
            (Color::On, Self::Yellow) => AnsiColor::Yellow.on_default(),
            (Color::On, Self::Red) => AnsiColor::Red.on_default(),
            (Color::On, Self::Bold) => Style::new().bold(),
            (Color::On, Self::Dim) => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }
}

/// Text of any origin on one line: line breaks and tabs as spaces, other control characters, and those that turn the
/// direction of writing so that a text reads as another, as `\u{1b}`.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            control if control.is_control() || turns(control) => {
                out.extend(control.escape_unicode());
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether a character changes the direction in which those around it are written.
fn turns(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_command_the_terminal() {
        assert_eq!(shown("a\u{1b}[31m\nb\0"), "a\\u{1b}[31m b\\u{0}");
        assert_eq!(shown("user\u{202e}gnp.exe"), "user\\u{202e}gnp.exe");
    }

    #[test]
    fn colours_are_there_only_when_asked_for() {
        assert_eq!(Paint::Red.on("x", Color::Off), "x");
        assert_eq!(Paint::Red.on("x", Color::On), "\u{1b}[31mx\u{1b}[0m");
    }
}
