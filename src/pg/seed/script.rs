//! How does a file of SQL run? Statement by statement, each its own transaction unless the file says otherwise, as psql
//! runs it; the lines after a `COPY … FROM STDIN` are its data.

use super::{CHUNK, Trouble};
use crate::source::{SourceFile, Span};
use crate::sql::{self, PsqlCommand, Statement};
use bytes::Bytes;
use futures_util::SinkExt;
use std::pin::pin;
use tokio_postgres::{Client, Error};

/// Runs a script; `file` is where it came from, for messages.
pub(super) async fn run(
    client: &Client,
    text: &str,
    file: Option<&SourceFile>,
) -> Result<(), Trouble> {
    let script = sql::split(text);
    if let Some(command) = script.psql_commands.first() {
        return Err(not_sql(command, file));
    }
    for statement in &script.statements {
        let done = match &statement.copy_data {
            Some(data) => copy(client, statement.text(text), &text[data.clone()]).await,
            None => client.batch_execute(statement.text(text)).await,
        };
        done.map_err(|error| refused(&error, text, statement, file))?;
    }
    Ok(())
}

/// Sends the data of one COPY.
pub(super) async fn copy(client: &Client, sql: &str, data: &str) -> Result<(), Error> {
    let mut sink = pin!(client.copy_in::<_, Bytes>(sql).await?);
    for chunk in data.as_bytes().chunks(CHUNK) {
        sink.send(Bytes::copy_from_slice(chunk)).await?;
    }
    sink.finish().await?;
    Ok(())
}

fn not_sql(command: &PsqlCommand, file: Option<&SourceFile>) -> Trouble {
    let trouble = Trouble::new(format!(
        "\"{}\" is a command of psql, not SQL",
        command.name
    ))
    .hint(Some(
        "leave it out, or write what it does in SQL".to_owned(),
    ));
    match file {
        Some(file) => trouble.detail(format!("at {}", place(file, command.range.start))),
        None => trouble,
    }
}

/// The server's error, its position counted in the whole text; the place in a file of its own is told in words.
fn refused(error: &Error, text: &str, statement: &Statement, file: Option<&SourceFile>) -> Trouble {
    let mut trouble = Trouble::refused("a statement of the seed failed", error);
    let Some(reported) = &mut trouble.error else {
        return trouble;
    };
    let start = statement.range.start;
    let at = match reported.position {
        Some(position) => start + byte_offset(statement.text(text), position),
        None => start,
    };
    reported.position = u32::try_from(text[..at].chars().count() + 1).ok();
    match file {
        Some(file) => {
            reported.position = None;
            trouble.detail(format!("at {}", place(file, at)))
        }
        None => trouble,
    }
}

/// The byte at which the character stands that the server counts from 1.
fn byte_offset(text: &str, position: u32) -> usize {
    let before = usize::try_from(position).unwrap_or(1).saturating_sub(1);
    text.char_indices()
        .nth(before)
        .map_or(text.len(), |(at, _)| at)
}

fn place(file: &SourceFile, offset: usize) -> String {
    file.place(Span::new(offset, offset)).to_string()
}
