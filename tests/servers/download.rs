//! A machine without PostgreSQL: a build is downloaded, checked, kept, and run. The server that it comes from is a few
//! lines here; its archives are made of the installed binaries.

use crate::world::pgauge;
use flate2::{Compression, write::GzEncoder};
use pgauge::pg::binaries::{Asked, Binaries, Inventory, Surroundings};
use pgauge::pg::download::{Downloads, Leave, Offer, PINS, Watch, target};
use pgauge::pg::embedded::{EmbeddedOptions, EmbeddedServer, Listen};
use pgauge::pg::error::ServerError;
use pgauge::pg::install::System;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What a path answers.
#[derive(Clone)]
struct Answer {
    bytes: Vec<u8>,
    /// How many bytes each answer ends after; none left for the whole.
    cuts: Vec<usize>,
}

/// A server of files that understands ranges, and breaks off where it is told to.
struct Files {
    address: String,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Files {
    fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers: Arc<Mutex<HashMap<String, Answer>>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (known, noted) = (Arc::clone(&answers), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that leaves early is not this server's trouble.
                let _ = answer(stream, &known, &noted);
            }
        });
        Self {
            address,
            answers,
            asked,
        }
    }

    fn put(&self, path: &str, bytes: &[u8], cuts: &[usize]) {
        let answer = Answer {
            bytes: bytes.to_vec(),
            cuts: cuts.to_vec(),
        };
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn answer(
    mut stream: TcpStream,
    known: &Mutex<HashMap<String, Answer>>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let path = lines.next().transpose()?.unwrap_or_default();
    let path = path.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut from = 0;
    for line in lines {
        let line = line?.to_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
    }
    asked.lock().unwrap().push(format!("{path} from {from}"));
    let found = {
        let mut known = known.lock().unwrap();
        known.get_mut(&path).map(|answer| {
            let cut = (!answer.cuts.is_empty()).then(|| answer.cuts.remove(0));
            (answer.bytes.clone(), cut)
        })
    };
    let Some((bytes, cut)) = found else {
        return stream.write_all(
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
    };
    let rest = &bytes[from.min(bytes.len())..];
    let status = match from {
        0 => "200 OK",
        _ if rest.is_empty() => "416 Range Not Satisfiable",
        _ => "206 Partial Content",
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        rest.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&rest[..cut.unwrap_or(rest.len()).min(rest.len())])
}

/// Counts how often it was told how far the download is.
#[derive(Default)]
struct Counter(Mutex<u64>);

impl Watch for Counter {
    fn at(&self, done: u64, _: Option<u64>) {
        *self.0.lock().unwrap() = done;
    }
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The path of the archive of a major version.
fn path_of(major: u32) -> Option<String> {
    let release = PINS.iter().find(|pin| pin.major == major)?;
    let name = release.name(target()?);
    Some(format!("/{}/{name}.tar.gz", release.release))
}

/// An archive of a folder with these files, programs all.
fn archive(top: &str, programs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in programs {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        builder
            .append_data(&mut header, format!("{top}/{name}"), bytes.as_slice())
            .unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// The installed binaries; none where there is no PostgreSQL, which says so.
fn installed() -> Option<Binaries> {
    let inventory = Inventory::take(&Surroundings::here());
    let chosen = inventory.choose(&Asked::Newest, &System::here());
    chosen.map_err(|error| eprintln!("SKIPPED: {error}")).ok()
}

fn archive_of(binaries: &Binaries) -> Vec<u8> {
    let mut files: Vec<(&str, Vec<u8>)> = Vec::new();
    for name in [
        "bin/postgres",
        "bin/initdb",
        "lib/dict_snowball.so",
        "lib/plpgsql.so",
    ] {
        let file = binaries.bindir.join("..").join(name);
        // Where a package has its libraries elsewhere, the programs know where.
        files.extend(std::fs::read(file).ok().map(|bytes| (name, bytes)));
    }
    archive("postgresql", &files)
}

/// A folder that the server's user may read too.
fn cache() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

fn take(
    files: &Files,
    cache: &Path,
    major: u32,
    checksum: Option<&str>,
) -> Result<Binaries, ServerError> {
    let downloads = Downloads {
        leave: Leave::Online,
        base: Some(files.address.clone()),
        checksum: checksum.map(str::to_owned),
        folder: Some(cache.to_owned()),
    };
    let offer = Offer::of(&Asked::Major(major), &downloads).unwrap();
    assert!(offer.told().contains(&files.address), "{}", offer.told());
    offer.take(&Counter::default())
}

#[test]
fn a_build_is_downloaded_once_and_runs() {
    let Some(binaries) = installed() else {
        return;
    };
    let major = binaries.version.major;
    let Some(path) = path_of(major) else {
        return eprintln!("SKIPPED: no build of PostgreSQL {major} is pinned for this machine");
    };
    let (files, cache, bytes) = (Files::serve(), cache(), archive_of(&binaries));
    files.put(&path, &bytes, &[]);
    let taken = take(&files, cache.path(), major, Some(&sum(&bytes))).unwrap();
    assert!(
        taken.bindir.starts_with(cache.path()),
        "{}",
        taken.bindir.display()
    );
    assert_eq!(files.asked().len(), 1);
    take(&files, cache.path(), major, Some(&sum(&bytes))).unwrap();
    assert!(
        files.asked().is_empty(),
        "what is kept is not asked for again"
    );
    let server = EmbeddedServer::start(&EmbeddedOptions {
        binaries: taken,
        settings: Vec::new(),
        listen: Listen::UnixSocket,
    });
    assert_eq!(server.unwrap().version().major, major);
    let left: Vec<_> = std::fs::read_dir(cache.path())
        .unwrap()
        .flatten()
        .map(|e| e.file_name())
        .collect();
    assert_eq!(left.len(), 2, "a folder and the lock: {left:?}");
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_ended() {
    let Some(binaries) = installed() else {
        return;
    };
    let major = binaries.version.major;
    let Some(path) = path_of(major) else {
        return eprintln!("SKIPPED: no build of PostgreSQL {major} is pinned for this machine");
    };
    let (files, cache, bytes) = (Files::serve(), cache(), archive_of(&binaries));
    let checksum = sum(&bytes);
    // Three breaks are mended by themselves.
    files.put(&path, &bytes, &[1000, 1000, 500]);
    take(&files, cache.path(), major, Some(&checksum)).unwrap();
    let from = |asked: Vec<String>| -> Vec<String> {
        asked
            .iter()
            .map(|one| one.rsplit(' ').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(from(files.asked()), ["0", "1000", "2000", "2500"]);
    // More of them end the run; the next one goes on.
    let again = crate::download::cache();
    files.put(&path, &bytes, &[100, 100, 100, 100]);
    let error = take(&files, again.path(), major, Some(&checksum)).unwrap_err();
    eprintln!("--- truncated archive\n{error}");
    assert_eq!(error.primary, "the download broke off");
    assert!(error.detail.unwrap().contains("400 bytes are here"));
    files.asked();
    take(&files, again.path(), major, Some(&checksum)).unwrap();
    assert_eq!(from(files.asked()), ["400"]);
}

#[test]
fn an_archive_that_was_altered_is_not_used() {
    let Some(path) = path_of(18) else {
        return eprintln!("SKIPPED: there are no builds for this machine");
    };
    let (files, cache) = (Files::serve(), cache());
    let bytes = archive(
        "postgresql",
        &[("bin/postgres", b"#!/bin/sh\nexit 1\n".to_vec())],
    );
    files.put(&path, &bytes, &[]);
    // Against the checksum that is compiled in, or published where none is.
    files.put(
        &format!("{path}.sha256"),
        format!("{}  x\n", "0".repeat(64)).as_bytes(),
        &[],
    );
    let error = take(&files, cache.path(), 18, None).unwrap_err();
    eprintln!("--- altered archive\n{error}");
    assert_eq!(
        error.primary,
        "the archive that was downloaded is not the one that was pinned"
    );
    assert!(error.detail.unwrap().contains(&sum(&bytes)));
    let left = std::fs::read_dir(cache.path()).unwrap().flatten().count();
    assert_eq!(left, 1, "only the lock is left");
    // With its own checksum it is unpacked, and found to be no server.
    let error = take(&files, cache.path(), 18, Some(&sum(&bytes))).unwrap_err();
    eprintln!("--- an archive that holds no server\n{error}");
    assert!(error.primary.contains("does not run here"), "{error}");
    // Half of an archive with its own checksum cannot be unpacked.
    let half = &bytes[..bytes.len() / 2];
    let fresh = crate::download::cache();
    files.put(&path, half, &[]);
    let error = take(&files, fresh.path(), 18, Some(&sum(half))).unwrap_err();
    assert!(error.primary.contains("cannot be unpacked"), "{error}");
    assert_eq!(
        std::fs::read_dir(fresh.path()).unwrap().flatten().count(),
        1
    );
}

#[test]
fn an_archive_that_is_not_there_is_told_and_a_published_checksum_counts_where_none_is_pinned() {
    let (Some(pinned), Some(unpinned)) = (path_of(17), path_of(14)) else {
        return eprintln!("SKIPPED: there are no builds for this machine");
    };
    let (files, cache) = (Files::serve(), cache());
    let error = take(&files, cache.path(), 17, Some(&"0".repeat(64))).unwrap_err();
    eprintln!("--- missing archive\n{error}");
    assert_eq!(error.primary, "there is no such archive");
    assert!(error.detail.unwrap().contains(&pinned));
    let fake = b"#!/bin/sh\necho 'postgres (PostgreSQL) 14.24'\n".to_vec();
    let bytes = archive(
        "postgresql",
        &[("bin/postgres", fake.clone()), ("bin/initdb", fake)],
    );
    files.put(&unpinned, &bytes, &[]);
    let error = take(&files, cache.path(), 14, None).unwrap_err();
    assert!(
        error.detail.unwrap().contains(".sha256"),
        "no checksum, no archive"
    );
    files.put(
        &format!("{unpinned}.sha256"),
        format!("{}  x.tar.gz\n", sum(&bytes)).as_bytes(),
        &[],
    );
    assert_eq!(
        take(&files, cache.path(), 14, None).unwrap().version.major,
        14
    );
    let nobody = Files {
        address: "http://127.0.0.1:1".to_owned(),
        ..files
    };
    let error = take(&nobody, cache.path(), 17, Some(&"0".repeat(64))).unwrap_err();
    eprintln!("--- nobody to download from\n{error}");
    assert!(error.hint.unwrap().contains("--download-base"));
}

#[test]
fn the_program_downloads_after_saying_so_unless_it_must_not() {
    let Some(binaries) = installed() else {
        return;
    };
    let usable = Inventory::take(&Surroundings::here()).usable;
    let missing = PINS.iter().map(|pin| pin.major);
    let missing = missing
        .into_iter()
        .find(|major| usable.iter().all(|one| one.version.major != *major));
    let (Some(major), Some(path)) = (missing, missing.and_then(path_of)) else {
        return eprintln!("SKIPPED: every version is installed here");
    };
    // The installed programs under the name of the version that is missing.
    let program = |name: &str| {
        let installed = binaries.bindir.join(name);
        let said = format!("postgres (PostgreSQL) {major}.1");
        let text = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && echo '{said}' && exit\nexec {} \"$@\"\n",
            installed.display()
        );
        text.into_bytes()
    };
    let bytes = archive(
        "postgresql",
        &[
            ("bin/postgres", program("postgres")),
            ("bin/initdb", program("initdb")),
        ],
    );
    let (files, cache) = (Files::serve(), cache());
    files.put(&path, &bytes, &[100]);
    let folder = tempfile::tempdir().unwrap();
    let text = "name: One row\nclients: { alice: { steps: [{ step: one, sql: SELECT 1, rows: [[1]] }] } }\n";
    let scenario = crate::certificates::write(folder.path(), "one.yaml", text)
        .display()
        .to_string();
    let (server, kept, checksum) = (
        major.to_string(),
        cache.path().display().to_string(),
        sum(&bytes),
    );
    let environment = [
        ("PGAUGE_DOWNLOADS", kept.as_str()),
        ("PGAUGE_DOWNLOAD_BASE", files.address.as_str()),
        ("PGAUGE_DOWNLOAD_CHECKSUM", checksum.as_str()),
    ];
    let offline = pgauge(
        &["run", &scenario, "--server", &server, "--offline"],
        &environment,
    );
    let said = String::from_utf8_lossy(&offline.stdout);
    assert_eq!(offline.status.code(), Some(4), "{said}");
    assert!(
        said.contains("without --offline one is downloaded"),
        "{said}"
    );
    assert!(files.asked().is_empty(), "nothing was asked for");
    for round in 1..=2 {
        let ran = pgauge(&["run", &scenario, "--server", &server], &environment);
        let said = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.status.code(), Some(0), "{said}");
        let note = format!(
            "note: no PostgreSQL {server} server is installed: downloading http://127.0.0.1"
        );
        let downloads = said.contains(&note);
        assert_eq!(downloads, round == 1, "{said}");
    }
    assert_eq!(
        files.asked().len(),
        2,
        "in two pieces, and only in the first round"
    );
    let doctor = pgauge(&["doctor"], &environment);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("downloaded by pgauge"));
}
