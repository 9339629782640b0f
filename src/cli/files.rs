//! Which files are meant? Files, folders and globs as they were typed.

use super::{Stop, suite::SUITE_FILE};
use crate::{source::Diagnostic, text::did_you_mean};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// A folder that holds what scenarios share; no scenario is looked for in there.
const SEEDS: &str = "seeds";

/// Every scenario file that the paths name: each once, in the order of the paths, within a folder sorted. In a folder,
/// hidden files, `pgauge.yaml` and folders named `seeds` are passed over.
///
/// # Errors
///
/// A path that does not exist, or a folder or glob without any scenario.
pub fn scenario_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
    let mut files = Vec::new();
    for path in paths {
        let found = match (path.is_dir(), path.exists()) {
            (true, _) => in_folder(path).map_err(|error| unreadable(path, &error))?,
            (false, true) => vec![path.clone()],
            (false, false) if is_glob(path) => matching(path)?,
            (false, false) => return Err(missing(path)),
        };
        if found.is_empty() {
            let primary = format!("no scenario in {}", path.display());
            let hint = "a scenario is a file that ends in .yaml, or in .spec; `pgauge init` writes one to start from";
            return Err(Stop::usage(
                Diagnostic::error("no-scenario", primary).hint(hint),
            ));
        }
        files.extend(found);
    }
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(std::fs::canonicalize(file).unwrap_or_else(|_| file.clone())));
    Ok(files.iter().map(|file| plain(file)).collect())
}

fn in_folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut files = Vec::new();
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            // A link to a folder may lead back up; whoever wants it names it.
            if name != SEEDS && !entry.file_type()?.is_symlink() {
                files.extend(in_folder(&path)?);
            }
        } else if is_scenario(&path) && path.is_file() {
            // Of a pipe nobody knows whether anybody writes into it; whoever wants it names it.
            files.push(path);
        }
    }
    Ok(files)
}

fn is_scenario(path: &Path) -> bool {
    is_for_us(path) && path.file_name().is_some_and(|name| name != SUITE_FILE)
}

/// Whether a file has the name of a scenario, or of a suite.
pub(super) fn is_for_us(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end == "yaml" || end == "yml" || end == "spec")
}

fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

fn matching(pattern: &Path) -> Result<Vec<PathBuf>, Stop> {
    let found = glob::glob(&pattern.to_string_lossy()).map_err(|error| {
        let primary = format!("{} is no glob: {}", pattern.display(), error.msg);
        Stop::usage(Diagnostic::error("glob", primary))
    })?;
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|error| unreadable(error.path(), error.error()))?;
        if path.is_dir() {
            files.extend(in_folder(&path).map_err(|error| unreadable(&path, &error))?);
        } else if is_scenario(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

/// Without `./` in front, as one would write it.
fn plain(path: &Path) -> PathBuf {
    let shorter = path
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir));
    shorter.collect()
}

pub(super) fn missing(path: &Path) -> Stop {
    let primary = format!("there is no {}", path.display());
    let mut diagnostic = Diagnostic::error("no-file", primary);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let near = crate::text::nearest(&name, &names).and_then(|near| did_you_mean(&name, [near]));
    diagnostic.hints.extend(near);
    Stop::usage(diagnostic)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Stop {
    let primary = format!("cannot read {}: {error}", path.display());
    Stop::usage(Diagnostic::error("file", primary))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    fn found(root: &Path, paths: &[&str]) -> Vec<String> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        let files = scenario_files(&paths).unwrap();
        files
            .iter()
            .map(|file| file.strip_prefix(root).unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn folders_are_searched_for_scenarios_and_nothing_else() {
        let root = tree(&[
            "qa/b.yaml",
            "qa/a/z.yml",
            "qa/pgauge.yaml",
            "qa/.hidden.yaml",
            "qa/seeds/shop.yaml",
            "qa/b.baseline.json",
        ]);
        assert_eq!(found(root.path(), &["qa"]), ["qa/a/z.yml", "qa/b.yaml"]);
        assert_eq!(
            found(root.path(), &["qa/b.yaml", "qa"]),
            ["qa/b.yaml", "qa/a/z.yml"]
        );
        assert_eq!(found(root.path(), &["qa/**/z*"]), ["qa/a/z.yml"]);
    }

    #[test]
    fn what_is_not_there_gets_the_nearest_name() {
        let root = tree(&["qa/lost_update.yaml"]);
        let stop = scenario_files(&[root.path().join("qa/lost_updte.yaml")]).unwrap_err();
        let diagnostics = stop.diagnostics();
        assert_eq!(
            diagnostics.0[0].hints,
            ["did you mean \"lost_update.yaml\"?"]
        );
        let stop = scenario_files(&[root.path().join("qa/*.yml")]).unwrap_err();
        assert_eq!(stop.status().code(), 2);
        assert_eq!(stop.diagnostics().0[0].code, "no-scenario");
    }
}
