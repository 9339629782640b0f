//! A connection of a load: messages are put together in one buffer, written at once, and the answers read from another,
//! by whoever holds the connection. After the login the driver has no part in it, which saves its channels, its task and
//! its allocations.

use super::inbox::Inbox;
use super::literals::written_in;
use super::messages::{self, Columns, kind};
use super::socket::Socket;
use crate::pg::decode::decode;
use crate::pg::failure::lost;
use crate::record::{ResultSet, ServerError, Value};
use crate::run::load::{Answer, AnswerEnd, ArgumentBuffer, Link, LoadStatement, Rows};
use crate::schedule::StatementForm;
use crate::spec::workload::Protocol;
use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::io::AsyncWrite;
use tokio_postgres::types::Type;

/// The most rows that are kept of one answer.
const MOST_ROWS: usize = 100_000;

/// A connection of a load.
pub struct PgLink {
    socket: Socket,
    protocol: Protocol,
    outbox: BytesMut,
    /// A text that is put together for the simple protocol.
    text: Vec<u8>,
    written: usize,
    inbox: Inbox,
    /// What is known of each statement on this connection, by its index.
    known: Vec<Option<Known>>,
    /// The statements whose answers are due.
    due: Vec<Due>,
    in_transaction: bool,
}

/// A statement that this connection can send.
struct Known {
    /// Its name on the server; empty where it has none.
    name: String,
    columns: Arc<Columns>,
}

/// An answer that is due.
struct Due {
    rows: Rows,
    columns: Option<Arc<Columns>>,
    /// Whether the server says that it is ready behind this one.
    ready_behind: bool,
}

impl PgLink {
    pub(super) fn new(socket: Socket, protocol: Protocol) -> Self {
        Self {
            socket,
            protocol,
            outbox: BytesMut::with_capacity(1024),
            text: Vec::new(),
            written: 0,
            inbox: Inbox::default(),
            known: Vec::new(),
            due: Vec::new(),
            in_transaction: false,
        }
    }

    /// Sends one text, whose rows nobody wants.
    pub(super) async fn say(&mut self, sql: &str) -> Result<(), ServerError> {
        let queued = frontend::query(sql, &mut self.outbox);
        queued.map_err(|error| lost(&error.to_string()))?;
        self.due.push(Due {
            rows: Rows::PassedOver,
            columns: None,
            ready_behind: true,
        });
        let mut answers = Vec::new();
        self.exchange(&mut answers).await?;
        match answers.pop().map(|answer| answer.end) {
            Some(AnswerEnd::Refused(error)) => Err(*error),
            Some(AnswerEnd::Done | AnswerEnd::NotRun) | None => Ok(()),
        }
    }

    /// Whether a text goes as it is, by the simple protocol.
    fn goes_as_text(&self, statement: &LoadStatement) -> bool {
        self.protocol == Protocol::Simple || statement.form == StatementForm::Batch
    }

    fn learn(&mut self, statement: &LoadStatement, known: Known) {
        if self.known.len() <= statement.index {
            self.known.resize_with(statement.index + 1, || None);
        }
        self.known[statement.index] = Some(known);
    }

    /// Writes what is in the outbox, while the socket takes it. A server that does not take it any more has closed the
    /// connection: whoever reads meets first what it said of that, and then the end.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.written < self.outbox.len() {
            let rest = &self.outbox[self.written..];
            match ready!(Pin::new(&mut self.socket).poll_write(context, rest)) {
                Ok(0) | Err(_) => self.written = self.outbox.len(),
                Ok(count) => self.written += count,
            }
        }
        Pin::new(&mut self.socket).poll_flush(context).map(drop)
    }

    /// Goes on writing, and reads what has come; ready when more has come.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A server that sends much before it has read all must not be left waiting.
        if self.written < self.outbox.len() {
            // Whether it took all of it or not, there may be something to read.
            let _ = self.poll_write(context);
        }
        self.inbox.poll_more(&mut self.socket, context)
    }

    async fn more(&mut self) -> Result<Instant, ServerError> {
        match poll_fn(|context| self.poll_more(context)).await {
            Ok(()) => Ok(Instant::now()),
            Err(error) => Err(lost(&error.to_string())),
        }
    }

    fn sent(&mut self) {
        self.outbox.clear();
        self.written = 0;
    }

    /// Has the server parse and describe a statement.
    async fn described(&mut self, name: &str, sql: &str) -> Result<Columns, ServerError> {
        let queued = frontend::parse(name, sql, [], &mut self.outbox)
            .and_then(|()| frontend::describe(b'S', name, &mut self.outbox));
        frontend::sync(&mut self.outbox);
        let mut refused = queued.err().map(|error| lost(&error.to_string()));
        let mut columns = Columns::default();
        loop {
            while let Some(heard) = self.inbox.next() {
                match heard.kind {
                    kind::ROW_DESCRIPTION => columns = messages::columns(heard.body),
                    kind::ERROR => refused = Some(messages::error(heard.body)),
                    kind::READY => {
                        self.in_transaction = heard.body != b"I";
                        self.sent();
                        return refused.map_or(Ok(columns), Err);
                    }
                    _ => {}
                }
            }
            if let Some(fatal) = refused.take_if(|error| error.ends_session()) {
                return Err(fatal);
            }
            self.more().await?;
        }
    }

    fn push_bound(&mut self, statement: &LoadStatement, arguments: &ArgumentBuffer) {
        let out = &mut self.outbox;
        let known = self.known.get(statement.index).and_then(Option::as_ref);
        let name = known.map_or("", |known| known.name.as_str());
        // What cannot be put into a message is longer than the protocol allows: the server refuses what is there.
        if name.is_empty() {
            let _ = frontend::parse(name, &statement.sql, [], out);
        }
        let columns = match (statement.rows, known) {
            (Rows::Kept, Some(known)) => Some(known.columns.clone()),
            (Rows::Kept | Rows::PassedOver, _) => None,
        };
        let types = columns.iter().flat_map(|columns| &columns.types);
        let formats = types.map(|type_| i16::from(type_.is_some()));
        let value = |value: Option<&[u8]>, out: &mut BytesMut| {
            Ok(match value {
                Some(text) => {
                    out.extend_from_slice(text);
                    IsNull::No
                }
                None => IsNull::Yes,
            })
        };
        let _ = frontend::bind("", name, [], arguments.values(), value, formats, out);
        let _ = frontend::execute("", 0, out);
        self.due.push(Due {
            rows: statement.rows,
            columns,
            ready_behind: false,
        });
    }

    fn push_text(&mut self, statement: &LoadStatement, arguments: &ArgumentBuffer) {
        written_in(&statement.fragments, arguments, &mut self.text);
        let text = String::from_utf8_lossy(&self.text);
        let _ = frontend::query(&text, &mut self.outbox);
        self.due.push(Due {
            rows: statement.rows,
            columns: None,
            ready_behind: true,
        });
    }

    /// Reads the answers that are due, from what has come and what comes.
    async fn read_answers(&mut self, answers: &mut Vec<Answer>) -> Result<(), ServerError> {
        // As a rule nothing has come yet, and the clock need not be asked twice.
        let mut now = match self.inbox.is_empty() && !self.due.is_empty() {
            true => self.more().await?,
            false => Instant::now(),
        };
        let mut reading = Reading::default();
        let mut at = 0;
        while at < self.due.len() {
            let Some(heard) = self.inbox.next() else {
                now = self.more().await?;
                continue;
            };
            let due = &self.due[at];
            match heard.kind {
                kind::BIND_COMPLETE => {}
                kind::DATA_ROW => reading.row(heard.body, due, now),
                kind::COMMAND_COMPLETE | kind::EMPTY_QUERY => {
                    reading.complete(heard, due);
                    // Several statements of one message are one answer, with the last result.
                    if !due.ready_behind {
                        answers.push(reading.answer(AnswerEnd::Done, now));
                        at += 1;
                    }
                }
                kind::ERROR => {
                    let error = messages::error(heard.body);
                    if error.ends_session() {
                        return Err(error);
                    }
                    reading.refused = Some(Box::new(error));
                }
                kind::READY => {
                    self.in_transaction = heard.body != b"I";
                    let end = match reading.refused.take() {
                        Some(error) => AnswerEnd::Refused(error),
                        None => AnswerEnd::Done,
                    };
                    answers.push(reading.answer(end, now));
                    at += 1;
                    if !self.due[at - 1].ready_behind {
                        // The server passed over the rest of what was sent together.
                        for _ in at..self.due.len() {
                            answers.push(reading.answer(AnswerEnd::NotRun, now));
                        }
                        return Ok(());
                    }
                }
                kind::ROW_DESCRIPTION => reading.described(heard.body, due),
                kind::COPY_IN => {
                    // Whoever waits for data is told that none comes.
                    let _ = frontend::copy_fail("nobody sends data", &mut self.outbox);
                    // One that asks for data passes over the Sync behind it, as the extended protocol has it. A text has
                    // none: whatever it comes to, the server says once that it is ready.
                    if !due.ready_behind {
                        frontend::sync(&mut self.outbox);
                    }
                }
                _ => {}
            }
        }
        self.until_ready(answers).await
    }

    /// Behind the last answer of the extended protocol the server says that it is ready. What stands in no transaction block
    /// is committed before that, which takes time, and may go wrong where a constraint is deferred.
    async fn until_ready(&mut self, answers: &mut [Answer]) -> Result<(), ServerError> {
        if self.due.last().is_none_or(|due| due.ready_behind) {
            return Ok(());
        }
        let Some(last) = answers.last_mut() else {
            return Ok(());
        };
        loop {
            match self.inbox.next() {
                Some(heard) if heard.kind == kind::READY => {
                    self.in_transaction = heard.body != b"I";
                    return Ok(());
                }
                Some(heard) if heard.kind == kind::ERROR => {
                    let error = messages::error(heard.body);
                    if error.ends_session() {
                        return Err(error);
                    }
                    last.end = AnswerEnd::Refused(Box::new(error));
                }
                Some(_) => {}
                None => last.ended = self.more().await?,
            }
        }
    }
}

impl Link for PgLink {
    fn is_prepared(&self, statement: &LoadStatement) -> bool {
        let needs_nothing = self.goes_as_text(statement)
            || self.protocol == Protocol::Extended && statement.rows == Rows::PassedOver;
        needs_nothing || matches!(self.known.get(statement.index), Some(Some(_)))
    }

    async fn prepare(&mut self, statement: &LoadStatement) -> Result<(), ServerError> {
        let name = match self.protocol {
            Protocol::Prepared => format!("s{}", statement.index),
            // Only its columns have to be known.
            Protocol::Extended | Protocol::Simple => String::new(),
        };
        let columns = self.described(&name, &statement.sql).await?;
        let columns = Arc::new(columns);
        self.learn(statement, Known { name, columns });
        Ok(())
    }

    fn push(&mut self, statement: &LoadStatement, arguments: &ArgumentBuffer) {
        if self.goes_as_text(statement) {
            self.push_text(statement, arguments);
        } else {
            self.push_bound(statement, arguments);
        }
    }

    async fn exchange(&mut self, answers: &mut Vec<Answer>) -> Result<(), ServerError> {
        if self.due.last().is_some_and(|due| !due.ready_behind) {
            frontend::sync(&mut self.outbox);
        }
        poll_fn(|context| {
            // What does not fit is written while answers are read.
            let _ = self.poll_write(context);
            Poll::Ready(())
        })
        .await;
        let read = self.read_answers(answers).await;
        self.due.clear();
        self.sent();
        read
    }

    fn in_transaction(&self) -> bool {
        self.in_transaction
    }
}

impl Drop for PgLink {
    fn drop(&mut self) {
        let mut goodbye = BytesMut::new();
        frontend::terminate(&mut goodbye);
        self.socket.say(&goodbye);
    }
}

/// An answer of which a part has come.
#[derive(Default)]
struct Reading {
    first_row: Option<Instant>,
    row_count: u64,
    result: Option<ResultSet>,
    columns: Option<Arc<Columns>>,
    refused: Option<Box<ServerError>>,
}

impl Reading {
    fn row(&mut self, body: &[u8], due: &Due, now: Instant) {
        if self.first_row.is_none() {
            self.first_row = Some(now);
        }
        if due.rows == Rows::PassedOver {
            return;
        }
        let columns = due.columns.as_ref().or(self.columns.as_ref());
        let result = self.result.get_or_insert_default();
        if result.rows.len() < MOST_ROWS {
            let types = columns.map_or(&[][..], |columns| &columns.types);
            let row = messages::fields(body)
                .enumerate()
                .map(|(at, field)| value(types.get(at).and_then(Option::as_ref), field, due));
            result.rows.push(row.collect());
        }
    }

    /// The columns, where the server tells them only now.
    fn described(&mut self, body: &[u8], due: &Due) {
        if due.rows == Rows::Kept {
            self.columns = Some(Arc::new(messages::columns(body)));
            self.result = None;
        }
    }

    fn complete(&mut self, heard: super::inbox::Heard<'_>, due: &Due) {
        self.row_count = match heard.kind {
            kind::COMMAND_COMPLETE => messages::tag_count(heard.body),
            _ => 0,
        };
        if due.rows == Rows::Kept {
            let columns = due.columns.as_ref().or(self.columns.as_ref());
            let result = self.result.get_or_insert_default();
            result.command = messages::tag_words(heard.body);
            result.row_count = self.row_count;
            result.columns =
                columns.map_or_else(Arc::default, |columns| Arc::clone(&columns.columns));
        }
    }

    /// The answer; the next one begins empty.
    fn answer(&mut self, end: AnswerEnd, now: Instant) -> Answer {
        Answer {
            end,
            row_count: std::mem::take(&mut self.row_count),
            result: self.result.take().map(Arc::new),
            first_row: self.first_row.take().unwrap_or(now),
            ended: now,
        }
    }
}

/// A field by its type; as text, of a type that is told by name only, where its binary form is not known.
fn value(type_: Option<&Type>, field: Option<&[u8]>, due: &Due) -> Value {
    match (type_, field) {
        (_, None) => Value::Null,
        (Some(type_), Some(field)) if due.columns.is_some() => decode(type_, Some(field)),
        (type_, Some(field)) => of_text(type_, &String::from_utf8_lossy(field)),
    }
}

/// The value of a text that came by the simple protocol.
fn of_text(type_: Option<&Type>, text: &str) -> Value {
    let other = || Value::Other {
        type_name: type_.map_or("unknown", Type::name).to_owned(),
        text: text.to_owned(),
    };
    match type_ {
        Some(&Type::INT2 | &Type::INT4 | &Type::INT8 | &Type::OID) => {
            text.parse().map_or_else(|_| other(), Value::Int)
        }
        Some(&Type::FLOAT4 | &Type::FLOAT8) => text.parse().map_or_else(|_| other(), Value::Float),
        Some(&Type::BOOL) => Value::Bool(text == "t"),
        Some(&Type::TEXT | &Type::VARCHAR | &Type::BPCHAR | &Type::NAME) => {
            Value::Text(text.to_owned())
        }
        Some(_) | None => other(),
    }
}
