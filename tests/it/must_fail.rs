//! Every kind of failed, errored, skipped and vacuous outcome, with what the terminal and JUnit say of it.
//!
//! `tests/must_fail` is the expectation: the first word of a file's name is the outcome that the scenario must have,
//! NAME.stdout and NAME.xml are what is said. `BLESS=1` accepts.

use crate::{folder::*, golden, program, redacted::Redactor};
use pgauge::report::{
    junit,
    results::{CaseResult, Outcome, Results},
    terminal::{CaseEnding, Ending, Remembered, Verbosity, View},
};
use pgauge::source::Color;
use pgauge::verdict::Skips;
use std::collections::BTreeSet;
use std::path::Path;

const VIEW: View = View {
    color: Color::Off,
    color_of_errors: Color::Off,
    width: 110,
    verbosity: Verbosity::Normal,
};

/// The results of a run that had only this case.
fn alone(results: &Results, case: &CaseResult) -> Results {
    Results {
        cases: vec![case.clone()],
        ..results.clone()
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Errored => "errored",
        Outcome::Skipped => "skipped",
        Outcome::Vacuous => "vacuous",
    }
}

/// What the terminal says of a case; made from the JSON results, so that this is tested as well.
fn told(results: &Results, case: &CaseResult) -> String {
    let ending = Ending {
        results: &alone(results, case),
        written: &[],
        remembered: Remembered::default(),
        skips: Skips::Allowed,
        view: VIEW,
    };
    format!("{}\n{}", line(case), ending.text())
}

/// What the terminal says at the end of a case.
fn line(case: &CaseResult) -> String {
    let ending = CaseEnding {
        case: &case.log.case,
        outcome: case.outcome,
        worst: case.worst(),
        reason: case.skip_reason(),
        explored: case.log.exploration.as_deref(),
        duration: case.log.duration,
    };
    ending.line(Color::Off)
}

#[test]
fn every_way_not_to_pass_is_told_as_it_was() {
    let tests = repository().join("tests");
    let ran = program::run(&tests, &["--jobs", "2", "must_fail"]);
    let redactor = Redactor::new();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    let redacted = redactor.results(&ran.results);
    for case in &redacted.cases {
        let file = tests.join(&case.log.case.file);
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        seen.insert(stem.clone());
        if !stem.starts_with(word(case.outcome)) {
            wrong.push(format!("{stem} is {}", word(case.outcome)));
        }
        let terminal = told(&redacted, case);
        let xml = junit::report(&alone(&redacted, case)).unwrap();
        let xml = String::from_utf8(xml).unwrap();
        for (extension, text) in [("stdout", terminal), ("xml", xml)] {
            wrong.extend(golden::compare(&file.with_extension(extension), &text).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let scenarios = files(&tests.join("must_fail"), "yaml");
    let stems = scenarios.iter().map(|file| file.file_stem().unwrap());
    let missing: Vec<_> = stems
        .map(|stem| stem.to_string_lossy().into_owned())
        .filter(|stem| !seen.contains(stem))
        .collect();
    assert!(missing.is_empty(), "no case came of {missing:?}");
    the_program_itself_says_so(&ran);
}

/// The reports of the real run are those that are made again from its JSON.
fn the_program_itself_says_so(ran: &program::Ran) {
    assert_eq!(ran.said.status, 4, "errored wins over failed");
    let again = junit::report(&ran.results).unwrap();
    let same = ran.junit.as_bytes() == again;
    assert!(
        same,
        "the JUnit of the run is not the one made again from its JSON"
    );
    for case in &ran.results.cases {
        let line = line(case);
        let name = case.log.case.to_string();
        assert!(
            ran.said.stdout.contains(line.trim_end()),
            "no line for {name}"
        );
    }
}

#[test]
fn no_golden_file_is_left_without_its_scenario() {
    let folder = repository().join("tests/must_fail");
    for extension in ["stdout", "xml"] {
        for file in files(&folder, extension) {
            let scenario = folder.join(&file).with_extension("yaml");
            assert!(
                Path::new(&scenario).is_file(),
                "{} is an orphan",
                file.display()
            );
        }
    }
}
