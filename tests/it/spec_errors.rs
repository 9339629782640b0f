//! Every `tests/spec_errors/NAME.yaml`, or `NAME.spec`, is a mistake that testers make, and `NAME.stderr` what they are told.
//!
//! `PGAUGE_BLESS=1 cargo test --test it spec_errors` writes what is told now.

use pgauge::schedule::{PlanOptions, plan};
use pgauge::source::{Color, Diagnostics, render_all};
use pgauge::spec::load;
use std::path::{Path, PathBuf};

/// What is told of one file; warnings too.
fn told(file: &Path) -> String {
    let planned = load(&[file.to_owned()]).and_then(|scenarios| {
        plan(&scenarios, &PlanOptions::default())?;
        let warnings = scenarios.iter().flat_map(|file| file.warnings.0.clone());
        Ok(warnings.collect::<Diagnostics>())
    });
    let (Ok(problems) | Err(problems)) = planned;
    render_all(&problems, Color::Off)
}

fn files() -> Vec<PathBuf> {
    let forms = ["tests/spec_errors/*.yaml", "tests/spec_errors/*.spec"];
    let found = forms.into_iter().flat_map(|form| glob::glob(form).unwrap());
    found.map(Result::unwrap).collect()
}

#[test]
fn every_mistake_is_told_as_it_was_accepted() {
    let bless = std::env::var_os("PGAUGE_BLESS").is_some();
    let mut wrong = Vec::new();
    for file in files() {
        let told = told(&file);
        let accepted = file.with_extension("stderr");
        if bless {
            std::fs::write(&accepted, &told).unwrap();
        }
        let expected = std::fs::read_to_string(&accepted).unwrap_or_default();
        if told != expected {
            wrong.push(format!("--- {}\n{told}", accepted.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "told otherwise than accepted; look at it and accept with PGAUGE_BLESS=1:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn nothing_is_told_without_a_place_or_in_the_words_of_a_library() {
    for file in files() {
        let told = told(&file);
        assert!(!told.is_empty(), "{} is not wrong", file.display());
        for library_words in [
            "under any of the schemas",
            "did not match any variant",
            "additional properties",
        ] {
            assert!(!told.to_lowercase().contains(library_words), "{told}");
        }
        let messages = told.lines().filter(|line| {
            ["error[", "warning["]
                .iter()
                .any(|start| line.starts_with(start))
        });
        let places = told
            .lines()
            .filter(|line| line.trim_start().starts_with("--> "));
        assert!(messages.count() <= places.count(), "{told}");
    }
}
