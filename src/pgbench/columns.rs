//! Which columns does a statement return, as far as its words tell?

use crate::sql::lexer::{Token, TokenKind, tokens};

/// The names of the columns that a statement returns, where its words tell all of them.
pub(super) fn columns(sql: &str) -> Option<Vec<String>> {
    let tokens: Vec<_> = tokens(sql)
        .into_iter()
        .filter(Token::is_significant)
        .collect();
    let word = |at: usize| sql[tokens[at].range.clone()].to_ascii_lowercase();
    let returning = (0..tokens.len()).rev().find(|at| word(*at) == "returning");
    let first = match returning {
        Some(at) => at + 1,
        None if !tokens.is_empty() && word(0) == "select" => 1,
        None => return None,
    };
    let mut items: Vec<Vec<usize>> = vec![Vec::new()];
    let mut depth = 0;
    for at in first..tokens.len() {
        match word(at).as_str() {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "from" | "where" | "group" | "having" | "order" | "limit" | "union" | "for"
                if depth == 0 =>
            {
                break;
            }
            "," if depth == 0 => {
                items.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(item) = items.last_mut() {
            item.push(at);
        }
    }
    let named = items.iter().map(|item| {
        let last = *item.last()?;
        let is_name = match tokens[last].kind {
            TokenKind::Identifier | TokenKind::QuotedIdentifier => {
                item.len() == 1 || [".", "as"].contains(&word(item[item.len() - 2]).as_str())
            }
            _ => false,
        };
        let text = &sql[tokens[last].range.clone()];
        let name = match text.strip_prefix('"') {
            Some(quoted) => quoted.trim_end_matches('"').to_owned(),
            None => text.to_ascii_lowercase(),
        };
        is_name.then_some(name)
    });
    named.collect()
}
