//! Which databases can be used again? Making one takes longer than most of PostgreSQL's own isolation specs do, and they
//! clean up behind themselves: what is like a fresh database in every row of its catalogs is used by the next case.

use super::Cluster;
use crate::pg::connect::Login;
use crate::pg::line::{Line, drive};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio_postgres::{Client, Error, SimpleQueryMessage};

/// How often a database is used at most: its catalogs grow with every table that was made in it, and dropped.
const MOST_USES: u32 = 24;

/// How long the last sessions of a case may take to end before its database is not worth waiting for.
const PATIENCE: Duration = Duration::from_millis(250);

/// A database that is like a fresh one.
#[derive(Debug)]
pub(super) struct Spare {
    name: String,
    role: Option<String>,
    uses: u32,
}

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

impl Cluster {
    /// A database that is like a fresh one, if there is one of this role.
    pub(in crate::pg) fn spare(&self, role: Option<&str>) -> Option<(String, u32)> {
        let mut spares = self.spares.lock().unwrap_or_else(PoisonError::into_inner);
        let at = spares
            .iter()
            .position(|spare| spare.role.as_deref() == role)?;
        let spare = spares.swap_remove(at);
        Some((spare.name, spare.uses))
    }

    /// Notes what a fresh database is like.
    pub(in crate::pg) async fn learn_fresh(&self, name: &str) {
        if self.fresh.get().is_none()
            && let Ok(fingerprint) = self.fingerprint(name).await
        {
            let _ = self.fresh.set(fingerprint);
        }
    }

    /// Keeps a database for the next case if it is like a fresh one; `true` if it is kept.
    pub(in crate::pg) async fn keep_spare(
        &self,
        name: &str,
        role: Option<&str>,
        uses: u32,
        watching: &Client,
    ) -> bool {
        let Some(fresh) = self.fresh.get() else {
            return false;
        };
        if uses >= MOST_USES {
            return false;
        }
        // One that cannot be asked is dropped.
        let like_fresh = is_like(watching, fresh).await.unwrap_or(false);
        if like_fresh {
            let mut spares = self.spares.lock().unwrap_or_else(PoisonError::into_inner);
            spares.push(Spare {
                name: name.to_owned(),
                role: role.map(str::to_owned),
                uses: uses + 1,
            });
        }
        like_fresh
    }

    async fn fingerprint(&self, name: &str) -> Result<String, Error> {
        let login = Login::own(name, "pgauge/fingerprint");
        let (client, wire): (Client, _) = self.connector.open(&login).await?;
        tokio::spawn(drive(wire, Arc::new(Line::default())));
        fingerprint_by(&client).await
    }
}

/// Whether a database is like a fresh one, asked by the last session in it, once it is the last: whoever ends takes
/// temporary tables along.
async fn is_like(client: &Client, fresh: &str) -> Result<bool, Error> {
    const OTHERS: &str = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity \
        WHERE datname = pg_catalog.current_database() AND usesysid IS NOT NULL \
        AND pid <> pg_catalog.pg_backend_pid()";
    let others = client.prepare(OTHERS).await?;
    let begun = Instant::now();
    loop {
        let count: i64 = client.query_one(&others, &[]).await?.try_get(0)?;
        if count == 0 {
            return Ok(fingerprint_by(client).await? == fresh);
        }
        if begun.elapsed() > PATIENCE {
            return Ok(false);
        }
    }
}

async fn fingerprint_by(client: &Client) -> Result<String, Error> {
    let messages = client.simple_query(&fingerprint_query()).await?;
    let text = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(text.unwrap_or_default())
}
