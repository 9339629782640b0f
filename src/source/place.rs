//! Where exactly?

use super::SourceFile;

/// Bytes `start..end` of a file's text. Empty spans point between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte; never less than `start`.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` to `end`; an `end` before `start` makes the span empty.
    pub fn new(start: usize, end: usize) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }
}

/// Line and column as an editor counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The first line is 1.
    pub line: usize,
    /// In characters; the first is 1.
    pub column: usize,
}

/// A span in one of the author's files. Cheap to clone. `Display` is `path:line:column`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: SourceFile,
    /// The bytes in it.
    pub span: Span,
}

impl Place {
    /// Line and column of the first byte.
    pub fn position(&self) -> Position {
        self.file.position(self.span.start)
    }

    /// The text at this place.
    pub fn text(&self) -> &str {
        self.file
            .text()
            .get(self.span.start..self.span.end)
            .unwrap_or_default()
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Position { line, column } = self.position();
        write!(f, "{}:{line}:{column}", self.file.path().display())
    }
}
