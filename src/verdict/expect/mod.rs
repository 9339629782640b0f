//! One expectation per file: what it looks at, when it holds, when it has nothing to look at.
//!
//! Each has a function `judge` that gives the findings; none if it holds.

pub mod check;
pub mod compatible;
pub mod connections;
pub mod deadlock;
pub mod errors;
pub mod improves;
pub mod latency;
pub mod launch;
pub mod migration;
pub mod n_plus_one;
pub mod outcome;
pub mod plan;
pub mod query_budget;
pub mod rows;
pub mod schema;
pub mod serializable;
pub mod settings;
pub mod sql;
pub mod statements;
pub mod step;
pub mod throughput;

use super::{context::Context, finding::Finding};
use crate::spec::expect::Expectation;

/// Judges one expectation; `pointer` is its JSON pointer in the merged scenario.
pub fn judge(pointer: &str, expectation: &Expectation, context: &Context<'_>) -> Vec<Finding> {
    match expectation {
        Expectation::Sql(expectation) => sql::judge(pointer, expectation, context),
        Expectation::Step(expectation) => step::judge(pointer, expectation, context),
        Expectation::Deadlock(expectation) => deadlock::judge(pointer, expectation, context),
        Expectation::Latency(expectation) => latency::judge(pointer, expectation, context),
        Expectation::Throughput(expectation) => throughput::judge(pointer, expectation, context),
        Expectation::Connections(expectation) => connections::judge(pointer, expectation, context),
        Expectation::Errors(expectation) => errors::judge(pointer, expectation, context),
        Expectation::NPlusOne(expectation) => n_plus_one::judge(pointer, expectation, context),
        Expectation::Statements(expectation) => statements::judge(pointer, expectation, context),
        Expectation::Plan(expectation) => plan::judge(pointer, expectation, context),
        Expectation::Migration(expectation) => migration::judge(pointer, expectation, context),
        Expectation::Compatible(expectation) => compatible::judge(pointer, expectation, context),
        Expectation::Improves(expectation) => improves::judge(pointer, expectation, context),
        Expectation::Invariant(expectation) => sql::judge(
            &format!("{pointer}/invariant"),
            &expectation.invariant,
            context,
        ),
        Expectation::Serializable(_) => serializable::judge(pointer, context),
        // Of an exploration as a whole; see `explored`.
        Expectation::Explore(_) => Vec::new(),
        Expectation::Schema(expectation) => schema::judge(pointer, expectation, context),
        Expectation::Settings(expectation) => settings::judge(pointer, expectation, context),
        Expectation::Check(expectation) => check::judge(pointer, expectation, context),
        Expectation::Outcome(expectation) => outcome::judge(pointer, expectation, context)
            .into_iter()
            .collect(),
    }
}

/// What is said of an expectation that looks at a migration which never ran.
pub(super) fn never_migrated(context: &Context<'_>, pointer: &str) -> Finding {
    Finding::vacuous("never-migrated", "the migration never ran").at(context.place(pointer))
}

/// What is said of an expectation whose subject never came about.
fn never_ran(context: &Context<'_>, pointer: &str, of: &str) -> Finding {
    let what = match of.split_once('.') {
        Some(_) => format!("step \"{of}\" never ran"),
        None if context.case.scenario.queries.contains_key(of) => {
            format!("query \"{of}\" never ran")
        }
        None => format!("client \"{of}\" never ran a step"),
    };
    let finding = Finding::vacuous("never-ran", what).at(context.place(pointer));
    match context.case.order {
        Some(_) if of.contains('.') => finding.hint(format!(
            "list \"{of}\" in the order, or drop the expectation"
        )),
        Some(_) | None => finding.hint("drop the expectation, or have it run"),
    }
}
