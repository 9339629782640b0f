//! Where in the file is this character of a scalar's text?

use super::{NodeId, Scalar, Style, Tree};
use crate::source::{Excerpt, Piece};

impl Tree {
    /// The text of a scalar (an alias followed) that knows where in the file its characters stand. `None` if the node
    /// is no scalar. In a folded block (`>`) all characters are at its start.
    pub fn excerpt(&self, id: NodeId) -> Option<Excerpt> {
        let scalar = self.scalar(id)?;
        let id = self.resolve(id);
        let pieces = match scalar.style {
            Style::Literal => self.literal_pieces(id, scalar),
            Style::Plain | Style::SingleQuoted | Style::DoubleQuoted => {
                self.flow_pieces(id, scalar)
            }
            Style::Verbatim => Some(vec![Piece {
                text: 0,
                file: self.node(id).span.start,
            }]),
            Style::Folded => None,
        };
        Some(Excerpt::new(
            scalar.text.as_str(),
            self.place(id),
            pieces.unwrap_or_default(),
        ))
    }

    /// In a literal block line stands by line, each with its indentation in front.
    fn literal_pieces(&self, id: NodeId, scalar: &Scalar) -> Option<Vec<Piece>> {
        let file = self.file();
        // The span begins with the first line that is not empty.
        let skipped = scalar.text.chars().take_while(|c| *c == '\n').count();
        let first = file
            .position(self.node(id).span.start)
            .line
            .checked_sub(skipped)?;
        let mut pieces = Vec::new();
        let mut offset = 0;
        for (index, line) in scalar.text.split_inclusive('\n').enumerate() {
            let content = line.trim_end_matches('\n');
            let span = file.line_span(first + index)?;
            let source = file.text().get(span.start..span.end)?;
            if !source.ends_with(content) {
                return None;
            }
            pieces.push(Piece {
                text: offset,
                file: span.end - content.len(),
            });
            offset += line.len();
        }
        Some(pieces)
    }

    fn flow_pieces(&self, id: NodeId, scalar: &Scalar) -> Option<Vec<Piece>> {
        let span = self.node(id).span;
        let source = self.file().text().get(span.start..span.end)?;
        let quote = if scalar.style == Style::Plain { 0 } else { 1 };
        let inner = source.get(quote..source.len().checked_sub(quote)?)?;
        let mut walk = Walk {
            source: inner,
            text: &scalar.text,
            at: 0,
            read: 0,
            start: span.start + quote,
        };
        let mut pieces: Vec<Piece> = Vec::new();
        while walk.at < inner.len() {
            let here = Piece {
                text: walk.read,
                file: walk.start + walk.at,
            };
            let parallel = pieces
                .last()
                .is_some_and(|last| here.file - last.file == here.text - last.text);
            if !parallel {
                // An escape that yields nothing must not leave two pieces at one offset of the text.
                pieces.pop_if(|last| last.text == here.text);
                pieces.push(here);
            }
            walk.step(scalar.style)?;
        }
        (walk.read == scalar.text.len()).then_some(pieces)
    }
}

/// Walks through a quoted or plain scalar and its text at the same time.
struct Walk<'a> {
    source: &'a str,
    text: &'a str,
    /// Bytes of the source so far.
    at: usize,
    /// Bytes of the text so far.
    read: usize,
    /// Offset of the source in the file.
    start: usize,
}

impl Walk<'_> {
    /// One character of the text, or one fold of line breaks. `None` if source and text do not fit.
    fn step(&mut self, style: Style) -> Option<()> {
        let source = &self.source[self.at..];
        let text = &self.text[self.read..];
        let blank = source.len() - source.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let breaks = source[..blank].matches('\n').count();
        if breaks > 0 {
            let folded = if breaks == 1 { 1 } else { breaks - 1 };
            let expected = if breaks == 1 { ' ' } else { '\n' };
            let fits = text.chars().take(folded).filter(|c| *c == expected).count() == folded;
            return self.advance(fits, blank, folded);
        }
        let first = source.chars().next()?;
        let next = text.chars().next().map_or(0, char::len_utf8);
        match (style, first) {
            (Style::SingleQuoted, '\'') => {
                self.advance(source.starts_with("''") && text.starts_with('\''), 2, 1)
            }
            (Style::DoubleQuoted, '\\') => match escape_len(source)? {
                Escape::Character(len) => self.advance(next > 0, len, next),
                Escape::LineBreak(len) => self.advance(true, len, 0),
            },
            _ => self.advance(text.starts_with(first), first.len_utf8(), first.len_utf8()),
        }
    }

    fn advance(&mut self, fits: bool, source: usize, text: usize) -> Option<()> {
        self.at += source;
        self.read += text;
        fits.then_some(())
    }
}

/// What a backslash in double quotes begins, and its bytes.
enum Escape {
    Character(usize),
    LineBreak(usize),
}

fn escape_len(source: &str) -> Option<Escape> {
    Some(match source.chars().nth(1)? {
        'x' => Escape::Character(4),
        'u' => Escape::Character(6),
        'U' => Escape::Character(10),
        '\r' | '\n' => {
            let rest = &source[1..];
            Escape::LineBreak(
                1 + rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len(),
            )
        }
        other => Escape::Character(1 + other.len_utf8()),
    })
}

#[cfg(test)]
mod tests {
    use crate::source::SourceFile;
    use crate::spec::tree::{parse_pointer, read};

    /// The place in the file of `word` within the scalar at `/sql`, and what stands there.
    fn at(yaml: &str, word: &str) -> String {
        let tree = read(&SourceFile::new("a.yaml", yaml)).unwrap().tree;
        let excerpt = tree
            .excerpt(tree.find(&parse_pointer("/sql")).unwrap())
            .unwrap();
        let offset = excerpt.text().find(word).unwrap();
        let character = excerpt.text()[..offset].chars().count() + 1;
        let place = excerpt.at_character(character);
        format!(
            "{}:{} {}",
            place.position().line,
            place.position().column,
            place.text()
        )
    }

    #[test]
    fn literal_blocks_lose_their_indentation() {
        assert_eq!(
            at("sql: |\n  SELECT a\n  FROM nowhere\n", "nowhere"),
            "3:8 nowhere"
        );
        assert_eq!(
            at(
                "sql: |\n\n\n    SELECT a\n      FROM é, nowhere\n\n    x\n",
                "nowhere"
            ),
            "5:15 nowhere"
        );
        assert_eq!(
            at(
                "sql: |-   # note\r\n  SELECT a\r\n\r\n  FROM nowhere\r\n",
                "nowhere"
            ),
            "4:8 nowhere"
        );
        assert_eq!(
            at("sql: |2\n    SELECT nowhere\n", "nowhere"),
            "2:12 nowhere"
        );
        assert_eq!(
            at("sql: |+\n  SELECT nowhere\n\n\n", "nowhere"),
            "2:10 nowhere"
        );
    }

    #[test]
    fn plain_scalars_map_one_to_one_and_over_folds() {
        assert_eq!(at("sql: SELECT nowhere\n", "nowhere"), "1:13 nowhere");
        assert_eq!(
            at("sql: SELECT a\n   FROM nowhere\n\n   WHERE x\n", "nowhere"),
            "2:9 nowhere"
        );
        assert_eq!(
            at("sql: SELECT a\n   FROM b\n\n   WHERE nowhere\n", "nowhere"),
            "4:10 nowhere"
        );
    }

    #[test]
    fn quotes_and_escapes_are_counted() {
        assert_eq!(
            at("sql: 'SELECT ''x'', nowhere'\n", "nowhere"),
            "1:21 nowhere"
        );
        assert_eq!(
            at(
                "sql: \"SELECT \\\"x\\\",\\t\\u00e9\\x41 nowhere\"\n",
                "nowhere"
            ),
            "1:33 nowhere"
        );
        assert_eq!(
            at("sql: \"SELECT a,\\\n  nowhere\"\n", "nowhere"),
            "2:3 nowhere"
        );
    }

    #[test]
    fn folded_blocks_point_at_their_start() {
        assert_eq!(
            at("sql: >\n  SELECT a\n  FROM nowhere\n", "nowhere"),
            "2:3 "
        );
    }
}
