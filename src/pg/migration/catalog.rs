//! Which relations are there, in which files do they lie, and how were they used?

use crate::record::{LockMode, RelationName, TableScan};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

/// Relations that a migration may touch, with counters of one kind in place of `{counted}`.
const RELATIONS: &str = "\
SELECT c.oid, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, t.relname::pg_catalog.text,
       coalesce(pg_catalog.pg_relation_filenode(c.oid), 0::pg_catalog.oid), c.relkind IN ('r', 'm'),
       pg_catalog.{counted}_numscans(c.oid), pg_catalog.{counted}_tuples_returned(c.oid),
       pg_catalog.{counted}_tuples_updated(c.oid) + pg_catalog.{counted}_tuples_deleted(c.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm', 'p', 'i', 'I', 'S', 'v', 'f')
  AND n.nspname NOT IN ('pg_toast', 'pg_catalog', 'information_schema')";

/// What the session itself did in its transaction so far, which no other session can see.
const IN_TRANSACTION: &str = "pg_stat_get_xact";

/// What all sessions reported; for statements that run in several transactions.
const REPORTED: &str = "pg_stat_get";

const HELD: &str = "\
SELECT DISTINCT relation, mode FROM pg_catalog.pg_locks
WHERE pid = $1 AND locktype = 'relation' AND granted AND relation >= 16384
  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

/// The relations of a database at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Relations(BTreeMap<u32, Relation>);

/// A relation.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) name: RelationName,
    /// The file that it lies in; 0 where it has none.
    file: u32,
    /// Whether it is a table with rows of its own.
    is_table: bool,
    scans: i64,
    rows_read: i64,
    rows_changed: i64,
}

/// A lock that a session holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    pub(super) relation: u32,
    pub(super) mode: LockMode,
}

/// What happened to relations between two moments.
#[derive(Debug, Default)]
pub(super) struct Used {
    pub(super) rewrites: Vec<RelationName>,
    pub(super) scans: Vec<TableScan>,
    pub(super) dead_rows: u64,
}

impl Relations {
    pub(super) fn get(&self, oid: u32) -> Option<&Relation> {
        self.0.get(&oid)
    }
}

impl Used {
    /// Counters that went down were reported in between, and begin anew.
    pub(super) fn between(before: &Relations, after: &Relations) -> Self {
        let mut used = Self::default();
        for (oid, now) in &after.0 {
            let Some(then) = before.get(*oid) else {
                continue;
            };
            if then.file != now.file && then.file != 0 && now.file != 0 && !now.is_sequence() {
                used.rewrites.push(now.name.clone());
            }
            let rows = now.rows_read - then.rows_read;
            if now.is_table && now.scans > then.scans && rows > 0 {
                used.scans.push(TableScan {
                    table: now.name.clone(),
                    rows: u64::try_from(rows).unwrap_or(0),
                });
            }
            let changed = now.rows_changed - then.rows_changed;
            used.dead_rows += u64::try_from(changed).unwrap_or(0);
        }
        used.rewrites.sort();
        used.scans.sort_by(|one, other| one.table.cmp(&other.table));
        used
    }
}

impl Relation {
    /// Neither table nor index.
    fn is_sequence(&self) -> bool {
        !self.is_table && self.name.of.is_none()
    }
}

/// The relations as a session sees them in its own transaction.
pub(super) async fn relations(client: &Client) -> Result<Relations, Error> {
    read(client, IN_TRANSACTION).await
}

/// The relations with what all sessions reported of them.
pub(super) async fn counted(client: &Client) -> Result<Relations, Error> {
    read(client, REPORTED).await
}

async fn read(client: &Client, counted: &str) -> Result<Relations, Error> {
    let sql = RELATIONS.replace("{counted}", counted);
    let rows = client.query(&sql, &[]).await?;
    let mut relations = BTreeMap::new();
    for row in &rows {
        let relation = Relation {
            name: RelationName {
                schema: row.try_get(1)?,
                name: row.try_get(2)?,
                of: row.try_get(3)?,
            },
            file: row.try_get(4)?,
            is_table: row.try_get(5)?,
            scans: row.try_get(6)?,
            rows_read: row.try_get(7)?,
            rows_changed: row.try_get(8)?,
        };
        relations.insert(row.try_get(0)?, relation);
    }
    Ok(Relations(relations))
}

/// The locks on relations that a session holds now.
pub(super) async fn held(client: &Client, pid: i32) -> Result<BTreeSet<Held>, Error> {
    let rows = client.query_typed(HELD, &[(&pid, Type::INT4)]).await?;
    let mut held = BTreeSet::new();
    for row in &rows {
        let name: &str = row.try_get(1)?;
        if let Some(mode) = super::mode(name) {
            held.insert(Held {
                relation: row.try_get(0)?,
                mode,
            });
        }
    }
    Ok(held)
}
