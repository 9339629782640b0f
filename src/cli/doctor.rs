//! `pgauge doctor`: which server would be used, and why.

mod given;

use super::{
    Status, Stop,
    args::DoctorArgs,
    server::{self, ServerAddress, ServerChoice},
    suite,
};
use crate::{
    pg::{
        binaries::{Asked, Inventory},
        embedded::{CacheState, Place, Preload, SETTINGS},
        error::ServerError,
        survey::{Chosen, Survey, survey},
    },
    report::{
        style::Paint,
        terminal::{View, say},
    },
    source::Color,
    spec::Suite,
    text::{Side, align_columns},
};
use given::Found;
use std::path::Path;

/// Looks at this machine, or at the server that is meant, and tells what a run would use.
///
/// # Errors
///
/// What was asked for names no server, or the suite cannot be read.
pub fn doctor(args: &DoctorArgs, view: View) -> Result<Status, Stop> {
    let suite = suite::find(Path::new("."))
        .map(|file| Suite::read(&file))
        .transpose()?;
    let environment = |name: &str| std::env::var(name).ok();
    let named = suite.as_ref().and_then(|suite| suite.server.as_deref());
    let choice = server::choose(args.server.as_deref(), named, &environment)?;
    let asked = match &choice.server {
        ServerAddress::Embedded(asked) => asked.clone(),
        ServerAddress::Url(conninfo) => {
            let redactor = choice.redactor();
            let found = given::look(conninfo, &args.chosen)?;
            say(&redactor.redact(&text_of_given(&choice, &found, view.color)));
            return Ok(match found.problem {
                None => Status::Passed,
                Some(_) => Status::World,
            });
        }
    };
    let survey = survey(&asked);
    say(&text(&choice, &survey, view.color));
    let healthy = survey.chosen.is_ok() && survey.account.is_ok() && survey.place.is_ok();
    Ok(if healthy {
        Status::Passed
    } else {
        Status::World
    })
}

fn text_of_given(choice: &ServerChoice, found: &Found, color: Color) -> String {
    let mut rows = head(choice);
    rows.extend(found.rows.iter().cloned());
    let end = match &found.problem {
        Some(problem) => crate::source::render(problem, color),
        None => Paint::Green.on("ready to run", color),
    };
    format!("{}\n{end}\n", table(rows))
}

fn head(choice: &ServerChoice) -> Vec<[String; 2]> {
    vec![
        ["pgauge".to_owned(), env!("CARGO_PKG_VERSION").to_owned()],
        [
            "server".to_owned(),
            format!("{}: {}", address(&choice.server), choice.origin),
        ],
    ]
}

fn table(rows: Vec<[String; 2]>) -> String {
    let cells: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    align_columns(&cells, &[Side::Left])
        .into_iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

fn text(choice: &ServerChoice, survey: &Survey, color: Color) -> String {
    let mut rows = head(choice);
    rows.insert(1, ["system".to_owned(), survey.system.name.clone()]);
    rows.extend(binaries(&survey.inventory));
    rows.extend(embedded(survey));
    let mut out = table(rows);
    let account = survey.account.as_ref().err();
    let place = survey.place.as_ref().err().filter(|_| account.is_none());
    let wrong = [survey.chosen.as_ref().err(), account, place];
    let mut good = true;
    for error in wrong.into_iter().flatten() {
        good = false;
        out.push_str(&format!("\n{}\n", problem(error, color)));
    }
    if good {
        out.push_str(&format!("\n{}\n", Paint::Green.on("ready to run", color)));
    }
    out
}

fn address(server: &ServerAddress) -> String {
    match server {
        ServerAddress::Embedded(Asked::Newest) => "one that pgauge starts".to_owned(),
        ServerAddress::Embedded(Asked::Major(major)) => {
            format!("a PostgreSQL {major} that pgauge starts")
        }
        ServerAddress::Embedded(Asked::At(path)) => {
            format!("one that pgauge starts from {}", path.display())
        }
        ServerAddress::Url(conninfo) => conninfo.address(&conninfo.database),
    }
}

fn binaries(inventory: &Inventory) -> Vec<[String; 2]> {
    let usable = inventory.usable.iter().map(|binaries| {
        let line = format!(
            "PostgreSQL {} in {} ({})",
            binaries.version,
            binaries.bindir.display(),
            binaries.origin
        );
        ["found".to_owned(), line]
    });
    let rejected = inventory.rejected.iter().map(|rejected| {
        let line = format!(
            "{} ({}): {}",
            rejected.folder.display(),
            rejected.origin,
            rejected.reason
        );
        ["not usable".to_owned(), line]
    });
    let mut rows: Vec<[String; 2]> = usable.chain(rejected).collect();
    if rows.is_empty() {
        rows.push(["found".to_owned(), "no server binaries".to_owned()]);
    }
    rows
}

fn embedded(survey: &Survey) -> Vec<[String; 2]> {
    let mut rows = Vec::new();
    if let Ok(Chosen {
        binaries,
        cache,
        preload,
    }) = &survey.chosen
    {
        rows.push([
            "used".to_owned(),
            format!(
                "PostgreSQL {} in {}",
                binaries.version,
                binaries.bindir.display()
            ),
        ]);
        rows.push(["start".to_owned(), cache_line(cache)]);
        rows.push(["statistics".to_owned(), preload_line(preload).to_owned()]);
    }
    if let Ok(account) = &survey.account {
        rows.push(["runs as".to_owned(), account.reason()]);
    }
    if let Ok(place) = &survey.place {
        rows.push(["lives in".to_owned(), place_line(place)]);
    }
    rows.extend(settings());
    rows
}

/// What differs from PostgreSQL's defaults on a server that pgauge starts, and why.
fn settings() -> impl Iterator<Item = [String; 2]> {
    SETTINGS.iter().enumerate().map(|(index, setting)| {
        let title = if index == 0 { "settings" } else { "" };
        let line = format!("{} = {}: {}", setting.name, setting.value, setting.why);
        [title.to_owned(), line]
    })
}

fn cache_line(cache: &CacheState) -> String {
    match cache {
        CacheState::Kept(file) => {
            format!("quick: a prepared cluster is kept in {}", file.display())
        }
        CacheState::Empty(file) => {
            format!(
                "runs initdb once; its cluster will be kept in {}",
                file.display()
            )
        }
        CacheState::Nowhere => {
            "runs initdb every time: there is no folder to keep a cluster in".to_owned()
        }
    }
}

fn preload_line(preload: &Preload) -> &'static str {
    match preload {
        Preload::StatementStatistics => "pg_stat_statements can be loaded",
        Preload::Nothing => "pg_stat_statements is not installed; what requires it is skipped",
    }
}

fn place_line(place: &Place) -> String {
    format!("{}: {}", place.directory.display(), place.reason)
}

/// A server that cannot be, in the form of the house.
fn problem(error: &ServerError, color: Color) -> String {
    crate::source::render(&super::status::of_server(error), color)
}
