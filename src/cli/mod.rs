//! What does the user want? Arguments, settings, one subcommand per file.

pub mod args;
mod argv;
pub mod check;
pub mod completions;
pub mod doctor;
pub mod export;
mod files;
pub mod import;
pub mod init;
pub mod lint;
pub mod man;
pub mod merge;
pub mod migrations;
mod planning;
pub mod plans;
pub mod run;
pub mod schema;
mod secrets;
pub mod server;
pub mod settings;
pub mod show;
pub mod status;
pub mod suite;

pub use status::{Status, Stop};

use crate::{
    report::terminal::{Characters, View, say, unsaid},
    source::{Diagnostic, Diagnostics, render_all},
    text::{discreet, told_by},
};
use args::{Command, Typed};
use clap::FromArgMatches;
use std::{io::Write, process::ExitCode};

/// Does what the command line says.
pub fn main() -> ExitCode {
    argv::hide_password();
    std::panic::set_hook(Box::new(|panic| {
        drop(
            std::io::stderr()
                .lock()
                .write_all(told_by(panic).as_bytes()),
        );
    }));
    let matches = args::command().get_matches();
    let typed = Typed::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    settings::characters().choose();
    let view = settings::view(&typed.telling);
    let status = match obey(&typed, view) {
        Ok(status) => status,
        Err(stop) => {
            let status = stop.status();
            tell(&stop.diagnostics(), view);
            status
        }
    };
    let unsaid = unsaid().map(|reason| {
        let primary = format!("cannot write to standard output: {reason}");
        tell(&Diagnostic::error("report", primary).into(), view);
        Status::World
    });
    unsaid.map_or(status, |world| status.and(world)).into()
}

fn obey(typed: &Typed, view: View) -> Result<Status, Stop> {
    match &typed.command {
        Command::Run(args) => return run::run(args, view),
        Command::Merge(args) => return merge::merge(args, view),
        Command::Check(chosen) => check::check(chosen, view)?,
        Command::Show(chosen) => show::show(chosen, view)?,
        Command::Import(args) => import::import(args, view)?,
        Command::Init(args) => init::init(args)?,
        Command::Schema(args) => say(&schema::text(args.of)),
        Command::Export(args) => export::export(args.of),
        Command::Lint(args) => return lint::lint(args, view),
        Command::Migrations(args) => migrations::migrations(args, view)?,
        Command::Plans(args) => plans::plans(&args.what, view)?,
        Command::Doctor(args) => return doctor::doctor(args, view),
        Command::Completions(args) => completions::completions(args),
        Command::Man(args) => man::man(args)?,
    }
    Ok(Status::Passed)
}

/// Says on standard error what went wrong.
fn tell(diagnostics: &Diagnostics, view: View) {
    let text = discreet(&render_all(diagnostics, view.color_of_errors));
    let text = Characters::chosen().spell(&text);
    let written = std::io::stderr().lock().write_all(text.as_bytes());
    // Nobody is left to be told that nobody listens.
    drop(written);
}
