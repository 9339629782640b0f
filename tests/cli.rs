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
    // What is shown is compared, and would be spelled in ASCII elsewhere.
    command.env("LC_ALL", "C.UTF-8");
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
    // A CI passes on what nobody has set.
    let mut run = pgauge(folder.path(), &["run"]);
    for name in [
        "TAG",
        "JOBS",
        "SHARD",
        "BARRIER",
        "EXPECTED",
        "TEMP_CONFIG",
        "RANDOM_SEED",
    ] {
        run.env(format!("PGAUGE_{name}"), "");
    }
    for name in [
        "SERVER",
        "JUNIT",
        "JSON",
        "TRACE",
        "FAIL_FAST",
        "NO_SKIPS",
        "COLOR",
    ] {
        run.env(format!("PGAUGE_{name}"), "");
    }
    run.assert().code(0);
}

#[test]
fn the_schemas_of_the_repository_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for of in ["scenario", "suite", "baseline"] {
        let file = root.join(format!("schema/{of}.schema.json"));
        let current = stdout(&mut pgauge(root, &["schema", of]));
        if std::env::var_os("PGAUGE_BLESS").is_some() {
            fs::write(&file, &current).expect("written");
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == current,
            "{} is out of date: run this test with PGAUGE_BLESS=1",
            file.display()
        );
    }
}

#[test]
fn a_new_suite_runs_green_and_fails_when_it_is_broken() {
    let folder = new_suite();
    let installed = pgauge(folder.path(), &["doctor"])
        .output()
        .expect("pgauge runs");
    if !installed.status.success() {
        return;
    }
    let words = [
        "run",
        "--junit",
        "out/junit.xml",
        "--json",
        "out/results.json",
    ];
    pgauge(folder.path(), &words).assert().code(0);
    let scenario = folder.path().join("scenarios/first.yaml");
    let text = fs::read_to_string(&scenario).expect("the scenario");
    fs::write(&scenario, text.replace("value: 850", "value: 900")).expect("written");
    let mut run = pgauge(folder.path(), &words);
    let told = stdout(&mut run);
    run.assert().code(1);
    assert!(told.contains("scenarios/first.yaml:41"), "{told}");
    let junit = fs::read_to_string(folder.path().join("out/junit.xml")).expect("the report");
    assert!(junit.contains("<failure type=\"wrong-rows\""), "{junit}");
}

#[test]
fn a_run_is_compared_with_what_was_remembered_and_changes_it_only_when_asked() {
    let folder = new_suite();
    let installed = pgauge(folder.path(), &["doctor"])
        .output()
        .expect("pgauge runs");
    if !installed.status.success() {
        return;
    }
    let baseline = folder.path().join("scenarios/first.baseline.json");
    let read = || fs::read_to_string(&baseline).expect("the baseline");
    pgauge(folder.path(), &["run"]).assert().code(0);
    assert!(!baseline.exists(), "nobody asked for a baseline");
    let told = stdout(&mut pgauge(folder.path(), &["run", "--update-baselines"]));
    assert!(told.contains("; wrote 1 baseline\n"), "{told}");
    let remembered = read();
    let told = stdout(&mut pgauge(folder.path(), &["run"]));
    assert!(told.contains("; compared with 1 baseline\n"), "{told}");

    let other = remembered.replace("\"alice\": 1", "\"alice\": 3");
    fs::write(&baseline, &other).expect("written");
    let mut run = pgauge(folder.path(), &["run", "--junit", "out/junit.xml"]);
    let told = stdout(&mut run);
    run.assert().code(5);
    assert!(told.contains("WORSE"), "{told}");
    assert!(told.contains("warning[baseline-statements]"), "{told}");
    assert!(
        told.contains("1 passed; 1 worse than the baseline"),
        "{told}"
    );
    let junit = fs::read_to_string(folder.path().join("out/junit.xml")).expect("the report");
    assert!(
        junit.contains("<failure type=\"baseline-statements\""),
        "{junit}"
    );
    assert_eq!(read(), other, "a run that compares changes nothing");

    let mut update = pgauge(folder.path(), &["run"]);
    update.env("PGAUGE_UPDATE_BASELINES", "1").assert().code(0);
    assert_eq!(read(), remembered);
    fs::write(
        &baseline,
        remembered.replace("\"format\": 1", "\"format\": 9"),
    )
    .expect("written");
    let mut run = pgauge(folder.path(), &["run"]);
    let said = stderr(&mut run);
    run.assert().code(3);
    assert!(said.contains("scenarios/first.baseline.json:2:3"), "{said}");
}

#[test]
fn what_lint_finds_is_told_to_programs_and_in_reviews_without_a_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "ALTER ROLE shop PASSWORD 'geheim-123';\n\
        CREATE INDEX orders_user ON orders (user_id);\n\
        -- pgauge: ignore volatile-default: nobody but geheim-123 has rows | yet\n\
        ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();\n\
        -- pgauge: ignore rename\n\
        ALTER TABLE orders RENAME COLUMN total TO amount;\n";
    fs::write(folder.path().join("m.sql"), script).expect("written");
    let told = |format: &str| {
        let words = ["lint", "m.sql", "--format", format];
        let mut command = pgauge(folder.path(), &words);
        let told = stdout(&mut command);
        command.assert().code(3);
        assert!(!told.contains("geheim"), "{told}");
        told
    };
    insta::assert_snapshot!("lint_json", told("json"));
    insta::assert_snapshot!("lint_markdown", told("markdown"));
    let words = ["lint", "m.sql", "--format", "json", "-o", "lint.json"];
    pgauge(folder.path(), &words).assert().code(3).stdout("");
    let written = fs::read_to_string(folder.path().join("lint.json")).expect("written");
    assert_eq!(written, told("json"));
}
