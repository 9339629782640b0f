//! What is done around an order: the messages of `setup` and `teardown`, on the clients' own sessions and on the
//! control session.

use super::{
    client::Shared,
    session::{Message, Session},
    step::ROWS_TO_READ,
};
use crate::{
    record::{Breakage, ClientId, EventKind, SentBy, ServerError},
    schedule::StatementForm,
};

/// On whose session something is done, and where it is noted.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'a> {
    pub(super) shared: Shared<'a>,
    /// The index of its notes.
    pub(super) index: usize,
    pub(super) id: &'a ClientId,
}

impl Speaker<'_> {
    /// Sends texts one after the other, each as one message, and notes what came of them.
    ///
    /// # Errors
    ///
    /// The first text that the server refused, by its position, and the server's error. Nothing is sent after it.
    pub(super) async fn send<S: Session>(
        self,
        session: &mut S,
        texts: &[String],
        by: SentBy,
    ) -> Result<(), (usize, ServerError)> {
        for (number, sql) in texts.iter().enumerate() {
            if let Some(error) = self.send_one(session, sql, by.clone()).await {
                return Err((number, error));
            }
        }
        Ok(())
    }

    async fn send_one<S: Session>(
        self,
        session: &mut S,
        sql: &str,
        by: SentBy,
    ) -> Option<ServerError> {
        let ledger = self.shared.ledger;
        let statement = ledger.next_statement();
        ledger.note(
            self.index,
            EventKind::Sent {
                statement,
                run: None,
                client: self.id.clone(),
                sql: sql.to_owned(),
                params: Vec::new(),
                by,
            },
        );
        let message = Message {
            sql,
            params: &[],
            form: StatementForm::Batch,
            keep_rows: ROWS_TO_READ,
        };
        let (reply, timing) = session.execute(message).await;
        let error = reply.error.clone();
        ledger.note(
            self.index,
            EventKind::Replied {
                statement,
                client: self.id.clone(),
                reply,
                timing,
            },
        );
        error
    }
}

/// An error in `setup` breaks the case, since nothing after it would mean what the author wrote.
pub(super) fn setup_failed(of: &str, path: String, error: ServerError) -> Breakage {
    Breakage {
        code: "setup".to_owned(),
        message: format!("{of} failed: {}", error.message),
        path: Some(path),
        error: Some(error),
        ..Breakage::default()
    }
}

/// The session that no client has.
pub(super) struct Control<'a, S> {
    pub(super) session: S,
    pub(super) speaker: Speaker<'a>,
}

impl<S: Session> Control<'_, S> {
    /// Before the setups of the clients.
    ///
    /// # Errors
    ///
    /// A text that the server refused.
    pub(super) async fn set_up(&mut self, texts: &[String]) -> Result<(), Breakage> {
        let sent = self
            .speaker
            .send(&mut self.session, texts, SentBy::Setup)
            .await;
        self.report();
        sent.map_err(|(number, error)| setup_failed("setup", format!("/setup/{number}"), error))
    }

    /// After the teardowns of the clients. What fails is noted, and no more.
    pub(super) async fn tear_down(&mut self, texts: &[String]) {
        for text in texts {
            let one = std::slice::from_ref(text);
            let sent = self.speaker.send(&mut self.session, one, SentBy::Teardown);
            // The error is in the log.
            let _ = sent.await;
        }
        self.report();
    }

    fn report(&self) {
        self.speaker.shared.ledger.report(self.speaker.index);
    }
}
