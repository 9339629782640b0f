//! What was typed? Command line and environment as clap reads them; [`settings`](super::settings) says what it means.

mod import;
mod lint;
mod merge;
mod plans;
mod reports;
mod run;
mod setup;

pub use import::{ImportArgs, ImportIsolationArgs, ImportPgbenchArgs, Imported};
pub use lint::{LintArgs, LintFormat};
pub use merge::MergeArgs;
pub use plans::{MigrationsArgs, PlansArgs, PlansCommand, PlansDiffArgs, PlansShowArgs};
pub use reports::{ReportArgs, ReportFormat, ShownAs, SkipArgs};
pub use run::{RunArgs, RunningArgs, ServerArgs, Trace};
pub use setup::{
    CompletionsArgs, DoctorArgs, ExportArgs, ExportOf, InitArgs, ManArgs, SchemaArgs, SchemaOf,
};

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
