//! The database that one case has for itself: its sessions, who watches their locks, and its end.

use super::admin::{self, quote_ident};
use super::catalog;
use super::cluster::{Cluster, Spare, Turn};
use super::connect::{Login, session_name};
use super::copies;
use super::deadlock_checks::{self, DeadlockChecks};
use super::dependencies;
use super::failure;
use super::keeper::PgKeeper;
use super::line::{Line, drive};
use super::load::{Ours, PgDialer, PgLoadWatch, Watched};
use super::locks::{PgLockWatch, Watching};
use super::migration::{self, PgTracer, Surroundings};
use super::pool::SessionPool;
use super::seed;
use super::server::Retention;
use super::session::PgSession;
use crate::record::{Breakage, Catalog, ClientId, DatabaseState, MIGRATION, SchemaFacts};
use crate::run::load::Company;
use crate::run::session::{Connected, Database, ProgramEnd, Rewindable, SessionPlan, Tidying};
use crate::schedule::{MigrationCommand, statistics_target};
use crate::spec::workload::Protocol;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio_postgres::Client;

/// A clone of a template, with a random name.
#[derive(Debug)]
pub struct PgDatabase {
    cluster: Arc<Cluster>,
    name: String,
    /// What its sessions have in common.
    common: Common,
    /// One pool for everyone who logs in alike, which is one client.
    pools: RefCell<HashMap<Login, Rc<SessionPool>>>,
    /// Who watched the locks last.
    watching: RefCell<Option<Rc<Watching>>>,
    /// What it takes to use the database again, if that is possible.
    spare: RefCell<Option<Spare>>,
    /// Counts the changes of its tables and types by its sessions.
    schema_version: Arc<AtomicU64>,
}

/// What the sessions of a case have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Common {
    /// The scenario's name, for `application_name`.
    pub(super) scenario: String,
    /// What comes first in `application_name` under the conditions of somebody else's tests.
    pub(super) application: Option<String>,
    /// The role that clients act as; none is that of the server's URL.
    pub(super) role: Option<String>,
    /// `database.settings`.
    pub(super) settings: Vec<(String, String)>,
    /// What becomes of the database in the end.
    pub(super) retention: Retention,
    /// The name that it must have, if it must have one.
    pub(super) called: Option<String>,
    /// The right to that name, and to whatever else there is once on the server; others wait for it.
    pub(super) turns: Vec<Turn>,
    /// Who hears about searches for deadlocks, where the victim of one has to be the same in every run.
    pub(super) checks: Option<Arc<DeadlockChecks>>,
}

impl PgDatabase {
    pub(super) fn new(
        cluster: Arc<Cluster>,
        name: String,
        common: Common,
        spare: Option<Spare>,
    ) -> Self {
        Self {
            cluster,
            name,
            common,
            pools: RefCell::default(),
            watching: RefCell::default(),
            spare: RefCell::new(spare),
            schema_version: Arc::default(),
        }
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        self.common.called.as_deref().unwrap_or(&self.name)
    }

    fn login(
        &self,
        client: &ClientId,
        printed_as: Option<&str>,
        own: &[(String, String)],
    ) -> Login {
        let mut settings = self.common.settings.clone();
        if self.common.checks.is_some() {
            let own = deadlock_checks::SETTINGS;
            settings.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        for (name, value) in own {
            // The last one would win; once is enough to read.
            settings.retain(|(earlier, _)| !earlier.eq_ignore_ascii_case(name));
            settings.push((name.clone(), value.clone()));
        }
        let application = match &self.common.application {
            Some(first) => match printed_as {
                Some(name) => format!("{first}/{name}"),
                None => format!("{first}/{client}"),
            },
            None => session_name(&self.common.scenario, &client.to_string()),
        };
        let login = Login {
            database: self.name().to_owned(),
            user: None,
            application,
            settings,
        };
        self.cluster.act_as(self.common.role.as_deref(), login)
    }

    fn close_pools(&self) {
        for pool in self.pools.take().into_values() {
            pool.close();
        }
    }

    /// Leaves the database, with all sessions of the case and of our own: whoever wants it for himself waits five
    /// seconds for each that is still there.
    fn leave(&self) {
        self.close_pools();
        drop(self.watching.take());
        drop(self.spare.take());
    }

    /// Closes all connections of the case and waits until the server has ended them: only then is all counted that they
    /// did.
    async fn end_sessions(&self) -> Result<(), Breakage> {
        self.leave();
        let ended = self
            .cluster
            .admin
            .execute_alone(self.name(), "SELECT 1")
            .await;
        ended
            .map_err(|error| admin::broken("schema", "the sessions of the case do not end", &error))
    }

    /// How the session logs in that migrates: as the role of the case, as clients do.
    fn migrator(&self, settings: &[(String, String)]) -> Login {
        self.login(&ClientId::single(MIGRATION), None, settings)
    }

    /// A connection of pgauge's own; none of the case's sessions.
    async fn own(&self, purpose: &str) -> Result<Client, Breakage> {
        let application = session_name(&self.common.scenario, purpose);
        let login = Login::own(self.name(), application);
        let connector = &self.cluster.connector;
        match connector.open(&login).await {
            Ok((client, wire)) => {
                tokio::spawn(drive(wire, Arc::new(Line::default())));
                Ok(client)
            }
            Err(error) => {
                let message = "no session of pgauge's own";
                let breakage = failure::breakage("connect", message, &error);
                Err(self.cluster.explain(breakage))
            }
        }
    }

    fn pool(&self, login: Login) -> Result<Rc<SessionPool>, String> {
        if let Some(pool) = self.pools.borrow().get(&login) {
            return Ok(pool.clone());
        }
        let connector = self.cluster.sessions().clone();
        let guard = Arc::new(self.cluster.guard.clone());
        let checks = self.common.checks.clone();
        let version = self.schema_version.clone();
        let pool = SessionPool::new(connector, &login, guard, version, checks)
            .map_err(|error| error.to_string())?;
        let pool = Rc::new(pool);
        self.pools.borrow_mut().insert(login, pool.clone());
        Ok(pool)
    }
}

impl Database for PgDatabase {
    type Session = PgSession;
    type Watch = PgLockWatch;
    type Tracer = PgTracer;

    async fn connect(&self, as_: &SessionPlan) -> Result<Connected<PgSession>, Breakage> {
        let pool = self
            .pool(self.login(&as_.client, as_.printed_as.as_deref(), &as_.settings))
            .map_err(|message| Breakage {
                code: "connect".to_owned(),
                message,
                ..Breakage::default()
            })?;
        let session = pool.session(as_).await;
        session.map_err(|breakage| self.cluster.explain(breakage))
    }

    async fn watch(&self) -> Result<PgLockWatch, Breakage> {
        if let Some(watching) = self.watching.borrow().clone() {
            return Ok(PgLockWatch::over(watching));
        }
        let application = session_name(&self.common.scenario, "watch");
        let login = Login::own(self.name(), application);
        let checks = self.common.checks.clone();
        let watch = PgLockWatch::open(&self.cluster.connector, &login, checks).await;
        let watch = watch.map_err(|breakage| self.cluster.explain(breakage))?;
        *self.watching.borrow_mut() = Some(watch.connection());
        Ok(watch)
    }

    async fn fork(&self) -> Result<Self, Breakage> {
        self.leave();
        let role = self.common.role.as_deref();
        let name = self.cluster.clone_of(self.name(), role).await?;
        let common = Common {
            // Nobody asked to look into a copy.
            retention: Retention::Drop,
            called: None,
            turns: Vec::new(),
            ..self.common.clone()
        };
        Ok(Self::new(self.cluster.clone(), name, common, None))
    }

    async fn cause(&self, breakage: Breakage) -> Breakage {
        self.cluster.cause(breakage).await
    }

    async fn catalog(&self) -> Result<Catalog, Breakage> {
        catalog::read(&self.own("catalog").await?).await
    }

    async fn schema(&self) -> Result<SchemaFacts, Breakage> {
        self.end_sessions().await?;
        let client = self.own("schema").await?;
        let catalog = catalog::read(&client).await?;
        let dependencies = dependencies::find(&client, &catalog).await?;
        let copies = copies::find(&client, &catalog).await?;
        Ok(SchemaFacts {
            catalog,
            dependencies,
            copies,
        })
    }

    async fn tracer(&self, settings: &[(String, String)]) -> Result<PgTracer, Breakage> {
        // What comes after the migration has new sessions, which see what it changed of their settings.
        self.close_pools();
        let plan = self.migrator(settings);
        let own = Login::own(self.name(), session_name(&self.common.scenario, "trace"));
        let version = self.cluster.identity.version_num;
        let tracer = PgTracer::open(&self.cluster.connector, &plan, &own, version).await;
        tracer.map_err(|breakage| self.cluster.explain(breakage))
    }

    async fn program(&self, command: &MigrationCommand) -> ProgramEnd {
        let login = self.migrator(&[]);
        Surroundings::new(self.cluster.sessions(), &login)
            .run(command)
            .await
    }

    async fn state(&self, before: Option<&DatabaseState>) -> Result<DatabaseState, Breakage> {
        migration::state(&self.own("state").await?, before).await
    }

    async fn tidy(&self, how: Tidying<'_>) -> Result<(), Breakage> {
        let client = self.own("tidy").await?;
        let settings = self.common.settings.iter();
        let target = statistics_target(settings.map(|(name, value)| (&**name, &**value)));
        match how {
            Tidying::Settle => seed::settle(&client, target).await,
            Tidying::Analyze(tables) => {
                let names = tables
                    .iter()
                    .map(|(schema, name)| format!("{}.{}", quote_ident(schema), quote_ident(name)));
                let set = target.map_or_else(String::new, |target| {
                    format!("SET default_statistics_target = {target}; ")
                });
                let sql = format!("{set}ANALYZE {}", names.collect::<Vec<_>>().join(", "));
                let analyzed = client.batch_execute(&sql).await;
                analyzed.map_err(|error| {
                    failure::breakage("analyze", "the tables cannot be analyzed", &error)
                })
            }
        }
    }

    type Dialer = PgDialer;
    type LoadWatch = PgLoadWatch;

    fn dialer(
        &self,
        client: &ClientId,
        settings: Vec<(String, String)>,
        protocol: Protocol,
        company: Company,
    ) -> PgDialer {
        let login = self.login(client, None, &settings);
        PgDialer::new(self.cluster.sessions().clone(), login, protocol, company)
    }

    async fn load_watch(&self, clients: &[&ClientId]) -> Result<PgLoadWatch, Breakage> {
        let logins = clients.iter().map(|client| self.login(client, None, &[]));
        let watched = Watched {
            database: self.name().to_owned(),
            applications: logins.map(|login| login.application).collect(),
        };
        let application = session_name(&self.common.scenario, "watch");
        let home = self.cluster.connector.database();
        let login = Login::own(home, application);
        let ours = match self.cluster.is_embedded() {
            true => Ours::Yes,
            false => Ours::No,
        };
        let connector = &self.cluster.connector;
        let watch = PgLoadWatch::open(connector, &login, watched, ours).await;
        watch.map_err(|breakage| self.cluster.explain(breakage))
    }

    async fn close(self) -> Result<(), Breakage> {
        let spare = self.spare.take();
        self.leave();
        let Common {
            called,
            turns,
            retention,
            ..
        } = self.common;
        if let Some(called) = &called {
            self.cluster.call_back(&self.name, called).await?;
        }
        let end = match (retention, spare) {
            (Retention::Keep, _) => Ok(()),
            (Retention::Drop, None) => self.cluster.give_back(&self.name).await,
            (Retention::Drop, Some(spare)) => {
                self.cluster.take_back(spare);
                Ok(())
            }
        };
        // Now others may have a database of that name.
        drop(turns);
        match end {
            Ok(()) => Ok(()),
            Err(breakage) => Err(self.cluster.cause(breakage).await),
        }
    }
}

impl Rewindable for PgDatabase {
    type Keeper = PgKeeper;

    async fn keeper(&self) -> Result<PgKeeper, Breakage> {
        let application = session_name(&self.common.scenario, "keeper");
        let login = Login::own(self.name(), application);
        let keeper = PgKeeper::open(&self.cluster.connector, &login).await;
        keeper.map_err(|breakage| self.cluster.explain(breakage))
    }
}
