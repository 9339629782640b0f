//! Where does a report go? A file that is opened before the first query and filled after the last.
//!
//! A wrong path is known before anything is measured. The content appears at once and whole: it is written
//! beside the target and moved over it, so that a reader never sees half a report, and a report of an
//! earlier run stays until the new one is there. Between the two nothing lies beside it that a killed run
//! would leave behind.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// A report that is yet to be written.
#[derive(Debug)]
pub struct ReportFile {
    target: PathBuf,
    open: Open,
}

#[derive(Debug)]
enum Open {
    /// An ordinary file: the new content is moved over it.
    Beside,
    /// A pipe, a terminal, `/dev/stdout`: nothing can be moved over it.
    Direct(File),
}

impl ReportFile {
    /// Makes sure that the report can be written, creating folders on the way to it.
    ///
    /// # Errors
    ///
    /// The folder cannot be created or written to, or the target is a folder itself.
    pub fn open(target: &Path) -> io::Result<Self> {
        let open = match std::fs::metadata(target) {
            Ok(known) if known.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(known) if !known.is_file() => {
                Open::Direct(OpenOptions::new().write(true).open(target)?)
            }
            Ok(_) => {
                // A file that may not be written shall not be replaced either.
                OpenOptions::new().append(true).open(target)?;
                beside(target)?;
                Open::Beside
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                beside(target)?;
                Open::Beside
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            target: target.to_owned(),
            open,
        })
    }

    /// Where it will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Writes the whole content and puts it in place.
    ///
    /// # Errors
    ///
    /// The disk is full, or the folder is gone.
    pub fn write(self, content: &[u8]) -> io::Result<()> {
        match self.open {
            Open::Direct(mut file) => file.write_all(content),
            Open::Beside => {
                let mut file = beside(&self.target)?;
                file.write_all(content)?;
                file.as_file().sync_all()?;
                file.persist(&self.target).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

/// An empty file in the target's folder, readable by all as an ordinary new file is; it vanishes unless it
/// is moved into place.
fn beside(target: &Path) -> io::Result<NamedTempFile> {
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pgauge-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).map_err(|error| {
        // The name of the temporary file, which tempfile adds, would only puzzle.
        let said = error.to_string();
        let why = said.split(" at path ").next().unwrap_or_default();
        io::Error::new(error.kind(), why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_appears_whole_and_its_folders_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out/reports/junit.xml");
        let report = ReportFile::open(&target).unwrap();
        assert!(!target.exists());
        report.write(b"<testsuites/>").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"<testsuites/>");
        assert_eq!(target.parent().unwrap().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn an_old_report_stays_until_the_new_one_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("results.json");
        std::fs::write(&target, "old").unwrap();
        let report = ReportFile::open(&target).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        drop(report);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        ReportFile::open(&target).unwrap().write(b"new").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn a_folder_is_no_place_for_a_report() {
        let folder = tempfile::tempdir().unwrap();
        let error = ReportFile::open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(ReportFile::open(&folder.path().join("file/junit.xml")).is_err());
    }

    #[test]
    fn what_is_no_ordinary_file_is_written_directly() {
        let report = ReportFile::open(Path::new("/dev/null")).unwrap();
        report.write(b"gone").unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
