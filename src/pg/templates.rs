//! The seeded databases that cases are cloned from: each is built once per server, by the first case that needs it, while
//! the others wait.

use super::admin::{self, quote_ident, quote_literal};
use super::cluster::Cluster;
use super::connect::Login;
use super::failure;
use super::seed::{self, Ground};
use super::server::Retention;
use crate::record::Breakage;
use crate::run::session::NotReady;
use crate::schedule::DatabasePlan;
use crate::schedule::generate::ReadColumn;
use crate::text::nearest;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// The templates of one server, by the fingerprint of what makes them.
#[derive(Debug)]
pub(super) struct Templates {
    known: Mutex<HashMap<String, Arc<Building>>>,
    retention: Retention,
}

/// A template's name, or why there is none; what failed once fails for every case.
type Building = OnceCell<Result<String, NotReady>>;

impl Templates {
    /// None yet.
    pub(super) fn new(retention: Retention) -> Self {
        Self {
            known: Mutex::default(),
            retention,
        }
    }

    /// The name of the database to clone.
    pub(super) async fn get(
        &self,
        cluster: &Cluster,
        plan: &DatabasePlan,
        role: Option<&str>,
    ) -> Result<String, NotReady> {
        let building = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(plan.fingerprint.clone()).or_default().clone()
        };
        let built = building.get_or_init(|| self.find_or_build(cluster, plan, role));
        built.await.clone()
    }

    async fn find_or_build(
        &self,
        cluster: &Cluster,
        plan: &DatabasePlan,
        role: Option<&str>,
    ) -> Result<String, NotReady> {
        if self.retention == Retention::Drop {
            return build(cluster, plan, role).await;
        }
        // Another version may generate other rows for the same seed.
        let key = format!("{} {}", env!("CARGO_PKG_VERSION"), plan.fingerprint);
        if let Some(kept) = cluster.kept_template(&key).await.map_err(broke)? {
            return Ok(kept);
        }
        let name = build(cluster, plan, role).await?;
        cluster.keep(&name, Some(&key)).await.map_err(broke)?;
        Ok(name)
    }
}

async fn build(
    cluster: &Cluster,
    plan: &DatabasePlan,
    role: Option<&str>,
) -> Result<String, NotReady> {
    let name = cluster.new_name().await.map_err(broke)?;
    create(cluster, plan, role, &name).await?;
    match fill(cluster, plan, role, &name).await {
        Ok(()) => Ok(name),
        Err(not_ready) => {
            // The seed's own failure is the one to tell.
            let _ = cluster.give_back(&name).await;
            Err(not_ready)
        }
    }
}

async fn create(
    cluster: &Cluster,
    plan: &DatabasePlan,
    role: Option<&str>,
    name: &str,
) -> Result<(), NotReady> {
    let mut sql = format!("CREATE DATABASE {} TEMPLATE template0", quote_ident(name));
    if let Some(role) = role {
        sql.push_str(&format!(" OWNER {}", quote_ident(role)));
    }
    if let Some(collation) = &plan.collation {
        sql.push_str(&format!(
            " ENCODING 'UTF8' LOCALE {}",
            quote_literal(collation)
        ));
    }
    sql.push_str(cluster.strategy());
    let Err(error) = cluster.admin.execute(&sql).await else {
        return Ok(());
    };
    match (failure::code(&error), &plan.collation) {
        // invalid_parameter_value and wrong_object_type, as the version has it: no such locale, or not for UTF8.
        (Some("22023" | "42809"), Some(collation)) => Err(no_collation(cluster, collation).await),
        (Some("42501"), _) => Err(NotReady::Skip {
            reason: may_not_create(cluster, role, &error.to_string()),
        }),
        _ => Err(broke(cluster.explain(admin::broken(
            "template",
            "cannot create a database",
            &error,
        )))),
    }
}

async fn no_collation(cluster: &Cluster, collation: &str) -> NotReady {
    const LOCALES: &str = "\
        SELECT DISTINCT collcollate::pg_catalog.text FROM pg_catalog.pg_collation \
        WHERE collprovider = 'c' AND collencoding IN (-1, pg_catalog.pg_char_to_encoding('UTF8')) AND collcollate <> ''";
    // Only for the hint: without an answer there is none.
    let rows = cluster.admin.query(LOCALES, &[]).await.unwrap_or_default();
    let locales: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    broke(Breakage {
        code: "collation".to_owned(),
        message: format!("the server has no collation \"{collation}\" for UTF8"),
        hint: Some(match nearest(collation, &locales) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "`locale -a` on the server's machine lists what there is".to_owned(),
        }),
        path: Some("/database/collation".to_owned()),
        ..Breakage::default()
    })
}

fn may_not_create(cluster: &Cluster, role: Option<&str>, error: &str) -> String {
    let user = cluster.connector.user();
    match role {
        Some(role) => {
            format!("user \"{user}\" may not create databases for role \"{role}\": {error}")
        }
        None => format!("user \"{user}\" may not create databases: {error}"),
    }
}

async fn fill(
    cluster: &Cluster,
    plan: &DatabasePlan,
    role: Option<&str>,
    name: &str,
) -> Result<(), NotReady> {
    let login = Login::own(name, "pgauge/seed");
    let owner = cluster.act_as(role, login.clone());
    if !plan.extensions.is_empty() {
        let creator = if cluster.identity.superuser {
            &login
        } else {
            &owner
        };
        let ground = open(cluster, creator).await?;
        seed::extensions(&ground, &plan.extensions).await?;
    }
    let ground = open(cluster, &owner).await?;
    let sown = seed::sow(&ground, &plan.seed, plan.statistics_target()).await;
    sown.map_err(|breakage| broke(cluster.explain(*breakage)))
}

/// Reads the columns that parameters of a case refer to from its database, as the role that owns it.
pub(super) async fn read_columns(
    cluster: &Cluster,
    database: &str,
    role: Option<&str>,
    columns: &[Arc<ReadColumn>],
) -> Result<(), NotReady> {
    let login = cluster.act_as(role, Login::own(database, "pgauge/references"));
    let ground = open(cluster, &login).await?;
    let read = seed::read_columns(&ground, columns).await;
    read.map_err(|breakage| broke(cluster.explain(*breakage)))
}

async fn open(cluster: &Cluster, login: &Login) -> Result<Ground, NotReady> {
    let opened = Ground::open(&cluster.connector, login).await;
    opened.map_err(|error| {
        let message = "cannot connect to the database that is being seeded";
        broke(cluster.explain(failure::breakage("connect", message, &error)))
    })
}

fn broke(breakage: Breakage) -> NotReady {
    NotReady::Broke(Box::new(breakage))
}
