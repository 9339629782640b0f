//! With which settings does an embedded server run? Those that keep it quick and keep it from disturbing a case.
//!
//! They go to `postgresql.conf` and not to the command line, so that a scenario may still use `ALTER SYSTEM`.

use super::super::error::ServerError;
use super::Listen;
use std::path::Path;

/// One setting of the embedded server and the reason for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name in PostgreSQL.
    pub name: &'static str,
    /// Its value, unquoted.
    pub value: &'static str,
    /// Why it differs from PostgreSQL's default.
    pub why: &'static str,
}

const fn setting(name: &'static str, value: &'static str, why: &'static str) -> Setting {
    Setting { name, value, why }
}

/// What pgauge sets on every embedded server. Everything else is PostgreSQL's default; `synchronous_commit` too, since
/// without fsync a commit waits for nothing, while asynchronous commits put off hint bits and so change later reads.
pub const SETTINGS: &[Setting] = &[
    setting(
        "fsync",
        "off",
        "the data is thrown away; waiting for a disk would measure the disk",
    ),
    setting(
        "full_page_writes",
        "off",
        "guards against torn pages after a power cut only; makes WAL after a checkpoint bigger",
    ),
    setting(
        "autovacuum",
        "off",
        "would take locks and I/O at moments of its own; scenarios analyze and vacuum when they say so",
    ),
    setting(
        "synchronize_seqscans",
        "off",
        "rows of an unordered scan come in the same order in every run",
    ),
    setting(
        "checkpoint_timeout",
        "1h",
        "no checkpoint by the clock in the middle of a measurement",
    ),
    setting(
        "jit",
        "off",
        "whether it is there depends on the packages; compiling would make first queries slow on some machines",
    ),
    setting(
        "max_connections",
        "500",
        "room for cases side by side, each with its clients",
    ),
    setting(
        "max_prepared_transactions",
        "10",
        "the default of 0 refuses PREPARE TRANSACTION",
    ),
    setting(
        "dynamic_shared_memory_type",
        "mmap",
        "parallel queries keep to the server's folder: /dev/shm is small in containers, and nothing is left there",
    ),
    setting(
        "compute_query_id",
        "on",
        "statements are known by the server's own fingerprint",
    ),
    setting(
        "track_io_timing",
        "on",
        "EXPLAIN (ANALYZE, BUFFERS) tells time spent on I/O",
    ),
    setting(
        "track_activity_query_size",
        "16kB",
        "who blocks whom is told with the whole statement",
    ),
    setting("timezone", "UTC", "dates do not depend on the machine"),
    setting("log_timezone", "UTC", "the log does not either"),
    setting(
        "log_destination",
        "stderr",
        "the log is one file in the server's folder",
    ),
    setting(
        "logging_collector",
        "off",
        "one process fewer; standard error is that file",
    ),
    setting(
        "log_line_prefix",
        "%m [%p] %q%a %u@%d: ",
        "application_name carries scenario and client",
    ),
    setting("log_checkpoints", "off", "they say nothing about a case"),
    setting(
        "log_lock_waits",
        "on",
        "a wait that outlasts deadlock_timeout is in the log",
    ),
    setting("cluster_name", "pgauge", "ps shows whose server this is"),
];

/// The library loaded at start when the installation has it.
pub const STATEMENT_STATISTICS: &str = "pg_stat_statements";

/// Settings that the server's own keeping depends on; nobody else sets them.
const RESERVED: &[&str] = &[
    "listen_addresses",
    "port",
    "unix_socket_directories",
    "data_directory",
    "config_file",
    "hba_file",
    "ident_file",
    "external_pid_file",
];

/// The lines for `postgresql.conf`: pgauge's, then the caller's, which win, then those that the folder demands.
///
/// # Errors
/// A name of the caller's is no setting's name or is one that pgauge needs for itself.
pub fn render(
    extra: &[(String, String)],
    preload: Preload,
    folder: &Path,
    listen: ListenAt,
) -> Result<String, ServerError> {
    let mut lines = String::from("# written by pgauge\n");
    let mut line = |name: &str, value: &str| {
        lines.push_str(&format!("{name} = {}\n", quote(value)));
    };
    for setting in SETTINGS {
        line(setting.name, setting.value);
    }
    if preload == Preload::StatementStatistics {
        line("shared_preload_libraries", STATEMENT_STATISTICS);
    }
    for (name, value) in extra {
        check_name(name)?;
        line(name, value);
    }
    line("unix_socket_directories", &folder.to_string_lossy());
    line("port", &listen.port.to_string());
    line(
        "listen_addresses",
        match listen.listen {
            Listen::UnixSocket => "",
            Listen::Loopback => "127.0.0.1",
        },
    );
    Ok(lines)
}

/// Whether a library is loaded when the server starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preload {
    /// None.
    Nothing,
    /// [`STATEMENT_STATISTICS`].
    StatementStatistics,
}

impl Preload {
    /// What the installation in `bindir` has, judged by the files in the folders that packages use.
    pub fn available(bindir: &Path) -> Self {
        let prefix = bindir.parent().unwrap_or(bindir);
        let folders = [
            prefix.join("lib"),
            prefix.join("lib/postgresql"),
            prefix.join("lib64/pgsql"),
            prefix.join("lib64"),
            // Alpine: /usr/libexec/postgresql17 has its libraries in /usr/lib/postgresql17.
            Path::new("/usr/lib").join(bindir.file_name().unwrap_or_default()),
        ];
        let found = folders.iter().any(|folder| {
            ["so", "dylib"].iter().any(|ending| {
                folder
                    .join(format!("{STATEMENT_STATISTICS}.{ending}"))
                    .is_file()
            })
        });
        match found {
            true => Preload::StatementStatistics,
            false => Preload::Nothing,
        }
    }
}

/// Where the server listens: the port also names the Unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAt {
    /// On what.
    pub listen: Listen,
    /// Under which port.
    pub port: u16,
}

pub(super) fn check_name(name: &str) -> Result<(), ServerError> {
    let proper = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if !proper {
        return Err(
            ServerError::new(format!("\"{name}\" cannot be the name of a server setting"))
                .hint("a name has letters, digits and underscores, such as `work_mem`"),
        );
    }
    match RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        true => Err(ServerError::new(format!(
            "the setting \"{name}\" belongs to pgauge on an embedded server"
        ))
        .hint("leave it out: pgauge chooses the server's folder, socket and port")),
        false => Ok(()),
    }
}

/// A value in the quotes of `postgresql.conf`, in which a backslash escapes too.
fn quote(value: &str) -> String {
    let escaped = value
        .replace('\\', "\\\\")
        .replace('\'', "''")
        .replace('\n', "\\n");
    format!("'{escaped}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(extra: &[(&str, &str)]) -> Result<String, ServerError> {
        let extra: Vec<_> = extra
            .iter()
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .collect();
        let listen = ListenAt {
            listen: Listen::UnixSocket,
            port: 5432,
        };
        render(
            &extra,
            Preload::StatementStatistics,
            Path::new("/tmp/x"),
            listen,
        )
    }

    #[test]
    fn a_callers_setting_comes_after_pgauges_own_and_so_wins() {
        let text = rendered(&[("jit", "on"), ("app.note", "it's\na \\")]).unwrap();
        assert!(text.find("jit = 'off'").unwrap() < text.find("jit = 'on'").unwrap());
        assert!(text.contains("app.note = 'it''s\\na \\\\'\n"), "{text}");
        assert!(text.contains("shared_preload_libraries = 'pg_stat_statements'\n"));
        assert!(text.ends_with("listen_addresses = ''\n"));
    }

    #[test]
    fn a_setting_cannot_move_the_server_or_smuggle_a_line() {
        assert!(
            rendered(&[("Port", "1")])
                .unwrap_err()
                .primary
                .contains("belongs to pgauge")
        );
        assert!(rendered(&[("jit = on\nport", "1")]).is_err());
        assert!(rendered(&[("", "1")]).is_err());
    }

    #[test]
    fn every_setting_is_named_once_and_says_why() {
        for (at, setting) in SETTINGS.iter().enumerate() {
            assert!(!setting.why.is_empty());
            assert!(
                SETTINGS[..at]
                    .iter()
                    .all(|other| other.name != setting.name),
                "{}",
                setting.name
            );
        }
    }
}
