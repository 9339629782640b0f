//! The server of a run: one that pgauge starts itself, or one that a URL names.

use super::cluster::Cluster;
use super::conninfo::Conninfo;
use super::database::{Common, PgDatabase};
use super::embedded::{EmbeddedOptions, EmbeddedServer};
use super::error::ServerError;
use super::limits::Limit;
use super::requirements;
use crate::record::{Breakage, ServerFacts};
use crate::run::session::{NotReady, Server};
use crate::schedule::Case;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Mutex as AsyncMutex;

/// Whether something outlives the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retention {
    /// It is dropped.
    #[default]
    Drop,
    /// It stays.
    Keep,
}

/// What becomes of the databases that a run makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retain {
    /// The databases of cases.
    pub databases: Retention,
    /// The seeded databases that they are cloned from; a later run that keeps them too uses them again.
    pub templates: Retention,
}

/// The server of a run. May be shared between threads, each with a runtime of its own.
#[derive(Debug)]
pub struct PgServer {
    facts: ServerFacts,
    cluster: Arc<Cluster>,
    /// How the server was started, if it was; cases with other settings for the whole server get another one.
    started_as: Option<EmbeddedOptions>,
    others: AsyncMutex<Others>,
    retain: Retain,
    kept: Mutex<Vec<String>>,
}

/// Servers by their settings; what did not start once is not tried again.
type Others = HashMap<Vec<(String, String)>, Result<Arc<Cluster>, Breakage>>;

impl PgServer {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// What kept it from starting, code `server`.
    pub async fn embedded(options: EmbeddedOptions, retain: Retain) -> Result<Self, Breakage> {
        let cluster = start(options.clone(), retain).await?;
        let facts = facts(&cluster, "embedded".to_owned());
        Ok(Self::new(cluster, facts, Some(options), retain))
    }

    /// Uses the server at this place; only in databases that pgauge makes there.
    ///
    /// # Errors
    ///
    /// What kept it from being used.
    pub async fn at(conninfo: Conninfo, retain: Retain) -> Result<Self, Breakage> {
        let cluster = Cluster::given(conninfo, retain.templates).await?;
        let facts = facts(&cluster, cluster.connector.url());
        Ok(Self::new(cluster, facts, None, retain))
    }

    fn new(
        cluster: Cluster,
        facts: ServerFacts,
        started_as: Option<EmbeddedOptions>,
        retain: Retain,
    ) -> Self {
        Self {
            facts,
            cluster: Arc::new(cluster),
            started_as,
            others: AsyncMutex::default(),
            retain,
            kept: Mutex::default(),
        }
    }

    /// The databases of cases that were kept so far, by name.
    pub fn kept(&self) -> Vec<String> {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Where a database of the server is found, as psql reads it, without a password.
    pub fn address(&self, database: &str) -> String {
        self.cluster.connector.address(database)
    }

    /// What is to be said of how it is reached, such as a password file that was passed over.
    pub fn remarks(&self) -> &[String] {
        &self.cluster.connector.conninfo().remarks
    }

    /// What somebody's server holds against sessions on its own.
    pub fn limits(&self) -> &[Limit] {
        &self.cluster.limits
    }

    /// Drops what the run made on somebody's server and did not keep. A server that pgauge started goes away when this
    /// is dropped, with everything in it.
    ///
    /// # Errors
    ///
    /// What could not be dropped; the next run tries again.
    pub async fn clear(&self) -> Result<(), Breakage> {
        self.cluster.clear().await
    }

    /// The server that a case runs on: one of its own settings, if it asks for some that hold for a whole server.
    async fn cluster_for(&self, case: &Case) -> Result<Arc<Cluster>, NotReady> {
        self.cluster.still_there().await.map_err(broke)?;
        let settings = requirements::settings(&self.cluster, case).await?;
        let Some(options) = &self.started_as else {
            return Ok(self.cluster.clone());
        };
        if settings.is_empty() {
            return Ok(self.cluster.clone());
        }
        let mut others = self.others.lock().await;
        if let Some(known) = others.get(&settings) {
            return known.clone().map_err(broke);
        }
        let mut options = options.clone();
        options.settings.extend(settings.iter().cloned());
        let started = start(options, self.retain).await.map(Arc::new);
        others.insert(settings, started.clone());
        started.map_err(broke)
    }
}

impl Server for PgServer {
    type Database = PgDatabase;

    async fn database(&self, case: &Case) -> Result<PgDatabase, NotReady> {
        let plan = &case.database;
        let cluster = self.cluster_for(case).await?;
        cluster.still_there().await.map_err(broke)?;
        requirements::check(&cluster, plan).await?;
        let role = requirements::role(&cluster, plan).await?;
        let template = cluster.template(plan, role.as_deref()).await?;
        let name = cluster
            .clone_of(&template, role.as_deref())
            .await
            .map_err(broke)?;
        let of_sessions = plan
            .settings
            .iter()
            .filter(|(name, _)| cluster.is_of_session(name));
        let common = Common {
            scenario: case.id.scenario.clone(),
            role,
            settings: of_sessions
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            retention: self.retain.databases,
        };
        if self.retain.databases == Retention::Keep {
            cluster.keep(&name, None).await.map_err(broke)?;
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(name.clone());
        }
        Ok(PgDatabase::new(cluster, name, common))
    }

    fn facts(&self) -> &ServerFacts {
        &self.facts
    }
}

fn facts(cluster: &Cluster, place: String) -> ServerFacts {
    ServerFacts {
        version: cluster.identity.version.clone(),
        version_num: cluster.identity.version_num,
        place,
    }
}

async fn start(options: EmbeddedOptions, retain: Retain) -> Result<Cluster, Breakage> {
    let started = tokio::task::spawn_blocking(move || EmbeddedServer::start(&options)).await;
    match started {
        Ok(Ok(server)) => Cluster::embedded(server, retain.templates).await,
        Ok(Err(error)) => Err(not_started(error)),
        Err(error) => Err(not_started(ServerError::new(error.to_string()))),
    }
}

fn not_started(error: ServerError) -> Breakage {
    Breakage {
        code: "server".to_owned(),
        message: error.primary,
        detail: error.detail,
        hint: error.hint,
        ..Breakage::default()
    }
}

fn broke(breakage: Breakage) -> NotReady {
    NotReady::Broke(Box::new(breakage))
}
