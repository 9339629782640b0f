//! What is told beside the verdict: warnings, what a baseline does not know, what is kept, what cannot be meant.

use crate::{folder::Playground, program};
use std::fs;

const LEFT_OUT: &str = "\
name: A step is left out of the order
clients:
  alice:
    steps:
      - begin
      - step: read
        sql: SELECT 1
        row_count: 1
      - commit
order: [alice.begin, alice.read]
";

#[test]
fn warnings_are_told_and_keep_nothing_from_being_right() {
    let playground = Playground::new();
    playground.add("warned", "left_out.yaml", LEFT_OUT);
    let check = program::pgauge(playground.root(), &["check", "scenarios"]);
    assert_eq!(check.status, 0, "{}", check.stderr);
    assert!(
        check.stderr.contains("warning[not-in-order]"),
        "{}",
        check.stderr
    );
    assert_eq!(
        check.stdout,
        "1 file with 1 case: nothing wrong, 1 warning\n"
    );
    let ran = program::run(playground.root(), &["scenarios"]);
    assert!(
        ran.said.stderr.contains("warning[not-in-order]"),
        "{}",
        ran.said.stderr
    );
}

#[test]
fn warnings_of_scenarios_that_were_not_chosen_are_not_told() {
    let playground = Playground::new();
    playground.add("warned", "left_out.yaml", LEFT_OUT);
    playground.add(
        "warned",
        "other.yaml",
        "name: Another\nexpect:\n  - sql: SELECT 1\n    value: 1\n",
    );
    let check = program::pgauge(
        playground.root(),
        &["check", "scenarios", "--name", "Another"],
    );
    assert_eq!((check.status, check.stderr.as_str()), (0, ""));
}

#[test]
fn a_baseline_that_cannot_be_read_is_refused_by_check_as_by_run() {
    let playground = Playground::new();
    playground.add(
        "remembered",
        "one.yaml",
        "name: One\nexpect:\n  - sql: SELECT 1\n    value: 1\n",
    );
    playground.add("remembered", "one.baseline.json", "{ \"format\": 1, }\n");
    let check = program::pgauge(playground.root(), &["check", "scenarios"]);
    let run = program::pgauge(playground.root(), &["run", "scenarios"]);
    assert_eq!((check.status, run.status), (3, 3));
    assert_eq!(check.stderr, run.stderr);
    assert!(
        check.stderr.contains("one.baseline.json:1:"),
        "{}",
        check.stderr
    );
}

#[test]
fn cases_that_a_baseline_does_not_know_and_those_that_are_no_more_are_named() {
    let playground = Playground::new();
    let scenario = "\
name: Remembered
clients:
  alice:
    steps:
      - step: read
        sql: SELECT 1
        row_count: 1
variants:
  eager: {}
  lazy: {}
";
    playground.add("remembered", "one.yaml", scenario);
    let first = program::run(playground.root(), &["scenarios", "--update-baselines"]);
    assert_eq!(first.said.status, 0, "{}", first.said.stdout);
    let renamed = scenario.replace("lazy", "late");
    playground.add("remembered", "one.yaml", &renamed);
    let second = program::run(playground.root(), &["scenarios"]);
    let told = &second.said.stderr;
    assert_eq!(second.said.status, 0, "{told}");
    assert!(
        told.contains("does not remember the case \"late\""),
        "{told}"
    );
    assert!(
        told.contains("remembers the case \"lazy\", which the scenario does not have"),
        "{told}"
    );
    assert!(
        second.said.stdout.contains("compared with 1 baseline"),
        "{}",
        second.said.stdout
    );
    playground.add(
        "remembered",
        "one.yaml",
        &scenario.replace("eager", "early").replace("lazy", "late"),
    );
    let third = program::run(playground.root(), &["scenarios"]);
    assert!(
        !third.said.stdout.contains("compared with"),
        "{}",
        third.said.stdout
    );
}

#[test]
fn what_cannot_be_kept_is_said_before_anything_runs() {
    let playground = Playground::new();
    playground.add(
        "kept",
        "one.yaml",
        "name: One\nexpect:\n  - sql: SELECT 1\n    value: 2\n",
    );
    let said = program::pgauge(
        playground.root(),
        &["run", "scenarios", "--keep", "--server", "embedded"],
    );
    assert_eq!(
        (said.status, said.stdout.as_str()),
        (2, ""),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr
            .contains("--keep needs a terminal, or a server that stays"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_dash_is_no_file_for_a_report() {
    let playground = Playground::new();
    playground.add(
        "dash",
        "one.yaml",
        "name: One\nexpect:\n  - sql: SELECT 1\n    value: 1\n",
    );
    let said = program::pgauge(playground.root(), &["run", "scenarios", "--json", "-"]);
    assert_eq!(said.status, 2, "{}", said.stderr);
    assert!(!playground.root().join("-").exists());
}

#[test]
#[cfg(unix)]
fn a_report_to_standard_output_leaves_the_verdict_whole_and_the_device_a_device() {
    use std::process::{Command, Stdio};
    let playground = Playground::new();
    playground.add(
        "out",
        "one.yaml",
        "name: One\nexpect:\n  - sql: SELECT 1\n    value: 1\n",
    );
    let (link, log) = (
        playground.root().join("link"),
        playground.root().join("log"),
    );
    // Through a link, so that a mistake could only replace the link.
    std::os::unix::fs::symlink("/dev/stdout", &link).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_pgauge"))
        .args([
            "run",
            "scenarios",
            "--server",
            "postgres://127.0.0.1:1/x",
            "--json",
            "link",
        ])
        .current_dir(playground.root())
        .stdout(Stdio::from(fs::File::create(&log).unwrap()))
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(4));
    assert!(link.symlink_metadata().unwrap().is_symlink());
    let told = fs::read_to_string(&log).unwrap();
    assert!(told.contains("\"cases\""), "{told}");
    assert!(told.contains("1 case in"), "{told}");
}
