//! The modes of locks on tables, and which of them keep each other waiting.
//!
//! The table is that of PostgreSQL's manual, "Explicit Locking", Table 13.2 "Conflicting Lock Modes".

use serde::{Deserialize, Serialize};
use std::fmt;

/// A mode of a lock on a table, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    /// SELECT.
    AccessShare,
    /// SELECT … FOR UPDATE and its like.
    RowShare,
    /// INSERT, UPDATE, DELETE, MERGE.
    RowExclusive,
    /// VACUUM, ANALYZE, CREATE INDEX CONCURRENTLY, VALIDATE CONSTRAINT.
    ShareUpdateExclusive,
    /// CREATE INDEX.
    Share,
    /// CREATE TRIGGER, ADD FOREIGN KEY.
    ShareRowExclusive,
    /// REFRESH MATERIALIZED VIEW CONCURRENTLY.
    Exclusive,
    /// DROP, TRUNCATE, VACUUM FULL, most forms of ALTER TABLE.
    AccessExclusive,
}

/// What an application does with a table, as far as locks on the table tell one from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableUse {
    /// SELECT.
    Reads,
    /// SELECT … FOR UPDATE and its like.
    LockingReads,
    /// INSERT, UPDATE, DELETE, MERGE.
    Writes,
    /// VACUUM, ANALYZE and other changes of the schema.
    Maintenance,
}

use LockMode::*;

impl LockMode {
    /// Every mode, the weakest first.
    pub const ALL: [Self; 8] = [
        AccessShare,
        RowShare,
        RowExclusive,
        ShareUpdateExclusive,
        Share,
        ShareRowExclusive,
        Exclusive,
        AccessExclusive,
    ];

    /// The mode by its name in `pg_locks`, such as `ShareUpdateExclusiveLock`.
    pub fn from_pg(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.pg() == name)
    }

    /// Its name in `pg_locks`.
    pub fn pg(self) -> &'static str {
        match self {
            AccessShare => "AccessShareLock",
            RowShare => "RowShareLock",
            RowExclusive => "RowExclusiveLock",
            ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Share => "ShareLock",
            ShareRowExclusive => "ShareRowExclusiveLock",
            Exclusive => "ExclusiveLock",
            AccessExclusive => "AccessExclusiveLock",
        }
    }

    /// Its name in SQL, as LOCK TABLE takes it.
    pub fn sql(self) -> &'static str {
        match self {
            AccessShare => "ACCESS SHARE",
            RowShare => "ROW SHARE",
            RowExclusive => "ROW EXCLUSIVE",
            ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Share => "SHARE",
            ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Exclusive => "EXCLUSIVE",
            AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// The modes that wait while somebody else holds this one.
    pub fn conflicts(self) -> &'static [Self] {
        match self {
            AccessShare => &[AccessExclusive],
            RowShare => &[Exclusive, AccessExclusive],
            RowExclusive => &[Share, ShareRowExclusive, Exclusive, AccessExclusive],
            ShareUpdateExclusive => &[
                ShareUpdateExclusive,
                Share,
                ShareRowExclusive,
                Exclusive,
                AccessExclusive,
            ],
            Share => &[
                RowExclusive,
                ShareUpdateExclusive,
                ShareRowExclusive,
                Exclusive,
                AccessExclusive,
            ],
            ShareRowExclusive => &[
                RowExclusive,
                ShareUpdateExclusive,
                Share,
                ShareRowExclusive,
                Exclusive,
                AccessExclusive,
            ],
            Exclusive => &[
                RowShare,
                RowExclusive,
                ShareUpdateExclusive,
                Share,
                ShareRowExclusive,
                Exclusive,
                AccessExclusive,
            ],
            AccessExclusive => &Self::ALL,
        }
    }

    /// What an application cannot do meanwhile.
    pub fn blocks(self) -> impl Iterator<Item = TableUse> {
        let uses = [
            (TableUse::Reads, AccessShare),
            (TableUse::LockingReads, RowShare),
            (TableUse::Writes, RowExclusive),
            (TableUse::Maintenance, ShareUpdateExclusive),
        ];
        let taken = uses.into_iter();
        taken.filter_map(move |(what, needs)| self.conflicts().contains(&needs).then_some(what))
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}

impl TableUse {
    /// The word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::LockingReads => "locking reads",
            Self::Writes => "writes",
            Self::Maintenance => "maintenance",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_mutual() {
        for one in LockMode::ALL {
            for other in LockMode::ALL {
                assert_eq!(
                    one.conflicts().contains(&other),
                    other.conflicts().contains(&one),
                    "{one} and {other}"
                );
            }
        }
    }

    #[test]
    fn a_stronger_lock_blocks_all_that_a_weaker_one_of_its_kind_blocks() {
        let blocked = |mode: LockMode| mode.blocks().collect::<Vec<_>>();
        assert_eq!(blocked(AccessShare), []);
        assert_eq!(blocked(ShareUpdateExclusive), [TableUse::Maintenance]);
        assert_eq!(blocked(Share), [TableUse::Writes, TableUse::Maintenance]);
        assert_eq!(
            blocked(AccessExclusive),
            [
                TableUse::Reads,
                TableUse::LockingReads,
                TableUse::Writes,
                TableUse::Maintenance
            ]
        );
    }

    #[test]
    fn names_are_read_as_the_server_writes_them() {
        for mode in LockMode::ALL {
            assert_eq!(LockMode::from_pg(mode.pg()), Some(mode));
        }
        assert_eq!(LockMode::from_pg("SIReadLock"), None);
    }
}
