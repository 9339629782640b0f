//! The files of a run: opened before the first query, written after the last.

use crate::{
    cli::{Stop, settings},
    report::{
        file::ReportFile,
        interval_log::interval_log,
        isolation::{self, Told},
        junit,
        results::Results,
        terminal::Written,
    },
    schedule::Plan,
    source::{Diagnostic, Diagnostics},
    text::{discreet, guarded},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// The files that are to be written.
#[derive(Debug)]
pub struct Reports {
    files: Vec<Report>,
}

/// One of them.
#[derive(Debug)]
struct Report {
    form: Form,
    file: ReportFile,
}

/// What stands in a file.
#[derive(Debug, Clone)]
enum Form {
    Junit,
    Json,
    Isolation(Told),
    IntervalLog,
}

impl Form {
    fn name(&self) -> &'static str {
        match self {
            Self::Junit => "JUnit",
            Self::Json => "JSON",
            Self::Isolation(_) => "isolationtester",
            Self::IntervalLog => "the interval log",
        }
    }

    fn content(&self, plan: &Plan, results: &Results) -> io::Result<Vec<u8>> {
        match self {
            Self::Junit => junit::report(results),
            Self::Json => results.to_json().map_err(io::Error::other),
            // The plan's own words go into it, which the results do not tell.
            Self::Isolation(told) => {
                Ok(discreet(&isolation::text(plan, results, told)).into_bytes())
            }
            Self::IntervalLog => interval_log(results),
        }
    }
}

impl Reports {
    /// Opens every file that was asked for.
    ///
    /// # Errors
    ///
    /// One of them cannot be written.
    pub fn open(asked: &settings::Reports, plan: &Plan) -> Result<Self, Stop> {
        let files = [
            (Form::Junit, &asked.junit),
            (Form::Json, &asked.json),
            (Form::IntervalLog, &asked.interval_log),
        ];
        let files = files
            .into_iter()
            .filter_map(|(form, path)| Some((form, path.clone()?)));
        let traces = match &asked.trace {
            Some(path) => traces(path, plan)?,
            None => Vec::new(),
        };
        let opened = files.chain(traces).map(|(form, path)| {
            let file =
                ReportFile::open(&path).map_err(|error| Stop::world(not_written(&path, &error)))?;
            Ok(Report { form, file })
        });
        Ok(Self {
            files: opened.collect::<Result<_, Stop>>()?,
        })
    }

    /// Writes all of them, also where one fails; gives those that were written and what went wrong with the others.
    pub fn write(self, plan: &Plan, results: &Results) -> (Vec<Written>, Diagnostics) {
        let mut written = Vec::new();
        let mut failed = Diagnostics::default();
        for Report { form, file } in self.files {
            let path = file.target().to_owned();
            // One form that cannot be told is no reason to lose the others.
            let content = guarded(|| form.content(plan, results)).unwrap_or_else(|panic| {
                let said = format!("pgauge itself broke over it: {panic}");
                Err(io::Error::other(said))
            });
            match content.and_then(|content| file.write(&content)) {
                Ok(()) => written.push(Written {
                    what: form.name(),
                    path,
                }),
                Err(error) => failed.push(not_written(&path, &error)),
            }
        }
        (written, failed)
    }
}

/// The files of a trace: one for the only scenario, or one for each in a folder.
fn traces(path: &Path, plan: &Plan) -> Result<Vec<(Form, PathBuf)>, Stop> {
    let (told, untold) = isolation::scenarios(plan);
    if let Some(name) = untold.first() {
        let primary = format!("isolationtester's form tells orders, and \"{name}\" has none");
        let diagnostic = Diagnostic::error("trace", primary);
        return Err(Stop::usage(
            diagnostic.hint("choose scenarios with an order"),
        ));
    }
    let folder = path.is_dir() || path.to_string_lossy().ends_with('/');
    match (folder, told.as_slice()) {
        (true, _) => Ok(told
            .into_iter()
            .map(|told| {
                let path = path.join(format!("{}.out", told.stem));
                (Form::Isolation(told), path)
            })
            .collect()),
        (false, [one]) => Ok(vec![(Form::Isolation(one.clone()), path.to_owned())]),
        (false, _) => {
            let primary = "one file can tell of one scenario";
            let diagnostic = Diagnostic::error("trace", primary);
            let hint = "choose one scenario, or name a folder: isolation=out/";
            Err(Stop::usage(diagnostic.hint(hint)))
        }
    }
}

fn not_written(path: &Path, error: &io::Error) -> Diagnostic {
    let primary = format!("cannot write {}: {error}", path.display());
    Diagnostic::error("report", primary)
}
