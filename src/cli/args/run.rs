//! Arguments of `run`: which scenarios, on which server, how, and what is written.

use super::{Chosen, ReportArgs, SkipArgs, switch};
use crate::record::Shard;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pgauge run scenarios --tag deadlock
  pgauge run scenarios/races/lost_update.yaml -v
  pgauge run scenarios --server 16 --junit out/junit.xml --json out/results.json
  DATABASE_URL=postgres://qa@db.test/postgres pgauge run scenarios")]
pub struct RunArgs {
    /// Which scenarios and which of their cases.
    #[command(flatten)]
    pub chosen: Chosen,
    /// On which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// How they are run.
    #[command(flatten)]
    pub running: RunningArgs,
    /// What is written.
    #[command(flatten)]
    pub reports: ReportArgs,
    /// Write what happened in another tool's form: `isolation=FILE` in that of PostgreSQL's isolationtester. A folder
    /// gets a file NAME.out for each scenario
    #[arg(long, env = "PGAUGE_TRACE", value_name = "FORM=FILE", value_parser = trace, help_heading = "Reports")]
    pub trace: Option<Trace>,
}

/// On which server.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// `embedded` (pgauge starts one), a version such as `16`, a folder of server binaries such as /opt/pg17/bin, or
    /// postgres://user@host/database
    ///
    /// Without it: pgauge.yaml, then DATABASE_URL, then PGHOST with the other PG* variables, then embedded. A password
    /// is better given in DATABASE_URL or PGPASSWORD: a command line can be seen by every user of the machine. On a
    /// server reached by URL pgauge works only in databases that it made itself; CREATEDB is enough for that.
    #[arg(
        short,
        long,
        env = "PGAUGE_SERVER",
        hide_env_values = true,
        value_name = "SERVER"
    )]
    pub server: Option<String>,
    /// Keep the databases of cases that did not pass and say how to look into them; on a server that pgauge started,
    /// until Enter is pressed at the terminal
    #[arg(long, env = "PGAUGE_KEEP", value_parser = switch)]
    pub keep: bool,
    /// Download nothing: where no PostgreSQL is installed, say so and end
    #[arg(long, env = "PGAUGE_OFFLINE", value_parser = switch)]
    pub offline: bool,
    /// Where builds of PostgreSQL are downloaded from, when none is installed: an address below which each release has a
    /// folder [default: the releases of github.com/theseus-rs/postgresql-binaries]
    #[arg(long, env = "PGAUGE_DOWNLOAD_BASE", value_name = "URL")]
    pub download_base: Option<String>,
    /// The SHA-256 of the archive, where --download-base serves one of your own
    #[arg(long, env = "PGAUGE_DOWNLOAD_CHECKSUM", value_name = "SHA256")]
    pub download_checksum: Option<String>,
    /// Keep seeded templates on a server reached by URL, so that the next run is quicker
    #[arg(long, env = "PGAUGE_KEEP_TEMPLATES", value_parser = switch)]
    pub keep_templates: bool,
}

/// How cases are run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Running")]
pub struct RunningArgs {
    /// How many cases run side by side; those that measure time always run alone [default: one per processor, at most 8]
    #[arg(short, long, env = "PGAUGE_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
    /// Begin no further case after one that did not pass
    #[arg(long, env = "PGAUGE_FAIL_FAST", value_parser = switch)]
    pub fail_fast: bool,
    /// Expect what isolationtester prints for the one scenario that is run: the outcome in this file, or in an
    /// alternative beside it (x_1.out). A folder has a file NAME.out for each scenario
    #[arg(long, env = "PGAUGE_EXPECTED", value_name = "FILE")]
    pub expected: Option<PathBuf>,
    /// Create this extension in the database of every case first, as the option of pg_isolation_regress does; may be given
    /// several times
    #[arg(
        long,
        env = "PGAUGE_LOAD_EXTENSION",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub load_extension: Vec<String>,
    /// Start the server with the settings in this file, lines as in postgresql.conf, as the option of pg_isolation_regress
    /// does; not on a server that runs already
    #[arg(long, env = "PGAUGE_TEMP_CONFIG", value_name = "FILE")]
    pub temp_config: Option<PathBuf>,
    /// The seed of everything random, where a scenario names none [default: 1]
    #[arg(long, env = "PGAUGE_RANDOM_SEED", value_name = "N")]
    pub random_seed: Option<u64>,
    /// Try on copies of the database what would help, and tell what did, with what it costs: indexes for statements
    /// that read a whole table, one statement instead of one for each row
    #[arg(long, env = "PGAUGE_ADVISE", value_parser = switch)]
    pub advise: bool,
    /// Run the I-th of N parts of the suite: every N-th scenario file; of every load its share of users, rate and
    /// transactions. `pgauge merge` makes one result of what all parts write with --json
    #[arg(long, env = "PGAUGE_SHARD", value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Have the parts of a load wait for each other on the server, under this name, so that they begin together. The name
    /// is that of one run, such as the number of a build
    #[arg(long, env = "PGAUGE_BARRIER", value_name = "NAME", requires = "shard")]
    pub barrier: Option<String>,
    /// What skipped cases count as.
    #[command(flatten)]
    pub skips: SkipArgs,
}

/// What happened, in another tool's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Where it is written: a file, or a folder for several.
    pub path: PathBuf,
}

/// Reads `isolation=FILE`.
fn trace(text: &str) -> Result<Trace, String> {
    match text.split_once('=') {
        Some(("isolation", path)) if !path.is_empty() => Ok(Trace { path: path.into() }),
        _ => Err("write isolation=FILE".to_owned()),
    }
}
