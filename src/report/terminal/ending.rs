//! The end of a run: failures in full, then a summary of two lines.

use super::{
    Verbosity, View,
    case_line::{name, word},
};
use crate::{
    record::{LoadLog, RunFacts},
    report::{
        columns::Frame,
        figures::{latency_table, time_table},
        load, migration,
        results::{CaseResult, Finding, FindingKind, Outcome, Results, Tally},
        story,
        style::{Paint, shown},
    },
    text::{format_duration, guarded, list, plural, thousands},
    verdict::Skips,
};
use std::path::PathBuf;

/// The most lines of a trace on a terminal; JUnit and JSON have more.
const MOST_LINES: usize = 60;

/// Advice that was proven: it is there only if it was asked for, and then it is told, whatever became of the case.
fn is_proven(finding: &Finding) -> bool {
    ["proven-index", "proven-rewrite"].contains(&&*finding.code)
}

/// A file that the run wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What it is, such as `JUnit`.
    pub what: &'static str,
    /// Where.
    pub path: PathBuf,
}

/// What a run had to do with the baselines of its scenarios.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remembered {
    /// With how many of them it was compared.
    pub compared: usize,
    /// How many it wrote.
    pub written: usize,
    /// How many it would have written, had anything moved.
    pub unchanged: usize,
}

/// Tells how a run ended.
#[derive(Debug)]
pub struct Ending<'a> {
    /// The run.
    pub results: &'a Results,
    /// The files that it wrote.
    pub written: &'a [Written],
    /// What it had to do with baselines.
    pub remembered: Remembered,
    /// Whether skipped cases count against it.
    pub skips: Skips,
    /// How it is told.
    pub view: View,
}

impl Ending<'_> {
    /// Everything that is told after the last case, each line ended by a line break.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let (alike, own): (Vec<_>, Vec<_>) =
            self.results.cases.iter().partition(|case| never_ran(case));
        for case in own {
            let told = guarded(|| match case.outcome {
                Outcome::Failed | Outcome::Vacuous | Outcome::Errored => self.story(case),
                Outcome::Passed | Outcome::Skipped => self.aside(case),
            });
            let told = told.unwrap_or_else(|panic| self.untold(case, &panic));
            if !told.is_empty() {
                // The next heading brings its own empty line.
                out.push_str(told.trim_end());
                out.push('\n');
            }
        }
        self.never_ran(&mut out, &alike);
        if !out.is_empty() || self.view.verbosity > Verbosity::Quiet {
            out.push('\n');
        }
        out.push_str(&self.summary());
        out
    }

    /// A case that did not pass, in full.
    fn story(&self, case: &CaseResult) -> String {
        let mut out = String::new();
        self.heading(&mut out, case);
        for finding in &case.findings {
            let verbose = self.view.verbosity == Verbosity::Verbose;
            if finding.kind.is_bad() || verbose || is_proven(finding) {
                out.push_str(&story::message(self.results, finding, self.view.color));
                out.push('\n');
            }
        }
        let frame = Frame {
            width: self.view.width.saturating_sub(2),
            most_lines: MOST_LINES,
            color: self.view.color,
        };
        let trace = story::trace(case, &frame);
        if !trace.is_empty() {
            out.push_str("what happened:\n");
            out.extend(trace.lines().map(|line| format!("  {line}\n")));
            out.push('\n');
        }
        self.numbers(&mut out, case);
        out.push_str(&self.again(case));
        out
    }

    /// A case over whose story pgauge itself broke: its reasons at least, in a line each.
    fn untold(&self, case: &CaseResult, panic: &str) -> String {
        let mut out = String::new();
        self.heading(&mut out, case);
        out.push_str(&format!(
            "pgauge itself broke over the report of this case: {panic}\n"
        ));
        for finding in case.bad_findings() {
            out.push_str(&format!("{}: {}\n", finding.code, shown(&finding.primary)));
        }
        out
    }

    /// Cases that never ran, most often all for the same reason, which is told once.
    fn never_ran(&self, out: &mut String, cases: &[&CaseResult]) {
        let mut told: Vec<&[Finding]> = Vec::new();
        for case in cases {
            if told.contains(&case.findings.as_slice()) {
                continue;
            }
            told.push(&case.findings);
            let same = cases.iter().filter(|other| other.findings == case.findings);
            match same.count() {
                1 => self.heading(out, case),
                several => {
                    let word = Paint::Red.on("ERROR", self.view.color);
                    let cases = plural(several as u64, "case");
                    out.push_str(&format!("\n--- {word}: {cases} did not run\n\n"));
                }
            }
            for finding in &case.findings {
                out.push_str(&story::message(self.results, finding, self.view.color));
            }
        }
    }

    /// Of a case that passed or was skipped, what is worth knowing.
    fn aside(&self, case: &CaseResult) -> String {
        let mut out = String::new();
        let told = |kind| match kind {
            FindingKind::Note => self.view.verbosity == Verbosity::Verbose,
            // The line of the case has said why it was skipped.
            FindingKind::Skipped => false,
            FindingKind::Errored
            | FindingKind::Failed
            | FindingKind::Vacuous
            | FindingKind::Worse => true,
        };
        let findings: Vec<_> = case
            .findings
            .iter()
            .filter(|finding| told(finding.kind) || is_proven(finding))
            .collect();
        let verbose = self.view.verbosity == Verbosity::Verbose;
        let something = !case.figures.is_empty() || case.log.migration.is_some();
        let numbers = verbose && something
            || case.log.load.is_some() && self.view.verbosity > Verbosity::Quiet;
        if findings.is_empty() && !numbers {
            return out;
        }
        self.heading(&mut out, case);
        for finding in findings {
            out.push_str(&story::message(self.results, finding, self.view.color));
            out.push('\n');
        }
        self.numbers(&mut out, case);
        out
    }

    /// `--- FAILED: A lost update [cured] --- scenarios/lost_update.yaml`
    fn heading(&self, out: &mut String, case: &CaseResult) {
        let (word, paint) = word(case.outcome, case.worst());
        let word = paint.on(word, self.view.color);
        let id = &case.log.case;
        let name = Paint::Bold.on(&shown(&name(id)), self.view.color);
        let file = Paint::Dim.on(&shown(&id.file), self.view.color);
        out.push_str(&format!("\n--- {word}: {name} --- {file}\n\n"));
    }

    /// Statements and tables, for those who want to know more.
    fn numbers(&self, out: &mut String, case: &CaseResult) {
        if let Some(load) = &case.log.load {
            self.traffic(out, load);
            return;
        }
        if self.view.verbosity < Verbosity::Verbose {
            return;
        }
        let statements = story::statements(&case.log.events);
        if !statements.is_empty() {
            out.push_str(&format!("statements:\n{statements}\n"));
        }
        let tables = [
            migration::table(&case.log),
            latency_table(&case.figures),
            time_table(&case.figures),
        ];
        for table in tables {
            if !table.is_empty() {
                out.extend(table.iter().map(|line| format!("  {line}\n")));
                out.push('\n');
            }
        }
    }

    /// What a load came to; it is why one ran it.
    fn traffic(&self, out: &mut String, load: &LoadLog) {
        if self.view.verbosity < Verbosity::Normal {
            return;
        }
        let mut lines = load::summary(load);
        if self.view.verbosity == Verbosity::Verbose {
            lines.extend(load::statements(load));
            lines.extend(load::logged(load));
        }
        out.extend(lines.iter().map(|line| format!("  {line}\n")));
        out.push('\n');
    }

    /// How to run this case again, without the rest of the suite.
    fn again(&self, case: &CaseResult) -> String {
        let id = &case.log.case;
        let seed = self.results.run.random_seed;
        let command = format!("pgauge run {} --random-seed {seed}", quoted(&id.file));
        format!(
            "run it again: {}\n",
            Paint::Bold.on(&command, self.view.color)
        )
    }

    fn summary(&self) -> String {
        let tally = self.results.tally();
        let run = &self.results.run;
        let mut out = String::new();
        if let Some(by) = &run.interrupted {
            let text = format!("interrupted by {by}: the results are not complete");
            out.push_str(&format!("{}\n", Paint::Red.on(&text, self.view.color)));
        }
        if tally.total() > 0 && tally.skipped == tally.total() {
            let all = match tally.total() {
                1 => "the only case was skipped".to_owned(),
                cases => format!("all {} were skipped", plural(cases as u64, "case")),
            };
            let text = format!("nothing was tested: {all}");
            out.push_str(&format!("{}\n", Paint::Yellow.on(&text, self.view.color)));
        }
        if tally.skipped > 0 && self.skips == Skips::Refused {
            let text = "skipped cases count as failed: --no-skips";
            out.push_str(&format!("{}\n", Paint::Red.on(text, self.view.color)));
        }
        let took = format_duration(run.duration.duration());
        let cases = plural(tally.total() as u64, "case");
        out.push_str(&format!("{cases} in {took}: {}\n", self.counts(tally)));
        if self.view.verbosity > Verbosity::Quiet {
            out.push_str(&self.circumstances(run));
        }
        out
    }

    fn counts(&self, tally: Tally) -> String {
        let counts = [
            (tally.passed, "passed", Paint::Green),
            (tally.failed, "failed", Paint::Red),
            (tally.vacuous, "vacuous", Paint::Yellow),
            (tally.errored, "errored", Paint::Red),
            (tally.skipped, "skipped", Paint::Yellow),
        ];
        let told: Vec<String> = counts
            .into_iter()
            .filter(|(count, word, _)| *count > 0 || *word == "passed")
            .map(|(count, word, paint)| {
                let paint = if count == 0 { Paint::Plain } else { paint };
                let count = thousands(count as u64);
                paint.on(&format!("{count} {word}"), self.view.color)
            })
            .collect();
        let worse = match tally.worse {
            0 => String::new(),
            worse => {
                let text = format!("; {worse} worse than the baseline");
                Paint::Yellow.on(&text, self.view.color)
            }
        };
        format!("{}{worse}", told.join(", "))
    }

    /// `PostgreSQL 15.18 (embedded), seed 42; wrote JUnit to out/junit.xml`
    fn circumstances(&self, run: &RunFacts) -> String {
        let server = match &run.server {
            Some(server) => {
                // Packagers add their own version in brackets, which says nothing to a tester.
                let version = server.version.split(' ').next().unwrap_or_default();
                format!("PostgreSQL {version} ({})", server.place)
            }
            None => "no server".to_owned(),
        };
        let written: Vec<String> = self
            .written
            .iter()
            .map(|file| format!("{} to {}", file.what, file.path.display()))
            .collect();
        let wrote = match written.is_empty() {
            true => String::new(),
            false => format!("; wrote {}", list(&written, "and")),
        };
        let baselines = self.baselines();
        let text = format!("{server}, seed {}{baselines}{wrote}", run.random_seed);
        format!("{}\n", Paint::Dim.on(&text, self.view.color))
    }

    /// `; compared with 3 baselines`, `; wrote 1 baseline, 2 are as they were`
    fn baselines(&self) -> String {
        let Remembered {
            compared,
            written,
            unchanged,
        } = self.remembered;
        let baselines = |count: usize| plural(count as u64, "baseline");
        match (compared, written, unchanged) {
            (0, 0, 0) => String::new(),
            (0, 0, _) => format!("; {} as before", baselines(unchanged)),
            (0, _, 0) => format!("; wrote {}", baselines(written)),
            (0, _, _) => format!("; wrote {}, {unchanged} as before", baselines(written)),
            (_, _, _) => format!("; compared with {}", baselines(compared)),
        }
    }
}

/// Whether the world broke before anything happened.
fn never_ran(case: &CaseResult) -> bool {
    case.outcome == Outcome::Errored && case.log.events.is_empty() && case.log.load.is_none()
}

/// A path as one can paste it into a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=@,".contains(c);
    match path.chars().all(plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::sample, source::Color};

    fn ending(results: &Results, verbosity: Verbosity) -> String {
        let written = [
            Written {
                what: "JUnit",
                path: "out/junit.xml".into(),
            },
            Written {
                what: "JSON",
                path: "out/results.json".into(),
            },
        ];
        let view = View {
            color: Color::Off,
            color_of_errors: Color::Off,
            width: 100,
            verbosity,
        };
        let ending = Ending {
            results,
            written: &written,
            remembered: Remembered::default(),
            skips: Skips::Allowed,
            view,
        };
        ending.text()
    }

    #[test]
    fn failures_are_told_in_full_and_the_summary_last() {
        insta::assert_snapshot!(ending(&sample::results(), Verbosity::Normal));
    }

    #[test]
    fn more_is_told_to_those_who_ask() {
        insta::assert_snapshot!(ending(&sample::results(), Verbosity::Verbose));
    }

    #[test]
    fn a_good_run_ends_in_two_lines_or_one() {
        let mut results = sample::results();
        results.cases.truncate(1);
        assert_eq!(
            ending(&results, Verbosity::Normal),
            "\n1 case in 2.31 s: 1 passed\nPostgreSQL 15.18 (embedded), seed 42; wrote JUnit to out/junit.xml and \
             JSON to out/results.json\n"
        );
        assert_eq!(
            ending(&results, Verbosity::Quiet),
            "1 case in 2.31 s: 1 passed\n"
        );
    }

    #[test]
    fn what_is_worse_than_the_baseline_is_told_even_to_those_who_ask_for_little() {
        let mut results = sample::results();
        results.cases.truncate(1);
        results.cases[0].findings.insert(0, sample::worse());
        insta::assert_snapshot!(ending(&results, Verbosity::Quiet));
    }

    #[test]
    fn what_became_of_baselines_is_said_in_a_few_words() {
        let results = sample::results();
        let said = |compared, written, unchanged| {
            let ending = Ending {
                results: &results,
                written: &[],
                remembered: Remembered {
                    compared,
                    written,
                    unchanged,
                },
                skips: Skips::Allowed,
                view: View::here(Color::Off, Color::Off, Verbosity::Normal),
            };
            ending.baselines()
        };
        assert_eq!(said(0, 0, 0), "");
        assert_eq!(said(2, 0, 0), "; compared with 2 baselines");
        assert_eq!(said(0, 1, 0), "; wrote 1 baseline");
        assert_eq!(said(0, 0, 2), "; 2 baselines as before");
        assert_eq!(said(0, 1, 2), "; wrote 1 baseline, 2 as before");
    }

    #[test]
    fn a_run_that_tested_nothing_says_so_loudly() {
        let mut results = sample::results();
        results.cases.drain(..4);
        results.run.interrupted = Some("SIGINT".into());
        assert_eq!(
            ending(&results, Verbosity::Quiet),
            "interrupted by SIGINT: the results are not complete\n\
             nothing was tested: the only case was skipped\n\
             1 case in 2.31 s: 0 passed, 1 skipped\n"
        );
    }

    #[test]
    fn a_reason_that_all_cases_share_is_told_once() {
        let mut results = sample::results();
        let errored = results.cases.remove(3);
        results.cases = vec![errored; 3];
        for case in &mut results.cases {
            case.log.events.clear();
        }
        insta::assert_snapshot!(ending(&results, Verbosity::Normal));
    }

    #[test]
    fn paths_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("a/b.yaml"), "a/b.yaml");
        assert_eq!(quoted("it's mine.yaml"), r"'it'\''s mine.yaml'");
    }
}
