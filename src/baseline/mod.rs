//! How was it before? The versioned file beside a scenario, and its comparison with what was measured.
//!
//! `transfers.yaml` has `transfers.baseline.json` beside it. It remembers [`Facts`], which are the same in every run
//! and on every machine, and [`Timings`], which hold only in the environment they were taken in. [`compare`] tells which
//! facts are different, [`compare_times`] which times are better or worse, [`update`] gives the file's new text. Nothing in here reads or writes a file.

mod compare;
mod environment;
mod facts;
mod file;
mod plans;
#[cfg(test)]
mod tests;
mod times;
mod timing;
mod update;

pub use compare::{Change, LATENCY_TOLERANCE, Way, compare};
pub use environment::{Environment, ServerKind};
pub use facts::{Facts, Span};
pub use file::{Baseline, EnvironmentTimings, FORMAT, Unreadable, key, path_beside, schema};
pub use plans::{Plans, RememberedNode, RememberedPlan};
pub use times::{Judgement, Missing, SMALLEST_DIFFERENCE, TimeCompared, compare_times};
pub use timing::{Timing, Timings, timings};
pub use update::{MeasuredCase, update};
