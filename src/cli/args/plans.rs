//! Arguments of `plans` and `migrations`, which show what a run wrote.

use super::ShownAs;
use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use std::path::PathBuf;

/// Arguments of `plans`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pgauge run scenarios --json out/before.json
  pgauge plans show out/before.json
  pgauge plans diff out/before.json out/after.json --format markdown")]
pub struct PlansArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub what: PlansCommand,
}

/// What to do with captured plans.
#[derive(Debug, Subcommand)]
pub enum PlansCommand {
    /// Show the plans of a run, with rows and pages at each node
    Show(PlansShowArgs),
    /// Lay the plans of two runs, cases or points over each other and say why they differ
    Diff(PlansDiffArgs),
}

/// Arguments of `plans show`.
#[derive(Debug, Args)]
pub struct PlansShowArgs {
    /// What `pgauge run --json` wrote
    #[arg(value_name = "RESULTS")]
    pub file: PathBuf,
    /// Only cases with this text in their name, which ends in `before` or `after`
    #[arg(long, env = "PGAUGE_CASE", value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub case: Option<String>,
    /// Only this query
    #[arg(long, env = "PGAUGE_QUERY", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub query: Option<String>,
}

/// Arguments of `plans diff`.
#[derive(Debug, Args)]
pub struct PlansDiffArgs {
    /// What `pgauge run --json` wrote the first time
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    /// What it wrote the second time; may be the same file
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
    /// The first one of two snapshots that are not of the same case: its variant, or a text of its
    /// name such as `before`
    #[arg(long, env = "PGAUGE_FROM", value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub from: Option<String>,
    /// The second one
    #[arg(long, env = "PGAUGE_TO", value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub to: Option<String>,
    /// Only this query
    #[arg(long, env = "PGAUGE_QUERY", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub query: Option<String>,
    /// As what, and where.
    #[command(flatten)]
    pub shown: ShownAs,
}

/// Arguments of `migrations`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pgauge run scenarios/migrations --json out/results.json
  pgauge migrations out/results.json --format markdown
  pgauge migrations out/results.json --format html -o out/migrations.html")]
pub struct MigrationsArgs {
    /// What `pgauge run --json` wrote
    #[arg(value_name = "RESULTS")]
    pub file: PathBuf,
    /// Only cases with this text in their name
    #[arg(long, env = "PGAUGE_CASE", value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub case: Option<String>,
    /// As what, and where.
    #[command(flatten)]
    pub shown: ShownAs,
}
