//! What is in the author's file?

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Diagnostic, Place, Position, Severity, Span};
use crate::text::quantity::ByteSize;

/// One file of the author's: its path as the author would write it, and its text. Clones share the text.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile(Arc<Content>);

#[derive(PartialEq, Eq)]
struct Content {
    path: PathBuf,
    text: Arc<str>,
    /// Byte offset at which each line begins; the first is 0.
    line_starts: Vec<usize>,
}

impl std::fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceFile({})", self.0.path.display())
    }
}

impl SourceFile {
    /// A file with this text. A byte order mark at the start is dropped: no reader wants it, and it would shift the
    /// columns of the first line.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let mut text: String = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(after_breaks).collect();
        Self(Arc::new(Content {
            path: path.into(),
            text: text.into(),
            line_starts,
        }))
    }

    /// A file with these bytes, which must be UTF-8. UTF-16 is recognised by its byte order mark and named.
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, Diagnostic> {
        let path = path.into();
        let error = match String::from_utf8(bytes) {
            Ok(text) => return Ok(Self::new(path, text)),
            Err(error) => error,
        };
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let wrong = bytes[valid];
        let hint = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "this looks like UTF-16; save the file as UTF-8",
            _ => "save the file as UTF-8",
        };
        // What comes before the first wrong byte is shown, so that the place can be found in an editor.
        let before = String::from_utf8_lossy(&bytes[..valid]).into_owned();
        let file = Self::new(path, before);
        let end = Span::new(file.text().len(), file.text().len());
        Err(Diagnostic::error("not-utf8", "the file is not UTF-8")
            .at(file.place(end))
            .label(format!("followed by the byte 0x{wrong:02X}"))
            .hint(hint))
    }

    /// Reads a file from disk; one larger than `limit` is refused, and never more than that is read of it, also where
    /// nobody knows its size beforehand, as of a pipe.
    pub fn read(path: &Path, limit: ByteSize) -> Result<Self, Diagnostic> {
        let unreadable = |error: std::io::Error| {
            Diagnostic::new(
                Severity::Error,
                "file",
                format!("cannot read {}: {error}", path.display()),
            )
        };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let known = file.metadata().map_err(unreadable)?;
        if known.is_dir() {
            let folder = path.display().to_string();
            let folder = if folder.is_empty() { "." } else { &folder };
            let primary = format!("{folder} is a folder, not a file");
            return Err(Diagnostic::error("file", primary));
        }
        let size = known.len();
        if size > limit.0 {
            return Err(too_large(path, &format!("it has {size} bytes"), limit));
        }
        let mut bytes = Vec::new();
        let mut reader = file.take(limit.0.saturating_add(1));
        reader.read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > limit.0 {
            return Err(too_large(path, "it has more bytes than that", limit));
        }
        Self::from_bytes(path, bytes)
    }

    /// The path as given, usually relative to the working directory.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The whole text, without byte order mark; line breaks are as in the file.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The same text, shared with this file.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.0.text)
    }

    /// A place in this file.
    pub fn place(&self, span: Span) -> Place {
        Place {
            file: self.clone(),
            span,
        }
    }

    /// Line and column of a byte offset; an offset beyond the end is taken as the end.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text().len());
        while !self.text().is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.0.line_starts.partition_point(|start| *start <= offset);
        let start = self.0.line_starts[line - 1];
        Position {
            line,
            column: self.text()[start..offset].chars().count() + 1,
        }
    }

    /// The byte offset of a line and column; one that does not exist is moved to the nearest end of its line, or of
    /// the file.
    pub fn offset(&self, position: Position) -> usize {
        let Some(span) = self.line_span(position.line.max(1)) else {
            return self.text().len();
        };
        let line = &self.text()[span.start..span.end];
        let column = line.char_indices().nth(position.column.saturating_sub(1));
        column.map_or(span.end, |(at, _)| span.start + at)
    }

    /// The bytes of a line (the first is 1) without its line break.
    pub fn line_span(&self, line: usize) -> Option<Span> {
        let start = *self.0.line_starts.get(line.checked_sub(1)?)?;
        let end = self
            .0
            .line_starts
            .get(line)
            .copied()
            .unwrap_or(self.text().len());
        let content = self.text()[start..end].trim_end_matches(['\n', '\r']);
        Some(Span::new(start, start + content.len()))
    }
}

fn too_large(path: &Path, size: &str, limit: ByteSize) -> Diagnostic {
    let primary = format!("{} is too large to read", path.display());
    let nothing_read = SourceFile::new(path, "");
    Diagnostic::error("too-large", primary)
        .at(nothing_read.place(Span::new(0, 0)))
        .detail(format!("{size}; at most {limit} are allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let file = SourceFile::new("a.yaml", "é: 1\nпривет: x\r\n\nend");
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(2), Position { line: 1, column: 2 });
        let x = file.text().find('x').unwrap();
        assert_eq!(file.position(x), Position { line: 2, column: 9 });
        assert_eq!(file.position(usize::MAX), Position { line: 4, column: 4 });
    }

    #[test]
    fn positions_and_offsets_are_inverse() {
        let file = SourceFile::new("a.yaml", "é: 1\nпривет: x\n\nend");
        for (offset, _) in file.text().char_indices().filter(|(_, c)| *c != '\n') {
            assert_eq!(file.offset(file.position(offset)), offset);
        }
        assert_eq!(
            file.offset(Position {
                line: 1,
                column: 99
            }),
            5
        );
        assert_eq!(
            file.offset(Position {
                line: 99,
                column: 1
            }),
            file.text().len()
        );
    }

    #[test]
    fn lines_come_without_their_breaks() {
        let file = SourceFile::new("a.yaml", "one\r\ntwo\n");
        let line = |n| {
            file.line_span(n)
                .map(|span| &file.text()[span.start..span.end])
        };
        assert_eq!(
            [line(1), line(2), line(3), line(4)],
            [Some("one"), Some("two"), Some(""), None]
        );
        assert_eq!(line(0), None);
    }

    #[test]
    fn a_byte_order_mark_does_not_count() {
        let file = SourceFile::new("a.yaml", "\u{feff}name: x");
        assert_eq!(file.text(), "name: x");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named_with_their_place() {
        let error = SourceFile::from_bytes("a.yaml", b"a: 1\nb: \xe9t\xe9".to_vec()).unwrap_err();
        let place = error.place.unwrap();
        assert_eq!(place.to_string(), "a.yaml:2:4");
        assert_eq!(error.label.as_deref(), Some("followed by the byte 0xE9"));
        let error = SourceFile::from_bytes("a.yaml", vec![0xff, 0xfe, b'a', 0]).unwrap_err();
        assert_eq!(
            error.hints,
            ["this looks like UTF-16; save the file as UTF-8"]
        );
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big.yaml");
        std::fs::write(&path, vec![b' '; 2_049]).unwrap();
        let error = SourceFile::read(&path, ByteSize(2_048)).unwrap_err();
        assert_eq!(
            error.detail.as_deref(),
            Some("it has 2049 bytes; at most 2kB are allowed")
        );
        assert!(SourceFile::read(&path, ByteSize(4_096)).is_ok());
        let endless = SourceFile::read(Path::new("/dev/zero"), ByteSize(2_048)).unwrap_err();
        assert_eq!(endless.code, "too-large");
        assert_eq!(endless.place.unwrap().to_string(), "/dev/zero:1:1");
        assert_eq!(
            SourceFile::read(dir.path(), ByteSize(1 << 30))
                .unwrap_err()
                .code,
            "file"
        );
    }
}
