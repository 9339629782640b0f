//! Which suite do scenarios belong to? `pgauge.yaml` beside or above them.

use crate::source::Diagnostic;
use std::path::{Path, PathBuf};

/// The name of a suite's file.
pub const SUITE_FILE: &str = "pgauge.yaml";

impl From<Diagnostic> for super::Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Spec(diagnostic.into())
    }
}

/// The suite's file beside a scenario or a folder of them, or in the nearest folder above, up to the root of the
/// repository (where `.git` is) or of the file system.
pub fn find(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    for folder in absolute.ancestors().filter(|folder| folder.is_dir()) {
        let file = folder.join(SUITE_FILE);
        if file.is_file() {
            return Some(file);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_suite_counts_and_the_repository_ends_the_search() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("repo/.git")).unwrap();
        std::fs::create_dir_all(root.join("repo/qa/scenarios/locks")).unwrap();
        std::fs::write(root.join(SUITE_FILE), "").unwrap();
        let locks = root.join("repo/qa/scenarios/locks");
        assert_eq!(find(&locks), None);
        std::fs::write(root.join("repo/qa").join(SUITE_FILE), "").unwrap();
        assert_eq!(find(&locks), Some(root.join("repo/qa").join(SUITE_FILE)));
        assert_eq!(
            find(&locks.join("a.yaml")),
            Some(root.join("repo/qa").join(SUITE_FILE))
        );
    }
}
