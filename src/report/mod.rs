//! How do we tell it? The terminal, JUnit, JSON.
//!
//! Everything that is told after a run is made from [`results::Results`], which is also the JSON file; so any
//! report can be made again from that file. Nothing in here decides what is right.

pub mod clean;
pub mod columns;
pub mod figures;
pub mod file;
mod gather;
pub mod interval_log;
pub mod isolation;
pub mod junit;
pub mod lint;
pub mod load;
pub mod migration;
pub mod plans;
mod redaction;
pub mod results;
pub mod stages;
pub mod story;
pub mod style;
pub mod terminal;
pub mod trace;

#[cfg(test)]
mod sample;
