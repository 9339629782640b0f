//! Arguments of `import`: of which tool, and where the scenario goes.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  pgauge import isolation specs/deadlock-hard.spec -o scenarios/deadlock_hard.yaml")]
pub struct ImportArgs {
    /// Of which tool.
    #[command(subcommand)]
    pub of: Imported,
}

/// The tools whose tests can be imported.
#[derive(Debug, Subcommand)]
pub enum Imported {
    /// A spec of PostgreSQL's isolation tester, with its comments
    Isolation(ImportIsolationArgs),
    /// A custom script of pgbench, as a load
    Pgbench(ImportPgbenchArgs),
}

/// Arguments of `import isolation`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  pgauge import isolation specs/deadlock-hard.spec -o scenarios/deadlock_hard.yaml")]
pub struct ImportIsolationArgs {
    /// The spec
    #[arg(value_name = "FILE.spec")]
    pub spec: PathBuf,
    /// Where the scenario is written; standard output without it
    #[arg(short, long, env = "PGAUGE_OUTPUT", value_name = "FILE.yaml")]
    pub output: Option<PathBuf>,
}

/// Arguments of `import pgbench`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  pgauge import pgbench bench/transfer.sql --scale 10 -o scenarios/load/transfer.yaml")]
pub struct ImportPgbenchArgs {
    /// The script
    #[arg(value_name = "FILE.sql")]
    pub script: PathBuf,
    /// Where the scenario is written; standard output without it
    #[arg(short, long, env = "PGAUGE_OUTPUT", value_name = "FILE.yaml")]
    pub output: Option<PathBuf>,
    /// The scale factor: what :scale is, and how large the tables of pgbench are
    #[arg(short, long, env = "PGAUGE_SCALE", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    pub scale: i64,
    /// A variable that the script reads and does not set
    #[arg(short = 'D', long = "define", env = "PGAUGE_DEFINES", value_name = "NAME=VALUE", value_delimiter = ',', value_parser = define)]
    pub defines: Vec<(String, String)>,
}

/// Reads `NAME=VALUE`.
fn define(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
