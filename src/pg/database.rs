//! The database that one case has for itself: its sessions, who watches their locks, and its end.

use super::admin::quote_ident;
use super::catalog;
use super::cluster::Cluster;
use super::connect::Login;
use super::failure;
use super::line::{Line, drive};
use super::load::{Ours, PgDialer, PgLoadWatch};
use super::locks::PgLockWatch;
use super::pool::SessionPool;
use super::seed;
use super::server::Retention;
use super::session::PgSession;
use crate::record::{Breakage, Catalog, ClientId};
use crate::run::session::{Connected, Database, SessionPlan, Tidying};
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
    /// Counts the changes of its tables and types by its sessions.
    schema_version: Arc<AtomicU64>,
}

/// What the sessions of a case have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Common {
    /// The scenario's name, for `application_name`.
    pub(super) scenario: String,
    /// The role that clients act as; none is that of the server's URL.
    pub(super) role: Option<String>,
    /// `database.settings`.
    pub(super) settings: Vec<(String, String)>,
    /// What becomes of the database in the end.
    pub(super) retention: Retention,
}

impl PgDatabase {
    pub(super) fn new(cluster: Arc<Cluster>, name: String, common: Common) -> Self {
        Self {
            cluster,
            name,
            common,
            pools: RefCell::default(),
            schema_version: Arc::default(),
        }
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn login(&self, client: &ClientId, own: &[(String, String)]) -> Login {
        let mut settings = self.common.settings.clone();
        for (name, value) in own {
            // The last one would win; once is enough to read.
            settings.retain(|(earlier, _)| !earlier.eq_ignore_ascii_case(name));
            settings.push((name.clone(), value.clone()));
        }
        let login = Login {
            database: self.name.clone(),
            user: None,
            application: format!("pgauge/{}/{}", self.common.scenario, client),
            settings,
        };
        self.cluster.act_as(self.common.role.as_deref(), login)
    }

    /// A connection of pgauge's own; none of the case's sessions.
    async fn own(&self, purpose: &str) -> Result<Client, Breakage> {
        let application = format!("pgauge/{}/{purpose}", self.common.scenario);
        let login = Login::own(&self.name, application);
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
        let pool = SessionPool::new(connector, &login, self.schema_version.clone())
            .map_err(|error| error.to_string())?;
        let pool = Rc::new(pool);
        self.pools.borrow_mut().insert(login, pool.clone());
        Ok(pool)
    }
}

impl Database for PgDatabase {
    type Session = PgSession;
    type Watch = PgLockWatch;

    async fn connect(&self, as_: &SessionPlan) -> Result<Connected<PgSession>, Breakage> {
        let pool = self
            .pool(self.login(&as_.client, &as_.settings))
            .map_err(|message| Breakage {
                code: "connect".to_owned(),
                message,
                ..Breakage::default()
            })?;
        let session = pool.session(as_).await;
        session.map_err(|breakage| self.cluster.explain(breakage))
    }

    async fn watch(&self) -> Result<PgLockWatch, Breakage> {
        let application = format!("pgauge/{}/watch", self.common.scenario);
        let login = Login::own(&self.name, application);
        let watch = PgLockWatch::open(&self.cluster.connector, &login).await;
        watch.map_err(|breakage| self.cluster.explain(breakage))
    }

    async fn fork(&self) -> Result<Self, Breakage> {
        for pool in self.pools.take().into_values() {
            pool.close();
        }
        let role = self.common.role.as_deref();
        let name = self.cluster.clone_of(&self.name, role).await?;
        let common = Common {
            // Nobody asked to look into a copy.
            retention: Retention::Drop,
            ..self.common.clone()
        };
        Ok(Self::new(self.cluster.clone(), name, common))
    }

    async fn catalog(&self) -> Result<Catalog, Breakage> {
        catalog::read(&self.own("catalog").await?).await
    }

    async fn tidy(&self, how: Tidying<'_>) -> Result<(), Breakage> {
        let client = self.own("tidy").await?;
        match how {
            Tidying::Settle => seed::settle(&client).await,
            Tidying::Analyze(tables) => {
                let names = tables
                    .iter()
                    .map(|(schema, name)| format!("{}.{}", quote_ident(schema), quote_ident(name)));
                let sql = format!("ANALYZE {}", names.collect::<Vec<_>>().join(", "));
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
    ) -> PgDialer {
        let login = self.login(client, &settings);
        PgDialer::new(self.cluster.sessions().clone(), login, protocol)
    }

    async fn load_watch(&self) -> Result<PgLoadWatch, Breakage> {
        let application = format!("pgauge/{}/watch", self.common.scenario);
        let home = self.cluster.connector.database();
        let login = Login::own(home, application);
        let ours = match self.cluster.is_embedded() {
            true => Ours::Yes,
            false => Ours::No,
        };
        let connector = &self.cluster.connector;
        let watch = PgLoadWatch::open(connector, &login, &self.name, ours).await;
        watch.map_err(|breakage| self.cluster.explain(breakage))
    }

    async fn close(self) -> Result<(), Breakage> {
        for pool in self.pools.take().into_values() {
            pool.close();
        }
        match self.common.retention {
            Retention::Keep => Ok(()),
            Retention::Drop => self.cluster.give_back(&self.name).await,
        }
    }
}
