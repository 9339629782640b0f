//! Which messages cannot be sent, or not in full, and with what words are they refused?

use crate::pg::shape;
use crate::record::ServerError;
use tokio_postgres::Error;

/// Why a message has no good answer.
pub(super) enum Failure {
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
pub(super) fn unspeakable(text: &str) -> Option<ServerError> {
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
    shape::copies_through_client(text).then(|| {
        error(
            "0A000",
            "COPY from STDIN or to STDOUT does not work in a step",
            Some("fill tables by the seed, read them by SELECT"),
        )
    })
}

/// In the words with which the server refuses the same.
pub(super) fn wrong_parameter_count(given: usize, needed: usize) -> ServerError {
    ServerError {
        severity: "ERROR".to_owned(),
        code: "08P01".to_owned(),
        message: format!(
            "bind message supplies {given} parameters, but prepared statement \"\" requires {needed}"
        ),
        ..ServerError::default()
    }
}
