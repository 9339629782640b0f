//! What would happen on somebody's server? Looked at without making anything there; for `pgauge doctor`.

use super::cluster::Cluster;
use super::conninfo::Conninfo;
use super::guard::Guard;
use super::limits::Limit;
use super::requirements;
use crate::record::Breakage;
use crate::run::session::NotReady;
use crate::schedule::Case;
use deadpool_postgres::PoolError;

/// A server that is only looked at.
#[derive(Debug)]
pub struct Lookout {
    cluster: Cluster,
    rights: Rights,
}

/// What matters to pgauge of what the user may do, and of what the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Whether the user may make databases.
    pub creates_databases: bool,
    /// Whether the server is a standby.
    pub standby: bool,
    /// Whether the session is encrypted, with which version and cipher.
    pub encryption: Option<String>,
}

impl Lookout {
    /// Connects and asks.
    ///
    /// # Errors
    ///
    /// What keeps the server from being used, with cause and remedy.
    pub async fn at(conninfo: Conninfo, guard: Guard) -> Result<Self, Breakage> {
        let cluster = Cluster::looked_at(conninfo, guard).await?;
        let rights = rights(&cluster).await;
        let rights = rights.map_err(|error| {
            super::admin::broken("connect", "cannot ask what the user may do", &error)
        })?;
        Ok(Self { cluster, rights })
    }

    /// `server_version`.
    pub fn version(&self) -> &str {
        &self.cluster.identity.version
    }

    /// Whether the user is a superuser.
    pub fn superuser(&self) -> bool {
        self.cluster.identity.superuser
    }

    /// What matters of rights.
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Limits of time and the like that are in force there.
    pub fn limits(&self) -> &[Limit] {
        &self.cluster.limits
    }

    /// Where it is, without a password; of several hosts the one that let us in.
    pub fn address(&self) -> String {
        self.cluster.connector.url()
    }

    /// Whether something in between passes no startup options on, such as PgBouncer.
    pub fn pooled(&self) -> bool {
        self.cluster.connector.options_are_lost()
    }

    /// Why a case cannot be run there, as far as it can be known without making its database.
    ///
    /// # Errors
    ///
    /// The reason.
    pub async fn would_run(&self, case: &Case) -> Result<(), NotReady> {
        requirements::settings(&self.cluster, case).await?;
        requirements::check(&self.cluster, &case.database).await?;
        requirements::role(&self.cluster, &case.database).await?;
        Ok(())
    }
}

async fn rights(cluster: &Cluster) -> Result<Rights, PoolError> {
    const RIGHTS: &str = "\
        SELECT (SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), \
               pg_catalog.pg_is_in_recovery(), \
               (SELECT version || ', ' || cipher FROM pg_catalog.pg_stat_ssl \
                WHERE pid = pg_catalog.pg_backend_pid() AND ssl)";
    let rows = cluster.admin.query(RIGHTS, &[]).await?;
    let row = rows.first().ok_or(PoolError::Closed)?;
    Ok(Rights {
        creates_databases: row.try_get::<_, Option<bool>>(0)?.unwrap_or(false),
        standby: row.try_get(1)?,
        encryption: row.try_get(2)?,
    })
}
