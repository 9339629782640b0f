//! How does an archive become a folder? Whole or not at all, and never a file outside of it.

use crate::pg::error::ServerError;
use flate2::read::GzDecoder;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tar::Archive;

/// Unpacks the one folder of an archive as `folder`.
pub(super) fn unpack(archive: &Path, folder: &Path) -> Result<(), ServerError> {
    let parent = folder.parent().unwrap_or(Path::new("/"));
    let unpacked = whole(archive, parent).and_then(|(place, inner)| {
        fs::rename(inner, folder)?;
        drop(place);
        Ok(())
    });
    unpacked.map_err(|error| {
        ServerError::new("the archive that was downloaded cannot be unpacked")
            .detail(format!("{}: {error}", archive.display()))
            .hint("make room there, or name another folder with PGAUGE_DOWNLOADS")
    })
}

/// The place in which it is unpacked, and the folder in there that holds `bin`.
fn whole(archive: &Path, parent: &Path) -> io::Result<(tempfile::TempDir, PathBuf)> {
    let place = tempfile::Builder::new()
        .prefix(".unpacking-")
        .tempdir_in(parent)?;
    let mut entries = Archive::new(GzDecoder::new(File::open(archive)?));
    entries.set_preserve_permissions(true);
    // Leaves out whatever would land outside of the place.
    entries.unpack(place.path())?;
    let top = fs::read_dir(place.path())?.collect::<Result<Vec<_>, _>>()?;
    let candidates = top.iter().map(fs::DirEntry::path);
    let inner = std::iter::once(place.path().to_owned())
        .chain(candidates)
        .find(|folder| folder.join("bin/postgres").is_file());
    let inner = inner.ok_or_else(|| io::Error::other("there is no bin/postgres in it"))?;
    // The folder of a build is everybody's to read; that of an unfinished one was ours.
    fs::set_permissions(&inner, PermissionsExt::from_mode(0o755))?;
    Ok((place, inner))
}
