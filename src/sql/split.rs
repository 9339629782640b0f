//! Which statements does a script hold? Split at `;` as psql splits, with the data of `COPY … FROM
//! STDIN` set apart and psql's own commands found.

use super::lexer::{Lexer, Token, TokenKind};
use std::ops::Range;

/// A script cut into statements.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The statements in order.
    pub statements: Vec<Statement>,
    /// psql commands, which no server understands, in order.
    pub psql_commands: Vec<PsqlCommand>,
}

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement's bytes in the script, from its first word (or planner hint `/*+ … */`) to its
    /// last, without the `;`.
    pub range: Range<usize>,
    /// The lines that follow a `COPY … FROM STDIN`, without the closing `\.`.
    pub copy_data: Option<Range<usize>>,
}

impl Statement {
    /// The statement's text, cut out of the script it was split from.
    pub fn text<'a>(&self, script: &'a str) -> &'a str {
        script.get(self.range.clone()).unwrap_or_default()
    }
}

/// A command for psql, `\i other.sql`, found in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsqlCommand {
    /// The name with its backslash, `\i`.
    pub name: String,
    /// From the backslash to the end of its line.
    pub range: Range<usize>,
}

/// Splits a script at every `;` that is outside strings, comments, parentheses and the bodies
/// `BEGIN ATOMIC … END`. Pieces without a word are no statements. pg_dump's `\restrict` and
/// `\unrestrict` are passed over, as is a stray `\.`.
pub fn split(sql: &str) -> Script {
    let mut script = Script::default();
    let mut lexer = Lexer::new(sql);
    let mut piece = Piece::default();
    while let Some(token) = lexer.next() {
        match &sql[token.range.clone()] {
            "\\" => {
                let end = line_end(sql, token.range.start);
                lexer.skip_to(end);
                script
                    .psql_commands
                    .extend(psql_command(sql, token.range.start..end));
            }
            ";" if token.kind == TokenKind::Punctuation && piece.is_at_top() => {
                let copies = piece.is_copy_from_stdin();
                let statement = std::mem::take(&mut piece).statement();
                let Some(mut statement) = statement else {
                    continue;
                };
                if copies {
                    let (data, after) = copy_data(sql, token.range.end);
                    statement.copy_data = Some(data);
                    lexer.skip_to(after);
                }
                script.statements.push(statement);
            }
            text => piece.push(&token, text),
        }
    }
    script.statements.extend(piece.statement());
    script
}

/// The statement being read.
#[derive(Default)]
struct Piece {
    range: Option<Range<usize>>,
    parentheses: usize,
    /// Open `BEGIN ATOMIC` and, inside it, `CASE`.
    blocks: usize,
    first_word: String,
    last_word: String,
    from_stdin: bool,
}

impl Piece {
    fn push(&mut self, token: &Token, text: &str) {
        let hint = token.kind == TokenKind::BlockComment && text.starts_with("/*+");
        match &mut self.range {
            None if token.is_significant() || hint => self.range = Some(token.range.clone()),
            Some(range) if token.is_significant() || token.kind == TokenKind::BlockComment => {
                range.end = token.range.end;
            }
            _ => {}
        }
        match (token.kind, text) {
            (TokenKind::Punctuation, "(") => self.parentheses += 1,
            (TokenKind::Punctuation, ")") => self.parentheses = self.parentheses.saturating_sub(1),
            (TokenKind::Identifier, word) => self.word(word.to_ascii_lowercase()),
            _ if token.is_significant() => self.last_word.clear(),
            _ => {}
        }
    }

    fn word(&mut self, word: String) {
        match (self.last_word.as_str(), word.as_str()) {
            ("begin", "atomic") => self.blocks += 1,
            (_, "case") if self.blocks > 0 => self.blocks += 1,
            (_, "end") => self.blocks = self.blocks.saturating_sub(1),
            ("from", "stdin") if self.parentheses == 0 => self.from_stdin = true,
            _ => {}
        }
        if self.first_word.is_empty() {
            self.first_word.clone_from(&word);
        }
        self.last_word = word;
    }

    fn is_at_top(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn is_copy_from_stdin(&self) -> bool {
        self.first_word == "copy" && self.from_stdin
    }

    fn statement(self) -> Option<Statement> {
        self.range.map(|range| Statement {
            range,
            copy_data: None,
        })
    }
}

/// The offset of the line end at or after an offset.
fn line_end(sql: &str, from: usize) -> usize {
    sql[from..]
        .find('\n')
        .map_or(sql.len(), |length| from + length)
}

fn psql_command(sql: &str, range: Range<usize>) -> Option<PsqlCommand> {
    let line = sql[range.clone()].trim_end();
    let end = line.find(char::is_whitespace).unwrap_or(line.len());
    let name = &line[..end];
    let harmless = matches!(name, "\\." | "\\restrict" | "\\unrestrict");
    let range = range.start..range.start + line.len();
    (!harmless).then(|| PsqlCommand {
        name: name.to_owned(),
        range,
    })
}

/// The data that begins on the line after `from`, and the offset after its closing `\.`.
fn copy_data(sql: &str, from: usize) -> (Range<usize>, usize) {
    let start = (line_end(sql, from) + 1).min(sql.len());
    let mut line_start = start;
    for line in sql[start..].split_inclusive('\n') {
        if line.trim_end_matches(['\n', '\r']) == "\\." {
            return (start..line_start, line_start + line.len());
        }
        line_start += line.len();
    }
    (start..sql.len(), sql.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(sql: &str) -> Vec<&str> {
        let statements = split(sql).statements;
        statements
            .iter()
            .map(|statement| &sql[statement.range.clone()])
            .collect()
    }

    #[test]
    fn semicolons_split_only_between_statements() {
        assert_eq!(
            texts("SELECT ';'; SELECT $$;$$ -- ;\n; /* ; */ SELECT 1;;"),
            ["SELECT ';'", "SELECT $$;$$", "SELECT 1"]
        );
        let rule = "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)";
        assert_eq!(texts(&format!("{rule}; SELECT 3")), [rule, "SELECT 3"]);
    }

    #[test]
    fn the_body_of_an_sql_function_is_not_split() {
        let function = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC \
            SELECT CASE WHEN true THEN 1 END; SELECT 2; END";
        assert_eq!(
            texts(&format!("{function}; SELECT 1")),
            [function, "SELECT 1"]
        );
        assert_eq!(
            texts("BEGIN; SELECT CASE WHEN true THEN 1 END; END"),
            ["BEGIN", "SELECT CASE WHEN true THEN 1 END", "END"]
        );
    }

    #[test]
    fn comments_around_a_statement_are_not_part_of_it_but_hints_are() {
        assert_eq!(texts("-- head\nSELECT 1 -- tail\n;"), ["SELECT 1"]);
        assert_eq!(
            texts("/*+ SeqScan(t) */ SELECT 1"),
            ["/*+ SeqScan(t) */ SELECT 1"]
        );
        assert!(texts(" -- nothing\n;/* */").is_empty());
    }

    #[test]
    fn the_data_of_a_copy_is_set_apart() {
        let sql = "COPY t (a) FROM stdin;\n1;\n'\n\\.\nSELECT 1;\nCOPY u FROM STDIN WITH (FORMAT csv);\r\n2\r\n";
        let statements = split(sql).statements;
        let data: Vec<_> = statements
            .iter()
            .map(|s| s.copy_data.clone().map(|d| &sql[d]))
            .collect();
        assert_eq!(
            texts(sql),
            [
                "COPY t (a) FROM stdin",
                "SELECT 1",
                "COPY u FROM STDIN WITH (FORMAT csv)"
            ]
        );
        assert_eq!(data, [Some("1;\n'\n"), None, Some("2\r\n")]);
        assert!(
            split("SELECT 'x' FROM stdin;\nSELECT 1").statements[0]
                .copy_data
                .is_none()
        );
    }

    #[test]
    fn psql_commands_are_found_by_name() {
        let sql = "\\restrict key\n\\i other.sql\nSELECT 1 \\gset\n;\\connect db\r\n\\.";
        let script = split(sql);
        let found: Vec<_> = script
            .psql_commands
            .iter()
            .map(|c| (c.name.as_str(), &sql[c.range.clone()]))
            .collect();
        assert_eq!(
            found,
            [
                ("\\i", "\\i other.sql"),
                ("\\gset", "\\gset"),
                ("\\connect", "\\connect db")
            ]
        );
        assert_eq!(texts(sql), ["SELECT 1"]);
    }

    proptest! {
        #[test]
        fn any_text_is_split_in_order(sql in "(\\PC|[-'\"$:;/*\\\\\n(]|begin atomic|end|copy t from stdin){0,40}") {
            let mut end = 0;
            for statement in split(&sql).statements {
                prop_assert!(statement.range.start >= end);
                prop_assert!(!statement.range.is_empty());
                prop_assert!(!statement.text(&sql).is_empty());
                end = statement.copy_data.map_or(statement.range.end, |data| data.end);
            }
            prop_assert!(end <= sql.len());
        }

        #[test]
        fn joined_statements_split_again(parts in proptest::collection::vec(
            "SELECT ';'|SELECT \\$a\\$;\\$a\\$|BEGIN|[a-z]{1,5} = '[^'\\\\]{0,8}'\
            |CREATE FUNCTION f\\(\\) BEGIN ATOMIC SELECT 1; END", 0..8)) {
            let joined = parts.join(";\n");
            prop_assert_eq!(texts(&joined), parts);
        }
    }
}
