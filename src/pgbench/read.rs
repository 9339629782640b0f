//! Which commands does a script hold? Statements up to their `;`, and meta commands from a backslash to the end of the
//! line, which goes on in the next one behind a backslash.

use crate::{
    source::{Diagnostic, Diagnostics, SourceFile, Span},
    sql::lexer::{Lexer, TokenKind},
};

/// One command of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// What it is.
    pub(super) kind: Kind,
    /// Where it stands.
    pub(super) span: Span,
}

/// What a command is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A statement, without its `;`.
    Sql(String),
    /// A meta command.
    Meta {
        /// Its name without the backslash.
        name: String,
        /// What follows, on one line.
        arguments: String,
    },
}

/// The commands of a script, in order; and statements that are sent together, which pgauge sends one by one.
pub(super) fn commands(file: &SourceFile) -> (Vec<Command>, Diagnostics) {
    let text = file.text();
    let mut reader = Reader {
        file,
        commands: Vec::new(),
        problems: Diagnostics::default(),
        statement: None,
    };
    let mut lexer = Lexer::new(text);
    while let Some(token) = lexer.next() {
        let (start, end) = (token.range.start, token.range.end);
        match &text[token.range.clone()] {
            "\\" if text[end..].starts_with(';') => {
                reader.together(start);
                reader.end_statement();
                lexer.skip_to(end + 1);
            }
            "\\" => {
                reader.end_statement();
                let end = line_end(text, start);
                lexer.skip_to(end);
                reader.meta(start, end);
            }
            ";" if token.kind == TokenKind::Punctuation => reader.end_statement(),
            _ if token.is_significant() => reader.extend(start, end),
            _ => {}
        }
    }
    reader.end_statement();
    (reader.commands, reader.problems)
}

struct Reader<'a> {
    file: &'a SourceFile,
    commands: Vec<Command>,
    problems: Diagnostics,
    /// The bytes of the statement that is being read.
    statement: Option<(usize, usize)>,
}

impl Reader<'_> {
    fn extend(&mut self, start: usize, end: usize) {
        let from = self.statement.map_or(start, |(from, _)| from);
        self.statement = Some((from, end));
    }

    fn end_statement(&mut self) {
        if let Some((start, end)) = self.statement.take() {
            self.commands.push(Command {
                kind: Kind::Sql(self.file.text()[start..end].to_owned()),
                span: Span::new(start, end),
            });
        }
    }

    fn together(&mut self, at: usize) {
        let primary = "statements joined with \\; are sent one by one";
        self.problems.push(
            Diagnostic::warning("pgbench", primary)
                .at(self.file.place(Span::new(at, at + 2)))
                .hint("load: { pipeline: true } sends neighbours together"),
        );
    }

    fn meta(&mut self, start: usize, end: usize) {
        let line = &self.file.text()[start + 1..end];
        let line = line.replace("\\\r\n", " ").replace("\\\n", " ");
        let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        self.commands.push(Command {
            kind: Kind::Meta {
                name: name.trim().to_ascii_lowercase(),
                arguments: arguments.trim().to_owned(),
            },
            span: Span::new(start, start + self.file.text()[start..end].trim_end().len()),
        });
    }
}

/// The end of the line that begins at an offset, with all lines that a backslash joins to it.
fn line_end(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let Some(length) = text[at..].find('\n') else {
            return text.len();
        };
        let line = text[at..at + length].trim_end_matches('\r');
        // The backslash that begins the command joins nothing.
        if !line.ends_with('\\') || at + line.len() == from + 1 {
            return at + length;
        }
        at += length + 1;
    }
}
