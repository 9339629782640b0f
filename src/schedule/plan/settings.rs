//! What is asked of the server for `expect: settings`, and the export of production's that it is compared with.

use super::{Planner, clients::settings};
use crate::{
    schedule::case::{ProbePlan, Production},
    source::{Diagnostic, SourceFile},
    spec::{beside, expect::SettingsFacts, tree::MAX_BYTES, within_usual_root},
};
use indexmap::IndexMap;

/// One row per setting and extension: kind, name, value as `SHOW` tells it.
const ASKED: &str = "\
    SELECT 'setting', name, coalesce(pg_catalog.current_setting(name, true), '') FROM pg_catalog.pg_settings \
    UNION ALL SELECT 'extension', extname::pg_catalog.text, extversion FROM pg_catalog.pg_extension \
    UNION ALL SELECT 'available', name::pg_catalog.text, default_version FROM pg_catalog.pg_available_extensions";

/// The key of `database: settings` that names an export.
const LIKE: &str = "like";

/// What settings begin with that decide about plans.
const OF_THE_PLANNER: [&str; 6] = [
    "enable_",
    "geqo",
    "jit",
    "parallel_",
    "min_parallel_",
    "max_parallel_workers",
];

/// Other settings of production that any machine can have, whatever its memory and its disks are.
const OTHERS: [&str; 22] = [
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "deadlock_timeout",
    "default_statistics_target",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "effective_cache_size",
    "from_collapse_limit",
    "hash_mem_multiplier",
    "idle_in_transaction_session_timeout",
    "join_collapse_limit",
    "lock_timeout",
    "plan_cache_mode",
    "random_page_cost",
    "seq_page_cost",
    "statement_timeout",
    "temp_buffers",
    "TimeZone",
    "work_mem",
];

/// Whether a setting of production is applied: it decides about plans, time limits or isolation. What depends on the
/// machine, on files and on libraries stays as it is here, and is told as drift.
fn is_applied(name: &str) -> bool {
    OF_THE_PLANNER.iter().any(|start| name.starts_with(start)) || OTHERS.contains(&name)
}

/// The probe behind `expect: settings`.
pub(super) fn probe(path: &str) -> ProbePlan {
    ProbePlan {
        sql: ASKED.to_owned(),
        params: Vec::new(),
        path: path.to_owned(),
    }
}

impl Planner<'_> {
    /// Reads the export that an expectation names, relative to the scenario.
    pub(super) fn production(
        &self,
        facts: &SettingsFacts,
        path: &str,
    ) -> Result<Option<Production>, Box<Diagnostic>> {
        let Some(like) = &facts.like else {
            return Ok(None);
        };
        self.export(like, &format!("{path}/settings/like"))
            .map(Some)
    }

    /// The settings of the database: those of production first, where they are to be like them, then those that are named.
    pub(super) fn database_settings(&self) -> Result<IndexMap<String, String>, Box<Diagnostic>> {
        let mut named = settings(&self.scenario.database.settings);
        let Some(like) = named.shift_remove(LIKE) else {
            return Ok(named);
        };
        let production = self.export(&like, "/database/settings/like")?;
        let mut all: IndexMap<String, String> = production
            .settings
            .into_iter()
            .filter(|(name, _)| is_applied(name))
            .collect();
        all.extend(named);
        Ok(all)
    }

    fn export(&self, like: &str, path: &str) -> Result<Production, Box<Diagnostic>> {
        let place = || self.file.place(self.variant, path);
        let target = beside(self.file.file.path(), like);
        let inside = within_usual_root(self.file.file.path(), &target);
        let read = inside.and_then(|()| SourceFile::read(&target, MAX_BYTES));
        let file = read.map_err(|diagnostic| Box::new(diagnostic.at(place())))?;
        let parsed = serde_json::from_str(file.text());
        parsed.map_err(|error| {
            let primary = format!("{} is no export of settings: {error}", target.display());
            Box::new(
                Diagnostic::error("export", primary)
                    .at(place())
                    .hint("`pgauge export settings` prints the query that makes one"),
            )
        })
    }
}
