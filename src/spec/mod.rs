//! What did the author write? The YAML nouns, loading, checking, the JSON Schema.
//!
//! The types are the contract: the JSON Schema is generated from them, and the loader refuses what
//! either of the two refuses.

pub mod client;
pub mod expect;
mod explain;
pub mod explore;
pub mod generator;
mod isolation;
mod load;
mod loaded;
pub mod migration;
mod names;
pub mod order;
mod outcomes;
mod overlay;
pub mod quantity;
pub mod query;
mod reading;
mod root;
pub mod scenario;
mod schema;
pub mod seed;
mod size;
mod suite;
pub mod tree;
pub mod value;
pub mod workload;

#[cfg(test)]
pub(crate) use load::load_unchecked;
pub use load::{MAX_SEED_BYTES, load, load_file, load_within};
pub use loaded::{LoadedScenario, ResolvedSeed, SeedFiles, SeedList, beside};
pub use names::{needs_events, needs_load};
pub use root::within_usual_root;
pub use scenario::Scenario;
pub use schema::{scenario_schema, suite_schema};
pub use suite::Suite;
