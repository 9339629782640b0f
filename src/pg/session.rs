//! How does a statement get to the server and its answer back? One statement goes by the extended protocol, in one round
//! trip, its parameters as text whose types the server infers; a batch goes as one message of the simple protocol.
//!
//! The driver looks up types that it does not know on the same connection, while the answer is under way. Behind a
//! statement that failed in its transaction that lookup fails too and hides the error; behind a large answer it waits for
//! ever. So a text that may return rows is prepared when it is seen first, which makes its types known before anything
//! runs; see [`Shapes`].

use super::connect::Connector;
use super::decode::decode;
use super::encode::TextParam;
use super::failure;
use super::line::Line;
use super::shape::{Shape, Shapes};
use crate::record::{Column, Micros, Reply, ResultSet, ServerError, Timing, Value};
use crate::run::session::{Canceller, Message, Session};
use crate::schedule::StatementForm;
use crate::sql;
use deadpool_postgres::Object;
use futures_util::{FutureExt, StreamExt};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{CancelToken, Error, Row, RowStream, SimpleQueryMessage};

/// A connection of a client, from its pool.
#[derive(Debug)]
pub struct PgSession {
    client: Object,
    pid: i32,
    line: Arc<Line>,
    connector: Connector,
    shapes: Shapes,
}

impl PgSession {
    pub(super) fn new(
        client: Object,
        pid: i32,
        line: Arc<Line>,
        connector: Connector,
        schema_version: Arc<AtomicU64>,
    ) -> Self {
        Self {
            client,
            pid,
            line,
            connector,
            shapes: Shapes::new(schema_version),
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
        collect(stream, &shape, message.keep_rows, clock).await
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
        let shape = shape.with_columns(statement.columns());
        let stream = self.client.query_raw(&statement, params).await?;
        Ok((Arc::new(shape), stream))
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
        let mut commands = texts.map(|text| sql::command_tag(text).unwrap_or_default());
        let mut stream = pin!(self.client.simple_query_raw(message.sql).await?);
        let mut result = ResultSet::default();
        while let Some(part) = stream.next().await {
            match part? {
                SimpleQueryMessage::RowDescription(columns) => {
                    let names = columns.iter().map(|column| column.name().to_owned());
                    result.columns = names.map(text_column).collect();
                }
                SimpleQueryMessage::Row(row) => {
                    clock.row();
                    result.row_count += 1;
                    if result.rows.len() < message.keep_rows {
                        let cell = |at| {
                            row.get(at)
                                .map_or(Value::Null, |text| Value::Text(text.to_owned()))
                        };
                        result.rows.push((0..row.len()).map(cell).collect());
                    }
                }
                SimpleQueryMessage::CommandComplete(count) => {
                    if result.columns.is_empty() {
                        result.row_count = count;
                    }
                    // A message without any statement is answered as well.
                    if let Some(command) = commands.next() {
                        result.command = command;
                        results.push(std::mem::take(&mut result));
                    }
                }
                _ => {}
            }
        }
        Ok(())
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
        if let Some(error) = unspeakable(message.sql) {
            reply.error = Some(error);
            return (reply, Timing::default());
        }
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

impl Canceller for PgCanceller {
    async fn cancel(&self) {
        self.connector.cancel(&self.token).await;
    }
}

/// Why a message has no good answer.
enum Failure {
    /// It was not sent, or not in full.
    Refused(ServerError),
    /// The server refused it, or the connection broke.
    Driver(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        Self::Refused(error)
    }
}

/// What the protocol, or the driver, has no way to say. `COPY` through the client would leave driver and server waiting
/// for each other.
fn unspeakable(text: &str) -> Option<ServerError> {
    let error = |code: &str, message: &str, hint: Option<&str>| ServerError {
        severity: "ERROR".to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
        hint: hint.map(str::to_owned),
        ..ServerError::default()
    };
    if text.contains('\0') {
        let message = "invalid byte sequence for encoding \"UTF8\": 0x00";
        return Some(error("22021", message, None));
    }
    super::shape::copies_through_client(text).then(|| {
        error(
            "0A000",
            "COPY from STDIN or to STDOUT does not work in a step",
            Some("fill tables by the seed, read them by SELECT"),
        )
    })
}

/// In the words with which the server refuses the same.
fn wrong_parameter_count(given: usize, needed: usize) -> ServerError {
    ServerError {
        severity: "ERROR".to_owned(),
        code: "08P01".to_owned(),
        message: format!(
            "bind message supplies {given} parameters, but prepared statement \"\" requires {needed}"
        ),
        ..ServerError::default()
    }
}

async fn collect(
    stream: RowStream,
    shape: &Shape,
    keep_rows: usize,
    clock: &mut Clock,
) -> Result<ResultSet, Failure> {
    let mut result = ResultSet {
        command: shape.command().to_owned(),
        ..ResultSet::default()
    };
    let mut stream = pin!(stream);
    while let Some(row) = stream.next().await {
        let row = row?;
        clock.row();
        if result.row_count == 0 {
            result.columns = row.columns().iter().map(super::shape::column).collect();
        }
        if result.rows.len() < keep_rows {
            result.rows.push(values(&row)?);
        }
        result.row_count += 1;
    }
    if result.row_count == 0 {
        result.columns = shape.columns().to_vec();
    }
    if result.columns.is_empty() {
        result.row_count = stream.rows_affected().unwrap_or(0);
    }
    Ok(result)
}

fn values(row: &Row) -> Result<Vec<Value>, Error> {
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(at, column)| Ok(decode(column.type_(), row.try_get::<_, Raw<'_>>(at)?.0)))
        .collect()
}

/// The bytes of any value.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn text_column(name: String) -> Column {
    Column {
        name,
        type_name: "text".to_owned(),
    }
}

/// Times one message.
struct Clock {
    sent: Instant,
    first_row: Option<Micros>,
}

impl Clock {
    fn start() -> Self {
        Self {
            sent: Instant::now(),
            first_row: None,
        }
    }

    fn row(&mut self) {
        if self.first_row.is_none() {
            self.first_row = Some(self.sent.elapsed().into());
        }
    }

    fn stop(self) -> Timing {
        Timing {
            first_row: self.first_row,
            total: self.sent.elapsed().into(),
        }
    }
}
