//! The server of a run: one that pgauge starts itself, or one that a URL names.

use super::cluster::{Cluster, Spare};
use super::conninfo::Conninfo;
use super::database::{Common, PgDatabase};
use super::deadlock_checks::DeadlockChecks;
use super::embedded::{EmbeddedOptions, EmbeddedServer, Listen};
use super::error::ServerError;
use super::guard::Guard;
use super::limits::Limit;
use super::templates;
use super::{preset, requirements};
use crate::record::{Breakage, CaseId, ServerFacts};
use crate::run::session::{NotReady, Server};
use crate::schedule::{Case, DatabasePlan, OrdersPlan};
use crate::spec::scenario::Connect;
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
    kept: Mutex<Vec<Kept>>,
}

/// The database of a case that stays after it.
#[derive(Debug)]
struct Kept {
    case: CaseId,
    name: String,
    cluster: Arc<Cluster>,
    wish: Wish,
}

/// Whether somebody wants to look into a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Its case did not pass, or goes on.
    Look,
    /// Its case passed.
    Drop,
}

/// Servers by their settings and what they listen on; what did not start once is not tried again.
type Others = HashMap<(Vec<(String, String)>, Listen), Result<Arc<Cluster>, Breakage>>;

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
    pub async fn at(conninfo: Conninfo, retain: Retain, guard: Guard) -> Result<Self, Breakage> {
        let cluster = Cluster::given(conninfo, retain.templates, guard).await?;
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

    /// The databases of cases that are kept: the case, and where its database is found, as psql reads it, without a
    /// password.
    pub fn kept(&self) -> Vec<(CaseId, String)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = kept.iter().filter(|kept| kept.wish == Wish::Look);
        wanted
            .map(|kept| {
                (
                    kept.case.clone(),
                    kept.cluster.connector.address(&kept.name),
                )
            })
            .collect()
    }

    /// Nobody will look into the database of this case: it is dropped before the next one is made, or by
    /// [`clear`](Self::clear).
    pub fn release(&self, case: &CaseId) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for kept in kept.iter_mut().filter(|kept| kept.case == *case) {
            kept.wish = Wish::Drop;
        }
    }

    async fn drop_released(&self) -> Result<(), Breakage> {
        let released = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let (wanted, released) = std::mem::take(&mut *kept)
                .into_iter()
                .partition::<Vec<Kept>, _>(|kept| kept.wish == Wish::Look);
            *kept = wanted;
            released
        };
        for Kept { name, cluster, .. } in released {
            cluster.give_back(&name).await?;
        }
        Ok(())
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
        let released = self.drop_released().await;
        self.cluster.clear().await.and(released)
    }

    /// A database that nobody has used, or one like it; with what it takes to use it again, if that is possible.
    async fn unused(
        &self,
        cluster: &Cluster,
        plan: &DatabasePlan,
        role: Option<&str>,
    ) -> Result<(String, Option<Spare>), NotReady> {
        // Only what cleans up behind itself is worth a look.
        let again = plan.is_empty()
            && plan.preset.is_some()
            && plan.name.is_none()
            && self.retain.databases == Retention::Drop;
        if !again {
            return Ok((self.fresh(cluster, plan, role).await?, None));
        }
        if let Some(spare) = cluster.spare(role) {
            return Ok((spare.name().to_owned(), Some(spare)));
        }
        let name = self.fresh(cluster, plan, role).await?;
        let spare = cluster.to_spare(&name, role).await;
        Ok((name, spare))
    }

    /// A database that nobody has used.
    async fn fresh(
        &self,
        cluster: &Cluster,
        plan: &DatabasePlan,
        role: Option<&str>,
    ) -> Result<String, NotReady> {
        let template = match plan.is_empty() {
            true => "template0".to_owned(),
            false => cluster.template(plan, role).await?,
        };
        cluster.clone_of(&template, role).await.map_err(broke)
    }

    /// The server that a case runs on: another one, if it asks for settings that hold for a whole server, or for TCP.
    async fn cluster_for(&self, case: &Case) -> Result<Arc<Cluster>, NotReady> {
        self.cluster.still_there().await.map_err(broke)?;
        let mut settings = requirements::settings(&self.cluster, case).await?;
        for (name, value) in requirements::lacking_settings(&self.cluster, &case.database).await? {
            if !settings.iter().any(|(known, _)| *known == name) {
                settings.push((name, value));
            }
        }
        let Some(options) = &self.started_as else {
            return Ok(self.cluster.clone());
        };
        // Nobody listens on TCP for a run in which no case asks for it.
        let listen = match case.database.connect {
            Connect::Socket => options.listen,
            Connect::Tcp => Listen::Loopback,
        };
        if settings.is_empty() && listen == options.listen {
            return Ok(self.cluster.clone());
        }
        let mut others = self.others.lock().await;
        let wanted = (settings, listen);
        if let Some(known) = others.get(&wanted) {
            return known.clone().map_err(broke);
        }
        let mut options = options.clone();
        options.settings.extend(wanted.0.iter().cloned());
        options.listen = listen;
        let started = start(options, self.retain).await.map(Arc::new);
        others.insert(wanted, started.clone());
        started.map_err(broke)
    }

    /// A case's database on the server that it runs on.
    async fn database_on(
        &self,
        cluster: Arc<Cluster>,
        case: &Case,
    ) -> Result<PgDatabase, NotReady> {
        let plan = &case.database;
        cluster.still_there().await.map_err(broke)?;
        requirements::check(&cluster, plan).await?;
        let role = requirements::role(&cluster, plan).await?;
        let mut turns = Vec::new();
        if let Some(name) = &plan.name {
            turns.push(cluster.turn_of(name).await?);
        }
        for (good, share) in case.common_goods() {
            turns.push(cluster.turn_with(good, share).await);
        }
        cluster.drop_used_up().await.map_err(broke)?;
        let (name, spare) = self.unused(&cluster, plan, role.as_deref()).await?;
        if !plan.seed.reads.is_empty() {
            let reads = &plan.seed.reads;
            templates::read_columns(&cluster, &name, role.as_deref(), reads).await?;
        }
        if let Some(called) = &plan.name {
            cluster.call(&name, called).await.map_err(broke)?;
        }
        let of_sessions = plan
            .settings
            .iter()
            .filter(|(name, _)| cluster.is_of_session(name));
        let mut settings = preset::settings(&cluster, plan);
        settings.extend(of_sessions.map(|(name, value)| (name.clone(), value.clone())));
        let common = Common {
            scenario: case.id.scenario.clone(),
            application: preset::application(case),
            role,
            settings,
            retention: self.retain.databases,
            called: plan.name.clone(),
            turns,
            checks: deadlock_checks(&cluster, case),
        };
        if self.retain.databases == Retention::Keep {
            cluster.keep(&name, None).await.map_err(broke)?;
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(Kept {
                case: case.id.clone(),
                name: name.clone(),
                cluster: cluster.clone(),
                wish: Wish::Look,
            });
        }
        Ok(PgDatabase::new(cluster, name, common, spare))
    }
}

impl Server for PgServer {
    type Database = PgDatabase;

    async fn database(&self, case: &Case) -> Result<PgDatabase, NotReady> {
        self.drop_released().await.map_err(broke)?;
        let cluster = self.cluster_for(case).await?;
        match self.database_on(cluster.clone(), case).await {
            // A server may be gone by now, because of what another case did to it.
            Err(NotReady::Broke(breakage)) => Err(broke(cluster.cause(*breakage).await)),
            made => made,
        }
    }

    fn facts(&self) -> &ServerFacts {
        &self.facts
    }
}

/// Where many orders are tried, the victim of a deadlock is made the same in every run; unless the author says who it
/// shall be, or the server does not let us.
fn deadlock_checks(cluster: &Cluster, case: &Case) -> Option<Arc<DeadlockChecks>> {
    let clients = case.clients.iter().map(|client| &client.settings);
    let mut settings = clients.chain([&case.database.settings]);
    let says = settings.any(|settings| settings.contains_key("deadlock_timeout"));
    let many = matches!(case.explore, Some(plan) if plan.orders != OrdersPlan::Forced);
    (many && !says && cluster.identity.superuser).then(Arc::default)
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
