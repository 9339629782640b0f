//! Where the files of the repository are, and copies of them to spoil.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with this extension, sorted, relative to the folder.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(folder, folder, extension, &mut found);
    found.sort();
    found
}

fn collect(root: &Path, folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, extension, found);
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path.strip_prefix(root).unwrap().to_owned());
        }
    }
}

/// A folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, copied).unwrap();
        }
    }
}

/// An empty suite beside a copy of the shipped seeds, gone when it is dropped.
pub struct Playground {
    root: tempfile::TempDir,
}

impl Playground {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        copy(&repository().join("seeds"), &root.path().join("seeds"));
        Self { root }
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Writes a scenario as deep below the root as the shipped ones are, so that `../../seeds` leads to the seeds.
    pub fn add(&self, folder: &str, name: &str, text: &str) {
        let folder = self.root().join("scenarios").join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }
}
