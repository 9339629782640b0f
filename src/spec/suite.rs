//! What does a suite say for all its scenarios? `pgauge.yaml`, as the author writes it.

use super::{
    load,
    quantity::TimeSpan,
    reading::{given, given_within},
    schema::SUITE,
    tree::{self, Document, Part},
};
use crate::source::{Diagnostic, Diagnostics, SourceFile};
use crate::sql::Outside;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Defaults for all scenarios of a suite. The command line and the environment win over it; paths are relative to the
/// file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "scenarios": ["scenarios"], "slow_query": "250ms" }))]
pub struct Suite {
    /// The files, folders and globs that are run where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["scenarios"]))]
    pub scenarios: Vec<String>,
    /// `embedded`, a version in quotes such as "16", a folder of server binaries, or a URL without a password.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("16"), extend("default" = "embedded"))]
    pub server: Option<String>,
    /// How many cases run side by side; one per processor, at most 8, if absent.
    #[serde(
        default,
        deserialize_with = "given_within::<1, 512, _, _>",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 512))]
    #[schemars(example = json!(2))]
    pub jobs: Option<u16>,
    /// Begin no further case after one that did not pass.
    #[serde(default)]
    #[schemars(example = json!(true))]
    pub fail_fast: bool,
    /// Count a skipped case as failed.
    #[serde(default)]
    #[schemars(example = json!(true))]
    pub no_skips: bool,
    /// The seed of everything random, where a scenario names none.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(42), extend("default" = 1))]
    pub random_seed: Option<u64>,
    /// The longest time that one case may take, where a scenario names none.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("30s"), extend("default" = "1m"))]
    pub timeout: Option<TimeSpan>,
    /// How long a query may take that states no budget of its own.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("250ms"))]
    pub slow_query: Option<TimeSpan>,
    /// What scenarios may reach beyond their own database on a server that runs already; nothing if absent. On a server
    /// that pgauge starts they may do anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["roles"]))]
    pub allow_outside_database: Vec<Outside>,
    /// The folder that no file named in a scenario may lie outside of; the repository if absent, or the folder in which
    /// pgauge is started.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!(".."))]
    pub root: Option<PathBuf>,
    /// Where a JUnit report is written.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("out/junit.xml"))]
    pub junit: Option<PathBuf>,
    /// Where everything that was seen is written, as JSON.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(example = json!("out/results.json"))]
    pub json: Option<PathBuf>,
}

impl Suite {
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
        let Document { tree, value } = tree::read(file)?;
        let suite: Self = load::check(&SUITE, &value, &|pointer, part| {
            tree.locate_pointer(pointer, part)
        })?;
        match suite.timeout {
            Some(timeout) if timeout.0.is_zero() => {
                let place = tree.locate_pointer("/timeout", Part::Value);
                Err(no_time("the timeout").at(place).into())
            }
            _ => Ok(suite),
        }
    }
}

/// Nothing can be done in no time.
pub(super) fn no_time(what: &str) -> Diagnostic {
    Diagnostic::error("no-time", format!("{what} leaves no time to do anything"))
        .hint("write a time above zero, such as 30s, or leave the key out")
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
        let mistakes = [
            "jobs: 2\nslow_querry: 1s\n",
            "jobs: 2\nslow_query: 250\n",
            "jobs: 0\n",
            "jobs: two\n",
            "server: 16\n",
            "timeout: 0s\n",
            "junit:\n",
        ];
        insta::assert_snapshot!(mistakes.map(wrong).join("\n"));
    }
}
