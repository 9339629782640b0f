//! What was typed? Command line and environment as clap reads them; [`settings`](super::settings) says what it means.

use crate::record::Shard;
use clap::{
    Args, CommandFactory, Parser, Subcommand, ValueEnum,
    builder::{NonEmptyStringValueParser, Resettable},
};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  pgauge init                           a small suite to start from
  pgauge run scenarios                  run it on a server that pgauge starts itself
  pgauge run scenarios --junit out.xml  the same in CI

Exit status:
  0 passed   1 an expectation failed, or a case was vacuous   2 command line, or nothing matched
  3 a scenario is wrong   4 the world broke   5 worse than the baseline   130 interrupted

Every option can be set in the environment, by the name in brackets in its help, and many in pgauge.yaml beside the \
scenarios. The command line wins over the environment, and the environment over pgauge.yaml.";

/// Go or no-go for your PostgreSQL database: proves, before a merge, that it still behaves and still performs.
#[derive(Debug, Parser)]
#[command(name = "pgauge", version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Typed {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How it is told.
    #[command(flatten)]
    pub telling: Telling,
}

/// The command line as clap knows it. Its help does not show what the environment holds: that may be a password. An empty
/// variable is as good as none: that is how a CI passes on what nobody has set.
pub fn command() -> clap::Command {
    let prepared = |argument: clap::Arg| {
        let argument = argument.hide_env_values(true);
        let held = argument.get_env().and_then(std::env::var_os);
        match held.is_some_and(|value| value.is_empty()) {
            true => argument.env(Resettable::Reset),
            false => argument,
        }
    };
    Typed::command()
        .mut_args(prepared)
        .mut_subcommands(|command| command.mut_args(prepared))
}

/// A switch as an environment variable sets it.
fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "0" | "n" | "no" | "f" | "false" | "off" => Ok(false),
        "1" | "y" | "yes" | "t" | "true" | "on" => Ok(true),
        _ => Err("it is neither on nor off; write true or false".to_owned()),
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios and say what holds
    Run(Box<RunArgs>),
    /// Make one result of those of several processes, and judge it
    Merge(MergeArgs),
    /// Say everything that is wrong with scenarios, without a server
    #[command(after_help = "\
Example:
  pgauge check scenarios")]
    Check(Chosen),
    /// Show the cases, orders and SQL that would run
    #[command(after_help = "\
Example:
  pgauge show scenarios/locks --name opposite")]
    Show(Chosen),
    /// Turn tests of another tool into scenarios
    Import(ImportArgs),
    /// Write a small suite to start from
    Init(InitArgs),
    /// Print a JSON Schema, for editors
    Schema(SchemaArgs),
    /// Print a query to run in production, whose result scenarios are compared with
    Export(ExportArgs),
    /// Look for what is wrong with a schema, or with scripts that change one
    Lint(LintArgs),
    /// Show what the migrations of a run did: locks, waits, queries before and after
    Migrations(MigrationsArgs),
    /// Show captured plans, or lay those of two runs over each other
    Plans(PlansArgs),
    /// Say which server would be used, and why
    Doctor(DoctorArgs),
    /// Print what a shell needs to complete commands and options
    Completions(CompletionsArgs),
    /// Print a manual page
    Man(ManArgs),
}

/// How it is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Telling {
    /// Tell less: failures and the summary
    #[arg(short, long, global = true, env = "PGAUGE_QUIET", value_parser = switch, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell more: notes, statements, latencies, where the time went
    #[arg(short, long, global = true, env = "PGAUGE_VERBOSE", value_parser = switch)]
    pub verbose: bool,
    /// Colours; `auto` means on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        env = "PGAUGE_COLOR",
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: ColorWhen,
}

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Even into a file.
    Always,
    /// Not even on a terminal.
    Never,
}

/// Which scenarios and which of their cases.
#[derive(Debug, Clone, Default, Args)]
pub struct Chosen {
    /// Files, folders, and globs such as 'scenarios/**/lock_*.yaml'; without any, those that pgauge.yaml names, else
    /// the folder scenarios
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only scenarios with this tag, or one of these
    #[arg(short, long, env = "PGAUGE_TAG", value_name = "TAG", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new(), help_heading = "Selection")]
    pub tag: Vec<String>,
    /// Only cases with this text in their name
    #[arg(short, long, env = "PGAUGE_NAME", value_name = "TEXT", value_parser = NonEmptyStringValueParser::new(), help_heading = "Selection")]
    pub name: Vec<String>,
}

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
    /// Try on copies of the database what would help, and tell what did, with what it costs: indexes for watched queries
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
    /// Count a skipped case as failed
    #[arg(long, env = "PGAUGE_NO_SKIPS", value_parser = switch)]
    pub no_skips: bool,
}

/// What is written.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Reports")]
pub struct ReportArgs {
    /// Write a JUnit report to this file
    #[arg(long, env = "PGAUGE_JUNIT", value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write everything that was seen to this file, as JSON
    #[arg(long, env = "PGAUGE_JSON", value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write what happened in another tool's form: `isolation=FILE` in that of PostgreSQL's isolationtester. A folder
    /// gets a file NAME.out for each scenario
    #[arg(long, env = "PGAUGE_TRACE", value_name = "FORM=FILE", value_parser = trace)]
    pub trace: Option<Trace>,
    /// Write the latencies of every load to this file, second by second, in HdrHistogram's interval log format
    #[arg(long, env = "PGAUGE_INTERVAL_LOG", value_name = "FILE")]
    pub interval_log: Option<PathBuf>,
    /// Remember what passed: write x.baseline.json beside each scenario x.yaml. Without this option a run is compared
    /// with these files, and never changes them
    #[arg(long, env = "PGAUGE_UPDATE_BASELINES", value_parser = switch)]
    pub update_baselines: bool,
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

/// Arguments of `merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  pgauge merge out/shard-*.json --junit out/junit.xml")]
pub struct MergeArgs {
    /// What `pgauge run --json` wrote, of every process. Run it where they ran: the scenarios are read again
    #[arg(value_name = "FILE.json", required = true)]
    pub results: Vec<PathBuf>,
    /// Write a JUnit report of all to this file
    #[arg(
        long,
        env = "PGAUGE_JUNIT",
        value_name = "FILE",
        help_heading = "Reports"
    )]
    pub junit: Option<PathBuf>,
    /// Write everything that was seen to this file, as JSON
    #[arg(
        long,
        env = "PGAUGE_JSON",
        value_name = "FILE",
        help_heading = "Reports"
    )]
    pub json: Option<PathBuf>,
    /// Write the latencies of every load to this file, second by second, in HdrHistogram's interval log format
    #[arg(
        long,
        env = "PGAUGE_INTERVAL_LOG",
        value_name = "FILE",
        help_heading = "Reports"
    )]
    pub interval_log: Option<PathBuf>,
    /// Remember what passed, all parts together: write x.baseline.json beside each scenario x.yaml
    #[arg(
        long,
        env = "PGAUGE_UPDATE_BASELINES",
        value_parser = switch,
        help_heading = "Reports"
    )]
    pub update_baselines: bool,
    /// Count a skipped case as failed
    #[arg(long, env = "PGAUGE_NO_SKIPS", value_parser = switch)]
    pub no_skips: bool,
}

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

/// Arguments of `lint`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pgauge lint migrations --since main
  pgauge lint --server postgres://readonly@db.example/shop
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
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn a_switch_is_on_or_off_and_nothing_else() {
        assert_eq!((switch("1"), switch("Yes")), (Ok(true), Ok(true)));
        assert_eq!((switch("0"), switch("off")), (Ok(false), Ok(false)));
        assert!(switch("maybe").is_err());
    }

    #[test]
    fn every_option_has_its_environment_variable_and_its_help() {
        let all = command();
        let nested = all
            .get_subcommands()
            .flat_map(clap::Command::get_subcommands);
        for command in all.get_subcommands().chain(nested) {
            for option in command.get_opts() {
                let name = option.get_id().as_str().to_uppercase();
                let variable = option
                    .get_env()
                    .map(|name| name.to_string_lossy().into_owned());
                assert_eq!(
                    variable,
                    Some(format!("PGAUGE_{name}")),
                    "{}",
                    command.get_name()
                );
                assert!(option.get_help().is_some(), "{name}");
            }
        }
    }

    #[test]
    fn the_help_of_every_command_has_an_example_and_the_variables_and_fits_80_columns() {
        let mut all = command().term_width(80);
        all.build();
        for command in all.get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            let name = command.get_name().to_owned();
            if name != "help" {
                assert!(help.contains("Example"), "{name} has no example");
            }
            for option in command.get_opts() {
                let variable = option.get_env().unwrap_or_default().to_string_lossy();
                assert!(help.contains(&format!("[env: {variable}")), "{variable}");
            }
            let told = help.split("Example").next().unwrap_or_default();
            let too_wide = told.lines().find(|line| line.chars().count() > 80);
            assert_eq!(too_wide, None, "{name}");
        }
    }

    #[test]
    fn the_help_of_run_reads_well() {
        let mut command = command().term_width(100);
        command.build();
        let run = command.find_subcommand_mut("run").unwrap();
        insta::assert_snapshot!(run.render_help().to_string());
    }

    #[test]
    fn the_help_reads_well() {
        insta::assert_snapshot!(command().term_width(100).render_help().to_string());
    }
}
