//! What do the rules over scripts look at? Statement by statement, its words, and what the script did before it.

use super::{
    rule::{Found, Look, Rule},
    rules::{RULES, rule},
};
use crate::{
    source::{Diagnostic, SourceFile, Span},
    sql::{
        self, StatementKind, TransactionControl,
        lexer::{TokenKind, tokens},
    },
    text::did_you_mean,
};
use std::collections::{BTreeMap, BTreeSet};

/// A script, ready to be looked at.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    /// The file.
    pub file: &'a SourceFile,
    statements: Vec<Words>,
    /// The tables and materialized views that it makes, each with the number of the statement.
    made: BTreeMap<String, usize>,
}

/// One statement and what the script did before it.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    words: &'a Words,
    before: &'a [Words],
    made: &'a BTreeMap<String, usize>,
}

/// The words of a statement, in lower case where case does not matter; names in quotes without them.
#[derive(Debug, Clone, Default)]
struct Words {
    words: Vec<String>,
    /// What it does to the transaction, if anything.
    control: Option<TransactionControl>,
    /// Where it stands in the file.
    span: (usize, usize),
}

/// What a rule found in a script.
#[derive(Debug, Clone)]
pub struct InScript {
    /// The rule.
    pub rule: &'static Rule,
    /// What it found.
    pub found: Found,
    /// Which statement, in the file.
    pub span: Span,
    /// The reason why it does not count, from a comment.
    pub ignored: Option<String>,
}

/// A comment that silences a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    code: String,
    reason: String,
    span: (usize, usize),
}

/// Everything that the rules find in a script, statement by statement; and comments that silence nothing.
pub fn lint_script(file: &SourceFile) -> (Vec<InScript>, Vec<Diagnostic>) {
    let script = Script::of(file);
    let (ignored, mut problems) = ignores(file);
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for (at, words) in script.statements.iter().enumerate() {
        let statement = Statement {
            words,
            before: &script.statements[..at],
            made: &script.made,
        };
        let from = at
            .checked_sub(1)
            .map_or(0, |at| script.statements[at].span.1);
        for known in RULES {
            let Look::Statement(look) = known.look else {
                continue;
            };
            let Some(one) = look(&statement) else {
                continue;
            };
            let silenced = ignored.iter().enumerate().find(|(_, comment)| {
                comment.code == known.code && (from..words.span.1).contains(&comment.span.0)
            });
            used.extend(silenced.map(|(index, _)| index));
            found.push(InScript {
                rule: known,
                found: one,
                span: Span::new(words.span.0, words.span.1),
                ignored: silenced.map(|(_, comment)| comment.reason.clone()),
            });
        }
    }
    for (_, comment) in ignored
        .iter()
        .enumerate()
        .filter(|(at, _)| !used.contains(at))
    {
        let primary = format!(
            "this comment silences nothing: \"{}\" is not broken here",
            comment.code
        );
        let place = file.place(Span::new(comment.span.0, comment.span.1));
        problems.push(Diagnostic::warning("unused-ignore", primary).at(place));
    }
    (found, problems)
}

/// What a comment begins with that silences a rule.
const IGNORE: &str = "pgauge: ignore ";

fn ignores(file: &SourceFile) -> (Vec<Ignored>, Vec<Diagnostic>) {
    let mut ignores = Vec::new();
    let mut problems = Vec::new();
    let comments = tokens(file.text())
        .into_iter()
        .filter(|token| matches!(token.kind, TokenKind::LineComment | TokenKind::BlockComment));
    for comment in comments {
        let text = &file.text()[comment.range.clone()];
        let text = text
            .trim_start_matches(['-', '/', '*'])
            .trim_end_matches(['*', '/']);
        let Some(rest) = text.trim().strip_prefix(IGNORE) else {
            continue;
        };
        let place = file.place(Span::new(comment.range.start, comment.range.end));
        let (code, reason) = rest.split_once(':').unwrap_or((rest, ""));
        let (code, reason) = (code.trim(), reason.trim());
        if rule(code).is_none() {
            let primary = format!("there is no rule \"{code}\"");
            let codes = RULES.iter().map(|rule| rule.code);
            let hint = did_you_mean(code, codes);
            let mut diagnostic = Diagnostic::error("unknown-rule", primary).at(place);
            diagnostic.hints.extend(hint);
            problems.push(diagnostic);
        } else if reason.is_empty() {
            let primary = "a rule is silenced without a reason".to_owned();
            let hint = format!("write why: -- pgauge: ignore {code}: the table is empty");
            problems.push(Diagnostic::error("no-reason", primary).at(place).hint(hint));
        } else {
            ignores.push(Ignored {
                code: code.to_owned(),
                reason: reason.to_owned(),
                span: (comment.range.start, comment.range.end),
            });
        }
    }
    (ignores, problems)
}

impl<'a> Script<'a> {
    /// Reads a file of SQL.
    pub fn of(file: &'a SourceFile) -> Self {
        let text = file.text();
        let statements = sql::split(text).statements.into_iter();
        let statements =
            statements.map(|statement| words(text, statement.range.start, statement.range.end));
        let statements: Vec<Words> = statements.collect();
        let made = made(&statements);
        Self {
            file,
            statements,
            made,
        }
    }
}

/// What the statements make that was not there before.
fn made(statements: &[Words]) -> BTreeMap<String, usize> {
    let mut made = BTreeMap::new();
    let mut dropped = BTreeSet::new();
    for (at, words) in statements.iter().enumerate() {
        dropped.extend(dropped_tables(&words.words));
        let Some((table, unless_there)) = created_table(&words.words) else {
            continue;
        };
        // With IF NOT EXISTS it may well be there and in use, unless the script has dropped it.
        if !unless_there || dropped.contains(&table) {
            made.entry(table).or_insert(at);
        }
    }
    made
}

/// What may stand between CREATE and TABLE.
const KINDS_OF_TABLE: [&str; 6] = [
    "global",
    "local",
    "temporary",
    "temp",
    "unlogged",
    "foreign",
];

/// The table or materialized view that a statement makes, and whether it does so only where there is none.
fn created_table(words: &[String]) -> Option<(String, bool)> {
    let mut rest = behind(words, "create")?;
    while rest
        .first()
        .is_some_and(|word| KINDS_OF_TABLE.contains(&word.as_str()))
    {
        rest = &rest[1..];
    }
    let rest = behind(rest, "table").or_else(|| behind(rest, "materialized view"))?;
    let unless_there = behind(rest, "if not exists");
    let (table, _) = name(unless_there.unwrap_or(rest))?;
    Some((table, unless_there.is_some()))
}

/// The tables and materialized views that a statement drops.
fn dropped_tables(words: &[String]) -> Vec<String> {
    let drops = ["drop table", "drop materialized view"];
    let Some(rest) = drops.iter().find_map(|run| behind(words, run)) else {
        return Vec::new();
    };
    names(behind(rest, "if exists").unwrap_or(rest))
}

fn words(text: &str, start: usize, end: usize) -> Words {
    let part = &text[start..end];
    let words = tokens(part)
        .into_iter()
        .filter(|token| token.is_significant());
    let words = words.map(|token| {
        let word = &part[token.range];
        match token.kind {
            TokenKind::Identifier => word.to_ascii_lowercase(),
            TokenKind::QuotedIdentifier => word.trim_matches('"').replace("\"\"", "\""),
            _ => word.to_owned(),
        }
    });
    let control = match sql::kind(part) {
        StatementKind::Transaction(control) => Some(control),
        _ => None,
    };
    Words {
        words: words.collect(),
        control,
        span: (start, end),
    }
}

impl<'a> Statement<'a> {
    /// The words, in order.
    pub fn words(&self) -> &'a [String] {
        &self.words.words
    }

    /// Whether the statement begins with these words.
    pub fn begins(&self, with: &str) -> bool {
        begins(self.words(), with)
    }

    /// Whether these words stand somewhere in it, one after another.
    pub fn says(&self, run: &str) -> bool {
        self.after(run).is_some()
    }

    /// What stands behind the first place of these words.
    pub fn after(&self, run: &str) -> Option<&'a [String]> {
        let words = self.words();
        let length = run.split(' ').count();
        let at = (0..words.len()).find(|at| begins(&words[*at..], run))?;
        Some(&words[at + length..])
    }

    /// The table that `ALTER TABLE` changes, with the words behind its name.
    pub fn altered_table(&self) -> Option<(String, &'a [String])> {
        if !self.begins("alter table") {
            return None;
        }
        let mut rest = &self.words()[2..];
        for optional in ["if exists", "only"] {
            if begins(rest, optional) {
                rest = &rest[optional.split(' ').count()..];
            }
        }
        let (name, rest) = name(rest)?;
        Some((name, rest))
    }

    /// The actions of `ALTER TABLE`, which commas part.
    pub fn actions(&self) -> Vec<&'a [String]> {
        let Some((_, rest)) = self.altered_table() else {
            return Vec::new();
        };
        let mut depth = 0_i32;
        let parts = rest.split(move |word| {
            match word.as_str() {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            word == "," && depth == 0
        });
        parts.collect()
    }

    /// Whether the script itself made this table or materialized view, so that nobody uses it yet. What it makes IF NOT
    /// EXISTS may have been there.
    pub fn made_here(&self, table: &str) -> bool {
        let made = self.made.get(table);
        made.is_some_and(|at| *at < self.before.len())
    }

    /// The statements before it, in order.
    pub fn earlier(&self) -> impl Iterator<Item = Statement<'a>> + use<'a> {
        let (before, made) = (self.before, self.made);
        (0..before.len()).map(move |at| Statement {
            words: &before[at],
            before: &before[..at],
            made,
        })
    }

    /// The tables and materialized views that it drops.
    pub fn dropped_tables(&self) -> Vec<String> {
        dropped_tables(self.words())
    }

    /// Whether a transaction is open that the script itself began.
    pub fn in_transaction(&self) -> bool {
        use TransactionControl::*;
        let open = self.before.iter().rev().find_map(|words| {
            match words.control? {
                Begin => Some(true),
                // AND CHAIN begins the next one.
                Commit | Rollback => Some(words.words.join(" ").ends_with("and chain")),
                Prepare => Some(false),
                Savepoint | RollbackTo | Release | CommitPrepared | RollbackPrepared => None,
            }
        });
        open == Some(true)
    }
}

/// Whether words begin with these.
pub(super) fn begins(words: &[String], with: &str) -> bool {
    let mut run = with.split(' ');
    let mut words = words.iter();
    run.all(|word| words.next().is_some_and(|known| known == word))
}

/// The words behind these, if words begin with them.
pub(super) fn behind<'a>(words: &'a [String], with: &str) -> Option<&'a [String]> {
    begins(words, with).then(|| &words[with.split(' ').count()..])
}

/// The column of `ALTER [COLUMN]` among the actions of ALTER TABLE, with what is done to it.
pub(super) fn altered_column(action: &[String]) -> Option<(&str, &[String])> {
    let rest = behind(action, "alter")?;
    if begins(rest, "constraint") {
        return None;
    }
    let (column, rest) = behind(rest, "column").unwrap_or(rest).split_first()?;
    Some((column, rest))
}

/// How ADD begins where it adds no column.
const CONSTRAINTS: [&str; 8] = [
    "constraint",
    "check",
    "unique",
    "primary key",
    "foreign key",
    "exclude using",
    "exclude (",
    "not null",
];

/// The column of `ADD [COLUMN]` among the actions of ALTER TABLE, with its type and what else is said of it.
pub(super) fn added_column(action: &[String]) -> Option<(&str, &[String])> {
    let rest = behind(action, "add")?;
    if CONSTRAINTS.iter().any(|run| begins(rest, run)) {
        return None;
    }
    let rest = behind(rest, "column").unwrap_or(rest);
    let rest = behind(rest, "if not exists").unwrap_or(rest);
    let (column, rest) = rest.split_first()?;
    Some((column, rest))
}

/// The names at the beginning, which commas part: `ONLY orders, shop.users *`.
pub(super) fn names(words: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = Some(words);
    while let Some(words) = rest {
        let Some((one, after)) = name(behind(words, "only").unwrap_or(words)) else {
            break;
        };
        names.push(one);
        rest = behind(behind(after, "*").unwrap_or(after), ",");
    }
    names
}

/// A name with its schema, and the words behind it.
pub(super) fn name(words: &[String]) -> Option<(String, &[String])> {
    let first = words.first()?;
    match words.get(1).map(String::as_str) {
        Some(".") => {
            let second = words.get(2)?;
            let name = match first.as_str() {
                "public" => second.clone(),
                schema => format!("{schema}.{second}"),
            };
            Some((name, &words[3..]))
        }
        _ => Some((first.clone(), &words[1..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(sql: &str) -> Vec<(&'static str, Option<String>)> {
        let file = SourceFile::new("m.sql", sql);
        let (found, _) = lint_script(&file);
        let found = found.into_iter();
        found
            .map(|found| (found.rule.code, found.ignored))
            .collect()
    }

    #[test]
    fn what_a_script_made_itself_nobody_uses_yet() {
        let made = "CREATE TABLE public.orders (id bigint); CREATE INDEX ON orders (id);
            ALTER TABLE orders ADD CHECK (id > 0); ALTER TABLE orders ALTER id SET NOT NULL;";
        assert_eq!(codes(made), []);
        assert_eq!(codes("CREATE INDEX ON orders (id);").len(), 1);
    }

    /// The rules that a script breaks.
    fn broken(sql: &str) -> Vec<&'static str> {
        codes(sql).into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn every_kind_of_table_that_a_script_makes_is_its_own() {
        for kind in [
            "TEMP TABLE",
            "TEMPORARY TABLE",
            "LOCAL TEMP TABLE",
            "UNLOGGED TABLE",
            "MATERIALIZED VIEW",
            "MATERIALIZED VIEW IF NOT EXISTS",
        ] {
            let dropped = "DROP MATERIALIZED VIEW IF EXISTS old, fresh;";
            let sql = format!(
                "{dropped} CREATE {kind} fresh AS SELECT 1 AS id; CREATE INDEX ON fresh (id);"
            );
            assert_eq!(broken(&sql), [""; 0], "{kind}");
        }
    }

    #[test]
    fn what_is_made_only_where_there_is_none_may_have_been_there() {
        let made = "CREATE TABLE IF NOT EXISTS orders (id bigint); CREATE INDEX ON orders (id);";
        assert_eq!(broken(made), ["index-not-concurrent"]);
        let anew = format!(
            "SET lock_timeout = '2s';
            -- pgauge: ignore drop-in-use: it is made anew
            DROP TABLE IF EXISTS users, orders CASCADE; {made}"
        );
        assert_eq!(broken(&anew), ["drop-in-use"]);
    }

    #[test]
    fn a_column_may_be_called_what_is_a_word_elsewhere() {
        let altered = |action: &str| {
            broken(&format!(
                "SET lock_timeout = '2s'; ALTER TABLE events {action};"
            ))
        };
        for action in [
            "ALTER COLUMN type SET DEFAULT 'x'",
            "ALTER type SET STATISTICS 500",
            "ALTER CONSTRAINT type NOT DEFERRABLE",
            "ADD COLUMN serial text",
            "ADD COLUMN IF NOT EXISTS serial4 text DEFAULT 'random()'",
            "ADD generated boolean DEFAULT false",
            "ADD COLUMN total int GENERATED ALWAYS AS (a + b) VIRTUAL",
            "ADD at timestamptz DEFAULT now()",
        ] {
            assert_eq!(altered(action), [""; 0], "{action}");
        }
        for (action, code) in [
            ("ALTER COLUMN type SET NOT NULL", "not-null-at-once"),
            ("ALTER type TYPE text", "type-change"),
            ("ALTER COLUMN type SET DATA TYPE text", "type-change"),
            (
                "ADD COLUMN IF NOT EXISTS serial bigserial",
                "volatile-default",
            ),
            ("ADD serial serial", "volatile-default"),
            (
                "ADD id int GENERATED BY DEFAULT AS IDENTITY",
                "volatile-default",
            ),
            (
                "ADD total int GENERATED ALWAYS AS (a + b) STORED",
                "volatile-default",
            ),
            (
                "ADD token uuid DEFAULT public.gen_random_uuid()",
                "volatile-default",
            ),
        ] {
            assert_eq!(altered(action), [code], "{action}");
        }
    }

    #[test]
    fn what_the_server_refuses_in_a_transaction_is_known_from_what_it_takes() {
        let refused = |before: &str, sql: &str| {
            broken(&format!("{before}; SET lock_timeout = '2s'; {sql}"))
                .contains(&"concurrently-in-transaction")
        };
        for sql in [
            "CREATE UNIQUE INDEX CONCURRENTLY i ON orders (x)",
            "DROP INDEX CONCURRENTLY i",
            "REINDEX TABLE CONCURRENTLY orders",
            "REINDEX (VERBOSE) INDEX CONCURRENTLY i",
            "REINDEX (CONCURRENTLY, VERBOSE) TABLE orders",
            "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
        ] {
            assert!(refused("BEGIN", sql), "{sql}");
            assert!(!refused("SELECT 1", sql), "{sql}");
        }
        for sql in [
            "REFRESH MATERIALIZED VIEW CONCURRENTLY mv",
            "ALTER TABLE p DETACH PARTITION p1",
            "REINDEX TABLE orders",
        ] {
            assert!(!refused("BEGIN", sql), "{sql}");
        }
        let drop = "DROP INDEX CONCURRENTLY i";
        for before in [
            "START TRANSACTION",
            "BEGIN; SAVEPOINT s; ROLLBACK TO SAVEPOINT s",
            "BEGIN; SAVEPOINT s; ROLLBACK WORK TO s; RELEASE s",
            "BEGIN; COMMIT AND CHAIN",
        ] {
            assert!(refused(before, drop), "{before}");
        }
        for before in [
            "BEGIN; ABORT",
            "BEGIN; END",
            "BEGIN; COMMIT AND NO CHAIN",
            "BEGIN; PREPARE TRANSACTION 'x'",
        ] {
            assert!(!refused(before, drop), "{before}");
        }
    }

    #[test]
    fn not_null_is_quick_only_behind_a_validated_check_of_this_column() {
        let set = |before: &str| {
            broken(&format!(
                "SET lock_timeout = '2s'; {before};
                ALTER TABLE orders ALTER COLUMN note SET NOT NULL;"
            ))
            .contains(&"not-null-at-once")
        };
        let validated = |check: &str| {
            set(&format!(
                "ALTER TABLE orders ADD CONSTRAINT c {check} NOT VALID;
                ALTER TABLE orders VALIDATE CONSTRAINT c"
            ))
        };
        assert!(!validated("CHECK (note IS NOT NULL)"));
        assert!(!validated("CHECK ((note IS NOT NULL) AND (total > 0))"));
        assert!(!validated("NOT NULL note"));
        assert!(validated("CHECK (note IS NOT NULL OR total > 0)"));
        assert!(validated("CHECK (total IS NOT NULL)"));
        assert!(validated("FOREIGN KEY (note) REFERENCES notes"));
        assert!(set("ALTER TABLE users VALIDATE CONSTRAINT c"));
        assert!(set(
            "ALTER TABLE orders ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID"
        ));
        // What a constraint of another script says is not known here.
        assert!(!set("ALTER TABLE public.orders VALIDATE CONSTRAINT c"));
        assert!(!set("ALTER TABLE orders ADD CHECK (note IS NOT NULL)"));
    }

    #[test]
    fn the_first_lock_on_what_may_be_in_use_is_told() {
        let told = |sql: &str| -> Vec<String> {
            let (found, _) = lint_script(&SourceFile::new("m.sql", sql));
            let found = found.into_iter();
            let found = found.filter(|found| found.rule.code == "no-lock-timeout");
            found.map(|found| found.found.of).collect()
        };
        let own = "CREATE TABLE fresh (id int);";
        for sql in [
            "DROP TABLE fresh;",
            "DROP TABLE IF EXISTS fresh CASCADE;",
            "TRUNCATE TABLE ONLY fresh;",
            "TRUNCATE fresh RESTART IDENTITY;",
            "LOCK fresh; VACUUM FULL fresh; CLUSTER fresh USING fresh_pkey;",
            "LOCK TABLE orders NOWAIT;",
            "VACUUM ANALYZE orders; VACUUM; DROP INDEX CONCURRENTLY i;",
        ] {
            assert_eq!(told(&format!("{own} {sql}")), [""; 0], "{sql}");
        }
        for sql in [
            "ALTER TABLE fresh ADD x int; ALTER TABLE orders ADD y int;",
            "TRUNCATE fresh, public.orders;",
            "DROP TABLE IF EXISTS fresh, orders;",
            "TRUNCATE orders; TRUNCATE users; DROP TABLE users;",
            "LOCK TABLE ONLY orders IN ACCESS EXCLUSIVE MODE;",
            "VACUUM FULL VERBOSE ANALYZE orders;",
            "VACUUM (ANALYZE, FULL) orders;",
            "CLUSTER orders USING orders_pkey;",
        ] {
            assert_eq!(told(&format!("{own} {sql}")), ["orders"], "{sql}");
        }
        for sql in ["VACUUM FULL;", "CLUSTER;", "DROP INDEX orders_note;"] {
            assert_eq!(told(sql), [""], "{sql}");
        }
        assert_eq!(told("SET lock_timeout = '2s'; TRUNCATE orders;"), [""; 0]);
    }

    #[test]
    fn whatever_is_dropped_is_told() {
        let told = |sql: &str| -> Option<String> {
            let (found, _) = lint_script(&SourceFile::new("m.sql", sql));
            let mut found = found.into_iter();
            let found = found.find(|found| found.rule.code == "drop-in-use")?;
            Some(found.found.says)
        };
        let column = "a column of orders and its data are gone for good";
        for (sql, says) in [
            ("DROP TABLE fresh", None),
            (
                "DROP TABLE fresh, orders",
                Some("orders and its data are gone for good"),
            ),
            (
                "DROP TABLE orders, fresh, shop.users CASCADE",
                Some("orders and shop.users and their data are gone for good"),
            ),
            ("ALTER TABLE orders DROP note", Some(column)),
            ("ALTER TABLE orders DROP IF EXISTS note", Some(column)),
            (
                "ALTER TABLE orders ADD x int, DROP COLUMN note",
                Some(column),
            ),
            ("ALTER TABLE orders DROP CONSTRAINT note", None),
            ("ALTER TABLE orders ALTER note DROP NOT NULL", None),
            ("ALTER TABLE fresh DROP note", None),
        ] {
            let script = format!("CREATE TABLE fresh (id int); {sql};");
            assert_eq!(told(&script).as_deref(), says, "{sql}");
        }
    }

    #[test]
    fn a_new_column_that_is_unique_builds_an_index_too() {
        let added = |column: &str| {
            broken(&format!(
                "SET lock_timeout = '2s'; ALTER TABLE users ADD {column};"
            ))
        };
        let rule = ["unique-constraint-at-once"];
        assert_eq!(added("COLUMN token uuid UNIQUE"), rule);
        assert_eq!(added("token uuid CONSTRAINT once UNIQUE"), rule);
        assert_eq!(added("COLUMN IF NOT EXISTS id bigint PRIMARY KEY"), rule);
        assert_eq!(added("COLUMN token uuid"), [""; 0]);
        assert_eq!(added("CONSTRAINT once UNIQUE USING INDEX i"), [""; 0]);
    }

    #[test]
    fn a_comment_silences_a_rule_for_the_next_statement_only() {
        let sql = "-- pgauge: ignore index-not-concurrent: it is empty
            CREATE INDEX ON orders (id);
            CREATE INDEX ON users (id);";
        assert_eq!(
            codes(sql),
            [
                ("index-not-concurrent", Some("it is empty".to_owned())),
                ("index-not-concurrent", None),
            ]
        );
    }

    #[test]
    fn a_comment_needs_a_rule_a_reason_and_something_to_silence() {
        let problems = |sql: &str| -> Vec<String> {
            let (_, problems) = lint_script(&SourceFile::new("m.sql", sql));
            problems
                .iter()
                .map(|problem| problem.code.to_string())
                .collect()
        };
        assert_eq!(
            problems("-- pgauge: ignore renam: x\nSELECT 1;"),
            ["unknown-rule"]
        );
        assert_eq!(
            problems("-- pgauge: ignore rename\nSELECT 1;"),
            ["no-reason"]
        );
        assert_eq!(
            problems("-- pgauge: ignore rename: x\nSELECT 1;"),
            ["unused-ignore"]
        );
    }

    #[test]
    fn commas_inside_parentheses_part_no_actions() {
        let sql = "ALTER TABLE orders ADD COLUMN price numeric(12, 2) DEFAULT 0, ADD UNIQUE (a, b)";
        let found = codes(sql);
        let codes: Vec<&str> = found.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, ["unique-constraint-at-once", "no-lock-timeout"]);
    }
}
