//! What does a spec need of its server, by what its SQL says?

use super::spec::{Spec, Sql};
use std::path::{Path, PathBuf};

/// How the databases of PostgreSQL's isolation suites are called.
const DATABASE: &str = "isolation_regression";

/// The name that the database must have, where the SQL says it.
pub fn database_name(spec: &Spec) -> Option<String> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_';
    blocks(spec).find_map(|sql| {
        let mut words = sql.text.split(|c: char| !belongs(c));
        words
            .find(|word| word.contains(DATABASE))
            .map(str::to_owned)
    })
}

/// How many transactions may be prepared at the same time, where any are.
pub fn prepared_transactions(spec: &Spec) -> Option<u32> {
    let prepares = |sql: &&Sql| {
        let words: Vec<String> = sql
            .text
            .split_whitespace()
            .map(str::to_ascii_lowercase)
            .collect();
        words
            .windows(2)
            .any(|pair| pair[0] == "prepare" && pair[1] == "transaction")
    };
    let count = blocks(spec).filter(prepares).count();
    (count > 0).then(|| u32::try_from(count).unwrap_or(u32::MAX))
}

/// Whether it reads the log of changes through a replication slot, which takes `wal_level = logical`.
pub fn decodes_logically(spec: &Spec) -> bool {
    let said = |sql: &Sql| sql.text.to_ascii_lowercase();
    blocks(spec).any(|sql| said(sql).contains("logical_replication_slot"))
}

fn blocks(spec: &Spec) -> impl Iterator<Item = &Sql> {
    let of_sessions = spec.sessions.iter().flat_map(|session| {
        let steps = session.steps.iter().map(|step| &step.sql);
        session.setup.iter().chain(steps).chain(&session.teardown)
    });
    spec.setups.iter().chain(of_sessions).chain(&spec.teardown)
}

/// The expected outcome of a spec where such suites have it: in the folder `expected` beside that of the spec, or beside
/// the spec itself.
pub fn expected_beside(spec: &Path) -> Option<PathBuf> {
    let folder = spec.parent().unwrap_or(Path::new(""));
    let name = format!("{}.out", spec.file_stem()?.to_string_lossy());
    let places = [folder.join("../expected").join(&name), folder.join(&name)];
    places.into_iter().find(|path| path.is_file())
}
