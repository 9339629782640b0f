//! Which databases can be used again? Making one takes longer than most of PostgreSQL's own isolation specs do, and they
//! clean up behind themselves: what is like a fresh database in every row of its catalogs is used by a later case. Whether
//! it is, is found out beside the next case, by a session that stays in the database: the first look at all catalogs is
//! the slow one.

use super::Cluster;
use crate::pg::admin::{Pause, on};
use crate::pg::connect::Login;
use crate::pg::line::{Line, drive};
use crate::record::Breakage;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

/// How often a database is used at most: its catalogs grow with every table that was made in it, and dropped.
const MOST_USES: u32 = 24;

/// How long the last sessions of a case may take to end before its database is not worth waiting for.
const PATIENCE: Duration = Duration::from_millis(250);

/// A database that a case uses, and a later one may use again.
#[derive(Debug)]
pub(in crate::pg) struct Spare {
    name: String,
    role: Option<String>,
    uses: u32,
    /// Asks whether the database is like a fresh one.
    looker: Client,
}

/// The databases of cases that are over.
#[derive(Debug, Default)]
pub(super) struct Spares {
    /// What a fresh database is like.
    fresh: OnceLock<String>,
    /// Those that are like it.
    idle: Mutex<Vec<Spare>>,
    /// Those that are not, by name.
    used_up: Mutex<Vec<String>>,
}

/// Those that are being looked at.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<JoinSet<()>>);

/// Catalogs whose rows tell what is in a database.
const CATALOGS: [&str; 38] = [
    "pg_aggregate",
    "pg_am",
    "pg_amop",
    "pg_amproc",
    "pg_attrdef",
    "pg_attribute",
    "pg_cast",
    "pg_class",
    "pg_collation",
    "pg_constraint",
    "pg_conversion",
    "pg_default_acl",
    "pg_enum",
    "pg_event_trigger",
    "pg_extension",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_foreign_table",
    "pg_index",
    "pg_inherits",
    "pg_init_privs",
    "pg_language",
    "pg_largeobject_metadata",
    "pg_opclass",
    "pg_operator",
    "pg_opfamily",
    "pg_partitioned_table",
    "pg_policy",
    "pg_proc",
    "pg_publication",
    "pg_range",
    "pg_rewrite",
    "pg_sequence",
    "pg_statistic",
    "pg_statistic_ext",
    "pg_transform",
    "pg_trigger",
    "pg_type",
];

/// What is in a database, so that two copies of one template have the same, and no copy that was changed has it: how many
/// rows each catalog has, and which transaction wrote the youngest. Schemas of temporary tables stay, and mean nothing.
fn fingerprint_query() -> String {
    let rows = CATALOGS.map(|catalog| {
        format!(
            "SELECT pg_catalog.count(*), pg_catalog.max(xmin::pg_catalog.text::pg_catalog.int8) FROM pg_catalog.{catalog}"
        )
    });
    format!(
        "SELECT pg_catalog.string_agg(r::pg_catalog.text, ' ') FROM (\
         {} UNION ALL \
         SELECT pg_catalog.count(*), pg_catalog.max(xmin::pg_catalog.text::pg_catalog.int8) \
         FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_' UNION ALL \
         SELECT pg_catalog.count(*), NULL FROM pg_catalog.pg_db_role_setting s \
         JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase WHERE d.datname = pg_catalog.current_database() UNION ALL \
         SELECT pg_catalog.count(*), NULL FROM pg_catalog.pg_database \
         WHERE datname = pg_catalog.current_database() AND (datacl IS NOT NULL OR datconnlimit <> -1) UNION ALL \
         SELECT pg_catalog.count(*), NULL FROM pg_catalog.pg_prepared_xacts \
         WHERE database = pg_catalog.current_database() UNION ALL \
         SELECT pg_catalog.count(*), NULL FROM pg_catalog.pg_replication_slots \
         WHERE database = pg_catalog.current_database()) AS r",
        rows.join(" UNION ALL ")
    )
}

impl Spare {
    /// Its name on the server.
    pub(in crate::pg) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is like a fresh one, once the looker is the last session in it: whoever ends takes temporary tables
    /// along.
    async fn is_like(&self, fresh: &str) -> Result<bool, Error> {
        const OTHERS: &str = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity \
            WHERE datname = pg_catalog.current_database() AND usesysid IS NOT NULL \
            AND pid <> pg_catalog.pg_backend_pid()";
        let begun = Instant::now();
        let mut pause = Pause::default();
        loop {
            let others = self.looker.query_typed(OTHERS, &[]).await?;
            let count: i64 = others.first().map_or(Ok(0), |row| row.try_get(0))?;
            if count == 0 {
                return Ok(fingerprint(&self.looker).await? == fresh);
            }
            if begun.elapsed() > PATIENCE {
                return Ok(false);
            }
            pause.take().await;
        }
    }
}

impl Spares {
    fn take(&self, role: Option<&str>) -> Option<Spare> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle
            .iter()
            .position(|spare| spare.role.as_deref() == role)?;
        Some(idle.swap_remove(at))
    }

    /// Looks at a database, and sorts it in.
    async fn sort_in(&self, spare: Spare) {
        // One that cannot be asked is dropped.
        let like_fresh = match self.fresh.get() {
            Some(fresh) if spare.uses < MOST_USES => spare.is_like(fresh).await.unwrap_or(false),
            _ => false,
        };
        match like_fresh {
            true => {
                let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.push(spare);
            }
            false => {
                let mut used_up = self.used_up.lock().unwrap_or_else(PoisonError::into_inner);
                used_up.push(spare.name);
            }
        }
    }
}

impl Looks {
    fn begin(&self, handle: &Handle, spares: Arc<Spares>, spare: Spare) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while looks.try_join_next().is_some() {}
        looks.spawn_on(async move { spares.sort_in(spare).await }, handle);
    }

    /// Gives up those that are under way, and with them the sessions that look.
    async fn give_up(&self) {
        let mut looks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        looks.shutdown().await;
    }
}

impl Cluster {
    /// A database that is like a fresh one, if there is one of this role.
    pub(in crate::pg) fn spare(&self, role: Option<&str>) -> Option<Spare> {
        let spare = self.spares.take(role)?;
        Some(Spare {
            uses: spare.uses + 1,
            ..spare
        })
    }

    /// Lets a fresh database be used again, if somebody can look at it.
    pub(in crate::pg) async fn to_spare(&self, name: &str, role: Option<&str>) -> Option<Spare> {
        // The session has to outlast the case.
        let handle = self.admin.handle();
        let login = Login::own(name, "pgauge/looker");
        let opened = on(handle, self.connector.open(&login)).await;
        let (looker, wire) = opened.ok()?;
        handle.spawn(drive(wire, Arc::new(Line::default())));
        if self.spares.fresh.get().is_none() {
            let fresh = fingerprint(&looker).await.ok()?;
            // Whoever was first decides; all fresh ones are alike.
            let _ = self.spares.fresh.set(fresh);
        }
        Some(Spare {
            name: name.to_owned(),
            role: role.map(str::to_owned),
            uses: 1,
            looker,
        })
    }

    /// Takes the database of a case that is over, to find out in the background whether it can be used again.
    pub(in crate::pg) fn take_back(&self, spare: Spare) {
        let spares = Arc::clone(&self.spares);
        self.looks.begin(self.admin.handle(), spares, spare);
    }

    /// Drops those that cannot be used again.
    pub(in crate::pg) async fn drop_used_up(&self) -> Result<(), Breakage> {
        let used_up = {
            let used_up = self.spares.used_up.lock();
            std::mem::take(&mut *used_up.unwrap_or_else(PoisonError::into_inner))
        };
        for name in used_up {
            self.give_back(&name).await?;
        }
        Ok(())
    }

    /// Leaves all of them, so that they can be dropped.
    pub(super) async fn leave_spares(&self) {
        self.looks.give_up().await;
        let mut idle = self
            .spares
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.clear();
    }
}

async fn fingerprint(client: &Client) -> Result<String, Error> {
    let messages = client.simple_query(&fingerprint_query()).await?;
    let text = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(text.unwrap_or_default())
}
