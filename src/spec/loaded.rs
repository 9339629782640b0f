//! A scenario file that was read and found right.

use super::scenario::Scenario;
use crate::source::SourceFile;
use indexmap::IndexMap;
use std::sync::Arc;

/// A scenario file that was read and found right.
#[derive(Debug)]
pub struct LoadedScenario {
    /// The file.
    pub file: SourceFile,
    /// The scenario without any variant, or with each of them laid over it, by name. A file without
    /// variants has the one entry `None`; a file with variants has one `Some` each.
    pub variants: IndexMap<Option<String>, Arc<Scenario>>,
    /// The files that the seeds name, by the path written there, relative to this file.
    pub seed_files: IndexMap<String, SourceFile>,
}
