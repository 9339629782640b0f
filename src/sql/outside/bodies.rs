//! Code inside of SQL: DO blocks, the bodies of functions, and SQL that such code puts together.

use super::text::{Kind, Piece, pieces};
use super::{Finder, Outside, calls, commands};

/// Bodies in bodies in bodies: nobody writes more, and a hostile text shall not use up the stack.
const DEEPEST: usize = 16;

/// The languages whose code can be judged.
const KNOWN: [&str; 2] = ["sql", "plpgsql"];

/// Judges a text of statements.
pub(super) fn statements(sql: &str, found: &mut Finder<'_>) {
    judge(sql, Place::Script, 0, found);
}

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// What is sent to the server.
    Script,
    /// The body of a block or a function.
    Body,
}

fn judge(sql: &str, place: Place, depth: usize, found: &mut Finder<'_>) {
    if depth > DEEPEST {
        return found(Outside::DynamicSql, "code nested too deep".to_owned());
    }
    let all = pieces(sql);
    commands::look(&all, found);
    calls::look(&all, found);
    for statement in all.split(|piece| piece.is(";")) {
        bodies(statement, place, depth, found);
    }
    if place == Place::Body {
        executes(&all, depth, found);
    }
}

/// The code that a statement holds as text. In a body any statement may begin in the middle of what `;` divides, so
/// every text is taken for code there.
fn bodies(statement: &[Piece<'_>], place: Place, depth: usize, found: &mut Finder<'_>) {
    let makes_code = statement.first().is_some_and(|first| first.is("do"))
        || statement
            .iter()
            .any(|piece| piece.is_any(&["function", "procedure"]));
    if !makes_code && place == Place::Script {
        return;
    }
    if makes_code && let Some(language) = other_language(statement) {
        return found(Outside::OtherLanguages, format!("LANGUAGE {language}"));
    }
    let mut rest = statement;
    while let Some(at) = rest.iter().position(|piece| piece.kind == Kind::Text) {
        // Texts that follow each other on lines of their own are one.
        let count = rest[at..]
            .iter()
            .take_while(|piece| piece.kind == Kind::Text)
            .count();
        let parts: Option<Vec<String>> = rest[at..at + count].iter().map(Piece::literal).collect();
        match parts.map(|parts| parts.concat()) {
            Some(code) if !code.trim().is_empty() => judge(&code, Place::Body, depth + 1, found),
            Some(_) => {}
            None if makes_code => found(
                Outside::DynamicSql,
                "code in a text with escapes".to_owned(),
            ),
            None => {}
        }
        rest = &rest[at + count..];
    }
}

/// What follows a LANGUAGE, folded, if it is none whose code can be judged. Every such word counts: a parameter may be
/// called so.
fn other_language(statement: &[Piece<'_>]) -> Option<String> {
    let words = statement.windows(2).filter(|pair| pair[0].is("language"));
    let mut names = words.map(|pair| match pair[1].kind {
        Kind::Text => pair[1].literal().unwrap_or_default().to_ascii_lowercase(),
        _ => pair[1].name.clone(),
    });
    names.find(|name| !KNOWN.contains(&name.as_str()))
}

/// `EXECUTE` of PL/pgSQL: SQL that is put together while it runs. It can be judged where it is one text, or one that
/// `format` fills with quoted names and values only.
fn executes(pieces: &[Piece<'_>], depth: usize, found: &mut Finder<'_>) {
    for (at, piece) in pieces.iter().enumerate() {
        if !piece.is("execute") {
            continue;
        }
        let before = at.checked_sub(1).map(|before| &pieces[before]);
        let is_right = before.is_some_and(|before| before.is_any(&["grant", "revoke", ",", "for"]))
            && pieces
                .get(at + 1)
                .is_some_and(|next| next.is_any(&["on", ","]));
        let is_trigger = pieces
            .get(at + 1)
            .is_some_and(|next| next.is_any(&["function", "procedure"]));
        if is_right || is_trigger {
            continue;
        }
        match text_of(&pieces[at + 1..]) {
            Some(sql) => judge(&sql, Place::Body, depth + 1, found),
            None => found(Outside::DynamicSql, "EXECUTE".to_owned()),
        }
    }
}

/// The SQL that an EXECUTE runs, placeholders of `format` as words.
fn text_of(rest: &[Piece<'_>]) -> Option<String> {
    let ends = |piece: Option<&Piece<'_>>| {
        piece.is_none_or(|piece| piece.is_any(&[";", "into", "using", "loop"]))
    };
    let first = rest.first()?;
    if first.kind == Kind::Text {
        return ends(rest.get(1)).then(|| first.literal()).flatten();
    }
    if !first.names("format") || !rest.get(1)?.is("(") {
        return None;
    }
    let mut depth = 0_usize;
    let close = rest.iter().position(|piece| {
        match piece.text {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => return false,
        }
        depth == 0
    })?;
    let template = rest.get(2)?.literal()?;
    let only = rest.get(3)?.is_any(&[",", ")"]);
    (only && ends(rest.get(close + 1)))
        .then(|| filled(&template))
        .flatten()
}

/// A template of `format` with its names and values filled in; none if it takes text as it is (`%s`).
fn filled(template: &str) -> Option<String> {
    let mut sql = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        sql.push_str(before);
        let conversion = after.find(|c: char| !(c.is_ascii_digit() || "$-*".contains(c)))?;
        match &after[conversion..=conversion] {
            "I" => sql.push_str("\"name\""),
            "L" => sql.push_str("'value'"),
            "%" => sql.push('%'),
            _ => return None,
        }
        rest = &after[conversion + 1..];
    }
    sql.push_str(rest);
    Some(sql)
}
