//! What is wrong with this YAML, and what should be written instead?

use granit_parser::{ErrorKind, ScanError};

use super::{MAX_DEPTH, MAX_NODES, MAX_TEXT};
use crate::source::{Diagnostic, Place, SourceFile, Span};
use crate::text::thousands;

const USE_BLOCK: &str =
    "write SQL and hooks as a block: `sql: |` and the text indented on the next lines";

/// The keys whose text is SQL.
pub(super) const SQL_KEYS: [&str; 2] = ["sql", "setup"];

/// The keys whose text is a hook, or an expression, in rhai.
pub(super) const HOOK_KEYS: [&str; 5] = ["before", "after", "when", "check", "rhai"];

pub(super) fn too_deep(place: Place) -> Diagnostic {
    Diagnostic::error(
        "too-deep",
        format!("nesting is deeper than {MAX_DEPTH} levels"),
    )
    .at(place)
}

pub(super) fn too_many(place: Place) -> Diagnostic {
    Diagnostic::error(
        "too-many-values",
        format!("the file holds more than {} values", thousands(MAX_NODES)),
    )
    .at(place)
    .label("the limit is passed here")
    .detail("what an alias refers to counts as often as it is used, and a long text as several")
}

pub(super) fn long_text(bytes: usize, place: Place) -> Diagnostic {
    Diagnostic::error("too-large", "this text is too large to read")
        .at(place)
        .detail(format!(
            "it has {} bytes; at most {MAX_TEXT} are allowed",
            thousands(bytes as u64)
        ))
        .hint("put it into a file, and name that in the \"seed\"")
}

pub(super) fn duplicate(key: &str, first: Place, second: Place) -> Diagnostic {
    Diagnostic::error("duplicate-key", format!("key \"{key}\" is written twice"))
        .at(second)
        .label("and again here")
        .related(first, "first here")
        .hint("remove one of the two")
}

pub(super) fn tag(place: Place) -> Diagnostic {
    Diagnostic::error(
        "tag",
        format!("YAML tags such as \"{}\" are not used here", place.text()),
    )
    .at(place)
    .hint("leave the tag out; what shall be text stands in quotes")
}

pub(super) fn empty(file: &SourceFile) -> Diagnostic {
    Diagnostic::error("empty-file", "the file is empty").at(file.place(Span::new(0, 0)))
}

pub(super) fn second_document(place: Place) -> Diagnostic {
    Diagnostic::error(
        "second-document",
        "there is more than one YAML document in the file",
    )
    .at(place)
    .label("the second one begins here")
    .hint("give each its own file")
}

/// A syntax error; `done` is the end of the last thing that could be read.
pub(super) fn syntax(file: &SourceFile, error: &ScanError, done: usize) -> Diagnostic {
    let offset = error.marker().byte_offset().unwrap_or(done);
    let place = file.place(Span::new(offset, offset));
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(place);
    }
    let (primary, hint) = explained(error.kind());
    let mut diagnostic =
        Diagnostic::error("yaml", primary.unwrap_or_else(|| error.kind().to_string())).at(place);
    if matches!(
        error.kind(),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent
    ) {
        let opening = file
            .text()
            .get(done..offset)
            .and_then(|text| text.find(['"', '\'']));
        if let Some(at) = opening.map(|at| done + at) {
            diagnostic = diagnostic.related(
                file.place(Span::new(at, at + 1)),
                "the quote is opened here",
            );
        }
    }
    if let Some(hint) = hint {
        diagnostic = diagnostic.hint(hint);
    }
    if in_code(file, offset) && hint != Some(USE_BLOCK) {
        diagnostic = diagnostic.hint(USE_BLOCK);
    }
    diagnostic
}

/// Our words for the mistakes that people make, where the parser's own are not enough.
fn explained(kind: &ErrorKind) -> (Option<String>, Option<&'static str>) {
    let (primary, hint) = match kind {
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabAtBlockScalarStart => {
            ("a tab is used as indentation", "indent with spaces")
        }
        ErrorKind::MappingValueNotAllowed => (
            "\": \" is not allowed here",
            "put text that holds \": \" into quotes, or look for wrong indentation",
        ),
        ErrorKind::CommentInterceptedScalar => {
            ("\" #\" begins a comment in the middle of a text", USE_BLOCK)
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => (
            "a quote is not closed, or a line in it is not indented",
            "close the quote",
        ),
        ErrorKind::UnexpectedCharacter { character } => {
            let primary = format!(
                "a text without quotes cannot begin with \"{}\"",
                character.escape_default()
            );
            return (Some(primary), Some("put the text into quotes"));
        }
        ErrorKind::DirectiveDisallowed => (
            "YAML directives are not used here",
            "remove the line that begins with %",
        ),
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry => (
            "the indentation fits no line above",
            "give the keys of one mapping, or the items of one list, the same indentation",
        ),
        _ => return (None, None),
    };
    (Some(primary.to_owned()), Some(hint))
}

/// Whether the line of an offset holds a key of SQL or of a hook.
fn in_code(file: &SourceFile, offset: usize) -> bool {
    let line = file.line_span(file.position(offset).line);
    let text = line
        .and_then(|line| file.text().get(line.start..line.end))
        .unwrap_or_default();
    SQL_KEYS.iter().chain(&HOOK_KEYS).any(|key| {
        text.match_indices(key).any(|(at, _)| {
            text[at + key.len()..].starts_with(':')
                && !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    })
}
