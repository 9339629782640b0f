//! pgauge proves, before a merge, that a PostgreSQL database still behaves and still performs.
//!
//! A scenario flows through the rooms in this order; a room uses only rooms above it:
//!
//! ```text
//! scenarios/*.yaml ─spec─▶ Scenario ─schedule─▶ Plan ─run─▶ RunLog ─measure─▶ Measurements ─verdict─▶ Verdict ─report─▶ …
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod baseline;
pub mod cli;
pub mod isolation;
pub mod lint;
pub mod measure;
pub mod pg;
pub mod pgbench;
pub mod record;
pub mod report;
pub mod run;
pub mod schedule;
pub mod script;
pub mod search;
pub mod source;
pub mod spec;
pub mod sql;
pub mod stats;
pub mod text;
pub mod verdict;
