//! `pgauge import`: tests that were written for another tool, as scenarios.

use super::{
    Stop,
    args::{ImportArgs, ImportIsolationArgs, ImportPgbenchArgs, Imported},
};
use crate::{
    isolation::{Parsed, expected_beside, parse, to_yaml},
    pgbench,
    report::{
        file::ReportFile,
        terminal::{View, say},
    },
    source::{Diagnostic, SourceFile},
    spec::tree::MAX_BYTES,
};
use std::path::{Component, Path, PathBuf};

/// Writes what a foreign test says as a scenario.
///
/// # Errors
///
/// The test cannot be read, or makes no sense; the scenario cannot be written.
pub fn import(args: &ImportArgs, view: View) -> Result<(), Stop> {
    match &args.of {
        Imported::Isolation(args) => isolation(args, view),
        Imported::Pgbench(args) => pgbench(args, view),
    }
}

fn pgbench(args: &ImportPgbenchArgs, view: View) -> Result<(), Stop> {
    let file = SourceFile::read(&args.script, MAX_BYTES).map_err(Stop::usage)?;
    let given = pgbench::Given {
        scale: args.scale,
        defines: args.defines.iter().cloned().collect(),
    };
    let imported = pgbench::import(&file, &given)?;
    super::tell(&imported.warnings, view);
    write(args.output.as_deref(), &imported.yaml)
}

fn isolation(args: &ImportIsolationArgs, view: View) -> Result<(), Stop> {
    let file = SourceFile::read(&args.spec, MAX_BYTES).map_err(Stop::usage)?;
    let Parsed { spec, warnings } = parse(&file)?;
    super::tell(&warnings, view);
    let scenario = args.output.as_deref().unwrap_or(&args.spec);
    let folder = scenario.parent().unwrap_or(Path::new(""));
    let expected = expected_beside(&args.spec).map(|path| relative(&path, folder));
    let yaml = to_yaml(&spec, expected.as_deref());
    write(args.output.as_deref(), &yaml)
}

/// Writes a scenario to a file, or to standard output.
fn write(output: Option<&Path>, yaml: &str) -> Result<(), Stop> {
    let Some(output) = output else {
        say(yaml);
        return Ok(());
    };
    let written = ReportFile::open(output).and_then(|file| file.write(yaml.as_bytes()));
    written.map_err(|error| {
        let primary = format!("cannot write {}: {error}", output.display());
        Stop::world(Diagnostic::error("file", primary))
    })
}

/// A path as it is written in a file of this folder, with `/`.
fn relative(path: &Path, folder: &Path) -> String {
    let absolute = |path: &Path| -> Vec<PathBuf> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut parts: Vec<PathBuf> = Vec::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(parts.pop()),
                Component::CurDir => {}
                other => parts.push(other.as_os_str().into()),
            }
        }
        parts
    };
    let (path, folder) = (absolute(path), absolute(folder));
    let common = path.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let up = folder[common..].iter().map(|_| "..".to_owned());
    let down = path[common..]
        .iter()
        .map(|part| part.to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<String>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_from_the_folder_of_the_scenario() {
        let named = |path: &str, folder: &str| relative(Path::new(path), Path::new(folder));
        assert_eq!(
            named("a/specs/../expected/x.out", "a/yaml"),
            "../expected/x.out"
        );
        assert_eq!(named("a/x.out", "a"), "x.out");
        assert_eq!(named("/t/x.out", "/t/q/r"), "../../x.out");
    }
}
