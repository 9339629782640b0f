//! Which tokens is this SQL text made of? PostgreSQL's lexical rules with
//! `standard_conforming_strings` on, and `:name` parameters. Every text has tokens: what ends too
//! early is a token to the end, what is unknown is a token of one character.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Blanks and line ends.
    Whitespace,
    /// `-- …`, without the line end.
    LineComment,
    /// `/* … */`, nested ones included.
    BlockComment,
    /// A name or a keyword without quotes.
    Identifier,
    /// `"…"` or `U&"…"`.
    QuotedIdentifier,
    /// `'…'`, `E'…'`, `U&'…'`, `B'…'`, `X'…'`, `N'…'`.
    String,
    /// `$$…$$` or `$tag$…$tag$`.
    DollarString,
    /// `1`, `1.5e3`, `.5`, `0xff`, `1_000`.
    Number,
    /// `$1`.
    Positional,
    /// `:name`.
    Parameter,
    /// `::`.
    Cast,
    /// `:=`.
    Assign,
    /// `=`, `<>`, `->>`, `||` and all others of their kind.
    Operator,
    /// One of `( ) [ ] , ; . :`.
    Punctuation,
    /// A character that has no meaning in SQL, such as a backslash.
    Unknown,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

impl Token {
    /// Whether the token is neither blank nor comment.
    pub fn is_significant(&self) -> bool {
        use TokenKind::*;
        !matches!(self.kind, Whitespace | LineComment | BlockComment)
    }
}

/// All tokens of a text; their ranges cover it without a gap.
pub fn tokens(sql: &str) -> Vec<Token> {
    Lexer::new(sql).collect()
}

/// Reads a text token by token.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning of the text.
    pub fn new(sql: &'a str) -> Lexer<'a> {
        Lexer { sql, at: 0 }
    }

    /// The offset of the next token.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Goes on at a later offset, leaving out what is not SQL. An offset inside a character is
    /// moved to its end.
    pub fn skip_to(&mut self, offset: usize) {
        let boundary = (offset..self.sql.len()).find(|at| self.sql.is_char_boundary(*at));
        self.at = boundary.unwrap_or(self.sql.len()).max(self.at);
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = self.sql.get(self.at..).filter(|rest| !rest.is_empty())?;
        let (kind, length) = first_token(rest);
        let range = self.at..self.at + length;
        self.at = range.end;
        Some(Token { kind, range })
    }
}

/// Kind and length of the token at the beginning of a text that is not empty.
fn first_token(rest: &str) -> (TokenKind, usize) {
    use TokenKind::*;
    let bytes = rest.as_bytes();
    let second = bytes.get(1).copied().unwrap_or(0);
    match bytes[0] {
        b if is_space(b) => (Whitespace, span(bytes, is_space)),
        b'-' if second == b'-' => (LineComment, span(bytes, |b| !matches!(b, b'\n' | b'\r'))),
        b'/' if second == b'*' => (BlockComment, block_comment(bytes)),
        b'\'' => (String, quoted(bytes, 1, b'\'', Escapes::None)),
        b'"' => (QuotedIdentifier, quoted(bytes, 1, b'"', Escapes::None)),
        b'e' | b'E' if second == b'\'' => (String, quoted(bytes, 2, b'\'', Escapes::Backslash)),
        b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if second == b'\'' => {
            (String, quoted(bytes, 2, b'\'', Escapes::None))
        }
        b'u' | b'U' if second == b'&' && bytes.get(2) == Some(&b'\'') => {
            (String, quoted(bytes, 3, b'\'', Escapes::None))
        }
        b'u' | b'U' if second == b'&' && bytes.get(2) == Some(&b'"') => {
            (QuotedIdentifier, quoted(bytes, 3, b'"', Escapes::None))
        }
        b if is_name_start(b) => (Identifier, span(bytes, is_name)),
        b if b.is_ascii_digit() || (b == b'.' && second.is_ascii_digit()) => {
            (Number, number(bytes))
        }
        b'$' if second.is_ascii_digit() => {
            (Positional, 1 + span(&bytes[1..], |b| b.is_ascii_digit()))
        }
        b'$' => dollar_string(rest).map_or((Unknown, 1), |length| (DollarString, length)),
        b':' => colon(bytes),
        b'(' | b')' | b'[' | b']' | b',' | b';' | b'.' => (Punctuation, 1),
        b if is_operator(b) => (Operator, operator(bytes)),
        _ => (Unknown, 1),
    }
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Letters, underscore, and every byte of a character beyond ASCII.
fn is_name_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

fn is_name(b: u8) -> bool {
    is_name_start(b) || b.is_ascii_digit() || b == b'$'
}

fn is_operator(b: u8) -> bool {
    b"+-*/<>=~!@#%^&|`?".contains(&b)
}

/// How many bytes at the beginning satisfy the predicate.
fn span(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|b| belongs(**b)).count()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    Backslash,
}

/// Length of a quoted text whose content begins at `start`; a doubled quote belongs to it.
fn quoted(bytes: &[u8], start: usize, quote: u8, escapes: Escapes) -> usize {
    let mut at = start;
    while let Some(b) = bytes.get(at) {
        if *b == b'\\' && escapes == Escapes::Backslash {
            at += 2;
        } else if *b != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    bytes.len()
}

fn block_comment(bytes: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match &bytes[at..bytes.len().min(at + 2)] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn number(bytes: &[u8]) -> usize {
    let radix_prefix = matches!(bytes, [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', next, ..]
        if next.is_ascii_hexdigit());
    if radix_prefix {
        return 2 + span(&bytes[2..], |b| b.is_ascii_hexdigit() || b == b'_');
    }
    let digits = |from: usize| span(&bytes[from..], |b| b.is_ascii_digit() || b == b'_');
    let mut at = digits(0);
    // In `1..10` the dots are no decimal point.
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1) != Some(&b'.') {
        at += 1;
        at += digits(at);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = at + 1 + signed;
        if bytes.get(exponent).is_some_and(u8::is_ascii_digit) {
            at = exponent + digits(exponent);
        }
    }
    at
}

/// Length of `$tag$…$tag$`; `None` if no tag begins here.
fn dollar_string(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let name = span(&bytes[1..], |b| is_name(b) && b != b'$');
    if bytes.get(1 + name) != Some(&b'$') {
        return None;
    }
    let (tag, body) = rest.split_at(name + 2);
    Some(
        body.find(tag)
            .map_or(rest.len(), |end| tag.len() + end + tag.len()),
    )
}

fn colon(bytes: &[u8]) -> (TokenKind, usize) {
    match bytes.get(1) {
        Some(b':') => (TokenKind::Cast, 2),
        Some(b'=') => (TokenKind::Assign, 2),
        Some(b) if is_name_start(*b) => (TokenKind::Parameter, 1 + span(&bytes[1..], is_name)),
        _ => (TokenKind::Punctuation, 1),
    }
}

/// Length of an operator: it ends where a comment begins, and ends in `+` or `-` only if it has one
/// of the characters that PostgreSQL's manual, "Operators", lists for that.
fn operator(bytes: &[u8]) -> usize {
    let run = span(bytes, is_operator);
    let comment =
        (1..run).find(|at| matches!(&bytes[*at..run], [b'-', b'-', ..] | [b'/', b'*', ..]));
    let mut length = comment.unwrap_or(run);
    let may_end_in_sign = bytes[..length].iter().any(|b| b"~!@#%^&|`?".contains(b));
    while length > 1 && !may_end_in_sign && matches!(bytes[length - 1], b'+' | b'-') {
        length -= 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::TokenKind::*;
    use super::*;
    use proptest::prelude::*;

    fn significant(sql: &str) -> Vec<(TokenKind, &str)> {
        let tokens = tokens(sql).into_iter().filter(Token::is_significant);
        tokens
            .map(|token| (token.kind, &sql[token.range]))
            .collect()
    }

    #[test]
    fn strings_of_every_kind_are_one_token() {
        for sql in [
            "'it''s'",
            "E'it\\'s'",
            "U&'\\0041'",
            "b'01'",
            "X'ff'",
            "N'a'",
            "'a;b'",
            "'open",
            "E'open\\",
        ] {
            assert_eq!(significant(sql), [(String, sql)]);
        }
        for sql in ["$$a'b$$", "$fn$ $$ $fn$", "$a$open", "$é$x$é$"] {
            assert_eq!(significant(sql), [(DollarString, sql)]);
        }
        for sql in ["\"a\"\"b\"", "U&\"\\0041\""] {
            assert_eq!(significant(sql), [(QuotedIdentifier, sql)]);
        }
    }

    #[test]
    fn comments_nest_and_end_operators() {
        assert_eq!(significant("/* a /* b */ c */ x -- y"), [(Identifier, "x")]);
        assert_eq!(
            significant("1+--x\n2*/* */3"),
            [
                (Number, "1"),
                (Operator, "+"),
                (Number, "2"),
                (Operator, "*"),
                (Number, "3")
            ]
        );
        assert_eq!(
            significant("a=-1")[1..],
            [(Operator, "="), (Operator, "-"), (Number, "1")]
        );
        assert_eq!(significant("a @- b")[1], (Operator, "@-"));
    }

    #[test]
    fn colons_are_told_apart() {
        assert_eq!(
            significant(":id x::int a[1:2] v := $1 :é"),
            [
                (Parameter, ":id"),
                (Identifier, "x"),
                (Cast, "::"),
                (Identifier, "int"),
                (Identifier, "a"),
                (Punctuation, "["),
                (Number, "1"),
                (Punctuation, ":"),
                (Number, "2"),
                (Punctuation, "]"),
                (Identifier, "v"),
                (Assign, ":="),
                (Positional, "$1"),
                (Parameter, ":é"),
            ]
        );
    }

    #[test]
    fn numbers_are_one_token() {
        for sql in ["1", "1.5", ".5", "1.", "1e10", "1.5E-3", "0xFF", "1_000"] {
            assert_eq!(significant(sql), [(Number, sql)]);
        }
        assert_eq!(significant("1..2").len(), 3);
        assert_eq!(significant("a$1"), [(Identifier, "a$1")]);
    }

    proptest! {
        #[test]
        fn tokens_cover_any_text_without_a_gap(sql in "(\\PC|[-'\"$:;/*\\\\\n(\\[EUe&x0-9.]){0,60}") {
            let mut end = 0;
            for token in tokens(&sql) {
                prop_assert_eq!(token.range.start, end);
                prop_assert!(token.range.end > end);
                prop_assert!(sql.is_char_boundary(token.range.end));
                end = token.range.end;
            }
            prop_assert_eq!(end, sql.len());
        }
    }
}
