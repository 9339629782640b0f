//! Where does a report go? A file that is opened before the first query and filled after the last.
//!
//! A wrong path is known before anything is measured. The content appears at once and whole: it is written
//! beside the target and moved over it, so that a reader never sees half a report, and a report of an
//! earlier run stays until the new one is there. Between the two nothing lies beside it that a killed run
//! would leave behind. A link is followed, and what it leads to is written; what is no ordinary file, or lies where
//! the system keeps its devices, is written directly.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// The most links that are followed one after the other; Linux follows as many.
const MOST_LINKS: usize = 40;

/// Where devices and the open files of processes have their names. Nothing can be moved over one of these, also where
/// it stands for an ordinary file, as /dev/stdout does in `pgauge … > log`.
const DEVICES: [&str; 2] = ["/dev", "/proc"];

/// The names of this program's standard output.
const STANDARD_OUTPUT: [&str; 3] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// A report that is yet to be written.
#[derive(Debug)]
pub struct ReportFile {
    target: PathBuf,
    open: Open,
}

#[derive(Debug)]
enum Open {
    /// An ordinary file, at this path without links: the new content is moved over it.
    Beside(PathBuf),
    /// A pipe, a terminal: nothing can be moved over it.
    Direct(File),
    /// Where the verdict is told too: through the same handle, so that neither is written over the other.
    StandardOutput,
}

impl ReportFile {
    /// Makes sure that the report can be written, creating folders on the way to it.
    ///
    /// # Errors
    ///
    /// The folder cannot be created or written to, or the target is a folder itself.
    pub fn open(target: &Path) -> io::Result<Self> {
        Ok(Self {
            target: target.to_owned(),
            open: Open::at(followed(target)?)?,
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
            Open::StandardOutput => {
                let mut out = io::stdout().lock();
                out.write_all(content)?;
                out.flush()
            }
            Open::Beside(path) => {
                let mut file = beside(&path)?;
                file.write_all(content)?;
                file.as_file().sync_all()?;
                file.persist(&path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

impl Open {
    fn at(path: PathBuf) -> io::Result<Self> {
        if STANDARD_OUTPUT.iter().any(|name| path == Path::new(name)) {
            return Ok(Self::StandardOutput);
        }
        match std::fs::metadata(&path) {
            Ok(known) if known.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(known) if !known.is_file() || is_device(&path) => {
                let file = OpenOptions::new().append(true).open(path)?;
                Ok(Self::Direct(file))
            }
            Ok(_) => {
                // A file that may not be written shall not be replaced either.
                OpenOptions::new().append(true).open(&path)?;
                beside(&path)?;
                Ok(Self::Beside(path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                beside(&path)?;
                Ok(Self::Beside(path))
            }
            Err(error) => Err(error),
        }
    }
}

fn is_device(path: &Path) -> bool {
    DEVICES.iter().any(|folder| path.starts_with(folder))
}

/// What a link leads to in the end, whether that is there already or not; what is no link is as it was. Names of
/// devices are followed no further: what they lead to has no name of its own.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let link = std::fs::symlink_metadata(&path).is_ok_and(|known| known.is_symlink());
        if !link || is_device(&std::path::absolute(&path)?) {
            return Ok(path);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        path = folder.join(std::fs::read_link(&path)?);
    }
    Err(io::Error::other("too many symbolic links"))
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

    #[cfg(unix)]
    mod links {
        use super::*;
        use std::os::unix::fs::{FileTypeExt, symlink};

        #[test]
        fn a_link_stays_a_link_and_what_it_leads_to_is_written() {
            let folder = tempfile::tempdir().unwrap();
            let place = |name: &str| folder.path().join(name);
            std::fs::create_dir(place("reports")).unwrap();
            std::fs::write(place("reports/real.xml"), "old").unwrap();
            symlink("reports/real.xml", place("again.xml")).unwrap();
            symlink("again.xml", place("link.xml")).unwrap();
            symlink("reports/new.xml", place("to_come.xml")).unwrap();
            for (link, real) in [("link.xml", "real.xml"), ("to_come.xml", "new.xml")] {
                ReportFile::open(&place(link))
                    .unwrap()
                    .write(b"<testsuites/>")
                    .unwrap();
                assert!(place(link).symlink_metadata().unwrap().is_symlink());
                let written = std::fs::read(place("reports").join(real)).unwrap();
                assert_eq!(written, b"<testsuites/>");
            }
            assert_eq!(place("reports").read_dir().unwrap().count(), 2);
        }

        #[test]
        fn links_in_a_circle_are_no_place_for_a_report() {
            let folder = tempfile::tempdir().unwrap();
            let link = folder.path().join("link.xml");
            symlink("link.xml", &link).unwrap();
            assert!(ReportFile::open(&link).is_err());
        }

        #[test]
        fn a_pipe_is_written_through_a_link_and_stays_a_pipe() {
            let folder = tempfile::tempdir().unwrap();
            let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link.xml"));
            let made = std::process::Command::new("mkfifo").arg(&pipe).status();
            assert!(made.unwrap().success());
            symlink("pipe", &link).unwrap();
            let reader = std::thread::spawn({
                let pipe = pipe.clone();
                move || std::fs::read(pipe).unwrap()
            });
            ReportFile::open(&link)
                .unwrap()
                .write(b"<testsuites/>")
                .unwrap();
            assert_eq!(reader.join().unwrap(), b"<testsuites/>");
            assert!(pipe.metadata().unwrap().file_type().is_fifo());
            assert!(link.symlink_metadata().unwrap().is_symlink());
        }

        #[test]
        fn a_device_is_not_followed_to_the_file_that_it_stands_for() {
            let folder = tempfile::tempdir().unwrap();
            let link = folder.path().join("link.xml");
            symlink("/dev/stdout", &link).unwrap();
            // Only opened, never written: it is the output of the tests.
            let report = ReportFile::open(&link).unwrap();
            assert!(matches!(report.open, Open::StandardOutput));
        }
    }
}
