//! How does a statement get to the server and its answer back? One statement goes by the extended protocol, in one round
//! trip, its parameters as text whose types the server infers; a batch goes as one message of the simple protocol.
//!
//! The driver looks up types that it does not know on the same connection, while the answer is under way. Behind a
//! statement that failed in its transaction that lookup fails too and hides the error; behind a large answer it waits for
//! ever. So a text that may return rows is prepared when it is seen first, which makes its types known before anything
//! runs; see [`Shapes`].

mod answer;
mod refusal;

use super::connect::Connector;
use super::encode::TextParam;
use super::explain;
use super::failure;
use super::guard::Guard;
use super::line::Line;
use super::shape::{Shape, Shapes};
use crate::record::{Explained, Reply, ResultSet, ServerError, Timing};
use crate::run::session::{Canceller, ExplainMode, Message, Session};
use crate::schedule::StatementForm;
use crate::sql;
use answer::Clock;
pub(super) use answer::values;
use deadpool_postgres::Object;
use futures_util::FutureExt;
use refusal::{Failure, unspeakable, wrong_parameter_count};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio_postgres::types::Type;
use tokio_postgres::{CancelToken, RowStream};

/// A connection of a client, from its pool.
#[derive(Debug)]
pub struct PgSession {
    client: Object,
    pid: i32,
    line: Arc<Line>,
    connector: Connector,
    guard: Arc<Guard>,
    shapes: Shapes,
}

impl PgSession {
    pub(super) fn new(
        client: Object,
        pid: i32,
        line: Arc<Line>,
        connector: Connector,
        guard: Arc<Guard>,
        schema_version: Arc<AtomicU64>,
    ) -> Self {
        Self {
            client,
            pid,
            line,
            connector,
            guard,
            shapes: Shapes::new(schema_version),
        }
    }

    /// Why somebody's server shall not get this text; what was sent before has been judged.
    fn refusal(&mut self, sql: &str) -> Option<ServerError> {
        match self.shapes.get(sql) {
            Some(_) => None,
            None => self.guard.refusal(sql),
        }
    }

    /// Sends one statement and reads its rows.
    async fn single(
        &mut self,
        message: Message<'_>,
        clock: &mut Clock,
    ) -> Result<ResultSet, Failure> {
        let params = message
            .params
            .iter()
            .map(|value| TextParam(value.to_text()));
        let params: Vec<TextParam> = params.collect();
        let (shape, stream) = match self.shapes.get(message.sql) {
            Some(shape) => (shape, self.unprepared(message.sql, params).await?),
            None => self.first_time(message.sql, params).await?,
        };
        self.shapes.ran(message.sql, &shape);
        Ok(answer::collect(stream, &shape, message.keep_rows, clock).await?)
    }

    async fn unprepared(&self, sql: &str, params: Vec<TextParam>) -> Result<RowStream, Failure> {
        let params = params.into_iter().map(|param| (param, Type::UNKNOWN));
        Ok(self.client.query_typed_raw(sql, params).await?)
    }

    /// Learns the columns and their types before the statement runs, where it may return rows.
    async fn first_time(
        &self,
        sql: &str,
        params: Vec<TextParam>,
    ) -> Result<(Arc<Shape>, RowStream), Failure> {
        let shape = Shape::of(sql);
        if !shape.may_return_rows() {
            return Ok((Arc::new(shape), self.unprepared(sql, params).await?));
        }
        let types = vec![Type::UNKNOWN; params.len()];
        let statement = self.client.prepare_typed(sql, &types).await?;
        if statement.params().len() != params.len() {
            return Err(wrong_parameter_count(params.len(), statement.params().len()).into());
        }
        let stream = self.client.query_raw(&statement, params).await?;
        Ok((Arc::new(shape.prepared(statement)), stream))
    }

    /// Sends several statements as one message; what completed before an error is in `results`.
    async fn batch(
        &self,
        message: Message<'_>,
        clock: &mut Clock,
        results: &mut Vec<ResultSet>,
    ) -> Result<(), Failure> {
        let script = sql::split(message.sql);
        let texts = script.statements.iter().map(|one| one.text(message.sql));
        let commands = texts.map(|text| sql::command_tag(text).unwrap_or_default());
        let stream = self.client.simple_query_raw(message.sql).await?;
        let mut read = |result| {
            results.push(result);
            self.line.read_result();
        };
        Ok(answer::collect_all(stream, commands, message.keep_rows, clock, &mut read).await?)
    }

    /// The error of a message, once the server is ready for the next one.
    async fn settled(&self, failure: Failure) -> ServerError {
        let error = match failure {
            Failure::Refused(error) => return error,
            Failure::Driver(error) => error,
        };
        let error = match error.as_db_error() {
            Some(reported) => failure::reported(reported),
            None => self
                .line
                .end()
                .unwrap_or_else(|| failure::server_error(&error)),
        };
        if !error.ends_session() {
            // ErrorResponse comes before the locks of the transaction are released, ReadyForQuery after. A connection
            // that breaks here breaks the next message.
            let _ = self.client.check_connection().await;
        }
        error
    }
}

impl Session for PgSession {
    type Canceller = PgCanceller;

    fn pid(&self) -> i32 {
        self.pid
    }

    async fn execute(&mut self, message: Message<'_>) -> (Reply, Timing) {
        let mut reply = Reply::default();
        if let Some(error) = unspeakable(message.sql).or_else(|| self.refusal(message.sql)) {
            reply.error = Some(error);
            return (reply, Timing::default());
        }
        // Lets the runtime look at the sockets first: a server that ended this session has said why, and the
        // driver hears that only before its own write fails.
        tokio::task::yield_now().await;
        self.line.sent();
        let mut clock = Clock::start();
        let end = match message.form {
            StatementForm::Single => match self.single(message, &mut clock).await {
                Ok(result) => {
                    reply.results.push(result);
                    Ok(())
                }
                Err(failure) => Err(failure),
            },
            StatementForm::Batch => {
                self.shapes.forget();
                self.batch(message, &mut clock, &mut reply.results).await
            }
        };
        let timing = clock.stop();
        if let Err(failure) = end {
            reply.error = Some(self.settled(failure).await);
        }
        (reply, timing)
    }

    async fn explain(
        &mut self,
        message: Message<'_>,
        mode: ExplainMode,
    ) -> Result<Explained, ServerError> {
        let sql = explain::statement(message.sql, mode);
        let asked = Message {
            sql: &sql,
            form: StatementForm::Single,
            keep_rows: 1,
            ..message
        };
        let (reply, _) = self.execute(asked).await;
        if let Some(mut error) = reply.error {
            let before = explain::offset(mode);
            error.position = error.position.and_then(|at| at.checked_sub(before));
            return Err(error);
        }
        explain::read(&reply).ok_or_else(|| ServerError {
            severity: "ERROR".to_owned(),
            code: "XX000".to_owned(),
            message: "the server did not explain the statement in a form that is known".to_owned(),
            ..ServerError::default()
        })
    }

    async fn planner_settings(&mut self) -> Result<BTreeMap<String, String>, ServerError> {
        let message = Message {
            sql: explain::SETTINGS,
            params: &[],
            form: StatementForm::Single,
            keep_rows: usize::MAX,
        };
        let (reply, _) = self.execute(message).await;
        match reply.error {
            Some(error) => Err(error),
            None => Ok(explain::settings(&reply)),
        }
    }

    fn canceller(&self) -> PgCanceller {
        PgCanceller {
            token: self.client.cancel_token(),
            connector: self.connector.clone(),
        }
    }
}

impl Drop for PgSession {
    fn drop(&mut self) {
        self.line.hush();
        // The pool cleans a connection when it is asked for again; what this one still locks must go now. The request is
        // queued by the first poll; nobody waits for its answer.
        let _ = self.client.batch_execute("ROLLBACK").now_or_never();
    }
}

/// Cancels what a session does.
#[derive(Clone)]
pub struct PgCanceller {
    token: CancelToken,
    connector: Connector,
}

impl PgCanceller {
    /// Cancels what the owner of this token does.
    pub(super) fn new(token: CancelToken, connector: Connector) -> Self {
        Self { token, connector }
    }
}

impl Canceller for PgCanceller {
    async fn cancel(&self) {
        self.connector.cancel(&self.token).await;
    }
}
