//! `pgauge export`: the queries to run in production. Nothing of ours goes there.

use super::args::ExportOf;
use crate::report::terminal::say;

/// What decides about plans and behaviour, and not where files are or who may connect.
const SETTINGS: &str = include_str!("export/settings.sql");

/// How the rows are spread, as the statistics of the server tell it.
const STATISTICS: &str = include_str!("export/statistics.sql");

/// An expression that hides a value `v` of a type of category `kind`: numbers keep two digits, moments their day, texts
/// their length; of other types nothing is told but true and false and the labels of enums, which stand in the schema.
/// Texts in columns without room for a hash, where two could get the same, are numbered by their shares, which are told anyway.
const MASKED: &str = include_str!("export/masked.sql");

/// The query with an expression that tells a value, and a condition under which bounds of histograms are told.
fn statistics(told: &str, bounds: &str) -> String {
    STATISTICS
        .replace("/*told*/", told.trim())
        .replace("/*bounds*/", bounds)
}

/// Prints the query.
pub fn export(of: ExportOf) {
    say(&match of {
        ExportOf::Settings => SETTINGS.to_owned(),
        ExportOf::Statistics => statistics("v", "true"),
        ExportOf::MaskedStatistics => statistics(MASKED, "kind IN ('N', 'D')"),
    });
}
