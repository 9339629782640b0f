//! How does a diagnostic look on a terminal?
//!
//! ```text
//! severity[code]: primary
//!   --> path:line:column
//!    |
//! 31 |   - bob.update: { waits_for: alice }
//!    |     ^^^^^^^^^^ label
//!    |
//!    = detail: …
//!    = hint: …
//! ```
//!
//! The layout is that of the annotate-snippets crate, which lives only here; the words are ours.

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet,
    normalize_untrusted_str,
};

use super::{Diagnostic, Diagnostics, Place, Severity, SourceFile, Span, Suggestion};

/// Whether the text carries terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// With ANSI escapes.
    On,
    /// Plain text.
    Off,
}

/// One diagnostic as text of several lines, without a final line break.
pub fn render(diagnostic: &Diagnostic, color: Color) -> String {
    let renderer = match color {
        Color::On => Renderer::styled(),
        Color::Off => Renderer::plain(),
    };
    renderer.render(&groups(diagnostic))
}

/// All diagnostics, sorted by file and position, with an empty line between them and a line break at the end.
pub fn render_all(diagnostics: &Diagnostics, color: Color) -> String {
    let mut sorted = diagnostics.clone();
    sorted.sort();
    let mut out = String::new();
    for diagnostic in &sorted.0 {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&render(diagnostic, color));
        out.push('\n');
    }
    out
}

fn level(severity: Severity) -> Level<'static> {
    let base = match severity {
        Severity::Error | Severity::Errored | Severity::Failed => Level::ERROR,
        Severity::Vacuous | Severity::Warning => Level::WARNING,
        Severity::Skipped | Severity::Note => Level::NOTE,
    };
    base.with_name(severity.word())
}

fn groups(diagnostic: &Diagnostic) -> Vec<Group<'_>> {
    let title = level(diagnostic.severity)
        .primary_title(&diagnostic.primary)
        .id(diagnostic.code.as_ref());
    let mut group = Group::with_title(title);
    for (file, marks) in by_window(diagnostic) {
        if marks
            .iter()
            .any(|mark| stands_in_a_long_line(file, mark.span))
        {
            for mark in marks {
                group = group.element(origin(file, mark.span));
                let label = mark.label.map(normalize_untrusted_str);
                group = group.elements(label.map(|label| Level::NOTE.no_name().message(label)));
            }
        } else {
            group = group.element(snippet(file, &marks));
        }
    }
    if let Some(detail) = &diagnostic.detail {
        let detail = normalize_untrusted_str(detail);
        group = group.element(Level::NOTE.with_name("detail").message(detail));
    }
    for hint in &diagnostic.hints {
        let hint = normalize_untrusted_str(hint);
        group = group.element(Level::HELP.with_name("hint").message(hint));
    }
    let suggestion = diagnostic.suggestion.as_deref();
    let suggestion = match suggestion {
        Some(Suggestion { place, message, .. })
            if stands_in_a_long_line(&place.file, place.span) =>
        {
            let hint = normalize_untrusted_str(message);
            group = group.element(Level::HELP.with_name("hint").message(hint));
            None
        }
        suggestion => suggestion.map(suggested),
    };
    std::iter::once(group).chain(suggestion).collect()
}

/// A marked span: its kind and the words beside it.
struct Mark<'a> {
    span: Span,
    kind: AnnotationKind,
    label: Option<&'a str>,
}

/// Marks of one file that are further apart than this many bytes are shown apart: the renderer looks at all that is
/// between two marks, and a file may have thousands of them.
const WINDOW_BYTES: usize = 8 << 10;

/// A line of more bytes than this is not shown: nobody would find the mark in it, and the renderer looks at all of it
/// for every mark.
const LONGEST_LINE: usize = 2_000;

fn stands_in_a_long_line(file: &SourceFile, span: Span) -> bool {
    let line = file.line_span(file.position(span.start).line);
    line.is_some_and(|line| line.end - line.start > LONGEST_LINE)
}

/// The place alone.
fn origin(file: &SourceFile, span: Span) -> Origin<'_> {
    let at = file.position(span.start);
    Origin::path(file.path().to_string_lossy())
        .line(at.line)
        .char_column(at.column)
}

/// The marks that are shown together, those around the primary place first.
fn by_window(diagnostic: &Diagnostic) -> Vec<(&SourceFile, Vec<Mark<'_>>)> {
    let primary = diagnostic
        .place
        .iter()
        .map(|place| (place, AnnotationKind::Primary, diagnostic.label.as_deref()));
    let related = diagnostic
        .related
        .iter()
        .map(|(place, label)| (place, AnnotationKind::Context, Some(label.as_str())));
    let mut windows: Vec<(&SourceFile, Vec<Mark<'_>>)> = Vec::new();
    for (Place { file, span }, kind, label) in primary.chain(related) {
        let mark = Mark {
            span: *span,
            kind,
            label,
        };
        let near = |marks: &[Mark<'_>]| {
            marks
                .iter()
                .all(|m| m.span.start.abs_diff(span.start) <= WINDOW_BYTES)
        };
        match windows
            .iter_mut()
            .find(|(known, marks)| *known == file && near(marks))
        {
            Some((_, marks)) => marks.push(mark),
            None => windows.push((file, vec![mark])),
        }
    }
    windows
}

fn snippet<'a>(file: &'a SourceFile, marks: &[Mark<'a>]) -> Snippet<'a, Annotation<'a>> {
    let window = Window::around(file, marks.iter().map(|mark| first_line(file, mark.span)));
    let annotations = marks.iter().map(|mark| {
        let span = window.relative(first_line(file, mark.span));
        // A label may quote the server, and the server the data; the renderer cleans everything but labels.
        let label = mark.label.map(normalize_untrusted_str);
        mark.kind.span(span).label(label)
    });
    Snippet::source(window.text)
        .line_start(window.first_line)
        .path(file.path().to_string_lossy())
        .annotations(annotations)
}

fn suggested(suggestion: &Suggestion) -> Group<'_> {
    let Suggestion {
        place,
        replacement,
        message,
    } = suggestion;
    let window = Window::around(&place.file, [place.span].into_iter());
    let patch = Patch::new(window.relative(place.span), replacement.as_str());
    let title = Level::HELP
        .with_name("hint")
        .secondary_title(normalize_untrusted_str(message));
    title.element(
        Snippet::source(window.text)
            .line_start(window.first_line)
            .patch(patch),
    )
}

/// The part of a span on its first line: a block of many lines is found by its beginning, and drawing a bracket
/// along all of it would hide what matters.
fn first_line(file: &SourceFile, span: Span) -> Span {
    let line = file.position(span.start).line;
    let line_end = file.line_span(line).map_or(span.end, |line| line.end);
    Span::new(span.start, span.end.min(line_end))
}

/// The lines of a file that are looked at; the renderer need not see megabytes around them.
struct Window<'a> {
    text: &'a str,
    start: usize,
    first_line: usize,
}

impl<'a> Window<'a> {
    fn around(file: &'a SourceFile, spans: impl Iterator<Item = Span> + Clone) -> Self {
        let first_line = file
            .position(spans.clone().map(|span| span.start).min().unwrap_or(0))
            .line;
        let last_line = file
            .position(spans.map(|span| span.end).max().unwrap_or(0))
            .line;
        let start = file.line_span(first_line).map_or(0, |line| line.start);
        let end = file
            .line_span(last_line)
            .map_or(file.text().len(), |line| line.end);
        Self {
            text: &file.text()[start..end],
            start,
            first_line,
        }
    }

    fn relative(&self, span: Span) -> std::ops::Range<usize> {
        let inside = |offset: usize| offset.saturating_sub(self.start).min(self.text.len());
        inside(span.start)..inside(span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &SourceFile, text: &str) -> Place {
        let start = file.text().find(text).unwrap();
        file.place(Span::new(start, start + text.len()))
    }

    #[test]
    fn a_message_has_the_form_of_the_house() {
        let file = SourceFile::new(
            "scenarios/lost_update.yaml",
            format!(
                "{}  - bob.update: {{ waits_for: alice }}\n  - alice.commit\n",
                "\n".repeat(30)
            ),
        );
        let diagnostic = Diagnostic::new(
            Severity::Vacuous,
            "never-waited",
            "step \"bob.update\" was expected to wait but finished",
        )
        .at(place(&file, "bob.update"))
        .label("returned UPDATE 1 after 4 ms")
        .detail("client \"alice\" held no conflicting lock; her last step was COMMIT (event 5)")
        .hint("move \"alice.commit\" after \"bob.update\", or drop \"waits_for\"");
        insta::assert_snapshot!(render(&diagnostic, Color::Off));
    }

    #[test]
    fn related_places_are_shown_in_their_files_and_suggestions_as_a_change() {
        let file = SourceFile::new(
            "a.yaml",
            "clients:\n  alice: 1\n\n\n\nclinets:\n  bob: 2\r\nend: 1",
        );
        let other = SourceFile::new("seeds/b.yaml", "привет: мир\n");
        let diagnostic = Diagnostic::error("unknown-key", "unknown key \"clinets\"")
            .at(place(&file, "clinets"))
            .related(place(&file, "clients"), "the known one")
            .related(place(&other, "мир"), "used here")
            .suggest(
                place(&file, "clinets"),
                "clients",
                "did you mean \"clients\"?",
            );
        insta::assert_snapshot!(render(&diagnostic, Color::Off));
    }

    #[test]
    fn places_far_apart_are_shown_apart() {
        let file = SourceFile::new(
            "a.yaml",
            format!("first: 1\n{}second: 2\n", "x: 1\n".repeat(5_000)),
        );
        let diagnostic = Diagnostic::error("c", "wrong")
            .at(place(&file, "second"))
            .related(place(&file, "first"), "see here");
        insta::assert_snapshot!(render(&diagnostic, Color::Off));
    }

    #[test]
    fn a_diagnostic_without_a_place_has_no_snippet() {
        let diagnostic = Diagnostic::error("file", "cannot read a.yaml")
            .detail("first line\nsecond line")
            .hint("create it");
        insta::assert_snapshot!(render(&diagnostic, Color::Off));
    }

    #[test]
    fn spans_at_the_end_of_the_file_and_over_many_lines_are_shown() {
        let file = SourceFile::new("a.yaml", "sql: |\n  SELECT 1\n  FROM t\n");
        let end = file.text().len();
        let mut all = Diagnostics::default();
        all.push(Diagnostic::error("end", "ends too early").at(file.place(Span::new(end, end))));
        all.push(
            Diagnostic::warning("block", "a block")
                .at(file.place(Span::new(5, end)))
                .label("from here"),
        );
        let empty = SourceFile::new("empty.yaml", "");
        all.push(Diagnostic::error("empty", "the file is empty").at(empty.place(Span::new(0, 0))));
        insta::assert_snapshot!(render_all(&all, Color::Off));
    }

    #[test]
    fn of_a_line_that_nobody_can_read_the_place_is_told() {
        let file = SourceFile::new("a.yaml", format!("x: {}, here\n", "y".repeat(5_000)));
        let diagnostic = Diagnostic::error("c", "wrong")
            .at(place(&file, "here"))
            .label("this one")
            .suggest(place(&file, "here"), "there", "did you mean \"there\"?");
        insta::assert_snapshot!(render(&diagnostic, Color::Off), @r#"
        error[c]: wrong
        --> a.yaml:1:5006
         = this one
         = hint: did you mean "there"?
        "#);
    }

    #[test]
    fn colour_is_there_only_when_asked_for() {
        let diagnostic = Diagnostic::error("c", "wrong").hint("sent by \u{1b}[31ma server");
        assert!(render(&diagnostic, Color::On).contains("\u{1b}["));
        assert!(!render(&diagnostic, Color::Off).contains('\u{1b}'));
    }

    #[test]
    fn data_in_a_label_cannot_command_the_terminal() {
        let file = SourceFile::new("a.yaml", "sql: SELECT 1\n");
        let diagnostic = Diagnostic::error("c", "wrong \u{1b}[2J")
            .at(place(&file, "SELECT"))
            .label("invalid input: \u{1b}[2J\u{7}\u{202e}")
            .related(place(&file, "sql"), "\u{1b}]0;title\u{7}");
        let told = render(&diagnostic, Color::Off);
        let commands = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!told.contains(commands), "{told:?}");
    }
}
