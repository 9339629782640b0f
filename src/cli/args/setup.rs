//! Arguments of the commands around scenarios: a first suite, schemas, what production is like, the server that there is,
//! help in a shell.

use super::Chosen;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  pgauge init qa && pgauge run qa")]
pub struct InitArgs {
    /// Where; made if it is not there. A file that is there already is never changed
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  pgauge schema > schema/scenario.schema.json")]
pub struct SchemaArgs {
    /// Of which file
    #[arg(value_enum, default_value = "scenario")]
    pub of: SchemaOf,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// A scenario
    Scenario,
    /// pgauge.yaml
    Suite,
    /// What is remembered beside a scenario
    Baseline,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  pgauge export settings | psql -XAt $PRODUCTION > seeds/production-settings.json")]
pub struct ExportArgs {
    /// Of what
    #[arg(value_enum)]
    pub of: ExportOf,
}

/// What can be taken out of production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportOf {
    /// Settings and extensions, for `expect: settings: { like: FILE }`
    Settings,
    /// How the rows are spread, for `seed: [{ like: FILE }]`
    Statistics,
    /// The same without any value that a row has
    MaskedStatistics,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pgauge doctor --server 16
  pgauge doctor scenarios --server postgres://qa@db.test/postgres")]
pub struct DoctorArgs {
    /// Which scenarios and which of their cases.
    #[command(flatten)]
    pub chosen: Chosen,
    /// On which server; one reached by URL is asked what would be skipped there, and nothing is made on it
    #[arg(
        short,
        long,
        env = "PGAUGE_SERVER",
        hide_env_values = true,
        value_name = "SERVER"
    )]
    pub server: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pgauge completions bash > /etc/bash_completion.d/pgauge
  pgauge completions zsh > ~/.zfunc/_pgauge
  pgauge completions fish > ~/.config/fish/completions/pgauge.fish")]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pgauge man | man -l -
  pgauge man run > /usr/local/share/man/man1/pgauge-run.1")]
pub struct ManArgs {
    /// Of which command, such as `run` or `import isolation`; without it, of the program
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}
