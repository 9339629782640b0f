//! `pgauge export`: the queries to run in production. Nothing of ours goes there.

use super::args::ExportOf;
use crate::report::terminal::say;

/// What decides about plans and behaviour, and not where files are or who may connect.
const SETTINGS: &str = include_str!("export/settings.sql");

/// Prints the query.
pub fn export(of: ExportOf) {
    say(match of {
        ExportOf::Settings => SETTINGS,
    });
}
