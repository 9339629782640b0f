//! How does a continuous integration server read it? JUnit XML, in the form that Jenkins' xUnit schema allows.
//!
//! One `<testsuite>` per scenario file, one `<testcase>` per case. A broken expectation and a vacuous case are a
//! `<failure>`, so is one that passed and is worse than the baseline; a broken world is an `<error>`. The `classname` is the file's path with dots, so that servers which
//! group by package group by folder.

mod extras;

use super::{
    clean::{for_attribute, for_xml},
    columns::Frame,
    migration,
    results::{CaseResult, FindingKind, Outcome, Results},
    story,
};
use crate::{
    record::Micros,
    source::Color,
    text::{guarded, plural, shortened_lines},
};
use extras::{Extras, SuiteExtras};
use indexmap::IndexMap;
use junit_report::{
    Duration, OffsetDateTime, ReportBuilder, TestCase, TestCaseBuilder, TestSuite, TestSuiteBuilder,
};
use std::io;

/// The space that a trace may take in a report; servers show it in a fixed-width font.
const FRAME: Frame = Frame {
    width: 120,
    most_lines: 300,
    color: Color::Off,
};

/// The report, as UTF-8.
///
/// # Errors
///
/// The XML cannot be put together; with clean texts that does not happen.
pub fn report(results: &Results) -> io::Result<Vec<u8>> {
    let mut files: IndexMap<&str, Vec<&CaseResult>> = IndexMap::new();
    for case in &results.cases {
        files.entry(&case.log.case.file).or_default().push(case);
    }
    let suites = files
        .iter()
        .map(|(file, cases)| suite(results, file, cases));
    let report = ReportBuilder::new().add_testsuites(suites).build();
    let mut plain = Vec::new();
    report.write_xml(&mut plain).map_err(io::Error::other)?;
    extras(results, &files).add_to(&plain)
}

fn suite(results: &Results, file: &str, cases: &[&CaseResult]) -> TestSuite {
    let mut suite = TestSuiteBuilder::new(&for_attribute(file));
    let began = cases
        .iter()
        .map(|case| case.log.started_at.as_str())
        .find(|began| !began.is_empty())
        .unwrap_or(&results.run.started_at);
    if let Some(began) = moment(began) {
        suite.set_timestamp(began);
    }
    suite.add_testcases(cases.iter().map(|case| test_case(results, case)));
    suite.build()
}

/// A case whose story cannot be told, because pgauge itself breaks over it, is an error with the reason; the others
/// are not lost with it.
fn test_case(results: &Results, case: &CaseResult) -> TestCase {
    guarded(|| told(results, case)).unwrap_or_else(|panic| {
        let name = for_attribute(&case.log.case.to_string());
        let said = format!("pgauge itself broke over the report of this case: {panic}");
        TestCaseBuilder::error(&name, Duration::ZERO, "panic", &for_attribute(&said)).build()
    })
}

fn told(results: &Results, case: &CaseResult) -> TestCase {
    let name = for_attribute(&case.log.case.to_string());
    let time = Duration::try_from(case.log.duration.duration()).unwrap_or(Duration::MAX);
    let (code, said) = headline(case);
    let mut built = match case.outcome {
        // The program ends with a status of its own for it, and so no server must take it for green.
        Outcome::Passed if case.is_worse() => TestCaseBuilder::failure(&name, time, &code, &said),
        Outcome::Passed => TestCaseBuilder::success(&name, time),
        Outcome::Failed => TestCaseBuilder::failure(&name, time, &code, &said),
        Outcome::Vacuous => TestCaseBuilder::failure(&name, time, "vacuous", &said),
        Outcome::Errored => TestCaseBuilder::error(&name, time, &code, &said),
        Outcome::Skipped => {
            let reason = case.skip_reason().unwrap_or_default();
            TestCaseBuilder::skipped_with_cause(
                &name,
                "skipped",
                &for_attribute(&shortened_lines(&reason)),
            )
        }
    };
    built.set_classname(&class_name(&case.log.case.file));
    built.set_trace(&for_xml(&body(results, case)));
    built.build()
}

/// Code and sentence of the worst finding; how many more there are.
fn headline(case: &CaseResult) -> (String, String) {
    let bad = case.findings.iter();
    let mut bad = bad.filter(|finding| finding.kind.is_bad() || finding.kind == FindingKind::Worse);
    let Some(first) = bad.next() else {
        return ("unknown".to_owned(), String::new());
    };
    let more = match bad.count() {
        0 => String::new(),
        more => format!(" (and {})", plural(more as u64, "more finding")),
    };
    let said = format!("{}{more}", shortened_lines(&first.primary));
    (for_attribute(&first.code), for_attribute(&said))
}

/// The whole reason, the events and the SQL.
fn body(results: &Results, case: &CaseResult) -> String {
    let mut out = String::from("\n");
    for finding in &case.findings {
        out.push_str(&story::message(results, finding, Color::Off));
        out.push('\n');
    }
    let trace = story::trace(case, &FRAME);
    if !trace.is_empty() {
        out.push_str(&format!("what happened:\n{trace}\n"));
    }
    let migration = migration::table(&case.log);
    if !migration.is_empty() {
        out.push_str(&format!("migration:\n{}\n", migration.join("\n")));
    }
    let statements = story::statements(&case.log.events);
    if !statements.is_empty() {
        out.push_str(&format!("statements:\n{statements}"));
    }
    out
}

/// `scenarios/bank/lost_update.yaml` is `scenarios.bank.lost_update`.
fn class_name(file: &str) -> String {
    let stem = file
        .strip_suffix(".yaml")
        .or_else(|| file.strip_suffix(".yml"))
        .unwrap_or(file);
    let parts = stem
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .map(|part| part.replace('.', "_"));
    for_attribute(&parts.collect::<Vec<_>>().join("."))
}

fn moment(text: &str) -> Option<OffsetDateTime> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    OffsetDateTime::from_unix_timestamp(timestamp.as_second().max(0)).ok()
}

/// Seconds with three decimals: the schema allows no more, and a sum of floats has more.
fn seconds(span: Micros) -> String {
    let millis = span.0.div_ceil(1_000);
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// What the schema knows and junit-report does not.
fn extras(results: &Results, files: &IndexMap<&str, Vec<&CaseResult>>) -> Extras {
    let run = &results.run;
    let tally = results.tally();
    let mut properties = vec![
        ("pgauge.version".to_owned(), run.pgauge.clone()),
        ("random_seed".to_owned(), run.random_seed.to_string()),
    ];
    if let Some(server) = &run.server {
        properties.push(("postgres.version".to_owned(), server.version.clone()));
        properties.push(("server".to_owned(), server.place.clone()));
    }
    if let Some(by) = &run.interrupted {
        properties.push(("interrupted".to_owned(), by.clone()));
    }
    for (_, value) in &mut properties {
        *value = for_attribute(value);
    }
    let attribute = |name: &str, value: String| (name.to_owned(), value);
    Extras {
        report: vec![
            attribute("name", "pgauge".to_owned()),
            attribute("tests", tally.total().to_string()),
            attribute(
                "failures",
                (tally.failed + tally.vacuous + tally.worse).to_string(),
            ),
            attribute("errors", tally.errored.to_string()),
            attribute("time", seconds(run.duration)),
        ],
        suites: files
            .iter()
            .map(|(file, cases)| {
                let whole = Micros(cases.iter().map(|case| case.log.duration.0).sum());
                let skipped = cases.iter().filter(|case| case.outcome == Outcome::Skipped);
                SuiteExtras {
                    attributes: vec![
                        attribute("time", seconds(whole)),
                        attribute("skipped", skipped.count().to_string()),
                        attribute("file", for_attribute(file)),
                    ],
                    properties: properties.clone(),
                }
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use std::{io::Write, process::Command};

    fn xml(results: &Results) -> String {
        String::from_utf8(report(results).unwrap()).unwrap()
    }

    /// Whether the schema accepts it; none where there is no xmllint.
    fn check(xml: &str) -> Option<Result<(), String>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(xml.as_bytes()).unwrap();
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/junit/jenkins-junit.xsd");
        let run = Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema", schema])
            .arg(file.path())
            .output();
        match run {
            Ok(output) if output.status.success() => Some(Ok(())),
            Ok(output) => Some(Err(String::from_utf8_lossy(&output.stderr).into_owned())),
            Err(error) => {
                #[expect(
                    clippy::print_stderr,
                    reason = "a test that checks nothing must say so"
                )]
                {
                    eprintln!("not checked against the schema: xmllint does not run: {error}");
                }
                None
            }
        }
    }

    #[test]
    fn every_outcome_has_its_element() {
        insta::assert_snapshot!(xml(&sample::results()));
    }

    #[test]
    fn what_is_worse_than_the_baseline_is_a_failure() {
        let mut results = sample::results();
        results.cases.truncate(1);
        results.cases[0].findings.insert(0, sample::worse());
        let xml = xml(&results);
        assert!(
            xml.contains("<failure type=\"baseline-statements\" message=\"&quot;page&quot;"),
            "{xml}"
        );
        assert!(xml.contains("failures=\"1\""), "{xml}");
        if let Some(checked) = check(&xml) {
            assert_eq!(checked, Ok(()));
        }
    }

    #[test]
    fn every_outcome_is_valid_for_jenkins() {
        if let Some(checked) = check(&xml(&sample::results())) {
            assert_eq!(checked, Ok(()));
        }
    }

    #[test]
    fn a_run_without_cases_is_valid_for_jenkins() {
        let mut results = sample::results();
        results.cases.clear();
        if let Some(checked) = check(&xml(&results)) {
            assert_eq!(checked, Ok(()));
        }
    }

    #[test]
    fn the_schema_of_the_test_refuses_what_jenkins_refuses() {
        let wrong =
            xml(&sample::results()).replacen("<testcase name=", "<testcase line=\"1\" name=", 1);
        if let Some(checked) = check(&wrong) {
            assert!(checked.unwrap_err().contains("line"));
        }
    }

    #[test]
    fn times_have_three_decimals_whatever_they_are() {
        let mut results = sample::results();
        results.cases[0].log.duration = Micros(3_600_000_001);
        results.run.duration = Micros(u64::MAX);
        let xml = xml(&results);
        assert!(xml.contains("time=\"3600.049\""), "{xml}");
        if let Some(checked) = check(&xml) {
            assert_eq!(checked, Ok(()));
        }
    }

    #[test]
    fn whatever_bytes_the_data_holds_the_report_is_valid() {
        let mut results = sample::results();
        let nasty: String =
            (0..0x300).filter_map(char::from_u32).collect::<String>() + "]]>\u{fffe}\u{10ffff}";
        for case in &mut results.cases {
            case.log.case.scenario.clone_from(&nasty);
            case.log.case.file.clone_from(&nasty);
            for finding in &mut case.findings {
                finding.primary.clone_from(&nasty);
                finding.code.clone_from(&nasty);
                finding.detail = Some(nasty.clone());
                finding.diff = Some(nasty.clone());
            }
        }
        results.run.interrupted = Some(nasty);
        if let Some(checked) = check(&xml(&results)) {
            assert_eq!(checked, Ok(()));
        }
    }

    #[test]
    fn folders_become_packages() {
        assert_eq!(
            class_name("scenarios/bank/lost_update.yaml"),
            "scenarios.bank.lost_update"
        );
        assert_eq!(class_name("./../a.b.yml"), "a_b");
    }
}
