//! `pgauge init`: a small suite to start from. A file that is there already is never changed.

use super::{
    Stop,
    args::{InitArgs, SchemaOf},
    schema,
};
use crate::{report::terminal::say, source::Diagnostic};
use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
};

/// The files of a new suite, by their path in its folder.
const FILES: [(&str, &str); 3] = [
    ("pgauge.yaml", include_str!("init/pgauge.yaml")),
    ("scenarios/first.yaml", include_str!("init/first.yaml")),
    ("seeds/bank.sql", include_str!("init/bank.sql")),
];

/// The schemas that the files of a new suite name for the editor.
const SCHEMAS: [(&str, SchemaOf); 2] = [
    ("schema/scenario.schema.json", SchemaOf::Scenario),
    ("schema/suite.schema.json", SchemaOf::Suite),
];

/// Writes the files that are not there yet and says what to do next.
///
/// # Errors
///
/// A file or folder cannot be made.
pub fn init(args: &InitArgs) -> Result<(), Stop> {
    let schemas = SCHEMAS.map(|(path, of)| (path, schema::text(of)));
    let schemas = schemas.iter().map(|(path, text)| (*path, text.as_str()));
    for (path, text) in FILES.into_iter().chain(schemas) {
        let file = args.folder.join(path);
        let shown = file.strip_prefix(".").unwrap_or(&file).display();
        match write_new(&file, text) {
            Ok(()) => say(&format!("wrote {shown}\n")),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                say(&format!("left {shown} as it is\n"));
            }
            Err(error) => {
                let primary = format!("cannot write {shown}: {error}");
                return Err(Stop::world(Diagnostic::error("file", primary)));
            }
        }
    }
    let scenarios = args.folder.join("scenarios");
    let scenarios = scenarios.strip_prefix(".").unwrap_or(&scenarios).display();
    say(&format!("\nnow run it: pgauge run {scenarios}\n"));
    Ok(())
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{source::SourceFile, spec::Suite};

    #[test]
    fn files_that_are_there_are_left_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let args = InitArgs {
            folder: folder.path().join("qa"),
        };
        std::fs::create_dir_all(args.folder.join("seeds")).unwrap();
        std::fs::write(args.folder.join("seeds/bank.sql"), "-- mine").unwrap();
        init(&args).unwrap();
        init(&args).unwrap();
        let read = |path| std::fs::read_to_string(args.folder.join(path)).unwrap();
        assert_eq!(read("seeds/bank.sql"), "-- mine");
        let suite = SourceFile::new("pgauge.yaml", read("pgauge.yaml"));
        assert!(Suite::parse(&suite).unwrap().slow_query.is_some());
        for (path, text) in FILES {
            let schema = SCHEMAS.iter().any(|(schema, _)| {
                text.contains(&format!("$schema=./{schema}"))
                    || text.contains(&format!("$schema=../{schema}"))
            });
            assert!(
                !path.ends_with("yaml") || schema,
                "{path} names its schema for the editor"
            );
        }
    }
}
