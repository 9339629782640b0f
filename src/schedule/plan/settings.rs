//! What is asked of the server for `expect: settings`, and the export of production's that it is compared with.

use super::Planner;
use crate::{
    schedule::case::{ProbePlan, Production},
    source::{Diagnostic, SourceFile},
    spec::{beside, expect::SettingsFacts, tree::MAX_BYTES, within_usual_root},
};

/// One row per setting and extension: kind, name, value as `SHOW` tells it.
const ASKED: &str = "\
    SELECT 'setting', name, coalesce(pg_catalog.current_setting(name, true), '') FROM pg_catalog.pg_settings \
    UNION ALL SELECT 'extension', extname::pg_catalog.text, extversion FROM pg_catalog.pg_extension \
    UNION ALL SELECT 'available', name::pg_catalog.text, default_version FROM pg_catalog.pg_available_extensions";

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
        let place = || {
            self.file
                .place(self.variant, &format!("{path}/settings/like"))
        };
        let target = beside(self.file.file.path(), like);
        let inside = within_usual_root(self.file.file.path(), &target);
        let read = inside.and_then(|()| SourceFile::read(&target, MAX_BYTES));
        let file = read.map_err(|diagnostic| Box::new(diagnostic.at(place())))?;
        let parsed = serde_json::from_str(file.text());
        parsed.map(Some).map_err(|error| {
            let primary = format!("{} is no export of settings: {error}", target.display());
            Box::new(
                Diagnostic::error("export", primary)
                    .at(place())
                    .hint("`pgauge export settings` prints the query that makes one"),
            )
        })
    }
}
