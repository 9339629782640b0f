//! Where in the file is this character of a text that was taken out of it?

use std::sync::Arc;

use super::{Place, Position, SourceFile, Span};

/// A text taken out of a file (an SQL statement, a hook, a whole SQL file) that knows where in the file each of its
/// bytes stands, although indentation, quotes and escapes have been removed. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    text: Arc<str>,
    whole: Place,
    pieces: Arc<[Piece]>,
}

/// From here on, up to the next piece, text and file run in parallel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Byte offset in the text.
    pub text: usize,
    /// Byte offset in the file.
    pub file: usize,
}

impl Excerpt {
    /// A text that stands at `whole`. The pieces ascend; without any, every place is the start of `whole`.
    pub fn new(text: impl Into<Arc<str>>, whole: Place, pieces: Vec<Piece>) -> Self {
        Self {
            text: text.into(),
            whole,
            pieces: pieces.into(),
        }
    }

    /// All of a file.
    pub fn whole_file(file: &SourceFile) -> Self {
        let whole = file.place(Span::new(0, file.text().len()));
        Self::new(file.text(), whole, vec![Piece { text: 0, file: 0 }])
    }

    /// The text as its reader sees it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole of it in the file.
    pub fn whole(&self) -> &Place {
        &self.whole
    }

    /// The place of the bytes `start..end` of the text.
    pub fn place(&self, span: Span) -> Place {
        let start = self.in_file(span.start);
        let end = match span.end {
            end if end > span.start => self.in_file(end - 1).map(|last| last + 1),
            _ => start,
        };
        let (Some(start), Some(end)) = (start, end) else {
            let start = self.whole.span.start;
            return self.whole.file.place(Span::new(start, start));
        };
        self.whole.file.place(Span::new(start, self.char_end(end)))
    }

    /// The place of the word at a character of the text, counted from 1 as in PostgreSQL's error position.
    pub fn at_character(&self, character: usize) -> Place {
        let nth = self.text.char_indices().nth(character.saturating_sub(1));
        self.at_offset(nth.map_or(self.text.len(), |(offset, _)| offset))
    }

    /// The place of the word at a line and column of the text, as a compiler of the text reports it.
    pub fn at_position(&self, position: Position) -> Place {
        let before: usize = self
            .text
            .split_inclusive('\n')
            .take(position.line.saturating_sub(1))
            .map(str::len)
            .sum();
        let line = self.text[before..].split('\n').next().unwrap_or_default();
        let column = line.char_indices().nth(position.column.saturating_sub(1));
        self.at_offset(before + column.map_or(line.len(), |(offset, _)| offset))
    }

    /// The word that begins at a byte of the text, or the one character there.
    fn at_offset(&self, offset: usize) -> Place {
        let rest = &self.text[offset..];
        let word = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let len = match (word, rest.chars().next()) {
            (0, Some('\n') | None) => 0,
            (0, Some(first)) => first.len_utf8(),
            (word, _) => word,
        };
        self.place(Span::new(offset, offset + len))
    }

    fn in_file(&self, offset: usize) -> Option<usize> {
        let next = self.pieces.partition_point(|piece| piece.text <= offset);
        let piece = self.pieces.get(next.checked_sub(1)?)?;
        let exact = piece.file + (offset - piece.text);
        let limit = self
            .pieces
            .get(next)
            .map_or(self.whole.file.text().len(), |piece| piece.file);
        Some(exact.min(limit))
    }

    /// The end of the character in the file that `offset` may point into.
    fn char_end(&self, mut offset: usize) -> usize {
        let text = self.whole.file.text();
        while offset < text.len() && !text.is_char_boundary(offset) {
            offset += 1;
        }
        offset.min(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Excerpt {
        // Two lines of a YAML block scalar, indented by two.
        let file = SourceFile::new("a.yaml", "sql: |\n  SELECT é,\n  missing\n");
        let whole = file.place(Span::new(7, file.text().len()));
        Excerpt::new(
            "SELECT é,\nmissing\n",
            whole,
            vec![Piece { text: 0, file: 9 }, Piece { text: 11, file: 22 }],
        )
    }

    #[test]
    fn a_character_position_points_at_its_word_in_the_file() {
        let place = block().at_character(11);
        assert_eq!(
            (place.to_string().as_str(), place.text()),
            ("a.yaml:3:3", "missing")
        );
        let place = block().at_character(8);
        assert_eq!(
            (place.to_string().as_str(), place.text()),
            ("a.yaml:2:10", "é")
        );
        assert_eq!(block().at_character(9).text(), ",");
    }

    #[test]
    fn a_line_and_column_point_at_their_word_in_the_file() {
        let place = block().at_position(Position { line: 2, column: 1 });
        assert_eq!(
            (place.to_string().as_str(), place.text()),
            ("a.yaml:3:3", "missing")
        );
        assert_eq!(
            block().at_position(Position { line: 9, column: 9 }).text(),
            ""
        );
    }

    #[test]
    fn without_pieces_everything_is_at_the_start() {
        let file = SourceFile::new("a.yaml", "x: >\n  y");
        let excerpt = Excerpt::new("y", file.place(Span::new(3, 8)), vec![]);
        assert_eq!(excerpt.at_character(1).to_string(), "a.yaml:1:4");
    }

    #[test]
    fn a_whole_file_maps_to_itself() {
        let file = SourceFile::new("a.sql", "SELECT 1;\nSELECT x;");
        assert_eq!(
            Excerpt::whole_file(&file).at_character(18).to_string(),
            "a.sql:2:8"
        );
        assert_eq!(
            Excerpt::whole_file(&file).at_character(999).to_string(),
            "a.sql:2:10"
        );
    }
}
