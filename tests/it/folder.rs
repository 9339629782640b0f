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

/// An empty suite beside a copy of the shipped seeds, gone when it is dropped.
pub struct Playground {
    root: tempfile::TempDir,
}

impl Playground {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let seeds = root.path().join("seeds");
        fs::create_dir(&seeds).unwrap();
        for entry in fs::read_dir(repository().join("seeds")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, seeds.join(path.file_name().unwrap())).unwrap();
        }
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
