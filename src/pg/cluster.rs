//! One running server: who we are on it, what it can do, and the databases that we make there.

mod databases;
mod greeting;
mod pooler;
mod presence;
mod spares;

use super::admin::{self, Admin, quote_ident};
use super::connect::{Connector, Login};
use super::conninfo::Conninfo;
use super::embedded::EmbeddedServer;
use super::error::ServerError;
use super::failure;
use super::guard::Guard;
use super::limits::{self, Limit};
use super::registry::Registry;
use super::server::Retention;
use super::settings::{Reach, Settings};
use super::templates::Templates;
use super::version::ServerVersion;
use crate::record::Breakage;
use crate::run::session::NotReady;
use crate::schedule::{CommonGood, DatabasePlan};
use deadpool_postgres::PoolError;
use futures_util::future::Either;
use postgres_protocol::password::scram_sha_256;
pub(super) use spares::Spare;
use spares::{Looks, Spares};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::{Mutex as AsyncMutex, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// The role that owns the databases of an embedded server where a scenario names none.
pub const DEFAULT_ROLE: &str = "pgauge";

/// A running server.
#[derive(Debug)]
pub(super) struct Cluster {
    // Its connections go before the server does.
    pub(super) admin: Admin,
    pub(super) connector: Connector,
    /// For the sessions of cases, where they shall come over TCP.
    loopback: Option<Connector>,
    pub(super) settings: Settings,
    pub(super) identity: Identity,
    /// What somebody's server holds against sessions; nothing on our own.
    pub(super) limits: Vec<Limit>,
    /// What SQL may reach beyond its database.
    pub(super) guard: Guard,
    /// By fingerprint, why a database must not be seeded here.
    pub(super) judged_seeds: Mutex<HashMap<String, Option<String>>>,
    templates: Templates,
    origin: Origin,
    /// What one case at a time may have, or several that share it, with whose turn it is.
    turns: Mutex<HashMap<Shared, Arc<RwLock<()>>>>,
    spares: Arc<Spares>,
    looks: Looks,
}

/// What there is once on a server, so that cases that need it run one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Shared {
    /// The name of a database.
    Name(String),
    /// What all databases have in common.
    Good(CommonGood),
}

/// The right to what there is once, for as long as a case has it.
pub(super) type Turn = Arc<Either<OwnedRwLockWriteGuard<()>, OwnedRwLockReadGuard<()>>>;

/// What the server is and who we are on it.
#[derive(Debug, Clone, Default)]
pub(super) struct Identity {
    /// `server_version`.
    pub(super) version: String,
    /// `server_version_num`.
    pub(super) version_num: u32,
    /// Whether the user of the admin connections is a superuser.
    pub(super) superuser: bool,
}

/// Whose server it is.
enum Origin {
    /// Ours: roles are made as they are asked for, and all of it goes away with the run.
    Embedded(Box<Own>),
    /// Somebody's, reached by URL: what we make there is written down.
    Given(Registry),
    /// Somebody's, on which we make nothing.
    Looked,
}

/// A server of our own.
struct Own {
    server: EmbeddedServer,
    /// Roles that are known to exist.
    roles: AsyncMutex<HashSet<String>>,
    /// How the server ended, in the same words for every case.
    end: OnceLock<Breakage>,
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Origin::Embedded(_) => "Embedded",
            Origin::Given(_) => "Given",
            Origin::Looked => "Looked",
        })
    }
}

impl Cluster {
    /// A server of our own.
    pub(super) async fn embedded(
        server: EmbeddedServer,
        templates: Retention,
    ) -> Result<Self, Breakage> {
        let connector =
            Connector::to_socket(server.socket_dir(), server.port(), server.superuser());
        let connector = connector.map_err(not_connected)?;
        let loopback = server
            .password()
            .map(|password| Connector::to_loopback(server.port(), server.superuser(), password));
        let loopback = loopback.transpose().map_err(not_connected)?;
        let origin = Origin::Embedded(Box::new(Own {
            server,
            roles: AsyncMutex::default(),
            end: OnceLock::new(),
        }));
        let admin = Admin::new(&connector, connector.database()).map_err(no_thread)?;
        let cluster = Self::reach(connector, admin, origin, templates).await?;
        Ok(Self {
            loopback,
            ..cluster
        })
    }

    /// Somebody's server; what dead runs left there is dropped first.
    pub(super) async fn given(
        conninfo: Conninfo,
        templates: Retention,
        guard: Guard,
    ) -> Result<Self, Breakage> {
        let connector = Connector::new(conninfo).map_err(not_connected)?;
        pooler::look(&connector).await?;
        let limits = limits::limits(&connector).await?;
        let admin = Admin::new(&connector, connector.database()).map_err(no_thread)?;
        let registry = Registry::open(&connector, &admin).await?;
        let swept = registry.sweep(&admin).await;
        swept.map_err(|error| {
            failure::breakage("registry", "cannot drop what an earlier run left", &error)
        })?;
        let mut cluster = Self::reach(connector, admin, Origin::Given(registry), templates).await?;
        cluster.limits = limits;
        cluster.guard = guard;
        cluster.old_enough().map_err(|old| *old)?;
        Ok(cluster)
    }

    /// Somebody's server, only to look at: nothing is made there.
    pub(super) async fn looked_at(conninfo: Conninfo, guard: Guard) -> Result<Self, Breakage> {
        let connector = Connector::new(conninfo).map_err(not_connected)?;
        pooler::look(&connector).await?;
        let limits = limits::limits(&connector).await?;
        let admin = Admin::new(&connector, connector.database()).map_err(no_thread)?;
        let mut cluster = Self::reach(connector, admin, Origin::Looked, Retention::Drop).await?;
        cluster.limits = limits;
        cluster.guard = guard;
        cluster.old_enough().map_err(|old| *old)?;
        Ok(cluster)
    }

    async fn reach(
        connector: Connector,
        admin: Admin,
        origin: Origin,
        templates: Retention,
    ) -> Result<Self, Breakage> {
        let asked = async { Ok((identity(&admin).await?, Settings::of(&admin).await?)) };
        let (identity, settings) = asked.await.map_err(|error: PoolError| {
            let message = format!("cannot use the server at {}", connector.url());
            admin::broken("connect", message, &error)
        })?;
        Ok(Self {
            admin,
            connector,
            loopback: None,
            settings,
            identity,
            limits: Vec::new(),
            guard: Guard::Open,
            judged_seeds: Mutex::default(),
            templates: Templates::new(templates),
            origin,
            turns: Mutex::default(),
            spares: Arc::default(),
            looks: Looks::default(),
        })
    }

    fn old_enough(&self) -> Result<(), Box<Breakage>> {
        let major = self.identity.version_num / 10_000;
        if major >= ServerVersion::OLDEST {
            return Ok(());
        }
        Err(Box::new(Breakage {
            code: "connect".to_owned(),
            message: format!(
                "the server at {} is PostgreSQL {}, older than {}",
                self.connector.url(),
                self.identity.version,
                ServerVersion::OLDEST
            ),
            hint: Some("name a newer one, or let pgauge start one".to_owned()),
            ..Breakage::default()
        }))
    }

    /// Whether it is a server of our own.
    pub(super) fn is_embedded(&self) -> bool {
        matches!(self.origin, Origin::Embedded(_))
    }

    /// How the sessions of cases come here.
    pub(super) fn sessions(&self) -> &Connector {
        self.loopback.as_ref().unwrap_or(&self.connector)
    }

    /// Lets a session act as a role. On a server of our own the role itself logs in; where a setting takes a superuser,
    /// the superuser does, and acts as the role from the start.
    pub(super) fn act_as(&self, role: Option<&str>, mut login: Login) -> Login {
        let Some(role) = role else {
            return login;
        };
        let privileged =
            |(name, _): &(String, String)| self.settings.reach(name) == Reach::Privileged;
        if self.is_embedded() && !login.settings.iter().any(privileged) {
            login.user = Some(role.to_owned());
        } else if role != self.connector.user() {
            login.settings.push(("role".to_owned(), role.to_owned()));
        }
        login
    }

    /// Sees to it that a role exists on a server of our own.
    pub(super) async fn ensure_role(&self, role: &str) -> Result<(), PoolError> {
        let Origin::Embedded(own) = &self.origin else {
            return Ok(());
        };
        // Held while the role is made: whoever else needs it must not go on without it.
        let mut roles = own.roles.lock().await;
        if roles.contains(role) {
            return Ok(());
        }
        let exists = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1";
        if self.admin.query(exists, &[&role]).await?.is_empty() {
            let mut sql = format!("CREATE ROLE {} LOGIN", quote_ident(role));
            if let Some(password) = own.server.password() {
                // As a verifier, so that the password itself is in no log and no statistics.
                let verifier = scram_sha_256(password.as_bytes());
                sql.push_str(&format!(" PASSWORD '{verifier}'"));
            }
            self.admin.execute(&sql).await?;
        }
        roles.insert(role.to_owned());
        Ok(())
    }

    /// Whether a setting can be given to a session that acts as a role here.
    pub(super) fn is_of_session(&self, name: &str) -> bool {
        matches!(
            self.settings.reach(name),
            Reach::Session | Reach::Privileged
        )
    }

    /// The seeded database that the plan asks for.
    pub(super) async fn template(
        &self,
        plan: &DatabasePlan,
        role: Option<&str>,
    ) -> Result<String, NotReady> {
        self.templates.get(self, plan, role).await
    }
}

fn not_connected(error: ServerError) -> Breakage {
    Breakage {
        code: "connect".to_owned(),
        message: error.primary,
        detail: error.detail,
        hint: error.hint,
        ..Breakage::default()
    }
}

fn no_thread(error: std::io::Error) -> Breakage {
    Breakage {
        code: "connect".to_owned(),
        message: "cannot start a thread".to_owned(),
        detail: Some(error.to_string()),
        ..Breakage::default()
    }
}

async fn identity(admin: &Admin) -> Result<Identity, PoolError> {
    const IDENTITY: &str = "\
        SELECT pg_catalog.current_setting('server_version'), \
               pg_catalog.current_setting('server_version_num')::int4, \
               (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)";
    let rows = admin.query(IDENTITY, &[]).await?;
    let Some(row) = rows.first() else {
        return Ok(Identity::default());
    };
    let version_num: i32 = row.try_get(1)?;
    Ok(Identity {
        version: row.try_get(0)?,
        version_num: u32::try_from(version_num).unwrap_or(0),
        superuser: row.try_get(2)?,
    })
}
