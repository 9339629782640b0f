//! Which files may a spec name? Those below the root of its suite, symbolic links followed: a suite from somewhere else
//! must not read what is none of its business.

use crate::source::Diagnostic;
use std::path::{Path, PathBuf};

/// The folder that scenarios conventionally stand in, beside what they share.
const SCENARIOS: &str = "scenarios";

/// The root of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root(PathBuf);

/// Whether a file that a scenario names lies below the root that its suite has where pgauge.yaml names none.
///
/// # Errors
///
/// It does not.
pub fn within_usual_root(scenario: &Path, path: &Path) -> Result<(), Diagnostic> {
    Root::of(scenario, None).check(path)
}

impl Root {
    /// What the suite names, else the repository of a file; without one the folder in which pgauge is started, the one
    /// that holds the folder `scenarios`, or the file's own, whichever comes first.
    pub(super) fn of(file: &Path, named: Option<&Path>) -> Self {
        let root = named.map(real).unwrap_or_else(|| usual(&real(file)));
        Self(root)
    }

    /// Whether a file lies below it. One that is not there lies nowhere, and is told by whoever reads it.
    ///
    /// # Errors
    ///
    /// It does not.
    pub(super) fn check(&self, path: &Path) -> Result<(), Diagnostic> {
        let Ok(found) = path.canonicalize() else {
            return Ok(());
        };
        if found.starts_with(&self.0) {
            return Ok(());
        }
        let primary = format!("{} lies outside of the suite's root", path.display());
        Err(Diagnostic::error("outside-root", primary)
            .detail(format!(
                "it is {}; the root is {}",
                found.display(),
                self.0.display()
            ))
            .hint(
                "keep it in the repository, or name a wider root in pgauge.yaml, such as root: ..",
            ))
    }
}

fn usual(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let folders = || folder.ancestors();
    if let Some(repository) = folders().find(|folder| folder.join(".git").exists()) {
        return repository.to_owned();
    }
    let here = std::env::current_dir().map(|here| real(&here));
    if let Ok(here) = here
        && file.starts_with(&here)
    {
        return here;
    }
    let outermost = folders()
        .filter(|folder| folder.ends_with(SCENARIOS))
        .last();
    let holder = outermost.and_then(Path::parent);
    holder.unwrap_or(folder).to_owned()
}

/// As the file system has it; what is not there stays as it was named.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.canonicalize().unwrap_or(absolute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for file in ["qa/scenarios/locks/a.yaml", "qa/seeds/shop.yaml", "secret"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        (folder, root)
    }

    #[test]
    fn the_repository_is_the_root_and_without_one_what_holds_the_scenarios() {
        let (_folder, root) = tree();
        let file = root.join("qa/scenarios/locks/a.yaml");
        assert_eq!(Root::of(&file, None), Root(root.join("qa")));
        fs::create_dir(root.join(".git")).unwrap();
        assert_eq!(Root::of(&file, None), Root(root.clone()));
        let named = root.join("qa/scenarios");
        assert_eq!(Root::of(&file, Some(&named)), Root(named.clone()));
    }

    #[test]
    fn nothing_outside_may_be_named_not_even_by_a_link() {
        let (_folder, root) = tree();
        let suite = Root::of(&root.join("qa/scenarios/locks/a.yaml"), None);
        assert_eq!(suite.check(&root.join("qa/seeds/shop.yaml")), Ok(()));
        assert_eq!(suite.check(&root.join("qa/nowhere")), Ok(()));
        assert!(suite.check(&root.join("qa/../secret")).is_err());
        let link = root.join("qa/seeds/link");
        std::os::unix::fs::symlink(root.join("secret"), &link).unwrap();
        let told = suite.check(&link).unwrap_err();
        assert_eq!(told.code, "outside-root");
        assert!(told.detail.unwrap().contains("the root is "));
    }
}
