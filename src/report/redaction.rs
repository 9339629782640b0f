//! What must not be told? Secrets, wherever they stand: in words of the server, in SQL, in rows, in names.
//!
//! Where there are none, which is the rule, nothing is touched: a report does not lie.

use super::results::Results;
use crate::{record::RunFacts, text::Redactor};
use serde_json::Value;

impl Results {
    /// The same without the secrets that the redactor knows, and without passwords that show by their shape.
    pub fn without_secrets(self, redactor: &Redactor) -> Self {
        // Every text of the results is in their own form; one that is not there cannot be told by a report.
        let Ok(text) = serde_json::to_string(&self) else {
            return self;
        };
        if !redactor.may_find(&text) {
            return self;
        }
        let hidden = |words| {
            serde_json::from_str(&text).and_then(|mut value: Value| {
                hide(&mut value, redactor, words);
                serde_json::from_value(value)
            })
        };
        let hidden = hidden(Words::Hidden).or_else(|_| hidden(Words::Kept));
        let mut hidden = hidden.unwrap_or_else(|_| Self::new(RunFacts::default()));
        // Places point into the files by their bytes.
        let sources = self.sources.into_iter();
        hidden.sources = sources
            .map(|(file, text)| (redactor.redact(&file), redactor.blank(&text)))
            .collect();
        hidden
    }
}

/// Whether a text that is one word, and a secret, is hidden too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    /// It is.
    Hidden,
    /// It is not: somebody's password is a word of the form itself, such as `done`.
    Kept,
}

/// Hides in every text, those of keys too: a client may be called like a secret.
fn hide(value: &mut Value, redactor: &Redactor, words: Words) {
    match value {
        Value::String(text) => *text = hidden(text, redactor, words),
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| hide(value, redactor, words)),
        Value::Object(map) => {
            let entries = std::mem::take(map).into_iter();
            map.extend(entries.map(|(key, mut value)| {
                hide(&mut value, redactor, words);
                (hidden(&key, redactor, words), value)
            }));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn hidden(text: &str, redactor: &Redactor, words: Words) -> String {
    let is_word = || {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    match words == Words::Kept && is_word() {
        true => text.to_owned(),
        false => redactor.redact(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        record::{Breakage, CaseEnd},
        report::sample,
    };

    #[test]
    fn no_report_tells_a_password() {
        let mut results = sample::results();
        let breakage = Breakage {
            message: "cannot reach postgres://qa:hunter22@db, hunter22".into(),
            detail: Some("hunter22 was refused".into()),
            ..Breakage::default()
        };
        results.cases[3].log.end = CaseEnd::Broke(Box::new(breakage));
        results.cases[3].findings[0].primary = "no hunter22 here".into();
        results.run.server.as_mut().unwrap().place = "postgres://qa:hunter22@db/x".into();
        let mut redactor = Redactor::new();
        redactor.learn_url("postgres://qa:hunter22@db/x");
        let results = results.without_secrets(&redactor);
        let told = String::from_utf8(results.to_json().unwrap()).unwrap();
        assert!(!told.contains("hunter22"), "{told}");
        assert!(told.contains("postgres://qa:***@db/x"));
    }

    #[test]
    fn a_password_that_is_a_word_of_the_form_breaks_no_report() {
        let mut redactor = Redactor::new();
        // Every word that the results are made of might be somebody's password.
        for word in ["passed", "failed", "cases", "events", "kind", "errored"] {
            redactor.learn(word);
        }
        let results = sample::results();
        let count = results.cases.len();
        assert_eq!(results.without_secrets(&redactor).cases.len(), count);
    }
}
