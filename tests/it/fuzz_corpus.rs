//! What the fuzz targets found, and what they began with, again with every run of the tests.

use crate::folder::repository;
use std::{fs, path::PathBuf};

#[path = "../fuzz/drive.rs"]
mod drive;

/// Files of a target's corpus.
fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = repository().join("tests/fuzz/corpus").join(target);
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(target: &str, drive: fn(&[u8])) {
    let files = corpus(target);
    assert!(!files.is_empty(), "the corpus of {target} is empty");
    for file in files {
        // The name of the file is told if it panics.
        eprintln!("{}", file.display());
        drive(&fs::read(&file).unwrap());
    }
}

#[test]
fn the_corpus_of_the_loader_is_read_without_a_panic() {
    replay("loader", drive::loader);
}

#[test]
fn the_corpus_of_the_sql_lexer_is_read_without_a_panic() {
    replay("sql", drive::sql);
}

#[test]
fn the_corpus_of_the_quantities_is_read_without_a_panic() {
    replay("quantity", drive::quantity);
}

#[test]
fn the_corpus_of_the_baselines_is_read_without_a_panic() {
    replay("baseline", drive::baseline);
}

/// The shipped scenarios too, cut off at every place where an editor may have saved them half written.
#[test]
fn a_scenario_that_is_half_written_is_read_without_a_panic() {
    let folder = repository().join("scenarios");
    for file in crate::folder::files(&folder, "yaml").into_iter().take(6) {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let lines = text.match_indices('\n').step_by(7);
        for (end, _) in lines {
            let half = text[..end].replace("file:", "sql:").replace("use:", "sql:");
            drive::loader(half.as_bytes());
        }
    }
}
