//! How was a database, and how does it get back there? Only what an order may have changed is looked at, and only what
//! did change is touched: small tables are emptied and filled again from memory, with what the planner knew of them;
//! sequences are set back. What no copy of rows can put back takes a new clone.
//!
//! Taking single rows back would be less work and is not done: where they come to lie decides in which order a scan locks
//! them, and that has to be the same in every run.

use super::admin::quote_literal;
use super::connect::{Connector, Login};
use super::failure;
use super::line::{Line, drive};
use crate::record::Breakage;
use crate::run::session::{
    Changes, Contents, Keeper, RelationCatalog, RelationFacts, Rewound, TableContents,
};
use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow, Statement};

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
    /// Whether the user may empty and fill tables as if nobody saw it.
    may_copy: bool,
    /// Whether rows and sequences are all that statements may change here.
    only_rows: bool,
    tables: Vec<Table>,
    sequences: Vec<Sequence>,
    /// What can be put back.
    kept: Option<Changes>,
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
    copy: Option<Copy>,
}

/// What stood in a table.
#[derive(Debug)]
struct Copy {
    rows: Bytes,
    count: String,
    /// Fills the table.
    fill: Statement,
}

#[derive(Debug, PartialEq)]
struct Sequence {
    name: String,
    last_value: i64,
    is_called: bool,
}

impl PgKeeper {
    /// Looks at what there is in the database.
    pub(super) async fn open(connector: &Connector, login: &Login) -> Result<Self, Breakage> {
        Self::try_open(connector, login)
            .await
            .map_err(|error| broken(&error))
    }

    async fn try_open(connector: &Connector, login: &Login) -> Result<Self, Error> {
        let (client, wire) = connector.open(login).await?;
        tokio::spawn(drive(wire, Arc::new(Line::default())));
        let (may_copy, only_rows, mut catalog) = surroundings(&client).await?;
        catalog.relations = relations(&client).await?;
        let (tables, moving) = tables(&client).await?;
        catalog.moving_columns = moving;
        Ok(Self {
            client,
            catalog,
            may_copy,
            only_rows,
            tables,
            sequences: Vec::new(),
            kept: None,
            since: String::new(),
        })
    }

    async fn try_remember(&mut self, what: &Changes) -> Result<(), Error> {
        let tables = self.with_referencing(self.tables_of(what));
        let bytes: i64 = tables.iter().map(|index| self.tables[*index].bytes).sum();
        let can = match what {
            Changes::Rows(_) => tables.is_empty() || self.may_copy,
            Changes::Anything => self.may_copy && self.only_rows,
        };
        if !can || bytes > MOST_BYTES {
            return Ok(());
        }
        for index in tables {
            let table = &mut self.tables[index];
            let (name, columns) = (&table.name, table.columns.join(", "));
            let copy = format!("COPY {name} ({columns}) TO STDOUT");
            let copy = self.client.copy_out(&copy).await?;
            let parts: Vec<Bytes> = copy.try_collect().await?;
            let count = format!("SELECT pg_catalog.count(*)::pg_catalog.text FROM ONLY {name}");
            let fill = format!("COPY {name} ({columns}) FROM STDIN (FREEZE)");
            table.copy = Some(Copy {
                rows: parts.concat().into(),
                count: self.client.query_one(&count, &[]).await?.try_get(0)?,
                fill: self.client.prepare(&fill).await?,
            });
        }
        if *what == Changes::Anything {
            self.sequences = sequences(&self.client).await?;
        }
        self.since = self.client.query_one(NEXT, &[]).await?.try_get(0)?;
        self.kept = Some(what.clone());
        Ok(())
    }

    /// The tables that hold the rows of these relations, by index; what only stands for others holds none.
    fn tables_of(&self, changes: &Changes) -> Vec<usize> {
        let tables = self.tables.iter().enumerate();
        let tables = tables.filter(|(_, table)| match changes {
            Changes::Rows(relations) => relations.contains(&table.oid),
            Changes::Anything => true,
        });
        tables.map(|(index, _)| index).collect()
    }

    /// Those tables, and all whose foreign keys point to them.
    fn with_referencing(&self, tables: Vec<usize>) -> BTreeSet<usize> {
        let mut all = BTreeSet::new();
        let mut open = tables;
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

    /// What did change of that, in one round trip.
    async fn changed(
        &self,
        looked_at: &[(usize, &Copy)],
        changes: &Changes,
    ) -> Result<Changed, Error> {
        let since = quote_literal(&self.since);
        let tables = looked_at.iter().map(|(index, copy)| {
            format!(
                "SELECT {index} WHERE (SELECT pg_catalog.count(*) <> {} OR coalesce(pg_catalog.bool_or(\
                 pg_catalog.age(xmin) <= pg_catalog.age({since}::pg_catalog.xid)), false) FROM ONLY {})",
                copy.count, self.tables[*index].name
            )
        });
        let sequences = match changes {
            Changes::Rows(_) => &[],
            Changes::Anything => self.sequences.as_slice(),
        };
        let sequences = sequences.iter().map(|sequence| {
            format!(
                "SELECT -1 FROM {} WHERE last_value <> {} OR is_called <> {}",
                sequence.name, sequence.last_value, sequence.is_called
            )
        });
        let parts: Vec<String> = tables.chain(sequences).collect();
        let mut changed = Changed::default();
        if parts.is_empty() {
            return Ok(changed);
        }
        for row in rows(&self.client, &parts.join(" UNION ALL ")).await? {
            match row.get(0).and_then(|index| index.parse().ok()) {
                Some(index) => changed.tables.push(index),
                None => changed.sequences = Sequences::Moved,
            }
        }
        Ok(changed)
    }

    async fn put_back(&mut self, changes: &Changes) -> Result<Rewound, Error> {
        let wanted = self.tables_of(changes);
        let copies = wanted.iter().filter_map(|index| {
            let copy = self.tables[*index].copy.as_ref()?;
            Some((*index, copy))
        });
        let copies: Vec<(usize, &Copy)> = copies.collect();
        let known = match (&self.kept, changes) {
            (None, _) | (Some(Changes::Rows(_)), Changes::Anything) => false,
            (Some(_), _) => copies.len() == wanted.len(),
        };
        if !known {
            return Ok(Rewound::NeedsClone);
        }
        let changed = self.changed(&copies, changes).await?;
        if changed == Changed::default() {
            return Ok(Rewound::Unchanged);
        }
        let emptied = self.with_referencing(changed.tables);
        self.since = self.write_back(&emptied, changed.sequences).await?;
        Ok(Rewound::PutBack)
    }

    /// Fills these tables as they were; tells the first transaction after that.
    async fn write_back(
        &self,
        emptied: &BTreeSet<usize>,
        sequences: Sequences,
    ) -> Result<String, Error> {
        let tables: Vec<&Table> = emptied.iter().map(|index| &self.tables[*index]).collect();
        let mut sql = "BEGIN; SET LOCAL session_replication_role = replica".to_owned();
        if !tables.is_empty() {
            let names = tables.iter().map(|table| format!("ONLY {}", table.name));
            let names = names.collect::<Vec<_>>().join(", ");
            sql.push_str(&format!("; TRUNCATE {names}"));
        }
        self.client.batch_execute(&sql).await?;
        let copies = tables.iter().filter_map(|table| table.copy.as_ref());
        for copy in copies.filter(|copy| !copy.rows.is_empty()) {
            let sink = self.client.copy_in::<_, Bytes>(&copy.fill).await?;
            let mut sink = std::pin::pin!(sink);
            sink.send(copy.rows.clone()).await?;
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
        if sequences == Sequences::Moved {
            for sequence in &self.sequences {
                sql.push_str(&format!(
                    "SELECT pg_catalog.setval({}, {}, {});",
                    quote_literal(&sequence.name),
                    sequence.last_value,
                    sequence.is_called
                ));
            }
        }
        // Whoever changes something from now on is younger than the transaction that filled the tables.
        sql.push_str(&format!("{AFTER_THIS}; COMMIT"));
        let answers = rows(&self.client, &sql).await?;
        let since = answers.last().and_then(|row| row.get(0));
        Ok(since.unwrap_or_default().to_owned())
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
        let rows = rows(&self.client, &sql).await?;
        let tables = rows.iter().zip(&self.tables);
        let tables = tables.map(|(row, table)| TableContents {
            table: table.shown.clone(),
            rows: row.get(1).unwrap_or_default().to_owned(),
        });
        Ok(tables.collect())
    }
}

/// What is not as it was.
#[derive(Debug, Default, PartialEq)]
struct Changed {
    /// Tables, by index.
    tables: Vec<usize>,
    sequences: Sequences,
}

/// Whether a sequence has another value than it had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Sequences {
    #[default]
    AsTheyWere,
    Moved,
}

impl Keeper for PgKeeper {
    fn catalog(&self) -> &RelationCatalog {
        &self.catalog
    }

    async fn remember(&mut self, what: &Changes) -> Result<(), Breakage> {
        let remembered = self.try_remember(what).await;
        remembered.map_err(|error| broken(&error))
    }

    async fn rewind(&mut self, changes: &Changes) -> Result<Rewound, Breakage> {
        // Whatever stands in the way, a clone is always right; a server that is gone says so there.
        let put_back = self.put_back(changes).await;
        Ok(put_back.unwrap_or(Rewound::NeedsClone))
    }

    async fn contents(&mut self) -> Result<Contents, Breakage> {
        self.read_contents().await.map_err(|error| broken(&error))
    }
}

fn broken(error: &Error) -> Breakage {
    failure::breakage("rewind", "the session that puts the rows back broke", error)
}

/// The next transaction that anybody begins.
const NEXT: &str = "SELECT (pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())\
    ::pg_catalog.text::pg_catalog.numeric % 4294967296)::pg_catalog.text";

/// The first transaction that anybody can begin after this one.
const AFTER_THIS: &str = "SELECT ((pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.numeric + 1)\
    % 4294967296)::pg_catalog.text";

/// The rows of a message of the simple protocol, in one round trip.
async fn rows(client: &Client, sql: &str) -> Result<Vec<SimpleQueryRow>, Error> {
    let messages = client.simple_query(sql).await?.into_iter();
    let rows = messages.filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.collect())
}

async fn surroundings(client: &Client) -> Result<(bool, bool, RelationCatalog), Error> {
    let row = client
        .query_one(include_str!("keeper/surroundings.sql"), &[])
        .await?;
    let catalog = RelationCatalog {
        opaque: row.try_get(2)?,
        system_relations: row.try_get(3)?,
        system_routines: row.try_get(4)?,
        own_routines: row.try_get(5)?,
        ..RelationCatalog::default()
    };
    Ok((row.try_get(0)?, row.try_get(1)?, catalog))
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
            copy: None,
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
