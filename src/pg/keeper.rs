//! How was a database, and how does it get back there? Small tables are emptied and filled again from memory, with what
//! the planner knew of them; sequences are set back. Only what changed is touched. What no copy of rows can put back
//! takes a new clone.

use super::admin::quote_literal;
use super::connect::{Connector, Login};
use super::failure;
use super::line::{Line, drive};
use crate::record::Breakage;
use crate::run::session::{
    Contents, Keeper, RelationCatalog, RelationFacts, Rewound, TableContents,
};
use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_postgres::{Client, Error};

/// More bytes in tables than this are cloned rather than copied.
const MOST_BYTES: i64 = 4 << 20;

/// Of a table larger than this a digest is compared, not its rows.
const MOST_BYTES_SHOWN: i64 = 256 << 10;

/// Columns whose default is one of these differ in every run.
const MOVING: &str = r"\m(nextval|now|current_date|current_time|current_timestamp|localtime|localtimestamp|random|gen_random_uuid|uuid_generate_\w+|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|txid_current|pg_current_xact_id)\M";

/// Who remembers how a database was.
pub struct PgKeeper {
    client: Client,
    catalog: RelationCatalog,
    can_rewind: bool,
    tables: Vec<Table>,
    sequences: Vec<Sequence>,
    /// The first transaction after the database was as it shall be.
    since: String,
}

#[derive(Debug)]
struct Table {
    oid: u32,
    /// Quoted, with its schema.
    name: String,
    /// As a person knows it.
    shown: String,
    columns: Vec<String>,
    compared: Vec<String>,
    /// The tables whose foreign keys point here; emptying one takes emptying them.
    referenced_by: Vec<u32>,
    bytes: i64,
    /// Rows of `VALUES` with what the planner knows of the table and its indexes.
    known_to_planner: Vec<String>,
    rows: Bytes,
    count: i64,
}

#[derive(Debug, PartialEq)]
struct Sequence {
    name: String,
    last_value: i64,
    is_called: bool,
}

impl PgKeeper {
    /// Remembers how the database is.
    pub(super) async fn open(connector: &Connector, login: &Login) -> Result<Self, Breakage> {
        Self::try_open(connector, login)
            .await
            .map_err(|error| broken(&error))
    }

    async fn try_open(connector: &Connector, login: &Login) -> Result<Self, Error> {
        let (client, wire) = connector.open(login).await?;
        tokio::spawn(drive(wire, Arc::new(Line::default())));
        let (can_rewind, mut catalog) = surroundings(&client).await?;
        catalog.relations = relations(&client).await?;
        let (tables, moving) = tables(&client).await?;
        catalog.moving_columns = moving;
        let sequences = sequences(&client).await?;
        let bytes: i64 = tables.iter().map(|table| table.bytes).sum();
        let mut keeper = Self {
            client,
            catalog,
            can_rewind: can_rewind && bytes <= MOST_BYTES,
            tables,
            sequences,
            since: String::new(),
        };
        if keeper.can_rewind {
            keeper.remember().await?;
        }
        Ok(keeper)
    }

    async fn remember(&mut self) -> Result<(), Error> {
        for table in &mut self.tables {
            let columns = table.columns.join(", ");
            let sql = format!("COPY {} ({columns}) TO STDOUT", table.name);
            let copy = self.client.copy_out(&sql).await?;
            let parts: Vec<Bytes> = copy.try_collect().await?;
            table.rows = parts.concat().into();
            let count = format!("SELECT pg_catalog.count(*) FROM ONLY {}", table.name);
            table.count = self.client.query_one(&count, &[]).await?.try_get(0)?;
        }
        self.since = next_transaction(&self.client).await?;
        Ok(())
    }

    /// Which tables hold other rows than in the beginning, by index.
    async fn changed(&self) -> Result<Vec<usize>, Error> {
        if self.tables.is_empty() {
            return Ok(Vec::new());
        }
        let since = quote_literal(&self.since);
        let parts = self.tables.iter().enumerate().map(|(index, table)| {
            format!(
                "SELECT {index} WHERE (SELECT pg_catalog.count(*) <> {} OR coalesce(pg_catalog.bool_or(\
                 pg_catalog.age(xmin) <= pg_catalog.age({since}::pg_catalog.xid)), false) FROM ONLY {})",
                table.count, table.name
            )
        });
        let sql = parts.collect::<Vec<_>>().join(" UNION ALL ");
        let rows = self.client.query(&sql, &[]).await?;
        rows.iter()
            .map(|row| Ok(usize::try_from(row.try_get::<_, i32>(0)?).unwrap_or(0)))
            .collect()
    }

    /// Those tables, and all whose foreign keys point to them.
    fn with_referencing(&self, changed: Vec<usize>) -> BTreeSet<usize> {
        let mut all = BTreeSet::new();
        let mut open = changed;
        while let Some(index) = open.pop() {
            if all.insert(index) {
                let others = self.tables.iter().enumerate();
                let referencing = &self.tables[index].referenced_by;
                open.extend(
                    others
                        .filter(|(_, table)| referencing.contains(&table.oid))
                        .map(|(at, _)| at),
                );
            }
        }
        all
    }

    async fn put_back(&mut self) -> Result<(), Error> {
        let emptied = self.with_referencing(self.changed().await?);
        let moved = sequences(&self.client).await? != self.sequences;
        if emptied.is_empty() && !moved {
            return Ok(());
        }
        self.client
            .batch_execute("BEGIN; SET LOCAL session_replication_role = replica")
            .await?;
        let written = self.write_back(&emptied, moved).await;
        let end = if written.is_ok() {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        self.client.batch_execute(end).await?;
        written?;
        self.since = next_transaction(&self.client).await?;
        Ok(())
    }

    async fn write_back(&self, emptied: &BTreeSet<usize>, moved: bool) -> Result<(), Error> {
        let tables: Vec<&Table> = emptied.iter().map(|index| &self.tables[*index]).collect();
        if !tables.is_empty() {
            let names = tables.iter().map(|table| format!("ONLY {}", table.name));
            let names = names.collect::<Vec<_>>().join(", ");
            self.client
                .batch_execute(&format!("TRUNCATE {names}"))
                .await?;
        }
        for table in tables.iter().filter(|table| !table.rows.is_empty()) {
            let columns = table.columns.join(", ");
            let sql = format!("COPY {} ({columns}) FROM STDIN (FREEZE)", table.name);
            let sink = self.client.copy_in::<_, Bytes>(&sql).await?;
            let mut sink = std::pin::pin!(sink);
            sink.send(table.rows.clone()).await?;
            sink.finish().await?;
        }
        let known = tables.iter().flat_map(|table| &table.known_to_planner);
        let known: Vec<&str> = known.map(String::as_str).collect();
        let mut sql = String::new();
        if !known.is_empty() {
            // Without it, plans, and with them locks, would be other ones than after the seed.
            sql.push_str(&format!(
                "UPDATE pg_catalog.pg_class SET relpages = v.pages, reltuples = v.tuples, relallvisible = v.visible \
                 FROM (VALUES {}) AS v (oid, pages, tuples, visible) WHERE pg_class.oid = v.oid;",
                known.join(", ")
            ));
        }
        if moved {
            for sequence in &self.sequences {
                sql.push_str(&format!(
                    "SELECT pg_catalog.setval({}, {}, {});",
                    quote_literal(&sequence.name),
                    sequence.last_value,
                    sequence.is_called
                ));
            }
        }
        self.client.batch_execute(&sql).await
    }

    async fn read_contents(&self) -> Result<Contents, Error> {
        if self.tables.is_empty() {
            return Ok(Contents::new());
        }
        let parts = self.tables.iter().enumerate().map(|(index, table)| {
            let row = format!(
                "ROW({})::pg_catalog.text COLLATE \"C\"",
                table.compared.join(", ")
            );
            let all = "coalesce(pg_catalog.string_agg(r, E'\\n' ORDER BY r), '')";
            let all = match table.bytes > MOST_BYTES_SHOWN {
                true => format!("pg_catalog.md5({all})"),
                false => all.to_owned(),
            };
            format!(
                "SELECT {index}, {all} FROM (SELECT {row} AS r FROM ONLY {}) AS rows",
                table.name
            )
        });
        let sql = parts.collect::<Vec<_>>().join(" UNION ALL ") + " ORDER BY 1";
        let rows = self.client.query(&sql, &[]).await?;
        let tables = rows.iter().zip(&self.tables).map(|(row, table)| {
            Ok(TableContents {
                table: table.shown.clone(),
                rows: row.try_get(1)?,
            })
        });
        tables.collect()
    }
}

impl Keeper for PgKeeper {
    fn catalog(&self) -> &RelationCatalog {
        &self.catalog
    }

    async fn rewind(&mut self) -> Result<Rewound, Breakage> {
        if !self.can_rewind {
            return Ok(Rewound::NeedsClone);
        }
        match self.put_back().await {
            Ok(()) => Ok(Rewound::Whole),
            // Whatever stands in the way, a clone is always right; a server that is gone says so there.
            Err(_) => Ok(Rewound::NeedsClone),
        }
    }

    async fn contents(&mut self) -> Result<Contents, Breakage> {
        self.read_contents().await.map_err(|error| broken(&error))
    }
}

fn broken(error: &Error) -> Breakage {
    failure::breakage("rewind", "the session that puts the rows back broke", error)
}

async fn next_transaction(client: &Client) -> Result<String, Error> {
    const NEXT: &str = "SELECT (pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())\
        ::pg_catalog.text::pg_catalog.numeric % 4294967296)::pg_catalog.text";
    client.query_one(NEXT, &[]).await?.try_get(0)
}

async fn surroundings(client: &Client) -> Result<(bool, RelationCatalog), Error> {
    let row = client
        .query_one(include_str!("keeper/surroundings.sql"), &[])
        .await?;
    let catalog = RelationCatalog {
        opaque: row.try_get(1)?,
        system_relations: row.try_get(2)?,
        system_routines: row.try_get(3)?,
        own_routines: row.try_get(4)?,
        ..RelationCatalog::default()
    };
    Ok((row.try_get(0)?, catalog))
}

async fn relations(client: &Client) -> Result<Vec<RelationFacts>, Error> {
    let rows = client
        .query(include_str!("keeper/relations.sql"), &[])
        .await?;
    let relations = rows.iter().map(|row| {
        Ok(RelationFacts {
            oid: row.try_get(0)?,
            name: row.try_get(1)?,
            reads: row.try_get(2)?,
            touches: row.try_get(3)?,
            reading_is_opaque: row.try_get(4)?,
            writing_is_opaque: row.try_get(5)?,
            expressions: row.try_get(6)?,
        })
    });
    relations.collect()
}

async fn tables(client: &Client) -> Result<(Vec<Table>, Vec<String>), Error> {
    let rows = client
        .query(include_str!("keeper/tables.sql"), &[&MOVING])
        .await?;
    let mut moving = Vec::new();
    let mut tables = Vec::new();
    for row in &rows {
        moving.extend(row.try_get::<_, Vec<String>>(5)?);
        tables.push(Table {
            oid: row.try_get(0)?,
            name: row.try_get(1)?,
            shown: row.try_get(2)?,
            columns: row.try_get(3)?,
            compared: row.try_get(4)?,
            referenced_by: row.try_get(6)?,
            bytes: row.try_get(7)?,
            known_to_planner: row.try_get(8)?,
            rows: Bytes::new(),
            count: 0,
        });
    }
    Ok((tables, moving))
}

async fn sequences(client: &Client) -> Result<Vec<Sequence>, Error> {
    const NAMES: &str = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind = 'S' AND n.nspname !~ '^pg_temp' ORDER BY 1";
    let names = client.query(NAMES, &[]).await?;
    let names: Vec<String> = names
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let parts = names.iter().enumerate();
    let parts = parts.map(|(at, name)| format!("SELECT {at}, last_value, is_called FROM {name}"));
    let sql = parts.collect::<Vec<_>>().join(" UNION ALL ") + " ORDER BY 1";
    let rows = client.query(&sql, &[]).await?;
    let sequences = rows.iter().zip(names).map(|(row, name)| {
        Ok(Sequence {
            name,
            last_value: row.try_get(1)?,
            is_called: row.try_get(2)?,
        })
    });
    sequences.collect()
}
