//! A migration beside others: its statements as they are, without anything around them, so that nobody waits longer
//! than for the migration itself.

use super::members::migration_id;
use crate::{
    record::{
        Breakage, ClientEnd, EventKind, Reply, RunNo, SentBy, ServerError, StatementNo, StepEnd,
        Timing,
    },
    run::{
        board::Asking,
        carry_out::Stage,
        load::Mark,
        session::{Database, Message, Session, SessionPlan},
    },
    schedule::{MigrationPart, MigrationScript, MigrationWork, StatementForm, Transactions},
};
use tokio::sync::mpsc::unbounded_channel;

/// Whether what the migration does becomes events.
#[derive(Debug, Clone, Copy)]
pub(in crate::run) enum Beside<'a> {
    /// It does.
    Noted,
    /// It does, and others are told when it begins and is over.
    Marked(&'a Mark),
    /// It does not.
    Silent,
}

impl Beside<'_> {
    fn is_noted(self) -> bool {
        match self {
            Self::Noted | Self::Marked(_) => true,
            Self::Silent => false,
        }
    }
}

/// A statement that is noted and not answered yet.
struct UnderWay {
    run: RunNo,
    statement: StatementNo,
    step: String,
}

impl<D: Database> Stage<'_, D> {
    /// Runs every part up to the first failure. Whether one failed is in the events; where nobody notes any, the quiet
    /// run tells.
    pub(in crate::run) async fn migrate_beside(
        &self,
        parts: &[MigrationPart],
        beside: Beside<'_>,
    ) -> Result<(), Breakage> {
        let mut step = 0;
        for part in parts {
            let went_on = match &part.work {
                MigrationWork::Script(script) => {
                    self.script_beside(script, beside, &mut step).await?
                }
                MigrationWork::Command(command) => {
                    step += 1;
                    let under_way = self.begin_step(beside, step, &command.command.join(" "));
                    let end = self.database.program(command).await;
                    let reply = Reply {
                        results: Vec::new(),
                        error: end.failure.map(|how| ServerError {
                            severity: "ERROR".to_owned(),
                            message: format!("{how}\n{}", end.output).trim_end().to_owned(),
                            ..ServerError::default()
                        }),
                    };
                    self.note_reply(under_way, reply, Timing::default())
                }
            };
            if !went_on || self.stop.requested() {
                break;
            }
        }
        if let Beside::Marked(mark) = beside {
            mark.end();
        }
        if beside.is_noted() {
            let client = migration_id();
            let end = ClientEnd::Done;
            self.note_of_migration(EventKind::Finished { client, end });
        }
        Ok(())
    }

    /// `false` where a statement failed.
    async fn script_beside(
        &self,
        script: &MigrationScript,
        beside: Beside<'_>,
        step: &mut u32,
    ) -> Result<bool, Breakage> {
        let (notes, _received) = unbounded_channel();
        let plan = SessionPlan {
            client: migration_id(),
            printed_as: None,
            settings: script
                .settings
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            notes,
        };
        let mut session = self.database.connect(&plan).await?.session;
        self.cancellers.borrow_mut().push(session.canceller());
        if beside.is_noted() {
            self.board.connected(self.migration_line(), session.pid());
        }
        let whole = script.transactions == Transactions::One;
        let mut texts: Vec<&str> = script
            .statements
            .iter()
            .map(|statement| statement.sql.as_str())
            .collect();
        if whole {
            texts.insert(0, "BEGIN");
            texts.push("COMMIT");
        }
        for sql in texts {
            if self.stop.requested() {
                return Ok(false);
            }
            *step += 1;
            let under_way = self.begin_step(beside, *step, sql);
            let message = Message {
                sql,
                params: &[],
                form: StatementForm::Batch,
                keep_rows: 0,
            };
            let (reply, timing) = session.execute(message).await;
            if !self.note_reply(under_way, reply, timing) {
                let message = Message {
                    sql: "ROLLBACK",
                    ..message
                };
                session.execute(message).await;
                return Ok(false);
            }
        }
        Ok(true)
    }

    // ---- events ----

    fn begin_step(&self, beside: Beside<'_>, step: u32, sql: &str) -> Option<UnderWay> {
        match beside {
            Beside::Silent => return None,
            Beside::Marked(mark) => mark.begin(),
            Beside::Noted => {}
        }
        let run = self.ledger.next_run();
        let step = step.to_string();
        self.board.begins(self.migration_line(), &step, run);
        self.note_of_migration(EventKind::Launched {
            run,
            client: migration_id(),
            step: step.clone(),
            iteration: 1,
            attempt: 1,
            launch: None,
        });
        let statement = self.ledger.next_statement();
        self.note_of_migration(EventKind::Sent {
            statement,
            run: Some(run),
            client: migration_id(),
            sql: sql.to_owned(),
            params: Vec::new(),
            by: SentBy::Step,
        });
        let since = self.ledger.now();
        self.board
            .asks(self.migration_line(), Asking { run, since });
        Some(UnderWay {
            run,
            statement,
            step,
        })
    }

    /// `true` where there is no error.
    fn note_reply(&self, under_way: Option<UnderWay>, reply: Reply, timing: Timing) -> bool {
        let error = reply.error.as_ref().map(|error| error.code.clone());
        let fine = error.is_none();
        let Some(under_way) = under_way else {
            return fine;
        };
        let now = self.ledger.now();
        if let Some(over) = self.board.answered(self.migration_line(), now) {
            self.note_of_migration(over);
        }
        self.note_of_migration(EventKind::Replied {
            statement: under_way.statement,
            client: migration_id(),
            reply,
            timing,
        });
        let end = match error {
            Some(code) => StepEnd::Error { code },
            None => StepEnd::Done,
        };
        self.note_of_migration(EventKind::Completed {
            run: under_way.run,
            client: migration_id(),
            step: under_way.step,
            end,
        });
        fine
    }

    fn note_of_migration(&self, kind: EventKind) {
        self.ledger.note(self.migration_line(), kind);
    }

    /// The line of the board behind the clients and the scenario's own session.
    pub(in crate::run) fn migration_line(&self) -> usize {
        self.case.clients.len() + 1
    }
}
