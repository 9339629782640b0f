//! What does a script of pgbench say? Its statements and meta commands, as a scenario with a load.
//!
//! A script is read as pgbench reads it (PostgreSQL's documentation, "pgbench", "Custom Scripts"). Draws become variables
//! of the client (`with`), other `\set`s hooks, `\if` becomes `when`, `\gset` becomes `save`. What has no counterpart is
//! refused with its place, all of it at once; what works and is not quite the same is told as a warning.

mod columns;
mod draws;
mod expression;
mod read;
mod rhai;
mod steps;
#[cfg(test)]
mod tests;
mod to_yaml;

use crate::source::{Diagnostics, SourceFile};
use std::collections::BTreeMap;

/// What is known of a script besides its text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// The scale factor: pgbench's `-s`.
    pub scale: i64,
    /// Variables by name: pgbench's `-D`.
    pub defines: BTreeMap<String, String>,
}

/// A script as a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The scenario.
    pub yaml: String,
    /// What is not quite the same.
    pub warnings: Diagnostics,
}

/// Reads a script and writes it as a scenario.
///
/// # Errors
///
/// What pgbench would refuse, and what has no counterpart, all of it.
pub fn import(file: &SourceFile, given: &Given) -> Result<Imported, Diagnostics> {
    let (commands, mut problems) = read::commands(file);
    let script = steps::script(file, given, &commands, &mut problems);
    match problems.has_errors() {
        true => Err(problems),
        false => Ok(Imported {
            yaml: to_yaml::to_yaml(file, given, &script),
            warnings: problems,
        }),
    }
}
