//! What could be sent instead of one statement for each row? The text of one statement, where the repeated one is
//! simple enough to be rewritten word by word; else the two ways in words.

use super::{texts::is_value, trace::Message};
use crate::sql::lexer::{Token, TokenKind, tokens};

/// What to send instead of one statement for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The repeated statement for all values at once, `… WHERE id = ANY($1)`, where it can be written.
    pub statement: Option<String>,
    /// The table that the repeated statement reads, where its form shows it.
    pub table: Option<String>,
    /// The table that the parent statement reads, where its form shows it.
    pub parent_table: Option<String>,
}

/// What to send instead of a message that was repeated with other values at these positions of its
/// [binds](super::texts::binds).
pub(super) fn advice(repeated: &Message<'_>, parent_sql: &str, varying: &[usize]) -> Advice {
    let query = SimpleQuery::read(repeated.sql);
    let statement = match (&query, varying) {
        (Some(query), [position]) => query.for_all(*position, repeated.params.len()),
        _ => None,
    };
    Advice {
        statement,
        table: first_table(repeated.sql),
        parent_table: first_table(parent_sql),
    }
}

/// A significant token with its text.
struct Word<'a> {
    token: Token,
    text: &'a str,
}

impl Word<'_> {
    fn is(&self, word: &str) -> bool {
        let quoted = matches!(
            self.token.kind,
            TokenKind::QuotedIdentifier | TokenKind::String | TokenKind::DollarString
        );
        !quoted && self.text.eq_ignore_ascii_case(word)
    }

    fn is_name(&self) -> bool {
        let kind = self.token.kind;
        matches!(kind, TokenKind::Identifier | TokenKind::QuotedIdentifier)
    }
}

fn words(sql: &str) -> Vec<Word<'_>> {
    let significant = tokens(sql).into_iter().filter(Token::is_significant);
    significant
        .map(|token| Word {
            text: &sql[token.range.clone()],
            token,
        })
        .collect()
}

/// The name after the first FROM, with its schema if it has one.
fn first_table(sql: &str) -> Option<String> {
    let words = words(sql);
    let from = words.iter().position(|word| word.is("from"))?;
    let first = words.get(from + 1).filter(|word| word.is_name())?;
    let mut name = first.text.to_owned();
    if let [dot, table, ..] = &words[from + 2..]
        && dot.is(".")
        && table.is_name()
    {
        name = format!("{name}.{}", table.text);
    }
    Some(name)
}

/// `SELECT … FROM t WHERE a = value AND …` and nothing more: no join, grouping, ordering, limit, function or
/// subquery, with any of which the rows for all values at once would not be those for each.
struct SimpleQuery<'a> {
    sql: &'a str,
    words: Vec<Word<'a>>,
    from: usize,
    condition: usize,
}

const TOO_MUCH: [&str; 15] = [
    "(",
    "join",
    "group",
    "order",
    "limit",
    "offset",
    "fetch",
    "distinct",
    "having",
    "union",
    "intersect",
    "except",
    "for",
    "or",
    "into",
];

impl<'a> SimpleQuery<'a> {
    fn read(sql: &'a str) -> Option<Self> {
        let words = words(sql);
        let simple = words.first()?.is("select")
            && !words
                .iter()
                .any(|word| TOO_MUCH.iter().any(|much| word.is(much)));
        let from = words.iter().position(|word| word.is("from"))?;
        let condition = words.iter().position(|word| word.is("where"))?;
        let tables = words.get(from + 1..condition)?;
        let one_table = !tables.is_empty() && !tables.iter().any(|word| word.is(","));
        (simple && one_table).then_some(Self {
            sql,
            words,
            from,
            condition,
        })
    }

    /// The statement for all values of one bind at once.
    fn for_all(&self, bind: usize, params: usize) -> Option<String> {
        let at = self.value(bind, params)?;
        let [before @ .., column, equals, value] = &self.words[self.condition..=at] else {
            return None;
        };
        let ends = self.words.get(at + 1);
        let alone = ends.is_none_or(|word| word.is("and") || word.is(";"));
        let begins = before
            .last()
            .is_some_and(|word| word.is("where") || word.is("and") || word.is("."));
        if !(alone && begins && equals.is("=") && column.is_name()) {
            return None;
        }
        let parameter = match value.token.kind {
            TokenKind::Positional => value.text.to_owned(),
            _ => format!("${}", params + 1),
        };
        let select = self.words[0].token.range.end;
        let listed = self.words[1..self.from]
            .iter()
            .any(|word| word.is("*") || word.is(column.text) || word.text == column.text);
        let own = if listed {
            String::new()
        } else {
            format!(" {},", column.text)
        };
        let range = &value.token.range;
        let text = format!(
            "{}{own}{}ANY({parameter}){}",
            &self.sql[..select],
            &self.sql[select..range.start],
            &self.sql[range.end..],
        );
        Some(on_one_line(&text))
    }

    /// The index of the word that holds a bind: a parameter, or a literal after them.
    fn value(&self, bind: usize, params: usize) -> Option<usize> {
        let mut values = self.words.iter().enumerate();
        if bind < params {
            let name = format!("${}", bind + 1);
            let mut named = values.filter(|(_, word)| word.text == name);
            let (at, _) = named.next()?;
            return named.next().is_none().then_some(at);
        }
        let literals = values.by_ref().filter(|(_, word)| {
            is_value(word.token.kind) && word.token.kind != TokenKind::Positional
        });
        literals.map(|(at, _)| at).nth(bind - params)
    }
}

/// Blanks folded, where no quoted text or comment could be changed by it.
fn on_one_line(sql: &str) -> String {
    let text = sql.trim().trim_end_matches(';').trim_end();
    if text.contains(['\'', '"']) || text.contains("--") {
        return text.to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn for_all(sql: &str, bind: usize, params: usize) -> Option<String> {
        SimpleQuery::read(sql)?.for_all(bind, params)
    }

    #[test]
    fn a_lookup_is_rewritten_for_all_values_at_once() {
        assert_eq!(
            for_all("SELECT * FROM users WHERE id = $1", 0, 1).unwrap(),
            "SELECT * FROM users WHERE id = ANY($1)"
        );
        assert_eq!(
            for_all(
                "SELECT name\n  FROM users u\n WHERE u.id = $1 AND active = $2;",
                0,
                2
            )
            .unwrap(),
            "SELECT id, name FROM users u WHERE u.id = ANY($1) AND active = $2"
        );
        assert_eq!(
            for_all("select id, name from shop.users where id = 42", 0, 0).unwrap(),
            "select id, name from shop.users where id = ANY($1)"
        );
    }

    #[test]
    fn what_would_mean_something_else_is_not_rewritten() {
        for sql in [
            "SELECT count(*) FROM users WHERE id = $1",
            "SELECT * FROM users WHERE id = $1 LIMIT 1",
            "SELECT * FROM users WHERE id > $1",
            "SELECT * FROM users WHERE id = $1 OR boss = $1",
            "SELECT * FROM a JOIN b USING (id) WHERE id = $1",
            "SELECT * FROM a, b WHERE id = $1",
            "SELECT * FROM a WHERE id = $1::int",
        ] {
            assert_eq!(for_all(sql, 0, 1), None, "{sql}");
        }
    }

    #[test]
    fn the_tables_are_named_with_their_schema() {
        assert_eq!(
            first_table("SELECT * FROM shop.users u").unwrap(),
            "shop.users"
        );
        assert_eq!(first_table("SELECT 1"), None);
        assert_eq!(first_table("SELECT * FROM (SELECT 1) s"), None);
    }
}
