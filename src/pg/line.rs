//! What does a connection say on its own? Its notices, its notifications, and how it ended.

use super::connect::Wire;
use super::deadlock_checks::DeadlockChecks;
use super::failure;
use crate::record::{ClientId, ServerError};
use crate::run::session::SessionNote;
use futures_util::{StreamExt, stream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::UnboundedSender;
use tokio_postgres::AsyncMessage;

/// The ear at a connection: where its notes go, and what it said last. Shared by the task that drives the connection
/// and the session that uses it.
#[derive(Debug, Default)]
pub(super) struct Line {
    state: Mutex<State>,
    /// How many results of the message that is being answered its session has read.
    results: AtomicU32,
    /// Who hears about searches for deadlocks instead of the client, if anybody does.
    checks: Option<Arc<DeadlockChecks>>,
}

#[derive(Debug, Default)]
struct State {
    listener: Option<(ClientId, UnboundedSender<SessionNote>)>,
    end: Option<ServerError>,
}

impl Line {
    /// A line of which somebody hears about searches for deadlocks.
    pub(super) fn with_checks(checks: Option<Arc<DeadlockChecks>>) -> Self {
        Self {
            checks,
            ..Self::default()
        }
    }

    /// From now on notes go there.
    pub(super) fn listen(&self, client: ClientId, notes: UnboundedSender<SessionNote>) {
        self.state().listener = Some((client, notes));
    }

    /// From now on nobody hears the notes.
    pub(super) fn hush(&self) {
        self.state().listener = None;
    }

    /// How the connection ended, if the server said so.
    pub(super) fn end(&self) -> Option<ServerError> {
        self.state().end.clone()
    }

    /// A message was sent.
    pub(super) fn sent(&self) {
        self.results.store(0, Ordering::Relaxed);
    }

    /// A result of the message was read to its end.
    pub(super) fn read_result(&self) {
        self.results.fetch_add(1, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_on(&self, message: AsyncMessage) {
        if let (Some(checks), AsyncMessage::Notice(notice)) = (&self.checks, &message)
            && checks.hear(failure::severity(notice), notice.message())
        {
            return;
        }
        let state = self.state();
        let Some((client, notes)) = &state.listener else {
            return;
        };
        let client = client.clone();
        let note = match message {
            AsyncMessage::Notice(notice) => SessionNote::Notice {
                client,
                severity: failure::severity(&notice).to_owned(),
                code: notice.code().code().to_owned(),
                message: notice.message().to_owned(),
                detail: notice.detail().map(str::to_owned),
                hint: notice.hint().map(str::to_owned),
                after_results: self.results.load(Ordering::Relaxed),
            },
            AsyncMessage::Notification(notification) => SessionNote::Notified {
                client,
                channel: notification.channel().to_owned(),
                payload: notification.payload().to_owned(),
                from_pid: notification.process_id(),
            },
            _ => return,
        };
        // Nobody listens any more where the case is over.
        let _ = notes.send(note);
    }
}

/// Drives a connection to its end and passes on what it says, in order: a note is passed on before the answer that
/// comes after it reaches its session.
pub(super) async fn drive(mut wire: Wire, line: Arc<Line>) {
    line.state().end = None;
    let mut messages = stream::poll_fn(move |context| wire.poll_message(context));
    while let Some(message) = messages.next().await {
        match message {
            Ok(message) => {
                // Lets the session read what came before, so that it is known which results those were.
                tokio::task::yield_now().await;
                line.pass_on(message);
            }
            Err(error) => {
                line.state().end = Some(failure::server_error(&error));
                return;
            }
        }
    }
}
