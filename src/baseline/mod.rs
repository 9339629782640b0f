//! How was it before? The versioned file beside a scenario, and its comparison with what was measured.
//!
//! `transfers.yaml` has `transfers.baseline.json` beside it. It remembers [`Facts`], which are the same in every run
//! and on every machine, and [`Timings`], which hold only in the environment they were taken in. [`compare`] tells what
//! is different, [`update`] gives the file's new text. Nothing in here reads or writes a file.

mod compare;
mod environment;
mod facts;
mod file;
#[cfg(test)]
mod tests;
mod timing;
mod update;

pub use compare::{Change, LATENCY_TOLERANCE, Way, compare, compare_timings};
pub use environment::Environment;
pub use facts::{Facts, Span};
pub use file::{Baseline, EnvironmentTimings, FORMAT, Unreadable, key, path_beside, schema};
pub use timing::{Timing, Timings, timings};
pub use update::{MeasuredCase, update};
