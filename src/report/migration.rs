//! What did the migration do? A table of its statements for those who read on, and a report of its own: for a terminal, a
//! review, a browser.

mod figures;
mod html;
mod markdown;
mod text;
mod told;

pub use figures::{
    CostFigure, FailureFigure, MigrationFigures, PhaseFigure, QueryFigure, RatioFigure,
    TrafficFigure, WaitFigure, figures,
};
pub use html::page;
pub use markdown::markdown;
pub use text::text;
pub use told::{Cell, Section, Stands, Told, Tone, told};

use super::style::shown;
use crate::{
    record::{
        CaseLog, LockMode, LockSight, MigrationLog, RelationLock, StatementTrace, TableUse,
        TransactionScope,
    },
    text::{Side, align_columns, format_duration, list, thousands},
};

/// The longest statements that are shown.
const LONGEST_STATEMENT: usize = 60;

/// One line for each statement under a head; nothing where there was no migration.
pub fn table(log: &CaseLog) -> Vec<String> {
    match log.migration.as_deref() {
        Some(migration) if !migration.statements.is_empty() => of_migration(migration),
        Some(_) | None => Vec::new(),
    }
}

fn of_migration(log: &MigrationLog) -> Vec<String> {
    let head = [
        "statement",
        "took",
        "in",
        "lock_timeout",
        "WAL",
        "dead rows",
        "disk",
        "what it held and did",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(log.statements.iter().map(row));
    let sides = [
        Side::Left,
        Side::Right,
        Side::Left,
        Side::Right,
        Side::Right,
        Side::Right,
        Side::Right,
        Side::Left,
    ];
    align_columns(&rows, &sides)
}

fn row(trace: &StatementTrace) -> Vec<String> {
    let costs = &trace.costs;
    vec![
        brief(&trace.sql),
        format_duration(trace.duration.duration()),
        match trace.scope {
            TransactionScope::Own => "its own",
            TransactionScope::Shared => "shared",
            TransactionScope::Outside => "none",
        }
        .to_owned(),
        match trace.lock_timeout.0 {
            0 => "none".to_owned(),
            _ => format_duration(trace.lock_timeout.duration()),
        },
        bytes(i64::try_from(costs.wal).unwrap_or(i64::MAX)),
        thousands(costs.dead_rows),
        bytes(costs.disk),
        did(trace),
    ]
}

/// `ACCESS EXCLUSIVE on orders (blocks reads, locking reads, writes and maintenance); writes orders anew`
fn did(trace: &StatementTrace) -> String {
    let mut parts: Vec<String> = strongest(trace).into_iter().map(lock_words).collect();
    if let LockSight::Sampled { looks } = trace.seen
        && !parts.is_empty()
    {
        parts.push(format!("sampled in {looks} looks"));
    }
    let names: Vec<String> = trace.rewrites.iter().map(ToString::to_string).collect();
    if !names.is_empty() {
        parts.push(format!("writes {} anew", list(&names, "and")));
    }
    if !trace.scans.is_empty() {
        parts.push(format!("reads all of {}", read_whole(trace)));
    }
    if let Some(error) = &trace.error {
        parts.push(format!("failed: {}", shown(&error.message)));
    }
    parts.join("; ")
}

/// The tables that it read from end to end, with their rows.
fn read_whole(trace: &StatementTrace) -> String {
    let scans = trace.scans.iter();
    let scans: Vec<String> = scans
        .map(|scan| format!("{} ({} rows)", scan.table, thousands(scan.rows)))
        .collect();
    list(&scans, "and")
}

/// Of each table that was there before, the strongest lock; indexes go with their tables.
fn strongest(trace: &StatementTrace) -> Vec<&RelationLock> {
    let mut strongest: Vec<&RelationLock> = Vec::new();
    for lock in trace
        .locks
        .iter()
        .filter(|lock| lock.existed && lock.relation.of.is_none())
    {
        match strongest
            .iter_mut()
            .find(|known| known.relation == lock.relation)
        {
            Some(known) if known.mode < lock.mode => *known = lock,
            Some(_) => {}
            None => strongest.push(lock),
        }
    }
    strongest
}

/// `ACCESS EXCLUSIVE on orders (blocks everything)`
fn lock_words(lock: &RelationLock) -> String {
    let blocks: Vec<&str> = lock.mode.blocks().map(TableUse::word).collect();
    let blocks = match (lock.mode, blocks.as_slice()) {
        (LockMode::AccessExclusive, _) => " (blocks everything)".to_owned(),
        (_, []) => String::new(),
        (_, blocks) => format!(" (blocks {})", list(blocks, "and")),
    };
    format!("{} on {}{blocks}", lock.mode, lock.relation)
}

fn bytes(count: i64) -> String {
    let sign = if count < 0 { "-" } else { "" };
    let size = count.unsigned_abs();
    let units = [(1_u64 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    match units.into_iter().find(|(unit, _)| size >= *unit) {
        Some((unit, word)) => format!("{sign}{:.1} {word}", size as f64 / unit as f64),
        None => format!("{sign}{size} B"),
    }
}

fn brief(sql: &str) -> String {
    let text = shown(&one_line(sql));
    match text.char_indices().nth(LONGEST_STATEMENT) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// A statement on one line.
fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
