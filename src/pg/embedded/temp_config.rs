//! Which settings does a file give the server? Lines as in `postgresql.conf`: what pg_regress and pg_isolation_regress take
//! with `--temp-config`.

use super::settings;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};
use crate::spec::quantity::ByteSize;
use std::path::Path;

/// Nobody has that many settings; more is another file.
const MAX_BYTES: ByteSize = ByteSize(1 << 20);

/// Reads a file of settings: their names and values without quotes, in its order.
///
/// # Errors
///
/// It cannot be read, or a line in it sets nothing, or something that pgauge needs for itself.
pub fn read(path: &Path) -> Result<Vec<(String, String)>, Diagnostics> {
    of_file(&SourceFile::read(path, MAX_BYTES)?)
}

fn of_file(file: &SourceFile) -> Result<Vec<(String, String)>, Diagnostics> {
    let mut settings = Vec::new();
    let mut problems = Diagnostics::default();
    let mut start = 0;
    for line in file.text().split_inclusive('\n') {
        let line_start = start;
        start += line.len();
        let mut rest = Rest {
            text: line.trim_end_matches(['\n', '\r']),
            at: 0,
        };
        match rest.setting() {
            Ok(Some(setting)) => settings.push(setting),
            Ok(None) => {}
            Err(problem) => {
                let span = Span::new(line_start + problem.from, line_start + problem.to);
                let diagnostic = Diagnostic::error("temp-config", problem.primary);
                let mut diagnostic = diagnostic.at(file.place(span));
                diagnostic.hints.extend(problem.hint);
                problems.push(diagnostic);
            }
        }
    }
    match problems.has_errors() {
        true => Err(problems),
        false => Ok(settings),
    }
}

/// What is wrong in a line, from which byte to which.
struct Problem {
    from: usize,
    to: usize,
    primary: String,
    hint: Option<String>,
}

/// What is left of a line.
struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    /// The setting of the line, if it is not empty or a comment.
    fn setting(&mut self) -> Result<Option<(String, String)>, Problem> {
        self.blanks();
        if self.is_over() {
            return Ok(None);
        }
        let from = self.at;
        let name = self.word(|c| !c.is_whitespace() && !matches!(c, '=' | '#' | '\''));
        if name.to_ascii_lowercase().starts_with("include") {
            let primary = format!("\"{name}\" is not followed here");
            let hint = "write the settings of the other file into this one";
            return Err(self.wrong(from, primary, Some(hint)));
        }
        if let Err(error) = settings::check_name(name) {
            return Err(self.wrong(from, error.primary, error.hint.as_deref()));
        }
        self.blanks();
        if self.left().starts_with('=') {
            self.at += 1;
            self.blanks();
        }
        let from = self.at;
        let value = match self.left().starts_with('\'') {
            true => self.quoted()?,
            false => self.plain(name)?,
        };
        self.blanks();
        if !self.is_over() {
            let from = self.at;
            self.at = self.text.trim_end().len();
            let primary = format!("more follows the value of \"{name}\"");
            let hint = "a value with blanks or signs stands in single quotes";
            return Err(self.wrong(from, primary, Some(hint)));
        }
        if value.contains('\0') {
            let primary = format!("the value of \"{name}\" holds a character of code zero");
            return Err(self.wrong(from, primary, None));
        }
        Ok(Some((name.to_owned(), value)))
    }

    fn plain(&mut self, name: &str) -> Result<String, Problem> {
        let from = self.at;
        let word = self.word(|c| {
            c.is_ascii_alphanumeric()
                || !c.is_ascii()
                || matches!(c, '_' | '-' | '+' | '.' | ':' | '/')
        });
        match word.is_empty() {
            false => Ok(word.to_owned()),
            true => {
                self.at = self.text.trim_end().len().max(from);
                let primary = format!("\"{name}\" is given no value");
                Err(self.wrong(
                    from,
                    primary,
                    Some("write name = value, such as wal_level = logical"),
                ))
            }
        }
    }

    /// A value in single quotes; the server doubles quotes or escapes them with a backslash.
    fn quoted(&mut self) -> Result<String, Problem> {
        let from = self.at;
        let mut value = String::new();
        let mut characters = self.left()[1..].char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            match c {
                '\'' if characters.next_if(|(_, next)| *next == '\'').is_some() => value.push('\''),
                '\'' => {
                    self.at = from + 1 + at + 1;
                    return Ok(value);
                }
                '\\' => match characters.next().map(|(_, c)| c) {
                    Some('b') => value.push('\u{8}'),
                    Some('f') => value.push('\u{c}'),
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    Some(first @ '0'..='7') => {
                        let mut code = first.to_digit(8).unwrap_or(0);
                        for _ in 0..2 {
                            let digit = characters.next_if(|(_, c)| c.is_digit(8));
                            let Some(digit) = digit.and_then(|(_, c)| c.to_digit(8)) else {
                                break;
                            };
                            code = code * 8 + digit;
                        }
                        value.push(char::from_u32(code & 0xff).unwrap_or('\0'));
                    }
                    Some(other) => value.push(other),
                    None => break,
                },
                other => value.push(other),
            }
        }
        self.at = self.text.trim_end().len();
        Err(self.wrong(from, "the quote is not closed on its line".to_owned(), None))
    }

    fn wrong(&self, from: usize, primary: String, hint: Option<&str>) -> Problem {
        Problem {
            from,
            to: self.at.max(from),
            primary,
            hint: hint.map(str::to_owned),
        }
    }

    fn left(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn is_over(&self) -> bool {
        self.left().is_empty() || self.left().starts_with('#')
    }

    fn blanks(&mut self) {
        self.word(char::is_whitespace);
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let left = self.left();
        let end = left.find(|c| !belongs(c)).unwrap_or(left.len());
        self.at += end;
        &left[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong, in which line and at which words.
    type Told = (String, usize, String);

    fn read(text: &str) -> Result<Vec<(String, String)>, Vec<Told>> {
        of_file(&SourceFile::new("regress.conf", text)).map_err(|problems| {
            let problems = problems.0.into_iter();
            problems
                .map(|problem| {
                    let place = problem.place.unwrap();
                    (
                        problem.primary,
                        place.position().line,
                        place.text().to_owned(),
                    )
                })
                .collect()
        })
    }

    #[test]
    fn lines_are_read_as_the_server_reads_them() {
        let text = "# decoding\n\nwal_level = logical\r\n  max_replication_slots=4  # enough\n\
            logical_decoding_work_mem 64kB\nsearch_path = '\"$user\", it''s \\'x\\' \\061'\nautovacuum = ''";
        let expected = [
            ("wal_level", "logical"),
            ("max_replication_slots", "4"),
            ("logical_decoding_work_mem", "64kB"),
            ("search_path", "\"$user\", it's 'x' 1"),
            ("autovacuum", ""),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn every_line_that_sets_nothing_is_told_with_its_place() {
        let text = "wal_level =\nport = 5433\nwork_mem = 4 MB\ninclude 'other.conf'\njit = 'on\n= 3\nfine = 1\n";
        let expected = [
            ("\"wal_level\" is given no value", 1, ""),
            (
                "the setting \"port\" belongs to pgauge on an embedded server",
                2,
                "port",
            ),
            ("more follows the value of \"work_mem\"", 3, "MB"),
            ("\"include\" is not followed here", 4, "include"),
            ("the quote is not closed on its line", 5, "'on"),
            ("\"\" cannot be the name of a server setting", 6, ""),
        ];
        let expected =
            expected.map(|(primary, line, text)| (primary.to_owned(), line, text.to_owned()));
        assert_eq!(read(text).unwrap_err(), expected);
    }
}
