//! How does an archive get here? By HTTP, in as many tries as it takes, each going on where the last one ended.

use crate::pg::error::ServerError;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::http::StatusCode;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// Tries at one archive; a connection that breaks once is not a reason to give up.
const TRIES: usize = 4;

/// Bigger than any archive; a server that sends more is not the right one.
const LARGEST: u64 = 1 << 30;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;

const CONNECT_LIMIT: Duration = Duration::from_secs(20);
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Sees how far a download is.
pub trait Watch {
    /// So many bytes are here, of so many, where that is known.
    fn at(&self, done: u64, all: Option<u64>);
}

/// The checksum that is published at an address, in the form of `sha256sum`.
pub(super) fn published(address: &str) -> Result<String, ServerError> {
    let mut answer = ask(address, 0)?;
    let text = answer
        .body_mut()
        .with_config()
        .limit(64 << 10)
        .read_to_string();
    let text = text.map_err(|error| unreachable(address, &error.to_string()))?;
    let checksum = text.split_whitespace().find(|word| is_checksum(word));
    checksum.map(str::to_ascii_lowercase).ok_or_else(|| {
        ServerError::new("no checksum is published for the archive")
            .detail(format!("{address} holds none"))
            .hint("is the address that was given for downloads right?")
    })
}

fn is_checksum(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Downloads an archive, unless it is here, and gives it its name when its checksum is right.
pub(super) fn fetch(
    address: &str,
    archive: &Path,
    checksum: &str,
    watch: &dyn Watch,
) -> Result<(), ServerError> {
    if archive.is_file() && sum(archive).is_ok_and(|sum| sum == checksum) {
        return Ok(());
    }
    let part = part_of(archive);
    let resumed = part.exists();
    complete(address, &part, watch)?;
    let mut found = sum(&part).map_err(|error| unwritable(&part, &error))?;
    if found != checksum && resumed {
        // What was here may have been of another archive.
        remove(&part)?;
        complete(address, &part, watch)?;
        found = sum(&part).map_err(|error| unwritable(&part, &error))?;
    }
    if found != checksum {
        remove(&part)?;
        return Err(
            ServerError::new("the archive that was downloaded is not the one that was pinned")
                .detail(format!("{address}\nhas the SHA-256   {found}\nand should have   {checksum}"))
                .hint(
                    "it was removed. Somebody in between may have changed it; if you serve one of your own, say its \
                     checksum with --download-checksum",
                ),
        );
    }
    fs::rename(&part, archive).map_err(|error| unwritable(archive, &error))
}

fn part_of(archive: &Path) -> PathBuf {
    let mut name = archive.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn remove(file: &Path) -> Result<(), ServerError> {
    fs::remove_file(file).map_err(|error| unwritable(file, &error))
}

/// Downloads what is missing.
fn complete(address: &str, part: &Path, watch: &dyn Watch) -> Result<(), ServerError> {
    let mut broken = None;
    for _ in 0..TRIES {
        match go_on(address, part, watch) {
            Ok(()) => return Ok(()),
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Broken(why)) => broken = Some(why),
        }
    }
    let here = fs::metadata(part).map_or(0, |metadata| metadata.len());
    Err(ServerError::new("the download broke off")
        .detail(format!(
            "{address}: {} ({here} bytes are here)",
            broken.unwrap_or_default()
        ))
        .hint("run again: it goes on where it ended"))
}

/// What came of a try.
enum Trouble {
    /// Another try may do better.
    Broken(String),
    /// It would not.
    Final(ServerError),
}

fn go_on(address: &str, part: &Path, watch: &dyn Watch) -> Result<(), Trouble> {
    let here = fs::metadata(part).map_or(0, |metadata| metadata.len());
    let mut answer = match ask(address, here) {
        Ok(answer) => answer,
        Err(error) if here > 0 => {
            // 416: all of it is here, or more than there is.
            if error
                .detail
                .as_deref()
                .is_some_and(|detail| detail.contains("416"))
            {
                return Ok(());
            }
            return Err(Trouble::Final(error));
        }
        Err(error) => return Err(Trouble::Final(error)),
    };
    let goes_on = answer.status() == StatusCode::PARTIAL_CONTENT;
    let begin = if goes_on { here } else { 0 };
    let length = answer.headers().get("content-length");
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let all = length.map(|length| begin + length);
    let write_error = |error: io::Error| Trouble::Final(unwritable(part, &error));
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .append(goes_on)
        .truncate(!goes_on)
        .open(part)
        .map_err(write_error)?;
    let mut reader = answer.body_mut().as_reader();
    let mut done = begin;
    let mut chunk = vec![0; CHUNK];
    loop {
        watch.at(done, all);
        let count = reader
            .read(&mut chunk)
            .map_err(|error| Trouble::Broken(error.to_string()))?;
        if count == 0 {
            break;
        }
        file.write_all(&chunk[..count]).map_err(write_error)?;
        done += count as u64;
        if done > LARGEST {
            return Err(Trouble::Final(unreachable(
                address,
                "it is larger than any archive",
            )));
        }
    }
    match all {
        Some(all) if done < all => Err(Trouble::Broken(format!("{done} of {all} bytes came"))),
        _ => Ok(()),
    }
}

/// Asks for what follows the first bytes.
fn ask(address: &str, from: u64) -> Result<ureq::http::Response<Body>, ServerError> {
    let agent = agent();
    let mut request = agent.get(address);
    if from > 0 {
        request = request.header("range", format!("bytes={from}-"));
    }
    let answer = request
        .call()
        .map_err(|error| unreachable(address, &error.to_string()))?;
    match answer.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(answer),
        StatusCode::NOT_FOUND => Err(ServerError::new("there is no such archive")
            .detail(format!("{address} was not found (404)"))
            .hint("is the address that was given for downloads right? Each release has a folder of its own below it")),
        status => Err(unreachable(address, &format!("the server answered {status}"))),
    }
}

/// Trusts whom the system trusts, a company's own authority among them; where it says nothing, the public ones.
fn agent() -> Agent {
    let native = rustls_native_certs::load_native_certs();
    let certificates: Vec<Certificate<'static>> = native
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    let roots = match certificates.is_empty() {
        true => RootCerts::WebPki,
        false => RootCerts::new_with_certs(&certificates),
    };
    let config = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .user_agent(concat!("pgauge/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT_LIMIT))
        .timeout_recv_response(Some(ANSWER_LIMIT))
        .build();
    config.new_agent()
}

fn sum(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            count => hash.update(&chunk[..count]),
        }
    }
    let digest = hash.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn unreachable(address: &str, why: &str) -> ServerError {
    ServerError::new("PostgreSQL cannot be downloaded")
        .detail(format!("{address}: {why}"))
        .hint(
            "install PostgreSQL with the system's packages, name a server with --server, or another place for downloads \
             with --download-base; HTTPS_PROXY names a proxy",
        )
}

fn unwritable(file: &Path, error: &io::Error) -> ServerError {
    ServerError::new(format!("cannot write {}", file.display()))
        .detail(error.to_string())
        .hint("make room there, or name another folder with PGAUGE_DOWNLOADS")
}
