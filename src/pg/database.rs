//! The database that one case has for itself: its sessions, who watches their locks, and its end.

use super::cluster::Cluster;
use super::connect::Login;
use super::locks::PgLockWatch;
use super::pool::SessionPool;
use super::server::Retention;
use super::session::PgSession;
use crate::record::Breakage;
use crate::run::session::{Connected, Database, SessionPlan};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

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

    fn login(&self, plan: &SessionPlan) -> Login {
        let mut settings = self.common.settings.clone();
        for (name, value) in &plan.settings {
            // The last one would win; once is enough to read.
            settings.retain(|(earlier, _)| !earlier.eq_ignore_ascii_case(name));
            settings.push((name.clone(), value.clone()));
        }
        let login = Login {
            database: self.name.clone(),
            user: None,
            application: format!("pgauge/{}/{}", self.common.scenario, plan.client),
            settings,
        };
        self.cluster.act_as(self.common.role.as_deref(), login)
    }

    fn pool(&self, login: Login) -> Result<Rc<SessionPool>, String> {
        if let Some(pool) = self.pools.borrow().get(&login) {
            return Ok(pool.clone());
        }
        let connector = self.cluster.connector.clone();
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
        let pool = self.pool(self.login(as_)).map_err(|message| Breakage {
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
