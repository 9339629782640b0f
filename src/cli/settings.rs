//! What does it mean, what was typed? Command line, environment and `pgauge.yaml` together; only this travels inward.

use super::{
    Stop,
    args::{Chosen, ColorWhen, RunArgs, ServerArgs, Telling},
    files::scenario_files,
    server::{self, ServerAddress, ServerChoice},
    suite,
};
use crate::{
    measure,
    pg::{
        download::{Downloads, Leave},
        embedded::temp_config,
        guard::Guard,
    },
    record::Shard,
    report::terminal::{Characters, Verbosity, View},
    run::Advising,
    schedule::PlanOptions,
    source::{Color, Diagnostic},
    spec::Suite,
    verdict::Skips,
};
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

/// The most cases side by side where nobody says how many: more would only wait for the disk.
const MOST_JOBS: usize = 8;

/// The folder that is run where none is named.
const SCENARIOS: &str = "scenarios";

/// How it is told, from the options that every command has.
pub fn view(telling: &Telling) -> View {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let color = |on_terminal: bool| match telling.color {
        ColorWhen::Always => Color::On,
        ColorWhen::Auto if on_terminal && !plain => Color::On,
        ColorWhen::Auto | ColorWhen::Never => Color::Off,
    };
    let verbosity = match (telling.quiet, telling.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    View::here(
        color(std::io::stdout().is_terminal()),
        color(std::io::stderr().is_terminal()),
        verbosity,
    )
}

/// Which characters the terminal can show, from the locale as every program reads it.
pub fn characters() -> Characters {
    let values = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).unwrap_or_default());
    Characters::of_locale(values.iter().map(String::as_str))
}

/// The scenarios of a command and what their suite says.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The scenario files.
    pub files: Vec<PathBuf>,
    /// What the suite says; nothing where there is none.
    pub suite: Suite,
    /// The folder of the suite's file, from where its paths count.
    folder: PathBuf,
}

impl Scope {
    /// Finds the files and their suite.
    ///
    /// # Errors
    ///
    /// Nothing was found, the suite's file is wrong, or there is more than one.
    pub fn of(chosen: &Chosen) -> Result<Self, Stop> {
        let named: &[PathBuf] = match chosen.paths.is_empty() {
            true => &[PathBuf::from(SCENARIOS)],
            false => &chosen.paths,
        };
        let suite_file = the_suite(named)?;
        let suite = suite_file
            .as_deref()
            .map(Suite::read)
            .transpose()?
            .unwrap_or_default();
        let folder = suite_file
            .and_then(|file| file.parent().map(shorter))
            .unwrap_or_default();
        let paths = match chosen.paths.is_empty() && !suite.scenarios.is_empty() {
            true => suite
                .scenarios
                .iter()
                .map(|path| folder.join(path))
                .collect(),
            false => named.to_vec(),
        };
        Ok(Self {
            files: scenario_files(&paths)?,
            suite,
            folder,
        })
    }

    /// The folder that no file named in a scenario may lie outside of, if the suite names it.
    pub fn root(&self) -> Option<PathBuf> {
        let here = |path: PathBuf| match path.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => path,
        };
        self.beside(self.suite.root.as_ref()).map(here)
    }

    /// What its scenarios may reach beyond their databases on somebody's server.
    pub fn guard(&self) -> Guard {
        Guard::allowing(self.suite.allow_outside_database.iter().copied())
    }

    fn beside(&self, path: Option<&PathBuf>) -> Option<PathBuf> {
        path.map(|path| self.folder.join(path))
    }
}

/// The one suite of all these paths.
fn the_suite(paths: &[PathBuf]) -> Result<Option<PathBuf>, Stop> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in paths {
        // A glob begins in the folder before its first wildcard.
        let plain: PathBuf = path
            .components()
            .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']))
            .collect();
        if let Some(file) = suite::find(&plain)
            && !found.contains(&file)
        {
            found.push(file);
        }
    }
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(shorter(only))),
        [first, second, ..] => {
            let primary = "the paths belong to different suites";
            let detail = format!("{} and {}", first.display(), second.display());
            let diagnostic = Diagnostic::error("suites", primary).detail(detail);
            Err(Stop::usage(diagnostic.hint("run one suite at a time")))
        }
    }
}

/// The path from the working directory, where it lies in there.
fn shorter(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_owned()
}

/// Everything that `run` needs to know.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// The scenarios.
    pub scope: Scope,
    /// Only these cases.
    pub chosen: Chosen,
    /// On which server.
    pub server: ServerChoice,
    /// How one is downloaded where none is installed.
    pub downloads: Downloads,
    /// How cases are run.
    pub running: Running,
    /// The outcome that is expected, in isolationtester's form: a file, or a folder.
    pub expected: Option<PathBuf>,
    /// The name under which the parts of a load wait for each other.
    pub barrier: Option<String>,
    /// Extensions that every case's database gets besides those of its scenario.
    pub load_extensions: Vec<String>,
    /// Settings that the server is started with, besides those that cases ask for.
    pub server_settings: Vec<(String, String)>,
    /// What is kept.
    pub keeping: Keeping,
    /// What is written.
    pub reports: Reports,
    /// What the baselines are there for.
    pub baselines: BaselineUse,
}

/// How cases are run.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// How many side by side.
    pub jobs: usize,
    /// The seed of everything random, where a scenario names none.
    pub random_seed: u64,
    /// What happens after a case that did not pass.
    pub after_failure: AfterFailure,
    /// What a skipped case counts as.
    pub skips: Skips,
    /// Whether what would help is tried out.
    pub advising: Advising,
    /// Which part of it all is run, where several processes share it.
    pub shard: Option<Shard>,
}

/// What happens after a case that did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// The others are run all the same.
    GoOn,
    /// No further case begins: `--fail-fast`.
    End,
}

/// What the baselines beside the scenarios are there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineUse {
    /// The run is compared with them.
    Compare,
    /// They are written anew: `--update-baselines`.
    Update,
}

/// What is kept on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// The databases of cases that did not pass.
    pub databases: bool,
    /// Seeded templates on a server reached by URL.
    pub templates: bool,
}

/// What is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reports {
    /// A JUnit report.
    pub junit: Option<PathBuf>,
    /// Everything that was seen.
    pub json: Option<PathBuf>,
    /// What happened, in isolationtester's form: a file, or a folder.
    pub trace: Option<PathBuf>,
    /// The latencies of loads, second by second.
    pub interval_log: Option<PathBuf>,
}

impl RunSettings {
    /// What the arguments of `run` mean.
    ///
    /// # Errors
    ///
    /// They cannot be meant, nothing was found, or the suite's file is wrong.
    pub fn of(args: &RunArgs) -> Result<Self, Stop> {
        let scope = Scope::of(&args.chosen)?;
        let suite = &scope.suite;
        let environment = |name: &str| std::env::var(name).ok();
        let server = server::choose(
            args.server.server.as_deref(),
            suite.server.as_deref(),
            &environment,
        )?;
        let own = matches!(server.server, ServerAddress::Embedded(_));
        if args.server.keep && own && !std::io::stdin().is_terminal() {
            return Err(nothing_to_keep());
        }
        let barrier = args.running.barrier.clone();
        let barrier = barrier.filter(|name| !name.is_empty());
        if barrier.is_some() && own {
            return Err(no_barrier());
        }
        let temp_config = args.running.temp_config.as_deref();
        let server_settings = server_settings(temp_config, &server.server)?;
        let running = Running {
            jobs: args
                .running
                .jobs
                .or(suite.jobs)
                .map_or_else(usual_jobs, usize::from),
            random_seed: args
                .running
                .random_seed
                .or(suite.random_seed)
                .unwrap_or(PlanOptions::default().random_seed),
            after_failure: match args.running.fail_fast || suite.fail_fast {
                true => AfterFailure::End,
                false => AfterFailure::GoOn,
            },
            advising: match args.running.advise {
                true => Advising::Prove(measure::observed),
                false => Advising::Look(measure::observed),
            },
            skips: match args.running.skips.no_skips || suite.no_skips {
                true => Skips::Refused,
                false => Skips::Allowed,
            },
            // The only part is the whole.
            shard: args.running.shard.filter(|shard| shard.of > 1),
        };
        let report = |typed: &Option<PathBuf>, suite: &Option<PathBuf>| {
            let typed = typed.clone().filter(|path| !path.as_os_str().is_empty());
            let path = typed.or_else(|| scope.beside(suite.as_ref()));
            match path.as_deref() == Some(Path::new("-")) {
                true => Err(no_dash()),
                false => Ok(path),
            }
        };
        let reports = Reports {
            junit: report(&args.reports.junit, &suite.junit)?,
            json: report(&args.reports.json, &suite.json)?,
            trace: args.trace.as_ref().map(|trace| trace.path.clone()),
            interval_log: report(&args.reports.interval_log, &None)?,
        };
        Ok(Self {
            chosen: args.chosen.clone(),
            server,
            downloads: downloads(&args.server),
            running,
            expected: args.running.expected.clone(),
            barrier,
            load_extensions: args.running.load_extension.clone(),
            server_settings,
            keeping: Keeping {
                databases: args.server.keep,
                templates: args.server.keep_templates,
            },
            reports,
            baselines: match args.reports.update_baselines {
                true => BaselineUse::Update,
                false => BaselineUse::Compare,
            },
            scope,
        })
    }
}

/// Elsewhere `-` is standard output; here a report would stand in the midst of what is told of the cases.
fn no_dash() -> Stop {
    let primary = "a report cannot be written to \"-\": standard output tells how the cases end";
    Stop::usage(
        Diagnostic::error("report", primary)
            .hint("name a file, a pipe or /dev/stderr; or ./- for a file of that name"),
    )
}

/// What `--temp-config` says; a server that runs already has its settings.
fn server_settings(
    file: Option<&Path>,
    server: &ServerAddress,
) -> Result<Vec<(String, String)>, Stop> {
    let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) else {
        return Ok(Vec::new());
    };
    if let ServerAddress::Url(_) = server {
        let primary = "--temp-config is for the server that pgauge starts";
        return Err(Stop::usage(
            Diagnostic::error("temp-config", primary)
                .detail(
                    "a server that runs already has its settings, and pgauge changes none of them",
                )
                .hint("leave out the option, or the server: --server embedded"),
        ));
    }
    Ok(temp_config::read(file)?)
}

/// The parts meet on the server that they have in common.
fn no_barrier() -> Stop {
    let primary = "--barrier needs a server that all parts of the load use";
    Stop::usage(
        Diagnostic::error("barrier", primary)
            .detail("each process starts a server of its own")
            .hint("name one with --server URL, or DATABASE_URL"),
    )
}

/// The server that pgauge starts ends with it, so that nobody could look into what was kept.
fn nothing_to_keep() -> Stop {
    let primary = "--keep needs a terminal, or a server that stays";
    Stop::usage(
        Diagnostic::error("keep", primary)
            .detail("the server that pgauge starts ends with pgauge, and nobody is at a terminal to look into its databases before that")
            .hint("run pgauge at a terminal, or keep the databases on a server of yours with --server URL"),
    )
}

fn downloads(typed: &ServerArgs) -> Downloads {
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Downloads {
        leave: match typed.offline {
            true => Leave::Offline,
            false => Leave::Online,
        },
        base: said(&typed.download_base),
        checksum: said(&typed.download_checksum),
        folder: None,
    }
}

fn usual_jobs() -> usize {
    let processors = std::thread::available_parallelism();
    processors.map_or(1, std::num::NonZero::get).min(MOST_JOBS)
}

#[cfg(test)]
mod tests {
    use super::super::args::{Command, Typed};
    use super::*;
    use clap::Parser;

    fn suite(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(SCENARIOS)).unwrap();
        std::fs::write(folder.path().join("scenarios/a.yaml"), "").unwrap();
        std::fs::write(folder.path().join("pgauge.yaml"), text).unwrap();
        folder
    }

    fn settings(folder: &Path, more: &[&str]) -> Result<RunSettings, Stop> {
        let scenarios = folder.join(SCENARIOS).display().to_string();
        let words = ["pgauge", "run", &scenarios]
            .into_iter()
            .chain(more.iter().copied());
        let typed = Typed::parse_from(words);
        match typed.command {
            Command::Run(args) => RunSettings::of(&args),
            _ => unreachable!("the words say run"),
        }
    }

    #[test]
    fn the_suite_fills_in_what_was_not_typed() {
        let folder = suite(
            "jobs: 3\nrandom_seed: 7\njunit: out/junit.xml\nfail_fast: true\nserver: embedded\n",
        );
        let read = settings(folder.path(), &["--random-seed", "9"]).unwrap();
        assert_eq!((read.running.jobs, read.running.random_seed), (3, 9));
        assert_eq!(read.running.after_failure, AfterFailure::End);
        assert_eq!(
            read.reports.junit,
            Some(folder.path().join("out/junit.xml"))
        );
        assert_eq!(read.server.origin, server::Origin::Suite);
        assert_eq!(read.scope.files, [folder.path().join("scenarios/a.yaml")]);
        let read = settings(folder.path(), &["--junit", "here.xml", "--jobs", "1"]).unwrap();
        assert_eq!(
            (read.reports.junit, read.running.jobs),
            (Some("here.xml".into()), 1)
        );
    }

    #[test]
    fn a_wrong_suite_is_a_wrong_spec() {
        let folder = suite("jobs: many\n");
        assert_eq!(settings(folder.path(), &[]).unwrap_err().status().code(), 3);
    }

    #[test]
    fn two_suites_at_once_are_refused() {
        let (one, other) = (suite(""), suite(""));
        let other = other.path().join(SCENARIOS).display().to_string();
        let stop = settings(one.path(), &[&other]).unwrap_err();
        assert_eq!(stop.status().code(), 2);
    }
}
