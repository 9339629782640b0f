//! The statements of a migration one after the other, each traced, up to the first that fails.

use crate::{
    record::{Breakage, CommandFailure, Micros, MigrationLog, StatementTrace, TransactionScope},
    run::{
        carry_out::Stage,
        session::{Database, Tracer, TransactionEnd},
    },
    schedule::{MigrationPart, MigrationScript, MigrationWork, Transactions},
    sql::{StatementKind, TransactionControl, kind},
};

/// What came of running a migration, or what undoes one.
#[derive(Debug, Default)]
pub(super) struct Traced {
    pub(super) statements: Vec<StatementTrace>,
    pub(super) failure: Option<CommandFailure>,
}

impl Traced {
    fn has_failed(&self) -> bool {
        self.failure.is_some() || self.statements.iter().any(|trace| trace.error.is_some())
    }
}

impl<D: Database> Stage<'_, D> {
    /// Runs every part and notes what came of it, also where the case has to end in the middle.
    pub(super) async fn trace_all(
        &self,
        parts: &[MigrationPart],
        note: impl FnOnce(&mut MigrationLog, Traced),
    ) -> Result<(), Breakage> {
        let run = self.traced(parts).await?;
        self.note_migration(|log| note(log, run));
        Ok(())
    }

    pub(super) async fn traced(&self, parts: &[MigrationPart]) -> Result<Traced, Breakage> {
        let mut run = Traced::default();
        for part in parts {
            if self.stop.requested() || run.has_failed() {
                break;
            }
            match &part.work {
                MigrationWork::Script(script) => self.script(part, script, &mut run).await?,
                MigrationWork::Command(command) => {
                    let mut tracer = self.tracer(&[]).await?;
                    let program = self.database.program(command);
                    let (mut traces, end) = tracer.watch(program).await?;
                    for (index, trace) in traces.iter_mut().enumerate() {
                        trace.path.clone_from(&part.path);
                        if index == 0 {
                            trace.sql = command.command.join(" ");
                            trace.position = 1;
                        }
                    }
                    run.statements.extend(traces);
                    run.failure = end.failure.map(|how| CommandFailure {
                        path: part.path.clone(),
                        end: how,
                        output: end.output,
                    });
                }
            }
        }
        Ok(run)
    }

    async fn tracer(&self, settings: &[(String, String)]) -> Result<D::Tracer, Breakage> {
        let tracer = self.database.tracer(settings).await?;
        self.cancellers.borrow_mut().push(tracer.canceller());
        Ok(tracer)
    }

    async fn script(
        &self,
        part: &MigrationPart,
        script: &MigrationScript,
        run: &mut Traced,
    ) -> Result<(), Breakage> {
        let settings: Vec<(String, String)> = script
            .settings
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut tracer = self.tracer(&settings).await?;
        let mut traces = Vec::new();
        if script.transactions == Transactions::One {
            tracer.begin().await?;
        }
        for statement in &script.statements {
            if self.stop.requested() {
                break;
            }
            let mut trace = tracer.run(&statement.sql).await?;
            trace.path.clone_from(&part.path);
            trace.position = statement.position;
            let failed = trace.error.is_some();
            traces.push(trace);
            if failed {
                break;
            }
        }
        if script.transactions == Transactions::One {
            end_all(&mut tracer, &mut traces).await;
        }
        hold_to_the_end(&mut traces);
        run.statements.extend(traces);
        Ok(())
    }
}

/// Ends the one transaction of a script; what COMMIT refuses is the error of its last statement.
async fn end_all(tracer: &mut impl Tracer, traces: &mut [StatementTrace]) {
    let failed = traces.iter().any(|trace| trace.error.is_some());
    let how = match failed {
        true => TransactionEnd::Rollback,
        false => TransactionEnd::Commit,
    };
    let ended = tracer.end(how).await;
    let Some(last) = traces.last_mut() else {
        return;
    };
    match ended {
        Ok(span) => {
            last.duration.0 += span.0;
            last.held = last.duration;
        }
        Err(error) => last.error = last.error.take().or(Some(error)),
    }
}

/// Locks are held to the end of the transaction: through all later statements that share it.
fn hold_to_the_end(traces: &mut [StatementTrace]) {
    let mut later = Micros(0);
    for trace in traces.iter_mut().rev() {
        if trace.scope != TransactionScope::Shared {
            later = Micros(0);
            continue;
        }
        let ends = matches!(
            kind(&trace.sql),
            StatementKind::Transaction(
                TransactionControl::Commit
                    | TransactionControl::Rollback
                    | TransactionControl::Prepare
            )
        );
        if ends {
            later = Micros(0);
        }
        later.0 += trace.duration.0;
        trace.held = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(statements: &[&str]) -> Vec<StatementTrace> {
        let mut shared = false;
        let statements = statements.iter().map(|sql| {
            let opens = *sql == "BEGIN";
            shared |= opens;
            let trace = StatementTrace {
                sql: (*sql).to_owned(),
                duration: Micros(10),
                held: Micros(10),
                scope: match shared {
                    true => TransactionScope::Shared,
                    false => TransactionScope::Own,
                },
                ..StatementTrace::default()
            };
            shared &= *sql != "COMMIT";
            trace
        });
        statements.collect()
    }

    #[test]
    fn a_lock_is_held_to_the_end_of_its_transaction() {
        let mut traces = traces(&[
            "DROP TABLE a",
            "BEGIN",
            "DROP TABLE b",
            "DROP TABLE c",
            "COMMIT",
            "BEGIN",
            "DROP TABLE d",
            "COMMIT",
        ]);
        hold_to_the_end(&mut traces);
        let held: Vec<u64> = traces.iter().map(|trace| trace.held.0).collect();
        assert_eq!(held, [10, 40, 30, 20, 10, 30, 20, 10]);
    }
}
