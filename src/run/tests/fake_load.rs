//! Connections of a load to a server that answers at once.
//!
//! `FAIL code` is an error, `ODD` one of every second time on a connection, `UNPARSED` one as soon as it is prepared, `GONE`
//! ends the connection, `KILL` with an error, `DOOM` with one that comes with the next statement, `BLIND` has the watch fail
//! at the end, `PLACES` has a row for each processor on which its user may run, and anything else succeeds with one row.
//! `FAIL code span` and `TAKE span` take so many milliseconds, as far as one can see.

use crate::{
    record::{Breakage, ServerError, load::LoadServer},
    run::load::{Answer, AnswerEnd, ArgumentBuffer, Dialer, Link, LoadStatement, LoadWatch, Look},
    schedule::Barrier,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Opens connections.
#[derive(Clone)]
pub struct FakeDialer(pub Arc<AtomicBool>);

impl Dialer for FakeDialer {
    type Link = FakeLink;

    fn is_local(&self) -> bool {
        true
    }

    async fn dial(&self) -> Result<FakeLink, ServerError> {
        Ok(FakeLink {
            blind: Arc::clone(&self.0),
            ..FakeLink::default()
        })
    }
}

/// A connection.
#[derive(Default)]
pub struct FakeLink {
    pushed: Vec<String>,
    odd: bool,
    in_transaction: bool,
    doom: Option<String>,
    blind: Arc<AtomicBool>,
}

fn error(code: &str) -> ServerError {
    ServerError {
        severity: "ERROR".to_owned(),
        code: code.to_owned(),
        message: format!("failed with {code}"),
        ..ServerError::default()
    }
}

fn fatal(code: &str) -> ServerError {
    ServerError {
        severity: "FATAL".to_owned(),
        ..error(code)
    }
}

impl Link for FakeLink {
    fn is_prepared(&self, statement: &LoadStatement) -> bool {
        !statement.sql.starts_with("UNPARSED")
    }

    async fn prepare(&mut self, statement: &LoadStatement) -> Result<(), ServerError> {
        let code = statement.sql.split(' ').next_back();
        Err(error(code.unwrap_or_default()))
    }

    fn push(&mut self, statement: &LoadStatement, _: &ArgumentBuffer) {
        self.pushed.push(statement.sql.clone());
    }

    async fn exchange(&mut self, answers: &mut Vec<Answer>) -> Result<(), ServerError> {
        // Somebody else may go on meanwhile, as with a real server.
        tokio::task::yield_now().await;
        if let Some(code) = self.doom.take() {
            return Err(fatal(&code));
        }
        let mut failed = false;
        let mut now = Instant::now();
        for sql in std::mem::take(&mut self.pushed) {
            let words: Vec<&str> = sql.split_whitespace().collect();
            let refused = match words.as_slice() {
                ["FAIL", code, ..] => Some(error(code)),
                ["ODD", code] => {
                    self.odd = !self.odd;
                    self.odd.then(|| error(code))
                }
                ["GONE"] => return Err(error("")),
                ["KILL", code] => return Err(fatal(code)),
                ["DOOM", code] => {
                    self.doom = Some((*code).to_owned());
                    None
                }
                ["BLIND"] => {
                    self.blind.store(true, Ordering::Relaxed);
                    None
                }
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
            if let ["FAIL", _, millis] | ["TAKE", millis] = words.as_slice() {
                now += Duration::from_millis(millis.parse().unwrap());
            }
            answers.push(Answer {
                end,
                row_count: match words.as_slice() {
                    ["PLACES"] => std::thread::available_parallelism().unwrap().get() as u64,
                    _ => 1,
                },
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
pub struct FakeLoadWatch(pub Arc<AtomicBool>);

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
        match self.0.load(Ordering::Relaxed) {
            false => Ok(LoadServer::default()),
            true => Err(Breakage {
                code: "watch".to_owned(),
                ..Breakage::default()
            }),
        }
    }

    async fn end_sessions(&mut self) {}
}
