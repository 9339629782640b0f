//! Which words does a statement say, and how deep in parentheses? The view of a statement that
//! classification needs, without blanks and comments.

use super::lexer::{TokenKind, tokens};

/// A significant token, in lower case where case does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) kind: TokenKind,
    pub(super) text: String,
    /// Parentheses that are open around it; a parenthesis is as deep as what is around it.
    pub(super) depth: usize,
}

impl Word {
    /// Whether it is this keyword (given in lower case) or this sign.
    pub(super) fn is(&self, text: &str) -> bool {
        let plain = !matches!(
            self.kind,
            TokenKind::QuotedIdentifier | TokenKind::String | TokenKind::DollarString
        );
        plain && self.text == text
    }

    pub(super) fn is_any(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.is(text))
    }
}

/// The words of the first statement, without parentheses around all of it and without its `;`.
pub(super) fn words(sql: &str) -> Vec<Word> {
    let mut depth = 0_usize;
    let mut words = Vec::new();
    for token in tokens(sql)
        .into_iter()
        .filter(|token| token.is_significant())
    {
        let text = &sql[token.range];
        if text == ";" && depth == 0 {
            if words.is_empty() {
                continue;
            }
            break;
        }
        if text == ")" {
            depth = depth.saturating_sub(1);
        }
        let text = match token.kind {
            TokenKind::Identifier => text.to_ascii_lowercase(),
            _ => text.to_owned(),
        };
        let opens = text == "(";
        words.push(Word {
            kind: token.kind,
            text,
            depth,
        });
        depth += usize::from(opens);
    }
    unwrapped(words)
}

/// Takes away pairs of parentheses around the whole.
fn unwrapped(mut words: Vec<Word>) -> Vec<Word> {
    let leading = words.iter().take_while(|word| word.is("(")).count();
    let trailing = words.iter().rev().take_while(|word| word.is(")")).count();
    // A pair encloses all when nothing between is shallower than its inside.
    let inner = words.get(leading..words.len().saturating_sub(trailing));
    let shallowest = inner
        .into_iter()
        .flatten()
        .map(|word| word.depth)
        .min()
        .unwrap_or(0);
    let pairs = leading.min(trailing).min(shallowest);
    words.drain(..pairs);
    words.truncate(words.len() - pairs);
    let shallower = |word: &mut Word| word.depth = word.depth.saturating_sub(pairs);
    words.iter_mut().for_each(shallower);
    words
}

/// Whether these words stand somewhere one after another, at any depth.
pub(super) fn contains_run(words: &[Word], run: &[&str]) -> bool {
    words
        .windows(run.len())
        .any(|window| starts_with(window, run))
}

/// Whether the words begin with these.
pub(super) fn starts_with(words: &[Word], run: &[&str]) -> bool {
    words.len() >= run.len() && words.iter().zip(run).all(|(word, text)| word.is(text))
}
