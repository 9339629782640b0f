//! What are the words of a spec file? Keywords, names, SQL blocks, numbers, punctuation; and comments, which
//! stand only outside braces.

use super::spec::Comment;
use crate::source::{Diagnostic, SourceFile, Span};

/// A word of the file and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands, with quotes or braces.
    pub span: Span,
}

/// What a word is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKind {
    /// One of the lower-case keywords; quoted, the same letters are a name.
    Keyword(Keyword),
    /// A name, quoted or not.
    Name(String),
    /// The text between braces.
    Sql(String),
    /// A whole number; the largest one where it is larger.
    Number(u32),
    /// `(`, `)`, `,` or `*`.
    Sign(char),
}

/// The keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    /// `notices`
    Notices,
    /// `permutation`
    Permutation,
    /// `session`
    Session,
    /// `setup`
    Setup,
    /// `step`
    Step,
    /// `teardown`
    Teardown,
}

impl Keyword {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Notices,
        Self::Permutation,
        Self::Session,
        Self::Setup,
        Self::Step,
        Self::Teardown,
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notices => "notices",
            Self::Permutation => "permutation",
            Self::Session => "session",
            Self::Setup => "setup",
            Self::Step => "step",
            Self::Teardown => "teardown",
        }
    }
}

/// The words and the comments of a file.
///
/// # Errors
///
/// A character that begins no word, or a quote or brace that is not closed.
pub fn tokenize(file: &SourceFile) -> Result<(Vec<Token>, Vec<Comment>), Diagnostic> {
    let mut lexer = Lexer {
        file,
        text: file.text(),
        at: 0,
        comments: Vec::new(),
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok((tokens, lexer.comments))
}

/// What counts as a blank: a line break does not, and at the braces of a block this matters.
pub fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\x0c')
}

struct Lexer<'a> {
    file: &'a SourceFile,
    text: &'a str,
    at: usize,
    comments: Vec<Comment>,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Result<Option<Token>, Diagnostic> {
        self.skip_blanks_and_comments();
        let start = self.at;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else {
            return Ok(None);
        };
        let kind = match first {
            '"' => self.quoted()?,
            '{' => self.block()?,
            '(' | ')' | ',' | '*' => {
                self.at += 1;
                TokenKind::Sign(first)
            }
            '0'..='9' => {
                let digits = self.take_while(|c| c.is_ascii_digit());
                TokenKind::Number(digits.parse().unwrap_or(u32::MAX))
            }
            _ if begins_name(first) => {
                let word = self.take_while(continues_name);
                match Keyword::ALL
                    .into_iter()
                    .find(|keyword| keyword.word() == word)
                {
                    Some(keyword) => TokenKind::Keyword(keyword),
                    None => TokenKind::Name(word.to_owned()),
                }
            }
            _ => return Err(self.unexpected(first)),
        };
        let span = Span::new(start, self.at);
        Ok(Some(Token { kind, span }))
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            self.take_while(|c| is_blank(c) || c == '\n');
            let start = self.at;
            if !self.text[start..].starts_with('#') {
                return;
            }
            let comment = self.take_while(|c| c != '\n' && c != '\r');
            self.comments.push(Comment {
                text: comment.trim_start_matches('#').trim().to_owned(),
                span: Span::new(start, start + comment.len()),
            });
        }
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest: &'a str = &self.text[self.at..];
        let taken = &rest[..rest.find(|c| !belongs(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// A name in quotes; a quote within it is doubled.
    fn quoted(&mut self) -> Result<TokenKind, Diagnostic> {
        let start = self.at;
        let mut name = String::new();
        let mut chars = self.text[start + 1..].char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            match c {
                '"' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                    chars.next();
                    name.push('"');
                }
                '"' => {
                    self.at = start + 1 + offset + 1;
                    return Ok(TokenKind::Name(name));
                }
                '\n' => break,
                _ => name.push(c),
            }
        }
        let place = self.file.place(Span::new(start, start + 1));
        Err(
            Diagnostic::error("spec-syntax", "a quoted name is not closed on its line")
                .at(place)
                .hint("a quote within a name is written twice"),
        )
    }

    /// A block in braces. No brace can stand within it, in whatever quotes.
    fn block(&mut self) -> Result<TokenKind, Diagnostic> {
        let start = self.at;
        let Some(length) = self.text[start..].find('}') else {
            let place = self.file.place(Span::new(start, start + 1));
            return Err(Diagnostic::error("spec-syntax", "a block of SQL is not closed").at(place));
        };
        self.at = start + length + 1;
        let inner = &self.text[start + 1..start + length];
        Ok(TokenKind::Sql(inner.trim_matches(is_blank).to_owned()))
    }

    fn unexpected(&self, found: char) -> Diagnostic {
        let place = self
            .file
            .place(Span::new(self.at, self.at + found.len_utf8()));
        let diagnostic =
            Diagnostic::error("spec-syntax", format!("unexpected character {found:?}")).at(place);
        match found {
            '-' | '.' => {
                diagnostic.hint("a name with such a character is written in double quotes")
            }
            '}' | '\'' => {
                diagnostic.hint("SQL in braces ends at its first closing brace, also within quotes")
            }
            _ => diagnostic,
        }
    }
}

fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn continues_name(c: char) -> bool {
    begins_name(c) || c.is_ascii_digit() || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let (tokens, _) = tokenize(&SourceFile::new("t.spec", text)).unwrap();
        tokens.into_iter().map(|token| token.kind).collect()
    }

    fn wrong(text: &str) -> String {
        tokenize(&SourceFile::new("t.spec", text))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn only_blanks_are_trimmed_at_braces_and_line_breaks_stay() {
        assert_eq!(
            kinds("{ \t BEGIN; \t}{\n\tx;\n\t}{}"),
            [
                TokenKind::Sql("BEGIN;".to_owned()),
                TokenKind::Sql("\n\tx;\n".to_owned()),
                TokenKind::Sql(String::new()),
            ]
        );
    }

    #[test]
    fn a_hash_in_braces_is_sql_and_outside_it_begins_a_comment() {
        let file = SourceFile::new("t.spec", "# one\nstep a { x # y } ## two \n");
        let (tokens, comments) = tokenize(&file).unwrap();
        assert_eq!(tokens[2].kind, TokenKind::Sql("x # y".to_owned()));
        let texts: Vec<&str> = comments.iter().map(|c| c.text.as_str()).collect();
        assert_eq!(texts, ["one", "two"]);
    }

    #[test]
    fn keywords_are_lower_case_and_unquoted() {
        assert_eq!(
            kinds(r#"step Step "step" "a ""b""" é$1"#),
            [
                TokenKind::Keyword(Keyword::Step),
                TokenKind::Name("Step".to_owned()),
                TokenKind::Name("step".to_owned()),
                TokenKind::Name("a \"b\"".to_owned()),
                TokenKind::Name("é$1".to_owned()),
            ]
        );
    }

    #[test]
    fn a_number_beyond_all_counts_is_the_largest_one() {
        assert_eq!(kinds("99999999999"), [TokenKind::Number(u32::MAX)]);
    }

    #[test]
    fn what_is_not_closed_or_not_known_is_named_with_its_place() {
        assert_eq!(
            wrong("step a { x"),
            "t.spec:1:8: error[spec-syntax]: a block of SQL is not closed"
        );
        assert_eq!(
            wrong("step \"a\nb\""),
            "t.spec:1:6: error[spec-syntax]: a quoted name is not closed on its line"
        );
        assert_eq!(
            wrong("step a-b"),
            "t.spec:1:7: error[spec-syntax]: unexpected character '-'"
        );
    }
}
