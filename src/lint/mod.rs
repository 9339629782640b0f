//! Is the schema sound, and does a migration do what it should not? Rules, one per file, over what there is in a
//! database and over the text of SQL scripts.
//!
//! A rule is data: a code, a condition, an effect, a bad and a good example; its page in `docs/rules` is made from it,
//! and a test holds it to its examples. What a rule says of a script is a claim: it is read from the text alone.
//!
//! A comment in a script silences a rule for the statement that follows it, and says why:
//! `-- pgauge: ignore index-not-concurrent: the table is empty until the release`.

mod cure;
mod page;
mod rule;
mod rules;
mod schema;
mod script;

pub use page::{file_name, overview, page};
pub use rule::{Claim, Found, Look, Rule, Severity};
pub use rules::{RULES, rule};
pub use schema::{FilteredScan, Needs, Schema, filtered_scan, filtered_scans, needs};
pub use script::{Ignored, InScript, Script, Statement, lint_script};

/// Everything that the rules find in a schema, in the order of the rules.
pub fn lint_schema(schema: &Schema<'_>) -> Vec<(&'static Rule, Found)> {
    let mut all = Vec::new();
    for rule in RULES {
        if let Look::Schema(look) = rule.look {
            all.extend(look(schema).into_iter().map(|found| (*rule, found)));
        }
    }
    all
}
