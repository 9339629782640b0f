//! A Unix socket that is waited for until something can be read from it.
//!
//! The runtime's own socket waits for both directions, and the kernel then wakes who waits each time the server has taken
//! a message, since there is room for the next one (`unix_write_space`): one more look and one more switch of context for
//! every statement. A worker that waits for nobody else is well served by that, since it is awake when the answer comes;
//! one with several connections only loses time.

use crate::run::load::Company;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// A connected Unix socket.
#[derive(Debug)]
pub(in crate::pg) struct UnixSocket {
    stream: AsyncFd<UnixStream>,
    /// Waits until it can be written to, where it was full.
    full: Option<AsyncFd<UnixStream>>,
}

impl UnixSocket {
    pub(super) fn new(stream: tokio::net::UnixStream, company: Company) -> io::Result<Self> {
        let interest = match company {
            Company::Alone => Interest::READABLE | Interest::WRITABLE,
            Company::Others => Interest::READABLE,
        };
        Ok(Self {
            stream: waits(stream.into_std()?, interest)?,
            full: None,
        })
    }
}

#[allow(
    deprecated,
    reason = "what replaces it is unsafe, because of types that do not own their descriptor; a `UnixStream` does"
)]
fn waits(stream: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    AsyncFd::with_interest(stream, interest)
}

impl AsyncRead for UnixSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.stream.poll_read_ready(context))?;
            let room = into.initialize_unfilled();
            match self.stream.get_ref().read(room) {
                Ok(count) => {
                    // What did not fill the room was all there is: the next look can be saved.
                    if count < room.len() && count > 0 {
                        ready.clear_ready();
                    }
                    into.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for UnixSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.stream.get_ref().write(bytes) {
                Ok(count) => {
                    self.full = None;
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Poll::Ready(Err(error)),
            }
            if self.full.is_none() {
                let stream = self.stream.get_ref().try_clone()?;
                self.full = Some(waits(stream, Interest::WRITABLE)?);
            }
            if let Some(full) = &self.full {
                ready!(full.poll_write_ready(context))?.clear_ready();
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn what_does_not_fit_is_written_as_it_is_read() {
        let (ours, theirs) = tokio::net::UnixStream::pair().expect("a pair of sockets");
        let (mut ours, mut theirs) = (
            UnixSocket::new(ours, Company::Others).expect("a socket"),
            UnixSocket::new(theirs, Company::Alone).expect("a socket"),
        );
        let sent: Vec<u8> = (0..4_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut heard = vec![0; sent.len()];
        let (written, read) = tokio::join!(ours.write_all(&sent), theirs.read_exact(&mut heard));
        written.expect("all is written");
        read.expect("all is read");
        assert!(heard == sent, "every byte came in its order");
        drop(ours);
        assert_eq!(theirs.read(&mut heard).await.expect("the end"), 0);
    }
}
