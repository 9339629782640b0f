//! Arguments of `lint`.

use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};
use std::path::PathBuf;

/// Arguments of `lint`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pgauge lint migrations --since main
  pgauge lint --server postgres://readonly@db.example/shop
  pgauge lint migrations --format json
  pgauge lint --explain unindexed-foreign-key

A comment silences a rule for the next statement of a script, and says why:
  -- pgauge: ignore index-not-concurrent: the table is empty until the release")]
pub struct LintArgs {
    /// Files of SQL, and folders of them
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A database to look at: postgres://user@host/database. Nothing in it is changed
    #[arg(
        short,
        long,
        env = "PGAUGE_SERVER",
        hide_env_values = true,
        value_name = "SERVER"
    )]
    pub server: Option<String>,
    /// Only files that are not as they were at this commit, branch or tag
    #[arg(long, env = "PGAUGE_SINCE", value_name = "REF", value_parser = NonEmptyStringValueParser::new())]
    pub since: Option<String>,
    /// Print the page of a rule instead
    #[arg(long, env = "PGAUGE_EXPLAIN", value_name = "RULE", conflicts_with_all = ["paths", "server", "since"])]
    pub explain: Option<String>,
    /// As what
    #[arg(
        long,
        env = "PGAUGE_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub format: LintFormat,
    /// Into this file instead of the terminal
    #[arg(short, long, env = "PGAUGE_OUTPUT", value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// As what findings are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// For a terminal
    Text,
    /// For programs
    Json,
    /// For a review
    Markdown,
}
