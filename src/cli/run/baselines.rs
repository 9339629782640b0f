//! The baselines of a run: read before the first query; compared with, or written after the last case.

use crate::{
    baseline::{self, Baseline, Environment, Facts, MeasuredCase, ServerKind, Unreadable},
    cli::settings::BaselineUse,
    measure::{Measurements, Trace},
    record::{CaseLog, RunLog, ServerFacts},
    report::{file::ReportFile, terminal::Remembered},
    schedule::{self, Case, Plan, PlanOptions},
    source::{Diagnostic, Diagnostics, Position, Severity, SourceFile, Span},
    spec::{LoadedScenario, tree},
    text::{guarded, list},
    verdict::{NOT_IN_BASELINE, Outcome, Terms, Verdict},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

/// What [`ServerFacts::place`] says of a server that pgauge started itself.
const EMBEDDED: &str = "embedded";

/// The baselines beside the scenarios of a run, by the scenario's file as a case names it.
#[derive(Debug)]
pub struct Baselines {
    beside: BTreeMap<String, Beside>,
    purpose: BaselineUse,
}

/// The baseline of one scenario.
#[derive(Debug)]
struct Beside {
    scenario: Arc<LoadedScenario>,
    path: PathBuf,
    /// As it is; none where there is no file.
    old: Option<(SourceFile, Baseline)>,
}

/// What a run has to give to its baselines.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// What was to be done.
    pub plan: &'a Plan,
    /// What was noted.
    pub log: &'a RunLog,
    /// What it amounts to, by case.
    pub measured: &'a [Measurements],
    /// What it came to.
    pub verdict: &'a Verdict,
}

impl Baselines {
    /// Reads the baselines of all planned cases, and sees that those can be written that shall be.
    ///
    /// # Errors
    ///
    /// Those that cannot be read or written, or that two scenarios would share, all of them.
    pub fn read(plan: &Plan, purpose: BaselineUse) -> Result<Self, Diagnostics> {
        let mut beside = BTreeMap::new();
        let mut owners: BTreeMap<PathBuf, &str> = BTreeMap::new();
        let mut problems = Diagnostics::default();
        for case in &plan.cases {
            if beside.contains_key(&case.id.file) {
                continue;
            }
            let path = baseline::path_beside(case.file.file.path());
            let owner = owners.insert(path.clone(), &case.id.file);
            // Where there is none, and none is written, nothing is shared.
            if let Some(other) = owner
                && (purpose == BaselineUse::Update || path.exists())
            {
                problems.push(shared(&path, other, &case.id.file));
            }
            let old = read(&path).unwrap_or_else(|problem| {
                problems.push(problem);
                None
            });
            if let (BaselineUse::Update, Err(error)) = (purpose, ReportFile::open(&path)) {
                problems.push(not_written(&path, &error));
            }
            let scenario = Arc::clone(&case.file);
            let found = Beside {
                scenario,
                path,
                old,
            };
            beside.insert(case.id.file.clone(), found);
        }
        match problems.0.is_empty() {
            true => Ok(Self { beside, purpose }),
            false => Err(problems),
        }
    }

    /// What cases are judged against on this server. Nothing is worse than a baseline that is written anew.
    pub fn terms(&self, server: Option<&ServerFacts>) -> Terms {
        let known = self.beside.iter();
        let known = known.filter(|_| self.purpose == BaselineUse::Compare);
        Terms {
            baselines: known
                .filter_map(|(file, beside)| Some((file.clone(), beside.old.as_ref()?.1.clone())))
                .collect(),
            environment: server.map(environment),
        }
    }

    /// Writes what the cases that passed give to remember, where that was asked for; says what became of each baseline.
    pub fn settle(&self, seen: Seen<'_>) -> Settled {
        let mut passed: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, verdict) in seen.verdict.cases.iter().enumerate() {
            if verdict.outcome == Outcome::Passed {
                passed.entry(&verdict.case.file).or_default().push(index);
            }
        }
        let mut settled = Settled::default();
        let remembered = &mut settled.remembered;
        for (file, cases) in passed {
            let Some(beside) = self.beside.get(file) else {
                continue;
            };
            match self.purpose {
                BaselineUse::Compare => {
                    remembered.compared += usize::from(beside.knows_one_of(&cases, seen));
                    settled.notes.extend(beside.misfits(&cases, seen));
                }
                BaselineUse::Update => match beside.update(&cases, seen) {
                    Ok(Change::Written) => remembered.written += 1,
                    Ok(Change::None) => remembered.unchanged += 1,
                    Err(problem) => settled.problems.push(problem),
                },
            }
        }
        settled
    }
}

/// What became of the baselines of a run.
#[derive(Debug, Default)]
pub struct Settled {
    /// With how many the run was compared, or how many were written.
    pub remembered: Remembered,
    /// Where a baseline and the cases that passed do not know each other.
    pub notes: Diagnostics,
    /// What went wrong.
    pub problems: Diagnostics,
}

/// What an update did to a file.
enum Change {
    /// It is new, or its text is another one.
    Written,
    /// It is as it was.
    None,
}

impl Beside {
    /// Whether the run was compared with it at all.
    fn knows_one_of(&self, cases: &[usize], seen: Seen<'_>) -> bool {
        self.old.as_ref().is_some_and(|(_, old)| {
            let mut keys = cases
                .iter()
                .map(|index| baseline::key(&seen.plan.cases[*index].id));
            keys.any(|key| old.cases.contains_key(&key))
        })
    }

    /// That it is of another scenario, the cases that it does not know, and those that it knows and that are no more.
    fn misfits(&self, cases: &[usize], seen: Seen<'_>) -> Diagnostics {
        let Some((_, old)) = &self.old else {
            return Diagnostics::default();
        };
        let unknown = cases.iter().filter(|index| {
            let mut findings = seen.verdict.cases[**index].findings.iter();
            findings.any(|finding| finding.code == NOT_IN_BASELINE)
        });
        let unknown: BTreeSet<String> = unknown
            .map(|index| baseline::key(&seen.plan.cases[*index].id))
            .collect();
        let timed = old.timings.iter().flat_map(|timings| timings.cases.keys());
        let remembered: BTreeSet<String> = old.cases.keys().chain(timed).cloned().collect();
        let stale = &remembered - &all_keys(&self.scenario);
        let file = self.path.display();
        let own = name(&self.scenario);
        let others = (old.scenario != own).then(|| {
            let primary = format!(
                "{file} remembers the scenario \"{}\", and this one is \"{own}\"",
                old.scenario
            );
            Diagnostic::new(Severity::Note, "other-scenario", primary)
                .hint("if the scenario was renamed, --update-baselines remembers its new name")
                .hint("if the file was copied from another scenario, delete it")
        });
        let unknown = (!unknown.is_empty()).then(|| {
            let primary = format!("{file} does not remember the {}", named(&unknown));
            Diagnostic::new(Severity::Note, NOT_IN_BASELINE, primary)
                .hint("remember what passed with --update-baselines")
        });
        let stale = (!stale.is_empty()).then(|| {
            let primary = format!(
                "{file} remembers the {}, which the scenario does not have",
                named(&stale)
            );
            Diagnostic::new(Severity::Note, "stale-baseline", primary)
                .hint("--update-baselines forgets what is no more")
        });
        others.into_iter().chain(unknown).chain(stale).collect()
    }

    fn update(&self, cases: &[usize], seen: Seen<'_>) -> Result<Change, Diagnostic> {
        let Some(server) = &seen.log.run.server else {
            return Ok(Change::None);
        };
        let measured = cases.iter().map(|index| {
            let (case, log) = (&seen.plan.cases[*index], &seen.log.cases[*index]);
            measured_case(case, log, &seen.measured[*index])
        });
        let measured: Vec<MeasuredCase<'_>> = measured.collect::<Result<_, Diagnostic>>()?;
        let nothing = |case: &MeasuredCase<'_>| case.facts.is_empty() && case.timings.is_empty();
        if self.old.is_none() && measured.iter().all(nothing) {
            return Ok(Change::None);
        }
        let old = self.old.as_ref().map(|(file, _)| file.text());
        let text = baseline::update(
            old,
            name(&self.scenario),
            &measured,
            &all_keys(&self.scenario),
            &environment(server),
        )
        .map_err(|unreadable| Diagnostic::error("baseline", unreadable.to_string()))?;
        if old == Some(text.as_str()) {
            return Ok(Change::None);
        }
        let written = ReportFile::open(&self.path).and_then(|file| file.write(text.as_bytes()));
        written.map_err(|error| not_written(&self.path, &error))?;
        Ok(Change::Written)
    }
}

/// `case "a"`, `cases "a" and "b"`
fn named(keys: &BTreeSet<String>) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    let noun = match keys.len() {
        1 => "case",
        _ => "cases",
    };
    format!("{noun} {}", list(&quoted, "and"))
}

/// What a case that passed gives to remember.
fn measured_case<'a>(
    case: &'a Case,
    log: &CaseLog,
    measured: &Measurements,
) -> Result<MeasuredCase<'a>, Diagnostic> {
    let facts = guarded(|| Facts::of(case, log, &Trace::read(case, log), measured));
    let facts = facts.map_err(|panic| {
        let primary = format!(
            "pgauge itself broke over the facts of \"{}\": {panic}",
            case.id
        );
        Diagnostic::error("panic", primary)
    })?;
    Ok(MeasuredCase {
        key: baseline::key(&case.id),
        facts,
        timings: baseline::timings(case, measured),
        options: case.scenario.baseline.as_ref(),
    })
}

/// The names of all cases that a scenario has, also of those that were not chosen for this run.
fn all_keys(scenario: &Arc<LoadedScenario>) -> BTreeSet<String> {
    // What could be planned for the run can be planned again.
    let plan = schedule::plan(std::slice::from_ref(scenario), &PlanOptions::default());
    let cases = plan.unwrap_or_default().cases;
    cases.iter().map(|case| baseline::key(&case.id)).collect()
}

fn name(scenario: &LoadedScenario) -> &str {
    let first = scenario.variants.values().next();
    first.map_or("", |scenario| &scenario.name)
}

fn environment(server: &ServerFacts) -> Environment {
    let processors = std::thread::available_parallelism();
    Environment {
        postgres: server.version_num / 10_000,
        server: match server.place.as_str() {
            EMBEDDED => ServerKind::Embedded,
            _ => ServerKind::Url,
        },
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: processors.map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        cpu: processor_model(),
    }
}

/// The model of the first processor, as Linux tells it.
fn processor_model() -> Option<String> {
    let told = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = told.lines().find(|line| line.starts_with("model name"))?;
    let (_, model) = line.split_once(':')?;
    let words: Vec<&str> = model.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn read(path: &Path) -> Result<Option<(SourceFile, Baseline)>, Diagnostic> {
    if !path.exists() {
        return Ok(None);
    }
    let file = SourceFile::read(path, tree::MAX_BYTES)?;
    match Baseline::read(file.text()) {
        Ok(baseline) => Ok(Some((file, baseline))),
        Err(unreadable) => Err(of_unreadable(&file, &unreadable)),
    }
}

fn of_unreadable(file: &SourceFile, unreadable: &Unreadable) -> Diagnostic {
    let span = match unreadable {
        Unreadable::Newer { .. } => {
            let at = file.text().find("\"format\"").unwrap_or_default();
            Span::new(at, at + "\"format\"".len())
        }
        Unreadable::Malformed { line, column, .. } => {
            let (line, column) = (*line, *column);
            let at = file.offset(Position { line, column });
            Span::new(at, at)
        }
    };
    Diagnostic::error("baseline", unreadable.to_string())
        .at(file.place(span))
        .hint(unreadable.hint())
}

/// Two scenarios whose files differ in their extension only: each would be compared with what the other one did, and
/// what is remembered of one would be written over.
fn shared(path: &Path, one: &str, other: &str) -> Diagnostic {
    let path = path.display();
    let primary = format!("{one} and {other} have the same baseline, {path}");
    Diagnostic::error("baseline", primary)
        .hint("rename one of the two scenarios, so that each has a baseline of its own")
}

fn not_written(path: &Path, error: &std::io::Error) -> Diagnostic {
    let primary = format!("cannot write {}: {error}", path.display());
    Diagnostic::error("baseline", primary)
}
