//! Does the server answer? The few messages of the protocol that it takes to know, and to give it a password.

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A server that accepted a connection says something within this time, or is in trouble.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Connects as a superuser, to the database `postgres`.
pub(super) fn connect(socket: &Path, user: &str) -> io::Result<Probe> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    let mut probe = Probe {
        stream,
        received: BytesMut::new(),
    };
    let mut message = BytesMut::new();
    let parameters = [
        ("user", user),
        ("database", "postgres"),
        ("application_name", "pgauge"),
    ];
    frontend::startup_message(parameters, &mut message)?;
    probe.stream.write_all(&message)?;
    probe.until_ready()?;
    Ok(probe)
}

/// A connection that is ready for a statement.
pub(super) struct Probe {
    stream: UnixStream,
    received: BytesMut,
}

impl Probe {
    /// Runs one statement whose result does not matter.
    pub(super) fn execute(&mut self, sql: &str) -> io::Result<()> {
        let mut message = BytesMut::new();
        frontend::query(sql, &mut message)?;
        self.stream.write_all(&message)?;
        self.until_ready()
    }

    fn until_ready(&mut self) -> io::Result<()> {
        loop {
            match self.next()? {
                Message::ReadyForQuery(_) => return Ok(()),
                // Its text is in the server's log, which every report of trouble quotes.
                Message::ErrorResponse(_) => return Err(io::Error::other("the server refused")),
                _ => {}
            }
        }
    }

    fn next(&mut self) -> io::Result<Message> {
        loop {
            if let Some(message) = Message::parse(&mut self.received)? {
                return Ok(message);
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.received.extend_from_slice(&chunk[..count]),
            }
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let mut message = BytesMut::new();
        frontend::terminate(&mut message);
        let _ = self.stream.write_all(&message);
    }
}
