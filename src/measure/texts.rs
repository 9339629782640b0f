//! What do the texts that were sent say? Each different text is read once.

use super::trace::Message;
use crate::{
    record::Value,
    sql::{
        Fingerprint, StatementKind, TransactionControl, fingerprint, kind,
        lexer::{TokenKind, tokens},
        split,
    },
};
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// What one text says.
#[derive(Debug, Clone, PartialEq)]
pub struct TextFacts {
    /// The statement without its values.
    pub fingerprint: Fingerprint,
    /// What each of its statements does.
    pub kinds: Vec<StatementKind>,
    /// The literals in it, in order, without their quotes.
    pub literals: Vec<String>,
    /// Whether a list in it has several values, as `IN (1, 2)` does.
    pub has_list: bool,
}

impl TextFacts {
    fn read(sql: &str) -> Self {
        let fingerprint = fingerprint(sql);
        let values: Vec<(TokenKind, &str)> = tokens(sql)
            .into_iter()
            .filter(|token| is_value(token.kind))
            .map(|token| (token.kind, &sql[token.range]))
            .collect();
        let kept = tokens(&fingerprint.text);
        let kept = kept.iter().filter(|token| is_value(token.kind)).count();
        Self {
            kinds: split(sql)
                .statements
                .iter()
                .map(|statement| kind(statement.text(sql)))
                .collect(),
            has_list: values.len() > kept,
            literals: values
                .iter()
                .filter(|(kind, _)| *kind != TokenKind::Positional)
                .map(|(_, text)| text.trim_matches('\'').to_owned())
                .collect(),
            fingerprint,
        }
    }

    /// How many of its statements do work; BEGIN, COMMIT and ROLLBACK do not.
    pub fn statements(&self) -> u64 {
        use TransactionControl::{Begin, Commit, Rollback};
        let work = self
            .kinds
            .iter()
            .filter(|kind| !matches!(kind, StatementKind::Transaction(Begin | Commit | Rollback)));
        work.count() as u64
    }

    /// Whether it is one statement that only reads and locks nothing.
    pub fn is_read(&self) -> bool {
        self.kinds == [StatementKind::Read]
    }
}

fn is_value(kind: TokenKind) -> bool {
    match kind {
        TokenKind::String
        | TokenKind::DollarString
        | TokenKind::Number
        | TokenKind::Positional
        | TokenKind::Parameter => true,
        TokenKind::Whitespace
        | TokenKind::LineComment
        | TokenKind::BlockComment
        | TokenKind::Identifier
        | TokenKind::QuotedIdentifier
        | TokenKind::Cast
        | TokenKind::Assign
        | TokenKind::Operator
        | TokenKind::Punctuation
        | TokenKind::Unknown => false,
    }
}

/// The texts of a case, each read once.
#[derive(Debug, Default)]
pub(super) struct Texts<'a>(RefCell<HashMap<&'a str, Rc<TextFacts>>>);

impl<'a> Texts<'a> {
    /// What a text says.
    pub(super) fn read(&self, sql: &'a str) -> Rc<TextFacts> {
        let mut known = self.0.borrow_mut();
        let facts = known
            .entry(sql)
            .or_insert_with(|| Rc::new(TextFacts::read(sql)));
        Rc::clone(facts)
    }
}

/// The same values as the server reads them; none for NULL.
pub(super) fn binds_as_texts(message: &Message<'_>, text: &TextFacts) -> Vec<Option<String>> {
    let params = message.params.iter().map(Value::to_text);
    let literals = text
        .literals
        .iter()
        .map(|text| Some(text.replace("''", "'")));
    params.chain(literals).collect()
}

/// The values that tell two messages of one fingerprint apart: parameters, and literals in the text.
pub(super) fn binds(message: &Message<'_>, text: &TextFacts) -> Vec<String> {
    let params = message.params.iter().map(Value::to_string);
    params.chain(text.literals.iter().cloned()).collect()
}
