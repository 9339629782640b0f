//! Can this case run on this server? What it requires, the role it acts as, the settings it asks for.

use super::admin;
use super::cluster::{Cluster, DEFAULT_ROLE};
use super::limits;
use super::preset;
use super::settings::Reach;
use crate::record::Breakage;
use crate::run::session::NotReady;
use crate::schedule::{Case, DatabasePlan};
use crate::spec::scenario::Connect;
use crate::sql::Outside;
use crate::text::did_you_mean;
use deadpool_postgres::PoolError;
use std::collections::HashMap;
use std::sync::PoisonError;

/// Refuses a case whose settings the server does not know or does not have; those that hold for a whole server are told,
/// and on somebody's are in force already.
pub(super) async fn settings(
    cluster: &Cluster,
    case: &Case,
) -> Result<Vec<(String, String)>, NotReady> {
    check_safety(cluster, case)?;
    check_known(cluster, case).await?;
    let of_server = server_settings(cluster, case)?;
    if !cluster.is_embedded() {
        check_settings(cluster, case, &of_server).await?;
    }
    Ok(of_server)
}

/// Refuses a case that reaches beyond its database on somebody's server.
fn check_safety(cluster: &Cluster, case: &Case) -> Result<(), NotReady> {
    let misread = cluster
        .limits
        .iter()
        .find(|limit| limit.name == limits::READING);
    if let Some(limit) = misread.filter(|_| !cluster.guard.allows(Outside::DynamicSql)) {
        return skip(format!("no SQL can be judged there: {}", limit.told()));
    }
    let of_seed = || {
        let mut seeds = cluster
            .judged_seeds
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let seed = seeds.entry(case.database.fingerprint.clone());
        seed.or_insert_with(|| cluster.guard.reason_of_seed(case))
            .clone()
    };
    match cluster.guard.reason(case).or_else(of_seed) {
        None => Ok(()),
        Some(reason) => skip(reason),
    }
}

/// Refuses a case that asks for a newer server, or for extensions that are not there: skipped if it requires them, an
/// error if it only creates them.
pub(super) async fn check(cluster: &Cluster, plan: &DatabasePlan) -> Result<(), NotReady> {
    let major = cluster.identity.version_num / 10_000;
    if let Some(needed) = plan.requires.postgres.filter(|needed| *needed > major) {
        let version = &cluster.identity.version;
        return skip(format!(
            "it requires PostgreSQL {needed}; the server is {version}"
        ));
    }
    if plan.connect == Connect::Tcp && !cluster.is_embedded() && cluster.connector.is_socket() {
        return skip(
            "its sessions come over TCP, and the server is reached through a Unix socket"
                .to_owned(),
        );
    }
    let required = &plan.requires.extensions;
    if required.is_empty() && plan.extensions.is_empty() {
        return Ok(());
    }
    let available = available_extensions(cluster).await;
    let available =
        available.map_err(|error| lost(cluster, "cannot ask for extensions", &error))?;
    let missing: Vec<String> = required
        .iter()
        .filter(|name| !available.contains(name))
        .cloned()
        .collect();
    if !missing.is_empty() {
        return skip(format!(
            "the server does not have the extension {}",
            quoted(&missing)
        ));
    }
    let mut created = plan.extensions.iter().enumerate();
    match created.find(|(_, name)| !available.contains(name)) {
        None => Ok(()),
        Some((index, name)) => Err(no_extension(index, name, &available)),
    }
}

/// What a scenario cannot begin without is no reason to skip it: it may be a slip of the pen.
fn no_extension(index: usize, name: &str, available: &[String]) -> NotReady {
    let or_skip = format!(
        "install it; or write requires: {{ extensions: [{name}] }}, and the scenario is skipped where it is missing"
    );
    NotReady::Broke(Box::new(Breakage {
        code: "extension".to_owned(),
        message: format!("the server does not have the extension \"{name}\""),
        hint: did_you_mean(name, available).or(Some(or_skip)),
        path: Some(format!("/database/extensions/{index}")),
        ..Breakage::default()
    }))
}

async fn available_extensions(cluster: &Cluster) -> Result<Vec<String>, PoolError> {
    const AVAILABLE: &str = "SELECT name::pg_catalog.text FROM pg_catalog.pg_available_extensions";
    let rows = cluster.admin.query(AVAILABLE, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The settings that the server has to be given so that it has at least what is required.
///
/// # Errors
///
/// On somebody's server nobody can give it any.
pub(super) async fn lacking_settings(
    cluster: &Cluster,
    plan: &DatabasePlan,
) -> Result<Vec<(String, String)>, NotReady> {
    const HAS: &str = "\
        SELECT name, setting FROM pg_catalog.pg_settings \
        WHERE name = ANY ($1::pg_catalog.text[]) AND vartype IN ('integer', 'real')";
    let required = &plan.requires.settings;
    if required.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&String> = required.keys().collect();
    let has = async {
        let rows = cluster.admin.query(HAS, &[&names]).await?;
        let has = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        has.collect::<Result<HashMap<String, String>, PoolError>>()
    };
    let has = has
        .await
        .map_err(|error| lost(cluster, "cannot ask for settings", &error))?;
    let mut lacking = Vec::new();
    for (name, least) in required {
        let Some(value) = has.get(name) else {
            return skip(format!(
                "the server has no setting \"{name}\" that is a number"
            ));
        };
        let enough = value
            .parse::<f64>()
            .is_ok_and(|value| value >= *least as f64);
        if enough {
            continue;
        }
        if !cluster.is_embedded() {
            return skip(format!(
                "it requires {name} = {least} at least; the server has {value}"
            ));
        }
        lacking.push((name.clone(), least.to_string()));
    }
    Ok(lacking)
}

/// The role that owns the database and that clients act as; none is the user of the server's URL.
pub(super) async fn role(
    cluster: &Cluster,
    plan: &DatabasePlan,
) -> Result<Option<String>, NotReady> {
    let wanted = preset::role(cluster, plan)?;
    if cluster.is_embedded() {
        let role = wanted.as_deref().unwrap_or(DEFAULT_ROLE);
        let ensured = cluster.ensure_role(role).await;
        ensured.map_err(|error| {
            lost(
                cluster,
                &format!("cannot create the role \"{role}\""),
                &error,
            )
        })?;
        return Ok(Some(role.to_owned()));
    }
    let Some(role) = &wanted else {
        return Ok(None);
    };
    const MEMBER: &str = "\
        SELECT pg_catalog.pg_has_role(oid, 'MEMBER') FROM pg_catalog.pg_roles WHERE rolname = $1";
    let answer = async {
        let rows = cluster.admin.query(MEMBER, &[role]).await?;
        let member = rows.first().map(|row| row.try_get::<_, bool>(0));
        Ok(member.transpose()?)
    };
    match answer.await {
        Ok(Some(true)) => Ok(Some(role.clone())),
        Ok(Some(false)) => skip(format!(
            "user \"{}\" is not a member of the role \"{role}\"",
            cluster.connector.user()
        )),
        Ok(None) => skip(format!("the server has no role \"{role}\"")),
        Err(error) => Err(lost(cluster, "cannot ask for roles", &error)),
    }
}

/// The settings of the case's database that hold for a whole server, lower-case names first, sorted.
///
/// # Errors
///
/// One that nobody can set, or a client's that no session can.
fn server_settings(cluster: &Cluster, case: &Case) -> Result<Vec<(String, String)>, NotReady> {
    for client in &case.clients {
        let whole =
            |name: &&String| matches!(cluster.settings.reach(name), Reach::Server | Reach::Fixed);
        if let Some(name) = client.settings.keys().find(whole) {
            return skip(format!(
                "the setting \"{name}\" of client \"{}\" cannot be set for one session",
                client.id
            ));
        }
    }
    let mut found = Vec::new();
    for (name, value) in &case.database.settings {
        match cluster.settings.reach(name) {
            Reach::Server => found.push((name.to_ascii_lowercase(), value.clone())),
            Reach::Fixed => return skip(format!("the setting \"{name}\" is fixed in the server")),
            Reach::Privileged | Reach::Session => {}
        }
    }
    found.sort();
    Ok(found)
}

/// Refuses a case that has a setting which the server does not know.
async fn check_known(cluster: &Cluster, case: &Case) -> Result<(), NotReady> {
    let of_database = case.database.settings.keys();
    let of_database = of_database.map(|name| ("/database", name));
    let of_clients = case.clients.iter().flat_map(|client| {
        let names = client.settings.keys();
        names.map(|name| (client.path.as_str(), name))
    });
    for (path, name) in of_database.chain(of_clients) {
        // Those with a dot belong to extensions and applications; any name goes.
        if cluster.settings.lists(name) || name.contains('.') || is_there(cluster, name).await? {
            continue;
        }
        let version = &cluster.identity.version;
        let near = cluster.settings.nearest(name);
        return Err(NotReady::Broke(Box::new(Breakage {
            code: "setting".to_owned(),
            message: format!("PostgreSQL {version} has no setting \"{name}\""),
            hint: near.map(|near| format!("did you mean \"{near}\"?")),
            path: Some(format!("{path}/settings/{name}")),
            ..Breakage::default()
        })));
    }
    Ok(())
}

async fn is_there(cluster: &Cluster, name: &str) -> Result<bool, NotReady> {
    const IS_THERE: &str = "SELECT pg_catalog.current_setting($1, true) IS NOT NULL";
    let answer = async {
        let rows = cluster.admin.query(IS_THERE, &[&name]).await?;
        Ok(rows.first().map_or(Ok(false), |row| row.try_get(0))?)
    };
    let answer: Result<bool, PoolError> = answer.await;
    answer.map_err(|error| lost(cluster, "cannot ask for settings", &error))
}

/// Refuses a case whose settings take more than the user of the server's URL may do.
async fn check_settings(
    cluster: &Cluster,
    case: &Case,
    of_server: &[(String, String)],
) -> Result<(), NotReady> {
    let answer = async {
        for (name, value) in of_server {
            const IS: &str = "SELECT pg_catalog.current_setting($1)";
            let rows = cluster.admin.query(IS, &[name]).await?;
            let is: String = rows
                .first()
                .map_or(Ok(String::new()), |row| row.try_get(0))?;
            if is != *value {
                return Ok(Some(format!(
                    "the server has {name} = {is}, and {value} takes a restart or a reload of it"
                )));
            }
        }
        forbidden(cluster, case).await
    };
    match answer.await {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => skip(reason),
        Err(error) => Err(lost(cluster, "cannot ask for settings", &error)),
    }
}

/// Why a setting that takes privileges cannot be set, if there is one.
async fn forbidden(cluster: &Cluster, case: &Case) -> Result<Option<String>, PoolError> {
    const MAY: &str = "SELECT pg_catalog.has_parameter_privilege($1, 'SET')";
    if cluster.identity.superuser {
        return Ok(None);
    }
    let clients = case
        .clients
        .iter()
        .flat_map(|client| client.settings.keys());
    let privileged = |name: &&String| cluster.settings.reach(name) == Reach::Privileged;
    for name in case
        .database
        .settings
        .keys()
        .chain(clients)
        .filter(privileged)
    {
        // Before version 15 it took a superuser.
        let may = cluster.identity.version_num >= 150_000 && {
            let rows = cluster.admin.query(MAY, &[name]).await?;
            rows.first().map_or(Ok(false), |row| row.try_get(0))?
        };
        if !may {
            let user = cluster.connector.user();
            return Ok(Some(format!("user \"{user}\" may not set \"{name}\"")));
        }
    }
    Ok(None)
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    crate::text::list(&quoted, "and")
}

fn skip<T>(reason: String) -> Result<T, NotReady> {
    Err(NotReady::Skip { reason })
}

fn lost(cluster: &Cluster, message: &str, error: &PoolError) -> NotReady {
    NotReady::Broke(Box::new(
        cluster.explain(admin::broken("connect", message, error)),
    ))
}
