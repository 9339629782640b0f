//! The program as a tester meets it: words on the command line, files, exit statuses.

use assert_cmd::Command;
use std::{fs, path::Path};

/// pgauge in a folder, undisturbed by the environment of whoever runs the tests.
fn pgauge(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::cargo_bin("pgauge").expect("the program is built");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("PGAUGE_") || text == "DATABASE_URL" || text == "PGHOST" {
            command.env_remove(&name);
        }
    }
    command.current_dir(folder).args(words);
    command
}

fn stdout(command: &mut Command) -> String {
    let output = command.output().expect("pgauge runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn stderr(command: &mut Command) -> String {
    let output = command.output().expect("pgauge runs");
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn new_suite() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    pgauge(folder.path(), &["init"]).assert().code(0);
    folder
}

#[test]
fn a_new_suite_is_right_and_names_its_schemas() {
    let folder = new_suite();
    let check = stdout(&mut pgauge(folder.path(), &["check"]));
    assert_eq!(check, "1 file with 1 case: nothing wrong\n");
    let schema =
        fs::read_to_string(folder.path().join("schema/scenario.schema.json")).expect("the schema");
    assert_eq!(schema, stdout(&mut pgauge(folder.path(), &["schema"])));
}

#[test]
fn what_would_run_is_shown() {
    let folder = new_suite();
    insta::assert_snapshot!(stdout(&mut pgauge(folder.path(), &["show", "scenarios"])));
}

#[test]
fn the_exit_status_says_what_kind_of_thing_is_wrong() {
    let folder = new_suite();
    let code = |words: &[&str]| {
        pgauge(folder.path(), words)
            .assert()
            .get_output()
            .status
            .code()
    };
    assert_eq!(code(&["run", "--server", "nonsense"]), Some(2));
    assert_eq!(code(&["check", "scenarioss"]), Some(2));
    assert_eq!(code(&["check", "--tag", "nobody"]), Some(2));
    assert_eq!(code(&["run", "--junit", "scenarios"]), Some(4));
    assert_eq!(
        code(&["run", "--server", "postgres://127.0.0.1:1/x"]),
        Some(4)
    );
    fs::write(folder.path().join("scenarios/wrong.yaml"), "nmae: x\n").expect("written");
    assert_eq!(code(&["check"]), Some(3));
    assert_eq!(code(&["run"]), Some(3));
}

#[test]
fn a_server_that_is_not_there_still_gives_whole_reports_without_the_password() {
    let folder = new_suite();
    let words = [
        "run",
        "--junit",
        "out/junit.xml",
        "--json",
        "out/results.json",
    ];
    let mut run = pgauge(folder.path(), &words);
    run.env("DATABASE_URL", "postgres://qa:hunter22@127.0.0.1:1/x");
    run.assert().code(4);
    for report in ["out/junit.xml", "out/results.json"] {
        let text = fs::read_to_string(folder.path().join(report)).expect("the report is there");
        assert!(text.contains("Two withdrawals"), "{text}");
        assert!(!text.contains("hunter22"), "{text}");
    }
}

#[test]
fn nothing_matched_names_the_nearest_tag() {
    let folder = new_suite();
    let said = stderr(&mut pgauge(folder.path(), &["check", "--tag", "exmaple"]));
    assert!(said.contains("did you mean \"example\"?"), "{said}");
}

#[test]
fn options_are_read_from_the_environment_too() {
    let folder = new_suite();
    let mut check = pgauge(folder.path(), &["check"]);
    check.env("PGAUGE_TAG", "nobody").assert().code(2);
}
