//! The files of a run: opened before the first query, written after the last.

use crate::{
    cli::{Stop, settings},
    report::{
        file::ReportFile, interval_log::interval_log, junit, results::Results, terminal::Written,
    },
    source::{Diagnostic, Diagnostics},
    text::guarded,
};
use std::{io, path::Path};

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
#[derive(Debug, Clone, Copy)]
enum Form {
    Junit,
    Json,
    IntervalLog,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Junit => "JUnit",
            Self::Json => "JSON",
            Self::IntervalLog => "the interval log",
        }
    }

    fn content(self, results: &Results) -> io::Result<Vec<u8>> {
        match self {
            Self::Junit => junit::report(results),
            Self::Json => results.to_json().map_err(io::Error::other),
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
    pub fn open(asked: &settings::Reports) -> Result<Self, Stop> {
        let asked = [
            (Form::Junit, &asked.junit),
            (Form::Json, &asked.json),
            (Form::IntervalLog, &asked.interval_log),
        ];
        let files = asked
            .into_iter()
            .filter_map(|(form, path)| Some((form, path.as_ref()?)));
        let opened = files.map(|(form, path)| {
            let file =
                ReportFile::open(path).map_err(|error| Stop::world(not_written(path, &error)))?;
            Ok(Report { form, file })
        });
        Ok(Self {
            files: opened.collect::<Result<_, Stop>>()?,
        })
    }

    /// Writes all of them, also where one fails; gives those that were written and what went wrong with the others.
    pub fn write(self, results: &Results) -> (Vec<Written>, Diagnostics) {
        let mut written = Vec::new();
        let mut failed = Diagnostics::default();
        for Report { form, file } in self.files {
            let path = file.target().to_owned();
            // One form that cannot be told is no reason to lose the others.
            let content = guarded(|| form.content(results)).unwrap_or_else(|panic| {
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

fn not_written(path: &Path, error: &io::Error) -> Diagnostic {
    let primary = format!("cannot write {}: {error}", path.display());
    Diagnostic::error("report", primary)
}
