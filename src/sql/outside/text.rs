//! The tokens that a judgement needs, with names folded as the server folds them.

use crate::sql::lexer::{TokenKind, tokens};

/// A significant token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) kind: Kind,
    /// As written.
    pub(super) text: &'a str,
    /// A name without its quotes, folded; else as written.
    pub(super) name: String,
}

/// What a token is, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a name without quotes.
    Word,
    /// A name in quotes: never a keyword.
    Quoted,
    /// A name in quotes that escapes characters: it may be any name.
    Escaped,
    /// A text.
    Text,
    /// Anything else.
    Other,
}

impl Piece<'_> {
    /// Whether it is this keyword.
    pub(super) fn is(&self, word: &str) -> bool {
        match self.kind {
            Kind::Word => self.name == word,
            Kind::Other => self.text == word,
            Kind::Quoted | Kind::Escaped | Kind::Text => false,
        }
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether it names this, quoted or not.
    pub(super) fn names(&self, name: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted) && self.name == name
    }

    /// The text that a literal stands for; none where its escapes hide it.
    pub(super) fn literal(&self) -> Option<String> {
        if self.kind != Kind::Text {
            return None;
        }
        if self.text.starts_with('$') {
            let tag = self.text[1..].find('$')? + 2;
            let end = self.text.len().checked_sub(tag).filter(|end| *end >= tag)?;
            return self.text.get(tag..end).map(str::to_owned);
        }
        let (prefix, rest) = self.text.split_once('\'')?;
        let body = rest.strip_suffix('\'').unwrap_or(rest);
        let plain = match prefix {
            "" | "n" | "N" => true,
            _ => !body.contains('\\') && matches!(prefix, "e" | "E"),
        };
        plain.then(|| body.replace("''", "'"))
    }
}

/// All significant tokens of a text.
pub(super) fn pieces(sql: &str) -> Vec<Piece<'_>> {
    let tokens = tokens(sql).into_iter();
    let tokens = tokens.filter(|token| token.is_significant());
    tokens
        .map(|token| {
            let text = &sql[token.range];
            let (kind, name) = match token.kind {
                TokenKind::Identifier => (Kind::Word, text.to_ascii_lowercase()),
                TokenKind::QuotedIdentifier if text.starts_with('"') => {
                    let inner = text.trim_start_matches('"').trim_end_matches('"');
                    (Kind::Quoted, inner.replace("\"\"", "\""))
                }
                TokenKind::QuotedIdentifier => (Kind::Escaped, text.to_owned()),
                TokenKind::String | TokenKind::DollarString => (Kind::Text, text.to_owned()),
                _ => (Kind::Other, text.to_owned()),
            };
            Piece { kind, text, name }
        })
        .collect()
}
