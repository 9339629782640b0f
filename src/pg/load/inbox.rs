//! What has come from the server and is not read yet: bytes, and the messages in them.

use super::socket::Socket;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// The least room for what comes.
const ROOM: usize = 8 << 10;

/// Bytes before a message's body: its kind and its length.
const HEAD: usize = 5;

/// Bytes that have come.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            bytes: vec![0; ROOM],
            start: 0,
            end: 0,
        }
    }
}

/// A message of the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard<'a> {
    /// Its kind.
    pub(super) kind: u8,
    /// What it says.
    pub(super) body: &'a [u8],
}

impl Inbox {
    /// Whether everything that has come is read.
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The next message, if all of it has come.
    pub(super) fn next(&mut self) -> Option<Heard<'_>> {
        let have = &self.bytes[self.start..self.end];
        let length = length(have)?;
        if have.len() < length {
            return None;
        }
        let from = self.start;
        self.start += length;
        let whole = &self.bytes[from..from + length];
        Some(Heard {
            kind: whole[0],
            body: &whole[HEAD..],
        })
    }

    /// Reads what has come on the socket.
    pub(super) fn poll_more(
        &mut self,
        socket: &mut Socket,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.make_room();
        let mut into = ReadBuf::new(&mut self.bytes[self.end..]);
        ready!(Pin::new(socket).poll_read(context, &mut into))?;
        match into.filled().len() {
            0 => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server closed the connection",
            ))),
            count => {
                self.end += count;
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Sees to it that something can be read: what is left goes to the front, and a message that does not fit gets room.
    fn make_room(&mut self) {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
            // One large answer is no reason to keep so much.
            if self.bytes.len() > 16 * ROOM {
                self.bytes = vec![0; ROOM];
            }
        }
        let needed = length(&self.bytes[self.start..self.end]).unwrap_or(HEAD);
        if self.start + needed <= self.bytes.len() && self.end < self.bytes.len() {
            return;
        }
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.bytes.len() < needed + ROOM {
            self.bytes.resize(needed + ROOM, 0);
        }
    }
}

/// How long the first message is, its head included, once its head has come.
fn length(have: &[u8]) -> Option<usize> {
    let told = have.get(1..HEAD)?.first_chunk()?;
    // The kind is not counted in it.
    usize::try_from(u32::from_be_bytes(*told))
        .ok()
        .map(|length| length + 1)
}
