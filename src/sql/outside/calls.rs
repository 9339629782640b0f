//! Functions that reach beyond their database, and catalogs that all databases share.

use super::text::{Kind, Piece};
use super::{Finder, Outside};

/// Names of functions, or their beginnings where a `*` follows.
const FUNCTIONS: &[(Outside, &[&str])] = &[
    (
        Outside::ServerFiles,
        &[
            "pg_read_file",
            "pg_read_binary_file",
            "pg_stat_file",
            "pg_ls_*",
            "pg_file_*",
            "pg_logdir_ls",
            "lo_import",
            "lo_export",
            "be_lo_import",
            "be_lo_export",
            "pg_read_file_old",
        ],
    ),
    (
        Outside::Backends,
        &[
            "pg_terminate_backend",
            "pg_cancel_backend",
            "pg_log_backend_memory_contexts",
        ],
    ),
    (
        Outside::ServerSettings,
        &[
            "pg_reload_conf",
            "pg_rotate_logfile",
            "pg_rotate_logfile_old",
        ],
    ),
    (
        Outside::ServerControl,
        &[
            "pg_promote",
            "pg_switch_wal",
            "pg_create_restore_point",
            "pg_backup_*",
            "pg_start_backup",
            "pg_stop_backup",
            "pg_wal_replay_*",
            "pg_stat_reset_shared",
            "pg_stat_reset_slru",
            "pg_stat_reset_backend_stats",
            "pg_stat_statements_reset",
        ],
    ),
    (
        Outside::Replication,
        &[
            "pg_create_physical_replication_slot",
            "pg_create_logical_replication_slot",
            "pg_copy_physical_replication_slot",
            "pg_copy_logical_replication_slot",
            "pg_drop_replication_slot",
            "pg_replication_slot_advance",
            "pg_sync_replication_slots",
            "pg_logical_slot_*",
            "pg_replication_origin_*",
            "pg_stat_reset_replication_slot",
            "pg_stat_reset_subscription_stats",
        ],
    ),
    (Outside::ForeignServers, &["dblink", "dblink_*"]),
    (
        Outside::DynamicSql,
        &[
            "query_to_xml*",
            "cursor_to_xml*",
            "ts_stat",
            "ts_rewrite",
            "crosstab*",
            "connectby",
            "xpath_table",
        ],
    ),
];

/// Settings that change how the server reads SQL: what was judged would not be what runs.
const READING: [&str; 4] = [
    "standard_conforming_strings",
    "backslash_quote",
    "client_encoding",
    "escape_string_warning",
];

/// Catalogs of which there is one for all databases.
const SHARED: [&str; 12] = [
    "pg_authid",
    "pg_auth_members",
    "pg_database",
    "pg_db_role_setting",
    "pg_parameter_acl",
    "pg_replication_origin",
    "pg_shdepend",
    "pg_shdescription",
    "pg_shseclabel",
    "pg_subscription",
    "pg_tablespace",
    "pg_shadow",
];

/// Looks at names wherever they stand.
pub(super) fn look(pieces: &[Piece<'_>], found: &mut Finder<'_>) {
    for (at, piece) in pieces.iter().enumerate() {
        // Any character can be written as another one there.
        if piece.kind == Kind::Escaped {
            found(Outside::DynamicSql, piece.text.to_owned());
        }
        // Whether it is called or only named: an operator or an aggregate may call it later.
        for (outside, names) in FUNCTIONS {
            if names.iter().any(|name| matches(piece, name)) {
                found(*outside, piece.name.clone());
            }
        }
        if READING.iter().any(|name| piece.names(name)) {
            found(Outside::DynamicSql, piece.name.clone());
        }
        // SET NAMES is SET client_encoding; a setting may also be named in a text.
        if piece.is("set") && pieces.get(at + 1).is_some_and(|next| next.is("names")) {
            found(Outside::DynamicSql, "SET NAMES".to_owned());
        }
        if piece.names("set_config") && !sets_something_plain(&pieces[at + 1..]) {
            found(Outside::DynamicSql, "set_config".to_owned());
        }
        writes_shared(pieces, at, found);
    }
}

/// Whether what follows names, as one text, a setting that does not change how SQL is read.
fn sets_something_plain(rest: &[Piece<'_>]) -> bool {
    let [open, name, comma, ..] = rest else {
        return false;
    };
    let plain = |name: String| !READING.contains(&name.to_ascii_lowercase().as_str());
    open.is("(") && comma.is(",") && name.literal().is_some_and(plain)
}

fn matches(piece: &Piece<'_>, name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(beginning) => {
            matches!(piece.kind, Kind::Word | Kind::Quoted) && piece.name.starts_with(beginning)
        }
        None => piece.names(name),
    }
}

/// `INSERT INTO`, `UPDATE`, `DELETE FROM`, `MERGE INTO`, `TRUNCATE` and `LOCK` before the name of a shared catalog.
fn writes_shared(pieces: &[Piece<'_>], at: usize, found: &mut Finder<'_>) {
    if !pieces[at].is_any(&["insert", "update", "delete", "merge", "truncate", "lock"]) {
        return;
    }
    let mut rest = pieces[at + 1..].iter().skip_while(|piece| {
        piece.is_any(&["into", "from", "only", "table", "."]) || piece.names("pg_catalog")
    });
    if let Some(name) = rest.next()
        && SHARED.iter().any(|shared| name.names(shared))
    {
        found(Outside::SharedCatalogs, name.name.clone());
    }
}
