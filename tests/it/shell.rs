//! The program between other programs: pipes that are closed, terminals that are narrow or old, or none at all.

use crate::{folder::Playground, program::pgauge};
use std::{
    fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

const GREEN: &str = "
name: One is one …
clients:
  alice: { steps: [{ step: look, sql: SELECT 1, row_count: 1 }] }
";

const RED: &str = "
name: A name that is so long that no line of a narrow terminal could ever hold all of it, whatever one does
clients:
  alice: { steps: [begin, { step: look, sql: \"SELECT 1 AS one, 2 AS two, 3 AS three\", row_count: 2 }, commit] }
  bob: { steps: [begin, { step: look, sql: \"SELECT 1 AS one, 2 AS two, 3 AS three\", row_count: 1 }, commit] }
order: [alice.begin, bob.begin, alice.look, bob.look, bob.commit, alice.commit]
";

fn suite() -> Playground {
    let suite = Playground::new();
    suite.add("own", "green.yaml", GREEN);
    suite.add("own", "red.yaml", RED);
    suite
}

/// The program by itself, on a server of its own, without what the environment of the tests says.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgauge"));
    for name in ["NO_COLOR", "DATABASE_URL", "PGHOST", "LC_CTYPE", "LANG"] {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder);
    command.env("LC_ALL", "C.UTF-8");
    command
}

#[test]
fn a_reader_that_leaves_early_is_no_accident() {
    let suite = suite();
    for arguments in [
        &["schema"][..],
        &["--help"],
        &["man", "run"],
        &["completions", "zsh"],
        &["show", "scenarios"],
    ] {
        let mut child = command(suite.root(), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert_eq!(said, "", "{arguments:?}");
    }
}

#[test]
fn a_run_whose_reader_left_still_writes_its_reports_and_ends_with_its_own_status() {
    let suite = suite();
    let arguments = [
        "run",
        "--server",
        "embedded",
        "scenarios",
        "--junit",
        "junit.xml",
        "--json",
        "results.json",
    ];
    let mut child = command(suite.root(), &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    for report in ["junit.xml", "results.json"] {
        let text = fs::read_to_string(suite.root().join(report)).unwrap();
        assert!(text.contains("One is one"), "{report}");
    }
}

#[test]
fn output_that_cannot_be_written_is_told_and_no_success() {
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: there is no /dev/full");
        return;
    }
    let suite = suite();
    for arguments in [&["schema"][..], &["check", "scenarios"], &["man", "run"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let output = command(suite.root(), arguments)
            .stdout(full.unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{arguments:?}: {said}");
        assert!(said.contains("cannot write to standard output"), "{said}");
    }
}

#[test]
fn quiet_is_failures_and_one_line() {
    let suite = suite();
    let run = |file: &str| {
        let path = format!("scenarios/own/{file}");
        pgauge(suite.root(), &["run", "--server", "embedded", "-q", &path]).stdout
    };
    let green = run("green.yaml");
    assert!(green.starts_with("1 case in "), "{green}");
    assert_eq!(green.lines().count(), 1, "{green}");
    let red = run("red.yaml");
    assert!(red.contains("failed[wrong-row-count]"), "{red}");
    assert!(red.lines().last().unwrap().ends_with("1 failed"), "{red}");
}

#[test]
fn where_the_locale_is_not_utf_8_everything_is_ascii() {
    let suite = suite();
    let arguments = ["run", "--server", "embedded", "scenarios"];
    let output = command(suite.root(), &arguments)
        .env("LC_ALL", "POSIX")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_ascii() && output.stderr.is_ascii());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("ok       One is one ... ("), "{said}");
    let output = command(suite.root(), &arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("ok       One is one … ("), "{said}");
}

/// What the program writes to a terminal of 80 columns; none where no such terminal can be had.
fn on_a_terminal(folder: &Path, variables: &[(&str, &str)]) -> Option<String> {
    let line = format!(
        "stty cols 80 rows 24; {} run --server embedded scenarios 2>/dev/null",
        env!("CARGO_BIN_EXE_pgauge")
    );
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &line, "/dev/null"]);
    for name in ["NO_COLOR", "DATABASE_URL", "PGHOST"] {
        script.env_remove(name);
    }
    script.envs(variables.iter().copied()).env("TERM", "xterm");
    script.env("LC_ALL", "C.UTF-8");
    let output = script
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_terminal_gets_colours_unless_no_color_is_set_and_lines_that_fit_it() {
    let suite = suite();
    let Some(colourful) = on_a_terminal(suite.root(), &[]) else {
        eprintln!("skipped: there is no `script` to make a terminal with");
        return;
    };
    assert!(colourful.contains("\u{1b}[31mFAILED"), "{colourful}");
    let plain = on_a_terminal(suite.root(), &[("NO_COLOR", "1")]).unwrap();
    assert!(!plain.contains("\u{1b}["), "{plain}");
    let trace = plain.split("what happened:").nth(1).unwrap_or_default();
    let trace = trace.split("run it again").next().unwrap_or_default();
    assert!(trace.lines().count() > 4, "{plain}");
    for line in trace.lines() {
        assert!(line.trim_end().chars().count() <= 80, "{line}");
    }
}
