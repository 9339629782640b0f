//! What does the machine hold? Processes and shared memory, looked at in `/proc`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Polls until `condition` holds; after the bar of three seconds it panics.
pub fn within_three_seconds(what: &str, condition: impl FnMut() -> bool) {
    within(Duration::from_secs(3), what, condition);
}

pub fn within(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < limit, "after {limit:?} still not: {what}");
        std::thread::yield_now();
    }
}

pub fn processes_below(folder: &Path) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read_link(process.path().join("cwd")).ok())
        .filter(|directory| directory.starts_with(folder))
        .collect()
}

/// The watchdogs of servers in or below a folder, and their workers, by their command line.
pub fn watchdogs_of(folder: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ours = processes.filter(|process| {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains("pgauge-watchdog") && line.contains(&*folder.to_string_lossy())
    });
    ours.map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Ids of segments of the size that guards a data folder, which nobody has attached.
pub fn orphaned_segments() -> Vec<String> {
    let table = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    let rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() > 6 && row[3] == "56" && row[6] == "0")
        .map(|row| row[1].to_owned())
        .collect()
}

pub fn signal(signal: &str, pid: &str) {
    let command = format!("kill -{signal} {pid}");
    let _ = Command::new("/bin/sh").args(["-c", &command]).status();
}
