//! What does a suite say for all its scenarios? `pgauge.yaml` beside or above them.

use crate::{
    source::{Diagnostic, Diagnostics, SourceFile},
    spec::{
        quantity::TimeSpan,
        tree::{self, Part},
    },
    text::did_you_mean,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The name of a suite's file.
pub const SUITE_FILE: &str = "pgauge.yaml";

/// Defaults for all scenarios of a suite. The command line and the environment win over it; paths are relative to the
/// file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "pgauge suite", extend("examples" = [{ "scenarios": ["scenarios"], "slow_query": "250ms" }]))]
pub struct Suite {
    /// The files, folders and globs that are run where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["scenarios"]]))]
    pub scenarios: Vec<String>,
    /// `embedded`, a version in quotes such as "16", a folder of server binaries, or a URL without a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["embedded", "16"]))]
    pub server: Option<String>,
    /// How many cases run side by side; one per processor, at most 8, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 512), extend("examples" = [2]))]
    pub jobs: Option<u16>,
    /// Begin no further case after one that did not pass.
    #[serde(default)]
    #[schemars(extend("examples" = [true]))]
    pub fail_fast: bool,
    /// Count a skipped case as failed.
    #[serde(default)]
    #[schemars(extend("examples" = [true]))]
    pub no_skips: bool,
    /// The seed of everything random, where a scenario names none; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [42]))]
    pub random_seed: Option<u64>,
    /// The longest time that one case may take, where a scenario names none; one minute if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["30s"]))]
    pub timeout: Option<TimeSpan>,
    /// How long a query may take that states no budget of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["250ms"]))]
    pub slow_query: Option<TimeSpan>,
    /// Where a JUnit report is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["out/junit.xml"]))]
    pub junit: Option<PathBuf>,
    /// Where everything that was seen is written, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["out/results.json"]))]
    pub json: Option<PathBuf>,
}

impl Suite {
    /// The keys, as one may write them.
    const KEYS: [&str; 10] = [
        "scenarios",
        "server",
        "jobs",
        "fail_fast",
        "no_skips",
        "random_seed",
        "timeout",
        "slow_query",
        "junit",
        "json",
    ];

    /// Reads a suite's file.
    ///
    /// # Errors
    ///
    /// It cannot be read, or says what no suite can say.
    pub fn read(path: &Path) -> Result<Self, Diagnostics> {
        let file = SourceFile::read(path, tree::MAX_BYTES)?;
        Self::parse(&file)
    }

    /// Reads the text of a suite's file; an empty one says nothing.
    ///
    /// # Errors
    ///
    /// It says what no suite can say.
    pub fn parse(file: &SourceFile) -> Result<Self, Diagnostics> {
        let says_nothing = |line: &str| line.trim().is_empty() || line.trim().starts_with('#');
        if file.text().lines().all(says_nothing) {
            return Ok(Self::default());
        }
        let document = tree::read(file)?;
        let read = serde_path_to_error::deserialize::<_, Self>(document.value);
        read.map_err(|error| {
            let pointer: String = error
                .path()
                .iter()
                .map(|segment| match segment {
                    serde_path_to_error::Segment::Seq { index } => format!("/{index}"),
                    serde_path_to_error::Segment::Map { key } => format!("/{key}"),
                    _ => String::new(),
                })
                .collect();
            let said = error.inner().to_string();
            let unknown = said
                .strip_prefix("unknown field `")
                .and_then(|rest| rest.split('`').next());
            match unknown {
                Some(key) => {
                    let place = document.tree.locate_pointer(&format!("/{key}"), Part::Key);
                    let mut diagnostic =
                        Diagnostic::error("unknown-key", format!("unknown key \"{key}\""))
                            .at(place);
                    diagnostic.hints.extend(did_you_mean(key, Self::KEYS));
                    diagnostic.into()
                }
                None => {
                    let place = document.tree.locate_pointer(&pointer, Part::Value);
                    Diagnostic::error("type", said).at(place).into()
                }
            }
        })
    }
}

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

/// The JSON Schema of a suite's file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Suite).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Color, render_all};

    fn wrong(text: &str) -> String {
        let file = SourceFile::new("qa/pgauge.yaml", text);
        render_all(&Suite::parse(&file).unwrap_err(), Color::Off)
    }

    #[test]
    fn a_suite_is_read_with_its_quantities() {
        let file = SourceFile::new(
            "pgauge.yaml",
            "slow_query: 250ms\nserver: \"16\"\njobs: 2\n",
        );
        let suite = Suite::parse(&file).unwrap();
        assert_eq!(suite.slow_query, Some("250ms".parse().unwrap()));
        assert_eq!((suite.server.as_deref(), suite.jobs), (Some("16"), Some(2)));
        let empty = SourceFile::new("pgauge.yaml", "# nothing yet\n");
        assert_eq!(Suite::parse(&empty).unwrap(), Suite::default());
    }

    #[test]
    fn mistakes_are_shown_where_they_stand() {
        insta::assert_snapshot!(
            wrong("jobs: 2\nslow_querry: 1s\n") + "\n" + &wrong("jobs: 2\nslow_query: 250\n")
        );
    }

    #[test]
    fn the_known_keys_are_those_of_the_schema() {
        let schema = schema();
        let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(keys, Suite::KEYS);
    }

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
