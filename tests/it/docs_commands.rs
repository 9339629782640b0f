//! Every command of the documentation is run, in a folder with a suite as the pages assume it.
//!
//! - a ```` ```console ```` block: each line, by a shell that finds `pgauge`; it must end with 0 or, as the page shows
//!   failures too, with 1
//! - a comment `<!-- says: COMMAND -->` above a block: the output of that command, which must contain the block's first
//!   line, and all its lines if it is short
//! - `pgauge …` at the beginning of a table's line: it must be a command line that pgauge understands

use crate::{
    docs::{blocks, pages},
    folder::{Playground, repository},
};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

/// How commands begin that are not run here, each with the reason.
const NOT_RUN: [(&str, &str); 6] = [
    ("cargo test", "this is what runs these tests"),
    ("cargo install", "it would build everything again"),
    ("docker", "there is no Docker on every machine"),
    (
        "DATABASE_URL=postgres://postgres:pgauge@",
        "it is the server of Docker",
    ),
    ("jq", "it is not installed everywhere"),
    ("pgauge man | man", "there is no `man` on every machine"),
];

/// The folder that the pages assume: some scenarios of the repository, and those that the pages let one write.
fn playground() -> Playground {
    let suite = Playground::new();
    let shipped = [
        "locks/deadlock_opposite_order.yaml",
        "races/lost_update.yaml",
        "anomalies/double_spend.yaml",
    ];
    for path in shipped {
        let text = fs::read_to_string(repository().join("scenarios").join(path)).unwrap();
        let (folder, name) = path.split_once('/').unwrap();
        suite.add(folder, name, &text);
    }
    let mine = "
name: Two withdrawals at the same time, a sign-up
tags: [bank, smoke]
seed: [{ file: ../../seeds/bank.sql }]
clients:
  alice: { steps: [{ step: look, sql: SELECT 1, row_count: 1 }] }
";
    suite.add("mine", "withdraw.yaml", mine);
    suite
}

/// A shell in that folder for which `pgauge`, and `cargo run`, is the program that is tested.
fn shell(folder: &Path, line: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_pgauge");
    let line = line.replace("cargo run --release --", "pgauge");
    let bin = Path::new(program).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("PG") || text == "DATABASE_URL" {
            shell.env_remove(&name);
        }
    }
    shell
        .args(["-c", &line])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("LC_ALL", "C.UTF-8")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn is_run(line: &str) -> bool {
    !NOT_RUN.iter().any(|(begin, _)| line.starts_with(begin))
}

#[test]
fn every_command_of_the_documentation_works() {
    let suite = playground();
    let mut tried = 0;
    let mut seen = BTreeSet::new();
    for block in blocks().iter().filter(|block| block.language == "console") {
        for line in block.text.lines() {
            let line = line.trim_start_matches("$ ");
            if line.is_empty()
                || line.starts_with('#')
                || !is_run(line)
                || !seen.insert(line.to_owned())
            {
                continue;
            }
            let output = shell(suite.root(), line);
            let status = output.status.code();
            assert!(
                matches!(status, Some(0 | 1)),
                "{}: {line} ended with {status:?}\n{}{}",
                block.place,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            tried += 1;
        }
    }
    assert!(tried >= 3, "only {tried} commands were found");
}

#[test]
fn what_the_documentation_lets_the_program_say_it_says() {
    let suite = playground();
    let mut tried = 0;
    for block in blocks() {
        let marker = block.marker.as_deref().unwrap_or_default();
        let Some(line) = marker.strip_prefix("says: ") else {
            continue;
        };
        let output = shell(suite.root(), line);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let shown = block.text.trim_end();
        assert!(said.contains(shown), "{}: {line} says\n{said}", block.place);
        tried += 1;
    }
    assert!(tried > 0);
}

#[test]
fn every_command_in_a_table_is_a_command_line() {
    let mut tried = 0;
    for page in pages() {
        let text = fs::read_to_string(repository().join(&page)).unwrap();
        for line in text.lines() {
            let Some(command) = line.strip_prefix("| `pgauge ") else {
                continue;
            };
            let command = command.split('`').next().unwrap_or_default();
            let words = command.replace('"', "");
            let words = ["pgauge"].into_iter().chain(words.split_whitespace());
            if let Err(error) = pgauge::cli::args::command().try_get_matches_from(words) {
                panic!("{}: pgauge {command}\n{error}", page.display());
            }
            tried += 1;
        }
    }
    assert!(tried > 4, "only {tried} were found");
}
