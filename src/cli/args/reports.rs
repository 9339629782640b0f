//! What is written and shown: the options that several commands have.

use super::switch;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What is written of results, be they those of one run or of several processes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Reports")]
pub struct ReportArgs {
    /// Write a JUnit report to this file
    #[arg(long, env = "PGAUGE_JUNIT", value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write everything that was seen to this file, as JSON
    #[arg(long, env = "PGAUGE_JSON", value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the latencies of every load to this file, second by second, in HdrHistogram's interval log format
    #[arg(long, env = "PGAUGE_INTERVAL_LOG", value_name = "FILE")]
    pub interval_log: Option<PathBuf>,
    /// Remember what passed: write x.baseline.json beside each scenario x.yaml. Without this option results are compared
    /// with these files, which never change
    #[arg(long, env = "PGAUGE_UPDATE_BASELINES", value_parser = switch)]
    pub update_baselines: bool,
}

/// What a skipped case counts as.
#[derive(Debug, Default, Args)]
pub struct SkipArgs {
    /// Count a skipped case as failed
    #[arg(long, env = "PGAUGE_NO_SKIPS", value_parser = switch)]
    pub no_skips: bool,
}

/// How a report that is made for somebody to read is shown.
#[derive(Debug, Args)]
pub struct ShownAs {
    /// As what
    #[arg(
        long,
        env = "PGAUGE_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub format: ReportFormat,
    /// Into this file instead of the terminal
    #[arg(short, long, env = "PGAUGE_OUTPUT", value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// As what plans and migrations are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For a terminal
    Text,
    /// For a review
    Markdown,
    /// For a browser: one file
    Html,
}
