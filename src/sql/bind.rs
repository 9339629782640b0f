//! Which parameters does a statement name? `:name` becomes `$1`, and what the server says about the
//! text it was sent leads back to the text that was written.
//!
//! `::casts`, `:=`, strings, comments and dollar quotes are left alone. Two colons remain that look
//! like parameters:
//!
//! - After a string a colon belongs to `JSON_OBJECT('key':value)`, not to a parameter.
//! - In a subscript a colon after an operand is a slice: `a[1:2]`, `a[lo:hi]`, `a[:n:m]` (from the
//!   parameter `n` to the column `m`). Elsewhere it is a parameter: `a[:n]`, `a[1 + :n]`,
//!   `ARRAY[:a, :b]`. The upper bound of a slice as a parameter is written apart: `a[1 : :n]`.

use super::lexer::{Token, TokenKind, tokens};
use std::{collections::HashMap, ops::Range};

/// A statement ready to be prepared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bound {
    /// The statement with `$1` … in place of the names.
    pub sql: String,
    /// The names without colon; the first is `$1`. A name used twice is there once.
    pub names: Vec<String>,
    /// The first `$n` the author wrote himself, in the original text: it would collide with ours.
    pub positional: Option<Range<usize>>,
    /// Where the text departs from the original: offset here, offset there, ascending.
    shifts: Vec<(usize, usize)>,
}

impl Bound {
    /// The byte offset in the original text of a byte offset in [`Bound::sql`]. One inside a `$n`
    /// leads to the beginning of its name.
    pub fn original_offset(&self, offset: usize) -> usize {
        let later = self.shifts.partition_point(|(bound, _)| *bound <= offset);
        let (bound, original) = later.checked_sub(1).map_or((0, 0), |at| self.shifts[at]);
        // Beginning and end of each placeholder are noted, so after an odd number we are inside one.
        if later % 2 == 1 {
            original
        } else {
            original + (offset - bound)
        }
    }

    /// The byte offset in the original text of an error position as PostgreSQL reports it:
    /// characters of [`Bound::sql`], counted from 1.
    pub fn original_position(&self, position: u32) -> usize {
        let characters = usize::try_from(position)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        let offset = self
            .sql
            .char_indices()
            .nth(characters)
            .map_or(self.sql.len(), |(at, _)| at);
        self.original_offset(offset)
    }
}

/// Replaces the named parameters of a statement by `$1` …
pub fn bind(sql: &str) -> Bound {
    let mut bound = Bound {
        sql: String::with_capacity(sql.len()),
        names: Vec::new(),
        positional: None,
        shifts: Vec::new(),
    };
    let mut context = Context::default();
    let mut numbers = HashMap::new();
    for token in tokens(sql) {
        let text = &sql[token.range.clone()];
        if token.kind == TokenKind::Positional && bound.positional.is_none() {
            bound.positional = Some(token.range.clone());
        }
        if token.kind == TokenKind::Parameter && context.allows_parameter() {
            bound.shifts.push((bound.sql.len(), token.range.start));
            let number = number_of(&text[1..], &mut bound.names, &mut numbers);
            bound.sql.push_str(&format!("${number}"));
            bound.shifts.push((bound.sql.len(), token.range.end));
        } else {
            bound.sql.push_str(text);
        }
        context.see(&token, text);
    }
    bound
}

/// The number of a name, counted from 1; a new one is added.
fn number_of<'s>(
    name: &'s str,
    names: &mut Vec<String>,
    numbers: &mut HashMap<&'s str, usize>,
) -> usize {
    *numbers.entry(name).or_insert_with(|| {
        names.push(name.to_owned());
        names.len()
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Subscript,
    ArrayConstructor,
}

/// What stands before a token, as far as it tells a slice from a parameter.
#[derive(Default)]
struct Context {
    brackets: Vec<Bracket>,
    last: Last,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    /// A value or something that ends one.
    Operand,
    /// A string.
    String,
    /// The word `ARRAY`.
    ArrayWord,
    /// An operator, a keyword, an opening parenthesis, or nothing.
    #[default]
    Other,
}

impl Context {
    fn allows_parameter(&self) -> bool {
        match self.last {
            Last::Operand | Last::ArrayWord => self.brackets.last() != Some(&Bracket::Subscript),
            Last::String => false,
            Last::Other => true,
        }
    }

    fn see(&mut self, token: &Token, text: &str) {
        if !token.is_significant() {
            return;
        }
        match text {
            "[" => self.brackets.push(self.bracket()),
            "]" => {
                self.brackets.pop();
            }
            _ => {}
        }
        self.last = match (token.kind, text) {
            (TokenKind::Identifier, word) if word.eq_ignore_ascii_case("array") => Last::ArrayWord,
            (TokenKind::Identifier, word) if is_infix_word(word) => Last::Other,
            (TokenKind::String | TokenKind::DollarString, _) => Last::String,
            (TokenKind::Punctuation, ")" | "]") => Last::Operand,
            (TokenKind::Punctuation | TokenKind::Operator, _) => Last::Other,
            (TokenKind::Cast | TokenKind::Assign, _) => Last::Other,
            _ => Last::Operand,
        };
    }

    fn bracket(&self) -> Bracket {
        let nested = self.brackets.last() == Some(&Bracket::ArrayConstructor);
        match self.last {
            Last::ArrayWord => Bracket::ArrayConstructor,
            Last::Other if nested => Bracket::ArrayConstructor,
            _ => Bracket::Subscript,
        }
    }
}

/// Keywords after which an operand follows.
fn is_infix_word(word: &str) -> bool {
    const WORDS: [&str; 14] = [
        "and", "or", "not", "in", "is", "like", "ilike", "between", "when", "then", "else", "case",
        "select", "where",
    ];
    WORDS.iter().any(|infix| word.eq_ignore_ascii_case(infix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bound(sql: &str) -> String {
        bind(sql).sql
    }

    #[test]
    fn a_name_used_twice_is_one_parameter() {
        let bound = bind("SELECT :a, :b::int, :a WHERE x=:b LIMIT:c");
        assert_eq!(bound.sql, "SELECT $1, $2::int, $1 WHERE x=$2 LIMIT$3");
        assert_eq!(bound.names, ["a", "b", "c"]);
    }

    #[test]
    fn what_only_looks_like_a_parameter_is_left_alone() {
        for sql in [
            "SELECT 'a:b', E':b', \":c\", $$:d$$ -- :e\n /* :f */",
            "SELECT x::int, '12:30'::time",
            "SELECT f(a := 1)",
            "SELECT a[1:2], a[lo:hi], a[1:n], a[:], a[f(x):y]",
            "SELECT JSON_OBJECT('a':b, 'c' : d)",
        ] {
            assert_eq!(bound(sql), sql);
        }
    }

    #[test]
    fn parameters_in_brackets_are_found_where_no_slice_can_be() {
        assert_eq!(bound("a[:n]"), "a[$1]");
        assert_eq!(bound("a[1 + :n]"), "a[1 + $1]");
        assert_eq!(bound("a[1 : :n]"), "a[1 : $1]");
        assert_eq!(bound("a[:n:m]"), "a[$1:m]");
        assert_eq!(bound("ARRAY[:a, b, :c]"), "ARRAY[$1, b, $2]");
        assert_eq!(bound("array [[:a], [:b]]"), "array [[$1], [$2]]");
        assert_eq!(
            bound("a[CASE WHEN :x THEN 1 END]"),
            "a[CASE WHEN $1 THEN 1 END]"
        );
    }

    #[test]
    fn positions_lead_back_to_the_text_as_written() {
        let sql = "SELECT 'é', :amount + oops, :amount";
        let bound = bind(sql);
        assert_eq!(bound.sql, "SELECT 'é', $1 + oops, $1");
        let position = |text: &str| {
            let byte = bound.sql.find(text).unwrap();
            u32::try_from(bound.sql[..byte].chars().count() + 1).unwrap()
        };
        assert_eq!(
            bound.original_position(position("oops")),
            sql.find("oops").unwrap()
        );
        assert_eq!(
            bound.original_position(position("$1")),
            sql.find(":amount").unwrap()
        );
        assert_eq!(
            bound.original_position(position("1 +")),
            sql.find(":amount").unwrap()
        );
        assert_eq!(bound.original_position(1), 0);
        assert_eq!(bound.original_position(1000), sql.len());
    }

    #[test]
    fn a_positional_parameter_of_the_author_is_reported() {
        assert_eq!(bind("SELECT :a, $1").positional, Some(11..13));
        assert_eq!(bind("SELECT :a").positional, None);
    }

    proptest! {
        #[test]
        fn any_text_is_bound_and_every_offset_leads_back(sql in "(\\PC|:a|:bcd|[\\[\\]'$: ]){0,40}") {
            let bound = bind(&sql);
            let mut last = 0;
            for offset in 0..=bound.sql.len() {
                let original = bound.original_offset(offset);
                prop_assert!(original >= last && original <= sql.len());
                last = original;
            }
            if bound.names.is_empty() {
                prop_assert_eq!(bound.sql, sql);
            }
        }
    }
}
