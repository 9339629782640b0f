//! What did the author write? The YAML nouns, loading, checking, the JSON Schema.
//!
//! The types are the contract: the JSON Schema is generated from them, and the loader refuses what
//! either of the two refuses.

pub mod client;
pub mod expect;
pub mod generator;
mod loaded;
pub mod order;
pub mod quantity;
pub mod query;
pub mod scenario;
pub mod seed;
pub mod tree;
pub mod value;

pub use loaded::LoadedScenario;
pub use scenario::Scenario;
