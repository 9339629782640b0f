//! What came back, row by row, and when? All rows are read and counted; as many as are asked for are kept.

use crate::pg::decode::decode;
use crate::pg::shape::{self, Shape};
use crate::record::{Column, Micros, ResultSet, Timing, Value};
use futures_util::{Stream, StreamExt};
use std::pin::pin;
use std::time::Instant;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Error, Row, RowStream, SimpleQueryMessage, SimpleQueryRow};

/// Reads the rows of one statement.
pub(super) async fn collect(
    stream: RowStream,
    shape: &Shape,
    keep_rows: usize,
    clock: &mut Clock,
) -> Result<ResultSet, Error> {
    let mut result = ResultSet {
        command: shape.command().to_owned().into(),
        ..ResultSet::default()
    };
    let mut stream = pin!(stream);
    while let Some(row) = stream.next().await {
        let row = row?;
        clock.row();
        if result.row_count == 0 {
            result.columns = row.columns().iter().map(shape::column).collect();
        }
        if result.rows.len() < keep_rows {
            result.rows.push(values(&row)?);
        }
        result.row_count += 1;
    }
    if result.row_count == 0 {
        result.columns = shape.columns().into();
    }
    if result.columns.is_empty() {
        result.row_count = stream.rows_affected().unwrap_or(0);
    }
    Ok(result)
}

/// Reads the results of a batch, each given to `read` at its end. `commands` are the command tags of its statements;
/// rows come as text.
pub(super) async fn collect_all(
    stream: impl Stream<Item = Result<SimpleQueryMessage, Error>>,
    mut commands: impl Iterator<Item = String>,
    keep_rows: usize,
    clock: &mut Clock,
    read: &mut impl FnMut(ResultSet),
) -> Result<(), Error> {
    let mut stream = pin!(stream);
    let mut result = ResultSet::default();
    while let Some(part) = stream.next().await {
        match part? {
            SimpleQueryMessage::RowDescription(columns) => {
                let names = columns.iter().map(|column| column.name().to_owned());
                result.columns = names.map(untyped_column).collect();
            }
            SimpleQueryMessage::Row(row) => {
                clock.row();
                result.row_count += 1;
                if result.rows.len() < keep_rows {
                    result.rows.push(texts(&row));
                }
            }
            SimpleQueryMessage::CommandComplete(count) => {
                if result.columns.is_empty() {
                    result.row_count = count;
                }
                // A message without any statement is answered as well. Rows are never lost, even if the server finds
                // more statements in a text than we do.
                let command = commands.next();
                if command.is_some() || !result.columns.is_empty() {
                    result.command = command.unwrap_or_default().into();
                    read(std::mem::take(&mut result));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn texts(row: &SimpleQueryRow) -> Vec<Value> {
    let text = |at| row.get(at).map(untyped);
    (0..row.len())
        .map(|at| text(at).unwrap_or(Value::Null))
        .collect()
}

/// The values of a row.
pub(in crate::pg) fn values(row: &Row) -> Result<Vec<Value>, Error> {
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

/// What a message of several statements returns comes as text; of which type it was, the driver does not tell.
const UNTYPED: &str = "unknown";

fn untyped_column(name: String) -> Column {
    Column {
        name,
        type_name: UNTYPED.to_owned(),
    }
}

fn untyped(text: &str) -> Value {
    Value::Other {
        type_name: UNTYPED.to_owned(),
        text: text.to_owned(),
    }
}

/// Times one message.
pub(super) struct Clock {
    sent: Instant,
    first_row: Option<Micros>,
}

impl Clock {
    pub(super) fn start() -> Self {
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

    pub(super) fn stop(self) -> Timing {
        Timing {
            first_row: self.first_row,
            total: self.sent.elapsed().into(),
        }
    }
}
