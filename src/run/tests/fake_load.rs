//! Connections of a load to a server that answers at once.
//!
//! `FAIL code` is an error, `ODD` one of every second time on a connection, `GONE` ends the connection, and anything else
//! succeeds with one row.

use crate::{
    record::{Breakage, ServerError, load::LoadServer},
    run::load::{Answer, AnswerEnd, ArgumentBuffer, Dialer, Link, LoadStatement, LoadWatch, Look},
    schedule::Barrier,
};
use std::time::Instant;

/// Opens connections.
#[derive(Clone)]
pub struct FakeDialer;

impl Dialer for FakeDialer {
    type Link = FakeLink;

    fn is_local(&self) -> bool {
        false
    }

    async fn dial(&self) -> Result<FakeLink, ServerError> {
        Ok(FakeLink::default())
    }
}

/// A connection.
#[derive(Default)]
pub struct FakeLink {
    pushed: Vec<String>,
    odd: bool,
    in_transaction: bool,
}

fn error(code: &str) -> ServerError {
    ServerError {
        severity: "ERROR".to_owned(),
        code: code.to_owned(),
        message: format!("failed with {code}"),
        ..ServerError::default()
    }
}

impl Link for FakeLink {
    fn is_prepared(&self, _: &LoadStatement) -> bool {
        true
    }

    async fn prepare(&mut self, _: &LoadStatement) -> Result<(), ServerError> {
        Ok(())
    }

    fn push(&mut self, statement: &LoadStatement, _: &ArgumentBuffer) {
        self.pushed.push(statement.sql.clone());
    }

    async fn exchange(&mut self, answers: &mut Vec<Answer>) -> Result<(), ServerError> {
        // Somebody else may go on meanwhile, as with a real server.
        tokio::task::yield_now().await;
        let mut failed = false;
        for sql in std::mem::take(&mut self.pushed) {
            let words: Vec<&str> = sql.split_whitespace().collect();
            let refused = match words.as_slice() {
                ["FAIL", code] => Some(error(code)),
                ["ODD", code] => {
                    self.odd = !self.odd;
                    self.odd.then(|| error(code))
                }
                ["GONE"] => return Err(error("")),
                ["BEGIN", ..] => {
                    self.in_transaction = true;
                    None
                }
                ["COMMIT" | "ROLLBACK"] => {
                    self.in_transaction = false;
                    None
                }
                _ => None,
            };
            let end = match refused {
                _ if failed => AnswerEnd::NotRun,
                Some(error) => AnswerEnd::Refused(Box::new(error)),
                None => AnswerEnd::Done,
            };
            failed |= end != AnswerEnd::Done;
            let now = Instant::now();
            answers.push(Answer {
                end,
                row_count: 1,
                result: None,
                first_row: now,
                ended: now,
            });
        }
        Ok(())
    }

    fn in_transaction(&self) -> bool {
        self.in_transaction
    }
}

/// Sees nothing.
pub struct FakeLoadWatch;

impl LoadWatch for FakeLoadWatch {
    async fn meet(&mut self, _: &Barrier) -> Result<(), Breakage> {
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), Breakage> {
        Ok(())
    }

    async fn look(&mut self) -> Result<Look, Breakage> {
        Ok(Look::default())
    }

    async fn end(&mut self) -> Result<LoadServer, Breakage> {
        Ok(LoadServer::default())
    }

    async fn end_sessions(&mut self) {}
}
