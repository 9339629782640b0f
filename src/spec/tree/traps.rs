//! Did YAML take a part of the author's text for something else?
//!
//! Two silent losses are told: ` #` begins a comment in SQL without quotes, and a comma splits SQL in braces. Both are
//! cured by a block, `sql: |`.

use super::problem::{HOOK_KEYS, SQL_KEYS};
use super::{Kind, Layout, Mapping, NodeId, Style, Tree};
use crate::source::{Diagnostic, Diagnostics, Span};

const USE_BLOCK: &str = "write it as a block: `|` and the text indented on the next lines";

/// Everything in the file that looks like code of which YAML swallowed a part.
pub(super) fn traps(tree: &Tree) -> Diagnostics {
    let mut found = Diagnostics::default();
    for node in &tree.nodes {
        let Kind::Mapping(mapping) = &node.kind else {
            continue;
        };
        for entry in &mapping.entries {
            let key = tree.scalar(entry.key).map(|key| key.text.as_str());
            if let Some(language) = key.and_then(language) {
                comments(tree, entry.value, language, &mut found);
            }
        }
        if mapping.layout == Layout::Flow {
            splits(tree, mapping, &mut found);
        }
    }
    found
}

/// What stands in a text, and with it what `#` may mean there.
#[derive(Clone, Copy)]
enum Language {
    /// `#` is an operator, and a character of strings: every comment may have been meant as text.
    Sql,
    /// Only `#{` of a map and `#"` of a raw string begin with it; anything else is meant as a comment.
    Hook,
}

fn language(key: &str) -> Option<Language> {
    if SQL_KEYS.contains(&key) {
        return Some(Language::Sql);
    }
    HOOK_KEYS.contains(&key).then_some(Language::Hook)
}

/// Whether the text can only be a name, of which a comment cuts nothing off.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    starts && chars.all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

/// A comment right after a plain scalar, or after an item of a list of them.
fn comments(tree: &Tree, value: NodeId, language: Language, found: &mut Diagnostics) {
    let node = tree.node(value);
    let scalar = match &node.kind {
        Kind::Scalar(scalar) => scalar,
        Kind::Sequence(items) => {
            return items
                .iter()
                .for_each(|item| comments(tree, *item, language, found));
        }
        Kind::Mapping(_) | Kind::Alias(_) => return,
    };
    if scalar.style != Style::Plain || scalar.text.is_empty() || is_name(&scalar.text) {
        return;
    }
    let file = tree.file();
    let line_end = file
        .line_span(file.position(node.span.end).line)
        .map_or(node.span.end, |line| line.end);
    let rest = file.text().get(node.span.end..line_end).unwrap_or_default();
    let comment = rest.trim_start_matches([' ', '\t']);
    let suspicious = match language {
        Language::Sql => comment.starts_with('#'),
        Language::Hook => comment.starts_with("#{") || comment.starts_with("#\""),
    };
    if suspicious {
        let start = line_end - comment.len();
        let swallowed = file.place(Span::new(start, start + comment.trim_end().len()));
        found.push(
            Diagnostic::error(
                "swallowed-comment",
                "YAML takes the rest of this line for a comment",
            )
            .at(swallowed)
            .label("not part of the text")
            .related(tree.place(value), "the text ends here")
            .hint(format!("if it belongs to the text, {USE_BLOCK}"))
            .hint("if it is a comment, give it a line of its own"),
        );
    }
}

/// Keys without a value in braces, which are the rest of a text that a comma has split.
fn splits(tree: &Tree, mapping: &Mapping, found: &mut Diagnostics) {
    let mut code = false;
    for entry in &mapping.entries {
        let (Some(key), Some(value)) = (tree.scalar(entry.key), tree.scalar(entry.value)) else {
            code = false;
            continue;
        };
        let absent = value.style == Style::Plain && value.text.is_empty();
        if !absent || key.style != Style::Plain {
            code = language(&key.text).is_some() && value.style == Style::Plain;
            continue;
        }
        if code || !is_name(&key.text) {
            found.push(
                Diagnostic::error(
                    "split-at-comma",
                    "a comma in braces ends the text before it",
                )
                .at(tree.place(entry.key))
                .label("this is read as a key without a value")
                .hint("put the text into quotes, or write the mapping without braces and the text as a block after `|`"),
            );
        }
    }
}
