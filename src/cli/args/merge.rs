//! Arguments of `merge`.

use super::{ReportArgs, SkipArgs};
use clap::Args;
use std::path::PathBuf;

/// Arguments of `merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  pgauge merge out/shard-*.json --junit out/junit.xml")]
pub struct MergeArgs {
    /// What `pgauge run --json` wrote, of every process. Run it where they ran: the scenarios are read again
    #[arg(value_name = "FILE.json", required = true)]
    pub results: Vec<PathBuf>,
    /// What is written.
    #[command(flatten)]
    pub reports: ReportArgs,
    /// What skipped cases count as.
    #[command(flatten)]
    pub skips: SkipArgs,
}
