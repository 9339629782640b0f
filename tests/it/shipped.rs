//! The shipped suite as a user runs it first.

use crate::{folder::*, program};
use pgauge::report::results::Outcome;

#[test]
fn the_shipped_suite_passes_on_a_server_that_pgauge_starts() {
    let ran = program::in_repository(&["--jobs", "2", "--no-skips", "scenarios"]);
    let (out, err) = (&ran.said.stdout, &ran.said.stderr);
    let bad = ran
        .results
        .cases
        .iter()
        .filter(|case| case.outcome != Outcome::Passed);
    let bad: Vec<String> = bad.map(|case| case.log.case.to_string()).collect();
    assert_eq!((ran.said.status, bad), (0, vec![]), "{out}\n{err}");
    assert!(ran.results.cases.len() >= 30);
}

#[test]
fn every_shipped_scenario_has_a_schema_line_tags_and_a_description() {
    let folder = repository().join("scenarios");
    for file in files(&folder, "yaml") {
        if file.ends_with("pgauge.yaml") {
            continue;
        }
        let text = std::fs::read_to_string(folder.join(&file)).unwrap();
        let schema = "# yaml-language-server: $schema=../../schema/scenario.schema.json\n";
        assert!(text.starts_with(schema), "{}", file.display());
        for key in ["\ndescription:", "\ntags:", "\nexpect:"] {
            assert!(text.contains(key), "{} has no {key}", file.display());
        }
    }
}

#[test]
fn check_has_nothing_to_say_about_the_shipped_scenarios() {
    let said = program::pgauge(&repository(), &["check", "scenarios"]);
    assert_eq!(said.status, 0, "{}\n{}", said.stdout, said.stderr);
    let all = said.stdout + &said.stderr;
    assert!(!all.contains("warning"), "{all}");
}
