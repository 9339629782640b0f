//! What does a migration amount to? Totals of its trace, what is lost, and what clients felt of it.

mod failures;
mod loss;
mod queries;
mod traffic;

pub use failures::{FailedStatement, FirstFailure};
pub use loss::{Loss, grown, incomparable, losses};
pub use queries::{QueryCost, query_cost, slowdown};
pub use traffic::{MigrationTraffic, MigrationWait, TrafficPhase, TrafficUnit};

use crate::record::{
    LockMode, LockSight, Micros, MigrationLog, RelationName, StatementTrace, TableUse,
};
use crate::sql::may_hold_up;
use std::collections::{BTreeMap, BTreeSet};

/// How long something an application does with a table was held up.
#[derive(Debug, Clone, PartialEq)]
pub struct Blockage<'a> {
    /// The statement that held it up.
    pub statement: &'a StatementTrace,
    /// The table.
    pub table: RelationName,
    /// By what.
    pub by: BlockedBy,
    /// How long.
    pub held: Micros,
}

/// What holds an application up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockedBy {
    /// A lock on the table.
    Lock(LockMode),
    /// Locks on so many of its rows: who wants to change the same ones waits.
    Rows(u64),
}

impl Blockage<'_> {
    /// Whether reads wait too.
    pub fn blocks_reads(&self) -> bool {
        match self.by {
            BlockedBy::Lock(mode) => mode.blocks().any(|what| what == TableUse::Reads),
            BlockedBy::Rows(_) => false,
        }
    }
}

/// Everything that holds up reads or writes of tables that were there before, in the order of the statements.
pub fn blockages(log: &MigrationLog) -> Vec<Blockage<'_>> {
    log.statements.iter().flat_map(of_statement).collect()
}

fn of_statement(trace: &StatementTrace) -> Vec<Blockage<'_>> {
    let existing = trace.locks.iter();
    // An index is locked with its table.
    let existing = existing.filter(|lock| lock.existed && lock.relation.of.is_none());
    let mut strongest: BTreeMap<&RelationName, LockMode> = BTreeMap::new();
    let mut changed: Option<&RelationName> = None;
    for lock in existing {
        let blocks = lock.mode.blocks();
        let mut blocks = blocks.filter(|what| matches!(what, TableUse::Reads | TableUse::Writes));
        if blocks.next().is_some() {
            let known = strongest.entry(&lock.relation).or_insert(lock.mode);
            *known = (*known).max(lock.mode);
        } else if lock.mode == LockMode::RowExclusive {
            changed = changed.or(Some(&lock.relation));
        }
    }
    let mut blockages: Vec<Blockage<'_>> = strongest
        .into_iter()
        .map(|(table, mode)| Blockage {
            statement: trace,
            table: table.clone(),
            by: BlockedBy::Lock(mode),
            held: trace.held,
        })
        .collect();
    if let (Some(table), rows @ 1..) = (changed, trace.costs.dead_rows) {
        blockages.push(Blockage {
            statement: trace,
            table: table.clone(),
            by: BlockedBy::Rows(rows),
            held: trace.held,
        });
    }
    blockages
}

/// The strongest lock on each relation that was there before.
pub fn strongest_locks(log: &MigrationLog) -> BTreeMap<RelationName, LockMode> {
    let mut strongest: BTreeMap<RelationName, LockMode> = BTreeMap::new();
    let locks = log.statements.iter().flat_map(|trace| &trace.locks);
    for lock in locks.filter(|lock| lock.existed) {
        let known = strongest.entry(lock.relation.clone()).or_insert(lock.mode);
        *known = (*known).max(lock.mode);
    }
    strongest
}

/// Statements that may have held somebody up while nobody looked: those that ran outside of any transaction and were over
/// before the first look, and programs whose changes the server would not note and nobody saw.
pub fn unseen(log: &MigrationLog) -> Vec<&StatementTrace> {
    let all = log.statements.iter();
    let unseen = all.filter(|trace| {
        let noted = |other: &StatementTrace| {
            other.is_of_program(trace) && other.seen == LockSight::Complete
        };
        trace.seen == LockSight::Sampled { looks: 0 }
            && trace.error.is_none()
            && may_hold_up(&trace.sql)
            && !log.statements.iter().any(noted)
    });
    unseen.collect()
}

/// The tables and indexes that were written anew.
pub fn rewritten(log: &MigrationLog) -> BTreeSet<RelationName> {
    let rewrites = log.statements.iter().flat_map(|trace| &trace.rewrites);
    rewrites.cloned().collect()
}

/// The tables that were read from end to end by a statement that blocked reads or writes of one of them. Of a program it is
/// known for all its statements together what was read.
pub fn scanned_while_blocked(log: &MigrationLog) -> BTreeSet<RelationName> {
    let scans = log.statements.iter().flat_map(|trace| {
        let same =
            |other: &&StatementTrace| std::ptr::eq(*other, trace) || other.is_of_program(trace);
        let blocked: Vec<RelationName> = log
            .statements
            .iter()
            .filter(same)
            .flat_map(of_statement)
            .filter(|blockage| matches!(blockage.by, BlockedBy::Lock(_)))
            .map(|blockage| blockage.table)
            .collect();
        let scans = trace.scans.iter();
        scans
            .filter(move |scan| blocked.contains(&scan.table))
            .map(|scan| scan.table.clone())
    });
    scans.collect()
}

/// How long all of it took, on the quiet copy.
pub fn duration(log: &MigrationLog) -> Micros {
    let own = log.statements.iter().filter(|trace| trace.position > 0);
    Micros(own.map(|trace| trace.duration.0).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(sql: &str, looks: u32) -> StatementTrace {
        StatementTrace {
            path: sql.to_owned(),
            position: 1,
            sql: sql.to_owned(),
            seen: LockSight::Sampled { looks },
            ..StatementTrace::default()
        }
    }

    #[test]
    fn unseen_is_what_nobody_looked_at_or_noted_and_might_hold_somebody_up() {
        let noted = StatementTrace {
            path: "alembic upgrade head".to_owned(),
            ..StatementTrace::default()
        };
        let log = MigrationLog {
            statements: vec![
                trace("CALL quick()", 0),
                trace("CALL slow()", 3),
                trace("VACUUM orders", 0),
                trace("sqlx migrate run", 0),
                trace("alembic upgrade head", 0),
                noted,
            ],
            ..MigrationLog::default()
        };
        let unseen: Vec<&str> = unseen(&log)
            .iter()
            .map(|trace| trace.sql.as_str())
            .collect();
        assert_eq!(unseen, ["CALL quick()", "sqlx migrate run"]);
    }
}
