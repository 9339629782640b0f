//! Under which conditions do somebody else's tests run? Those of PostgreSQL's isolation tester, as `pg_isolation_regress`
//! makes them.

use super::cluster::Cluster;
use crate::run::session::NotReady;
use crate::schedule::{Case, DatabasePlan};
use crate::spec::scenario::Preset;

/// A setting of the isolation tester's sessions, and the first version that knows it.
const TESTER: [(&str, &str, u32); 10] = [
    ("lc_messages", "C", 0),
    ("lc_monetary", "C", 0),
    ("lc_numeric", "C", 0),
    ("lc_time", "C", 0),
    ("bytea_output", "hex", 0),
    ("TimeZone", "America/Los_Angeles", 0),
    ("DateStyle", "Postgres, MDY", 0),
    ("IntervalStyle", "postgres_verbose", 0),
    ("timezone_abbreviations", "Default", 0),
    // Before that an EXPLAIN tells no identifiers unless it is asked to.
    ("compute_query_id", "regress", 150_000),
];

/// The settings that a case's sessions have because of its preset.
pub(super) fn settings(cluster: &Cluster, plan: &DatabasePlan) -> Vec<(String, String)> {
    match plan.preset {
        None => Vec::new(),
        Some(Preset::Isolationtester) => TESTER
            .iter()
            .filter(|(_, _, since)| cluster.identity.version_num >= *since)
            .map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

/// What comes first in `application_name` because of a preset: `isolation/deadlock-hard`.
pub(super) fn application(case: &Case) -> Option<String> {
    case.database.preset.map(|preset| match preset {
        Preset::Isolationtester => format!("isolation/{}", case.id.scenario),
    })
}

/// The role of a preset, where the scenario names none: a superuser.
///
/// # Errors
///
/// On somebody's server its user is none.
pub(super) fn role(cluster: &Cluster, plan: &DatabasePlan) -> Result<Option<String>, NotReady> {
    let user = cluster.connector.user();
    match (plan.preset, &plan.role) {
        (Some(Preset::Isolationtester), None) if cluster.identity.superuser => {
            Ok(cluster.is_embedded().then(|| user.to_owned()))
        }
        (Some(Preset::Isolationtester), None) => Err(NotReady::Skip {
            reason: format!(
                "the conditions of PostgreSQL's isolation tester take a superuser, and user \"{user}\" is none"
            ),
        }),
        (Some(Preset::Isolationtester) | None, role) => Ok(role.clone()),
    }
}
