//! What do the comments of a statement tell the planner? Hints, as the extension `pg_hint_plan` reads them: words with
//! arguments in a comment that begins with `/*+`.

use super::lexer::{TokenKind, tokens};
use std::ops::Range;

/// A word of a comment with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenHint<'a> {
    /// Such as `IndexScan`.
    pub word: &'a str,
    /// What stands between its parentheses.
    pub arguments: &'a str,
    /// The bytes of all of it in the statement.
    pub range: Range<usize>,
}

impl WrittenHint<'_> {
    /// As it was written, without blanks that do not count: `IndexScan(o orders_user)`.
    pub fn text(&self) -> String {
        format!("{}({})", self.word, self.arguments)
    }

    /// Whether it corrects an estimate by what it would be without the hint: `Rows(a b *10)`.
    pub fn is_relative(&self) -> bool {
        let last = self.arguments.split_whitespace().last();
        self.word.eq_ignore_ascii_case("rows")
            && last.is_some_and(|last| last.starts_with(['+', '-', '*']))
    }

    /// The statement as if it were not there.
    pub fn left_out_of(&self, sql: &str) -> String {
        let (before, after) = (&sql[..self.range.start], &sql[self.range.end..]);
        format!("{before}{after}")
    }
}

/// The hints of a statement.
pub fn written_hints(sql: &str) -> Vec<WrittenHint<'_>> {
    let comments = tokens(sql)
        .into_iter()
        .filter(|token| token.kind == TokenKind::BlockComment)
        .filter(|token| sql[token.range.clone()].starts_with("/*+"));
    let mut found = Vec::new();
    for comment in comments {
        let end = comment.range.end - 2;
        let mut from = comment.range.start + 3;
        while let Some(open) = sql.get(from..end).and_then(|rest| rest.find('(')) {
            let open = from + open;
            let Some(close) = closing(&sql[open + 1..end]) else {
                break;
            };
            let close = open + 1 + close;
            let written = &sql[from..open];
            let blanks = written.len() - written.trim_start().len();
            found.push(WrittenHint {
                word: written.trim(),
                arguments: sql[open + 1..close].trim(),
                range: from + blanks..close + 1,
            });
            from = close + 1;
        }
    }
    found
}

/// Where the parenthesis closes that is open before a text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut in_quotes = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => in_quotes = !in_quotes,
            _ if in_quotes => {}
            '(' => open += 1,
            ')' if open == 0 => return Some(at),
            ')' => open -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hint_can_be_left_out() {
        let sql = "/*+ Leading((a b))  Rows( a b *10 ) */ SELECT 1 /* Rows(a b +1) */";
        let hints = written_hints(sql);
        let told: Vec<String> = hints.iter().map(WrittenHint::text).collect();
        assert_eq!(told, ["Leading((a b))", "Rows(a b *10)"]);
        let relative: Vec<bool> = hints.iter().map(WrittenHint::is_relative).collect();
        assert_eq!(relative, [false, true]);
        assert_eq!(
            hints[1].left_out_of(sql),
            "/*+ Leading((a b))   */ SELECT 1 /* Rows(a b +1) */"
        );
        assert!(!written_hints("/*+ Rows(a b #10) */ SELECT 1")[0].is_relative());
    }

    proptest! {
        #[test]
        fn any_text_has_its_hints(sql in "(/\\*\\+|/\\*|\\*/|\\(|\\)|\"| |Rows|a|ä|\\*1|'){0,30}") {
            for hint in written_hints(&sql) {
                prop_assert!(hint.left_out_of(&sql).len() < sql.len());
            }
        }
    }
}
