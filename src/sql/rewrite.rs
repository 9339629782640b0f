//! What one statement asks for as much as many do? The text for all values at once, and the text that joins a repeated
//! statement to the one whose rows it was sent for.
//!
//! Words are replaced where they stand, nothing is understood: whether the rows are the same shows when both are carried
//! out.

use super::{
    StatementKind,
    identifier::{name_of, written},
    kind,
    lexer::{Token, TokenKind, tokens},
};

/// A statement for all values of one bind at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForAll {
    /// The statement, `… WHERE id = ANY($1)`.
    pub sql: String,
    /// Which of its parameters is the array, from 0.
    pub array: usize,
    /// The column that tells of which value a row is, as it stands in the statement.
    pub key: String,
    /// Whether that column is one more than the repeated statement had, the first one.
    pub is_added: bool,
}

/// The statement for all values of one bind at once: a parameter, counted from 0, or a literal, counted on after them.
/// None where it would mean something else, or is not understood.
pub fn for_all(sql: &str, bind: usize, params: usize) -> Option<ForAll> {
    SimpleQuery::read(sql)?.for_all(bind, params)
}

/// What a statement is joined to another by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinKey {
    /// The position among the binds of the repeated statement.
    pub bind: usize,
    /// The column of the parent's result that holds its values.
    pub column: String,
}

/// A parent statement and the one that was sent for each of its rows, as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The statement.
    pub sql: String,
    /// The parameters of the repeated statement that are left, from 0; they follow those of the parent.
    pub params: Vec<usize>,
    /// Columns that the parent's rows are in the order of.
    pub parent_order: Vec<String>,
    /// Columns that the rows of one parent are in the order of.
    pub order: Vec<String>,
}

/// One side of a join.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its statement.
    pub sql: &'a str,
    /// How many parameters it has.
    pub params: usize,
    /// The names of its columns.
    pub columns: &'a [String],
}

/// Joins a repeated statement to its parent. None where one of them is no query, or is in an order that the columns of
/// its result do not tell.
pub fn joined(parent: Side<'_>, repeated: Side<'_>, keys: &[JoinKey]) -> Option<Joined> {
    let is_query = |sql: &str| {
        kind(sql) == StatementKind::Read
            && words(sql).first().is_some_and(|word| {
                ["select", "with", "values", "table", "("]
                    .iter()
                    .any(|start| word.is(start))
            })
    };
    if !is_query(parent.sql) || !is_query(repeated.sql) || keys.is_empty() {
        return None;
    }
    let parent_order = order_of(&parent)?;
    let order = order_of(&repeated)?;
    let all = words(repeated.sql);
    let mut replaced: Vec<(Token, String)> = Vec::new();
    for key in keys {
        let column = format!("parent.{}", written(&key.column));
        let found = values_of(&all, key.bind, repeated.params);
        if found.is_empty() {
            return None;
        }
        replaced.extend(found.into_iter().map(|token| (token, column.clone())));
    }
    let left: Vec<usize> = (0..repeated.params)
        .filter(|at| keys.iter().all(|key| key.bind != *at))
        .collect();
    for (at, param) in left.iter().enumerate() {
        let number = parent.params + at + 1;
        let found = values_of(&all, *param, repeated.params);
        replaced.extend(found.into_iter().map(|token| (token, format!("${number}"))));
    }
    replaced.sort_by_key(|(token, _)| token.range.start);
    let mut inner = String::new();
    let mut at = 0;
    for (token, text) in &replaced {
        inner.push_str(repeated.sql.get(at..token.range.start)?);
        inner.push_str(text);
        at = token.range.end;
    }
    inner.push_str(&repeated.sql[at..]);
    let mut sorted: Vec<String> = Vec::new();
    let keys_of_parent = keys.iter().map(|key| Ordered {
        column: key.column.clone(),
        how: String::new(),
    });
    let is_ordered = !parent_order.is_empty() || !order.is_empty();
    let of_parent = parent_order.iter().cloned().chain(keys_of_parent);
    for one in of_parent.filter(|_| is_ordered) {
        let column = format!("parent.{}", written(&one.column));
        let known = sorted
            .iter()
            .any(|known| known.split(' ').next() == Some(&*column));
        if !known {
            sorted.push(format!("{column}{}", one.how));
        }
    }
    for one in &order {
        sorted.push(format!("child.{}{}", written(&one.column), one.how));
    }
    let order_by = match sorted.is_empty() {
        true => String::new(),
        false => format!(" ORDER BY {}", sorted.join(", ")),
    };
    let sql = format!(
        "SELECT parent.*, child.* FROM ({}) AS parent LEFT JOIN LATERAL ({}) AS child ON true{order_by}",
        enclosed(parent.sql),
        enclosed(&inner)
    );
    let names = |ordered: Vec<Ordered>| ordered.into_iter().map(|one| one.column).collect();
    Some(Joined {
        sql,
        params: left,
        parent_order: names(parent_order),
        order: names(order),
    })
}

/// A text that may stand in parentheses.
fn enclosed(sql: &str) -> String {
    let text = on_one_line(sql);
    match tokens(&text).last().map(|token| token.kind) {
        Some(TokenKind::LineComment) => format!("{text}\n"),
        _ => text,
    }
}

/// A column that rows are in the order of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ordered {
    column: String,
    /// ` DESC`, ` NULLS FIRST` …, or nothing.
    how: String,
}

/// The order of a statement, where every part of it is a column of the result; empty where it has none.
fn order_of(side: &Side<'_>) -> Option<Vec<Ordered>> {
    let mut depth = 0_usize;
    let mut top = Vec::new();
    for word in words(side.sql) {
        let is_close = word.is(")");
        depth = if is_close {
            depth.saturating_sub(1)
        } else {
            depth
        };
        let is_open = word.is("(");
        top.push((depth, word));
        depth += usize::from(is_open);
    }
    let at = top
        .windows(2)
        .rposition(|pair| pair[0].0 == 0 && pair[0].1.is("order") && pair[1].1.is("by"));
    let Some(at) = at else {
        return Some(Vec::new());
    };
    let ends = |(depth, word): &&(usize, Word<'_>)| {
        *depth > 0
            || !["limit", "offset", "fetch", "for", ";"]
                .iter()
                .any(|end| word.is(end))
    };
    let all: Vec<&Word<'_>> = top[at + 2..]
        .iter()
        .take_while(ends)
        .map(|(_, word)| word)
        .collect();
    let parts = all.split(|word| word.is(","));
    parts
        .map(|part| {
            let named = part
                .iter()
                .take_while(|word| word.is(".") || is_column(word))
                .count();
            let name = name_of(part.get(named.checked_sub(1)?)?.text);
            let mut same = side.columns.iter().filter(|column| **column == name);
            same.next().filter(|_| same.next().is_none())?;
            let how = part[named..].iter().map(|word| {
                let known = ["asc", "desc", "nulls", "first", "last"];
                known
                    .iter()
                    .find(|known| word.is(known))
                    .map(|known| format!(" {}", known.to_ascii_uppercase()))
            });
            Some(Ordered {
                column: name,
                how: how.collect::<Option<String>>()?,
            })
        })
        .collect()
}

fn is_column(word: &Word<'_>) -> bool {
    word.is_name()
        && !["asc", "desc", "nulls", "using", "collate"]
            .iter()
            .any(|known| word.is(known))
}

/// Where a bind stands: everywhere that a parameter does, or the one place of a literal.
fn values_of(words: &[Word<'_>], bind: usize, params: usize) -> Vec<Token> {
    if bind < params {
        let name = format!("${}", bind + 1);
        let named = words.iter().filter(|word| word.text == name);
        return named.map(|word| word.token.clone()).collect();
    }
    let mut literals = words.iter().filter(|word| is_literal(word.token.kind));
    let found = literals.nth(bind - params);
    found.map(|word| word.token.clone()).into_iter().collect()
}

/// Whether a token is a value that stands in the text itself.
pub fn is_literal(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::String | TokenKind::DollarString | TokenKind::Number | TokenKind::Parameter
    )
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
pub fn first_table(sql: &str) -> Option<String> {
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

    fn for_all(&self, bind: usize, params: usize) -> Option<ForAll> {
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
        let (parameter, array) = match value.token.kind {
            TokenKind::Positional => (value.text.to_owned(), bind),
            _ => (format!("${}", params + 1), params),
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
        Some(ForAll {
            sql: on_one_line(&text),
            array,
            key: name_of(column.text),
            is_added: !listed,
        })
    }

    /// The index of the word that holds a bind: a parameter, or a literal after them.
    fn value(&self, bind: usize, params: usize) -> Option<usize> {
        let found = values_of(&self.words, bind, params);
        let [only] = &found[..] else {
            return None;
        };
        self.words
            .iter()
            .position(|word| word.token.range == only.range)
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
        super::for_all(sql, bind, params).map(|all| all.sql)
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

    fn join(parent: &str, columns: &[&str], repeated: &str, params: usize) -> Option<String> {
        let names = |columns: &[&str]| columns.iter().map(|name| (*name).to_owned()).collect();
        let (of_parent, own): (Vec<String>, Vec<String>) = (names(columns), names(&["title"]));
        let parent = Side {
            sql: parent,
            params: 1,
            columns: &of_parent,
        };
        let repeated = Side {
            sql: repeated,
            params,
            columns: &own,
        };
        let key = JoinKey {
            bind: 0,
            column: "id".to_owned(),
        };
        joined(parent, repeated, &[key]).map(|joined| joined.sql)
    }

    #[test]
    fn a_lookup_is_joined_to_the_statement_whose_rows_it_was_sent_for() {
        assert_eq!(
            join(
                "SELECT id, name FROM authors WHERE land = $1 ORDER BY name DESC LIMIT 5;",
                &["id", "name"],
                "SELECT title FROM books WHERE author_id = $1 AND year > $2 ORDER BY title LIMIT 3",
                2
            )
            .unwrap(),
            "SELECT parent.*, child.* \
             FROM (SELECT id, name FROM authors WHERE land = $1 ORDER BY name DESC LIMIT 5) AS parent \
             LEFT JOIN LATERAL (SELECT title FROM books WHERE author_id = parent.id AND year > $2 ORDER BY title LIMIT 3) AS child \
             ON true ORDER BY parent.name DESC, parent.id, child.title"
        );
        assert_eq!(
            join(
                "SELECT id FROM authors",
                &["id"],
                "select title from books where author_id = 7",
                0
            )
            .unwrap(),
            "SELECT parent.*, child.* FROM (SELECT id FROM authors) AS parent \
             LEFT JOIN LATERAL (select title from books where author_id = parent.id) AS child ON true"
        );
    }

    #[test]
    fn an_order_that_the_result_does_not_tell_is_not_joined() {
        for parent in [
            "SELECT id FROM authors ORDER BY born",
            "SELECT id FROM authors ORDER BY lower(id)",
            "SELECT id FROM authors ORDER BY 1",
            "INSERT INTO authors SELECT 1 RETURNING id",
            "SHOW work_mem",
        ] {
            let repeated = "SELECT title FROM books WHERE author_id = $1";
            assert_eq!(join(parent, &["id"], repeated, 1), None, "{parent}");
        }
    }
}
