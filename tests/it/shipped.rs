//! The scenarios that are shipped.

use pgauge::schedule::{PlanOptions, plan};
use pgauge::source::{Color, render_all};
use pgauge::spec::load;
use std::path::PathBuf;

fn files() -> Vec<PathBuf> {
    let found = glob::glob("scenarios/**/*.yaml").unwrap();
    let files: Vec<PathBuf> = found.map(Result::unwrap).collect();
    assert!(!files.is_empty());
    files
}

#[test]
fn every_shipped_scenario_is_right() {
    let planned = load(&files()).and_then(|scenarios| plan(&scenarios, &PlanOptions::default()));
    match planned {
        Ok(plan) => assert!(plan.cases.len() >= files().len()),
        Err(wrong) => panic!("{}", render_all(&wrong, Color::Off)),
    }
}
