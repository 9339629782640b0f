//! Exploring the catalogue of anomalies: how many orders there are and how many of them were run, how many in a second,
//! and how long it took to find each broken race; and the same without the reduction, which must come to the same.
//!
//! ```text
//! cargo bench --profile dist --bench explore
//! ```

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use pgauge::{
    record::Exploration,
    report::results::{CaseResult, Outcome, Results},
    text::format_duration,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

type Any = Box<dyn std::error::Error>;

fn main() -> Result<(), Any> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir()?;
    let every = copy_without_reduction(root, folder.path())?;
    let reduced = explore(root, &root.join("scenarios/anomalies"), folder.path())?;
    let all = explore(folder.path(), &every, folder.path())?;
    println!(
        "| race | orders | run | orders/s | found after | run without reduction | orders/s | found after |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let (mut ran, mut ran_of_all, mut found, mut other) = (0, 0, 0, 0);
    for case in &reduced.cases {
        let name = name(case);
        let mut others = all.cases.iter();
        let full = others.find(|other| self::name(other) == name);
        let (Some(own), Some(full)) = (exploration(case), full.and_then(exploration)) else {
            return Err(format!("{name} was not explored").into());
        };
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            own.orders
                .or(full.orders)
                .map_or("–".to_owned(), |all| all.to_string()),
            own.ran,
            speed(own),
            after(own),
            full.ran,
            speed(full),
            after(full),
        );
        if own.failure.is_none() {
            ran += own.ran;
            ran_of_all += full.ran;
        }
        found += u64::from(own.failure.is_some());
        other += u64::from(own.failure.is_some() != full.failure.is_some());
        if case.outcome != Outcome::Passed {
            return Err(format!("{name} did not pass").into());
        }
    }
    println!(
        "{} cases, in {found} of them a violation was found",
        reduced.cases.len()
    );
    println!("where none was: {ran} orders run, {ran_of_all} without the reduction");
    println!("cases with another verdict without the reduction: {other}");
    println!("all of it: {} and {}", span(&reduced), span(&all));
    Ok(())
}

/// The catalogue with every order run.
fn copy_without_reduction(root: &Path, to: &Path) -> Result<PathBuf, Any> {
    let folder = to.join("scenarios/anomalies");
    fs::create_dir_all(&folder)?;
    fs::create_dir_all(to.join("seeds"))?;
    fs::copy(
        root.join("seeds/anomalies.sql"),
        to.join("seeds/anomalies.sql"),
    )?;
    for file in glob::glob(&root.join("scenarios/anomalies/*.yaml").to_string_lossy())? {
        let file = file?;
        let text = fs::read_to_string(&file)?;
        let all = text.replace("\nexplore: {}\n", "\nexplore: { equal_orders: run }\n");
        if all == text {
            return Err(format!("{} does not say \"explore: {{}}\"", file.display()).into());
        }
        fs::write(folder.join(file.file_name().unwrap_or_default()), all)?;
    }
    Ok(folder)
}

fn explore(from: &Path, scenarios: &Path, scratch: &Path) -> Result<Results, Any> {
    let json = scratch.join("results.json");
    let output = Command::new(env!("CARGO_BIN_EXE_pgauge"))
        .args(["run", "--quiet", "--server", "embedded", "--json"])
        .arg(&json)
        .arg(scenarios)
        .current_dir(from)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stdout).into_owned().into());
    }
    Ok(Results::from_json(&fs::read(&json)?)?)
}

fn exploration(case: &CaseResult) -> Option<&Exploration> {
    case.log.exploration.as_deref()
}

/// `double_booking [broken]`
fn name(case: &CaseResult) -> String {
    let stem = Path::new(&case.log.case.file)
        .file_stem()
        .unwrap_or_default();
    let variant = case.log.case.variant.as_deref().unwrap_or_default();
    format!("{} [{variant}]", stem.to_string_lossy())
}

fn speed(explored: &Exploration) -> String {
    let seconds = explored.duration.duration().as_secs_f64();
    // With all that comes before the first order and after the last.
    format!(
        "{:.0}",
        (explored.ran + explored.left_early) as f64 / seconds
    )
}

fn after(explored: &Exploration) -> String {
    let failure = explored.failure.as_ref();
    failure.map_or("–".to_owned(), |failed| {
        let time = format_duration(failed.after.duration());
        format!("{time} (order {})", failed.number)
    })
}

fn span(results: &Results) -> String {
    format_duration(results.run.duration.duration())
}
