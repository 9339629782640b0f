//! A migration, cut into the statements that are traced one by one.

use crate::{source::SourceFile, spec::migration::Point};
use indexmap::IndexMap;
use std::{path::PathBuf, sync::Arc};

/// A change under test, and what undoes it.
#[derive(Debug, Clone)]
pub struct MigrationPlan {
    /// The migration, in order.
    pub up: Vec<MigrationPart>,
    /// What undoes it, in order; empty where nobody says how.
    pub down: Vec<MigrationPart>,
    /// The queries and clients of `compatible`, if it is expected.
    pub compatible: Option<CompatiblePlan>,
}

/// One entry of `migrate` or `rollback`.
#[derive(Debug, Clone)]
pub struct MigrationPart {
    /// What is run.
    pub work: MigrationWork,
    /// JSON pointer of the entry in the scenario.
    pub path: String,
}

/// What is run.
#[derive(Debug, Clone)]
pub enum MigrationWork {
    /// Statements of SQL.
    Script(MigrationScript),
    /// A program.
    Command(MigrationCommand),
}

/// Statements of SQL, on a session of their own.
#[derive(Debug, Clone)]
pub struct MigrationScript {
    /// The whole text.
    pub text: Arc<str>,
    /// The file that it came from; none where it stands in the scenario.
    pub file: Option<SourceFile>,
    /// The statements, in order.
    pub statements: Vec<MigrationStatement>,
    /// Whether all of it is one transaction.
    pub transactions: Transactions,
    /// Settings of the session, over those of the database.
    pub settings: IndexMap<String, String>,
}

/// A statement of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatement {
    /// The statement.
    pub sql: String,
    /// The character at which it begins in the whole text, from 1.
    pub position: u32,
}

/// Where transactions begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transactions {
    /// Each statement is one, unless the text itself begins one.
    AsWritten,
    /// All statements are in the same one.
    One,
}

/// A program that migrates the database whose URL it is given.
#[derive(Debug, Clone)]
pub struct MigrationCommand {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables of its environment, with `{url}` and the like not yet replaced.
    pub env: IndexMap<String, String>,
    /// The folder that it runs in; none is that of pgauge.
    pub folder: Option<PathBuf>,
}

/// The members of two versions of an application, and when each of them works.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompatiblePlan {
    /// The queries and clients, those of the old version first.
    pub members: Vec<CompatibleMember>,
}

/// A query or client of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompatibleMember {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub version: AppVersion,
    /// What it is.
    pub kind: MemberKind,
    /// When it works.
    pub on: Vec<Point>,
}

/// Which version of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AppVersion {
    /// The one that runs already.
    Old,
    /// The one that is deployed next.
    New,
}

/// What a member of a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// Index into [`Case::queries`](super::Case::queries).
    Query(usize),
    /// The name is that of a script; its first session is meant.
    Client,
}

impl MigrationPlan {
    /// The statements of the migration, with the entry that each belongs to; those of a program are known only when it
    /// runs.
    pub fn scripts(&self) -> impl Iterator<Item = (&MigrationPart, &MigrationScript)> {
        self.up.iter().filter_map(|part| match &part.work {
            MigrationWork::Script(script) => Some((part, script)),
            MigrationWork::Command(_) => None,
        })
    }
}
