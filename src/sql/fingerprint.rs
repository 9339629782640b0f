//! Are these two texts the same statement with other values? A fingerprint is the text without
//! values, comments and layout; its id is the same on every platform and in every run.

use super::lexer::{TokenKind, tokens};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fmt::Write;

/// A statement without its values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// The text with `$1`, `$2` … for literals and parameters in order of appearance; words outside
    /// quotes in lower case, comments gone, blanks folded, lists after `IN`, `VALUES` and `ARRAY`
    /// reduced to their different elements. It is valid SQL where the original was.
    pub text: String,
    /// 64 bits of the text's SHA-256 in 16 hexadecimal digits.
    pub id: String,
}

/// The fingerprint of a text; of several statements it is the fingerprint of them all.
pub fn fingerprint(sql: &str) -> Fingerprint {
    let text = render(&collapse(&parts(sql)));
    let digest = Sha256::digest(text.as_bytes());
    let id = digest.iter().take(8).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    });
    Fingerprint { text, id }
}

/// What remains of a token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    /// A literal or a parameter.
    Value,
    /// A word in lower case, or a quoted name.
    Word(String),
    /// Operators and punctuation.
    Sign(String),
}

impl Part {
    fn is(&self, text: &str) -> bool {
        match self {
            Part::Value => false,
            Part::Word(own) | Part::Sign(own) => own == text,
        }
    }
}

fn parts(sql: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for token in tokens(sql)
        .into_iter()
        .filter(|token| token.is_significant())
    {
        let text = &sql[token.range];
        let part = match token.kind {
            TokenKind::String
            | TokenKind::DollarString
            | TokenKind::Number
            | TokenKind::Positional
            | TokenKind::Parameter => Part::Value,
            TokenKind::Identifier => Part::Word(text.to_lowercase()),
            TokenKind::QuotedIdentifier => Part::Word(text.to_owned()),
            _ => Part::Sign(text.to_owned()),
        };
        while part == Part::Value && ends_in_number_sign(&parts) {
            parts.pop();
        }
        parts.push(part);
    }
    while parts.last().is_some_and(|part| part.is(";")) {
        parts.pop();
    }
    parts
}

/// Whether the last part is a `-` or `+` that belongs to the number after it: `= -1`, not `a - 1`.
fn ends_in_number_sign(parts: &[Part]) -> bool {
    let [before @ .., sign] = parts else {
        return false;
    };
    let starts_operand = match before.last() {
        None => true,
        Some(Part::Sign(text)) => !matches!(text.as_str(), ")" | "]"),
        Some(Part::Word(word)) => is_keyword(word),
        Some(Part::Value) => false,
    };
    starts_operand && (sign.is("-") || sign.is("+"))
}

/// A list whose elements are being gathered.
struct List {
    /// Number of brackets open around its elements.
    depth: usize,
    kind: ListKind,
    elements: Vec<Vec<Part>>,
    seen: HashSet<Vec<Part>>,
    element: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ListKind {
    /// Ends with the bracket that encloses it: `IN (…)`, `ARRAY[…]`.
    Enclosed,
    /// Rows with a comma between: `VALUES (…), (…)`.
    Rows,
}

impl List {
    fn new(depth: usize, kind: ListKind) -> List {
        List {
            depth,
            kind,
            elements: Vec::new(),
            seen: HashSet::new(),
            element: Vec::new(),
        }
    }

    /// Ends the element; one that has been seen, or is a bare constant like one seen, is dropped.
    fn end_element(&mut self) {
        let mut element = std::mem::take(&mut self.element);
        if let [part] = &mut element[..]
            && is_constant_word(part)
        {
            *part = Part::Value;
        }
        if !element.is_empty() && self.seen.insert(element.clone()) {
            self.elements.push(element);
        }
    }

    fn finish(mut self) -> Vec<Part> {
        self.end_element();
        self.elements.join(&Part::Sign(",".to_owned()))
    }
}

fn is_constant_word(part: &Part) -> bool {
    ["null", "true", "false"].iter().any(|word| part.is(word))
}

/// Lists in lists beyond this depth are kept as they are written.
const MAX_LISTS: usize = 32;

/// Reduces lists to their different elements, so that the length of a list does not count.
fn collapse(parts: &[Part]) -> Vec<Part> {
    let mut done: Vec<Part> = Vec::new();
    let mut lists: Vec<List> = Vec::new();
    let mut depth = 0_usize;
    for (at, part) in parts.iter().enumerate() {
        let opens = part.is("(") || part.is("[");
        let closes = part.is(")") || part.is("]");
        let here = |list: &List, kind| list.kind == kind && list.depth == depth;
        let rows_end = !opens && !part.is(",");
        while lists
            .last()
            .is_some_and(|list| here(list, ListKind::Rows) && rows_end)
        {
            close_list(&mut lists, &mut done);
        }
        if closes {
            if lists
                .last()
                .is_some_and(|list| here(list, ListKind::Enclosed))
            {
                close_list(&mut lists, &mut done);
            }
            depth = depth.saturating_sub(1);
        }
        match lists.last_mut() {
            Some(list) if list.depth == depth && part.is(",") => list.end_element(),
            Some(list) => list.element.push(part.clone()),
            None => done.push(part.clone()),
        }
        depth += usize::from(opens);
        let before = at.checked_sub(1).map(|at| &parts[at]);
        let kind = match before {
            Some(word) if part.is("(") && word.is("in") => Some(ListKind::Enclosed),
            Some(word) if part.is("[") && word.is("array") => Some(ListKind::Enclosed),
            _ if part.is("values") && parts.get(at + 1).is_some_and(|next| next.is("(")) => {
                Some(ListKind::Rows)
            }
            _ => None,
        };
        if let Some(kind) = kind.filter(|_| lists.len() < MAX_LISTS) {
            lists.push(List::new(depth, kind));
        }
    }
    while !lists.is_empty() {
        close_list(&mut lists, &mut done);
    }
    done
}

/// Ends the innermost list and hands its elements to the one around it.
fn close_list(lists: &mut Vec<List>, done: &mut Vec<Part>) {
    let Some(list) = lists.pop() else { return };
    match lists.last_mut() {
        Some(outer) => outer.element.extend(list.finish()),
        None => done.extend(list.finish()),
    }
}

fn render(parts: &[Part]) -> String {
    let mut text = String::new();
    let mut values = 0_usize;
    let mut before: Option<&Part> = None;
    for part in parts {
        if before.is_some_and(|before| blank_between(before, part)) {
            text.push(' ');
        }
        match part {
            Part::Value => {
                values += 1;
                let _ = write!(text, "${values}");
            }
            Part::Word(own) | Part::Sign(own) => text.push_str(own),
        }
        before = Some(part);
    }
    text
}

fn blank_between(before: &Part, part: &Part) -> bool {
    let glued_before = ["(", "[", ".", "::"].iter().any(|sign| before.is(sign));
    let glued = [")", "]", ",", ".", ";", "::", "["]
        .iter()
        .any(|sign| part.is(sign));
    let call = part.is("(") && matches!(before, Part::Word(word) if !is_keyword(word));
    !(glued_before || glued || call)
}

const KEYWORDS: &str = "all and any as between by case check distinct else except exists filter from group \
        having ilike in intersect into is join key like limit not offset on or over returning \
        row select set similar some then to union using values when where with";

/// Whether after this word an operand or a list follows rather than the arguments of a call.
fn is_keyword(word: &str) -> bool {
    KEYWORDS.split(' ').any(|keyword| keyword == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(sql: &str) -> String {
        fingerprint(sql).text
    }

    #[test]
    fn values_layout_and_comments_do_not_count() {
        let expected = "select t.a, count(*) from t where x = $1 and y::int > $2 limit $3";
        for sql in [
            "SELECT t.a, count(*) FROM t WHERE x = 1 AND y::int > 2 LIMIT 3;",
            "select t . a,count ( * )\n from T where x=-'a' and y :: int>:y limit $1 -- c",
            "/* trace */ SELECT t.a, COUNT(*) FROM t WHERE x = +1.5e3 AND y::INT > $$z$$ LIMIT :n",
        ] {
            assert_eq!(text(sql), expected);
        }
    }

    #[test]
    fn the_length_of_a_list_does_not_count() {
        assert_eq!(text("x IN (1, -2, NULL, 'c')"), "x in ($1)");
        assert_eq!(
            text("x NOT IN ('a'::text, 'b'::text)"),
            "x not in ($1::text)"
        );
        assert_eq!(text("(a, b) IN ((1, 2), (3, 4))"), "(a, b) in (($1, $2))");
        assert_eq!(text("x = ANY (ARRAY[1, 2, 3])"), "x = any (array[$1])");
        assert_eq!(
            text("INSERT INTO t (a, b) VALUES (1, now()), (2, now()) ON CONFLICT DO NOTHING"),
            "insert into t(a, b) values ($1, now()) on conflict do nothing"
        );
        assert_eq!(
            text(
                "SELECT * FROM (VALUES (1), (2)) v WHERE a IN (SELECT b, c FROM u WHERE d IN (1, 2))"
            ),
            "select * from (values ($1)) v where a in (select b, c from u where d in ($2))"
        );
    }

    #[test]
    fn different_statements_stay_different() {
        for (a, b) in [
            ("SELECT a - 1", "SELECT a"),
            ("SELECT \"A\"", "SELECT a"),
            ("SELECT f(1, 2)", "SELECT f(1)"),
            ("x IN (a, b)", "x IN (a)"),
            ("x IS NULL", "x IS TRUE"),
        ] {
            assert_ne!(fingerprint(a).id, fingerprint(b).id, "{a} / {b}");
        }
    }

    #[test]
    fn the_id_is_the_same_everywhere_and_always() {
        let one = fingerprint("SELECT 1");
        assert_eq!(
            (one.text.as_str(), one.id.as_str()),
            ("select $1", "375fa1233f1f09a8")
        );
    }

    #[test]
    fn a_deeply_nested_text_is_no_danger() {
        let deep = "in (".repeat(50_000);
        assert!(!text(&deep).is_empty());
        assert!(!text(&"values (".repeat(50_000)).is_empty());
    }

    proptest! {
        #[test]
        fn the_fingerprint_of_a_fingerprint_is_itself(
            sql in "(in \\(|values|array\\[|\\(|\\)|,|\\]|[a-d]|[A-D]| |[0-9]|'x'|-|=|null|::|\\.|:p){0,40}"
        ) {
            let once = text(&sql);
            prop_assert_eq!(text(&once), once);
        }

        #[test]
        fn any_text_has_a_fingerprint(sql in "\\PC{0,60}") {
            prop_assert_eq!(fingerprint(&sql).id.len(), 16);
        }
    }
}
