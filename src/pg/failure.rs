//! What went wrong between us and the server, in the words of [`record`](crate::record).

use crate::record::{Breakage, ServerError};
use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition, Severity, SqlState};

/// What is to be said of a database of ours that a pooler does not know; the server itself knows it.
pub(super) fn unknown_database(breakage: &Breakage) -> Option<&'static str> {
    let said = breakage.error.as_ref()?;
    let unknown = said.code == "3D000" || said.message.contains("no such database");
    unknown.then_some(
        "a pooler in between must pass on databases that it was not told of (PgBouncer: * = host=… in [databases])",
    )
}

/// The error as the server reported it; one that it did not report broke the connection and has no SQLSTATE.
pub(super) fn server_error(error: &Error) -> ServerError {
    match error.as_db_error() {
        Some(error) => reported(error),
        None => lost(&chain(error)),
    }
}

/// All the fields of an error that the server reported.
pub(super) fn reported(error: &DbError) -> ServerError {
    let position = match error.position() {
        Some(ErrorPosition::Original(position)) => Some(*position),
        // That counts in a query of the server's own, which `context` shows.
        Some(ErrorPosition::Internal { .. }) | None => None,
    };
    ServerError {
        severity: severity(error).to_owned(),
        code: error.code().code().to_owned(),
        message: error.message().to_owned(),
        detail: error.detail().map(str::to_owned),
        hint: error.hint().map(str::to_owned),
        position,
        context: error.where_().map(str::to_owned),
        constraint: error.constraint().map(str::to_owned),
    }
}

/// The severity in English, whatever language the server speaks.
pub(super) fn severity(error: &DbError) -> &str {
    match error.parsed_severity() {
        Some(Severity::Panic) => "PANIC",
        Some(Severity::Fatal) => "FATAL",
        Some(Severity::Error) => "ERROR",
        Some(Severity::Warning) => "WARNING",
        Some(Severity::Notice) => "NOTICE",
        Some(Severity::Debug) => "DEBUG",
        Some(Severity::Info) => "INFO",
        Some(Severity::Log) => "LOG",
        None => error.severity(),
    }
}

/// The error of a session whose connection is gone.
pub(super) fn lost(detail: &str) -> ServerError {
    ServerError {
        severity: "FATAL".to_owned(),
        message: "the connection to the server was lost".to_owned(),
        detail: Some(detail.to_owned()),
        ..ServerError::default()
    }
}

/// A world that broke at something the server said, or by its silence.
pub(super) fn breakage(code: &str, message: impl Into<String>, error: &Error) -> Breakage {
    let error = server_error(error);
    Breakage {
        code: if error.code.is_empty() {
            "server-lost"
        } else {
            code
        }
        .to_owned(),
        message: message.into(),
        error: Some(error),
        ..Breakage::default()
    }
}

/// What an error says, in one line: the server's own words where there are some.
pub(super) fn told(error: &Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{}: {}", severity(error), error.message()),
        None => chain(error),
    }
}

/// The SQLSTATE of an error, if the server reported it.
pub(super) fn code(error: &PoolError) -> Option<&str> {
    match error {
        PoolError::Backend(error) => error.code().map(SqlState::code),
        _ => None,
    }
}

/// What the error says, with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
