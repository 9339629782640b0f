//! What must not be told? Secrets in words that come from the server or the operating system.
//!
//! The author's own SQL and rows stay as they are: they are in the author's files, and changing them would make
//! a report lie.

use super::results::Results;
use crate::{record::CaseEnd, text::Redactor};

impl Results {
    /// The same without the secrets that the redactor knows, in messages and in the server's name.
    pub fn without_secrets(mut self, redactor: &Redactor) -> Self {
        let hide = |text: &mut String| *text = redactor.redact(text);
        if let Some(server) = &mut self.run.server {
            hide(&mut server.place);
        }
        for case in &mut self.cases {
            if let CaseEnd::Broke(breakage) = &mut case.log.end {
                hide(&mut breakage.message);
                breakage.detail.iter_mut().for_each(hide);
            }
            for finding in &mut case.findings {
                hide(&mut finding.primary);
                finding.detail.iter_mut().for_each(hide);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{record::Breakage, report::sample};

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
}
