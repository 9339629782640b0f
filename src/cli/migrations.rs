//! `pgauge migrations`: what the migrations of a run that was written with `--json` did, for a review or a browser.

use super::{
    Stop,
    args::{MigrationsArgs, ReportFormat},
    plans::{read, write},
};
use crate::{
    report::{
        migration::{Told, markdown, page, text, told},
        terminal::{View, say},
    },
    source::Diagnostic,
};

/// Tells them.
///
/// # Errors
///
/// A file that cannot be read or written; no migration in it that was asked for.
pub fn migrations(args: &MigrationsArgs, view: View) -> Result<(), Stop> {
    let results = read(&args.file)?;
    let all: Vec<Told> = results.cases.iter().filter_map(told).collect();
    if all.is_empty() {
        let primary = format!("no migration was run in {}", args.file.display());
        let hint = "a scenario runs one with \"migrate\"";
        return Err(Stop::usage(
            Diagnostic::error("no-migration", primary).hint(hint),
        ));
    }
    let (chosen, others): (Vec<Told>, Vec<Told>) = match &args.case {
        None => (all, Vec::new()),
        Some(named) => {
            let lower = named.to_lowercase();
            all.into_iter()
                .partition(|told| told.title.to_lowercase().contains(&lower))
        }
    };
    if let (true, Some(named)) = (chosen.is_empty(), &args.case) {
        let primary = format!(
            "no case in {} has \"{named}\" in its name",
            args.file.display()
        );
        let titles: Vec<&str> = others.iter().map(|told| told.title.as_str()).collect();
        return Err(Stop::usage(
            Diagnostic::error("no-case", primary).hint(format!("there is {}", titles.join("; "))),
        ));
    }
    let told = match args.shown.format {
        ReportFormat::Text => text(&chosen, view.color),
        ReportFormat::Markdown => markdown(&chosen),
        ReportFormat::Html => page(&chosen),
    };
    match &args.shown.output {
        None => say(&told),
        Some(path) => write(path, &told)?,
    }
    Ok(())
}
