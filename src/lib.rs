//! pgauge proves, before a merge, that a PostgreSQL database still behaves and still performs.
//!
//! A scenario flows through the rooms in this order; a room uses only rooms above it:
//!
//! ```text
//! scenarios/*.yaml ─spec─▶ Scenario ─schedule─▶ Plan ─run─▶ RunLog ─measure─▶ Measurements ─verdict─▶ Verdict ─report─▶ …
//! ```

pub mod text;
pub mod source;
pub mod sql;
pub mod record;
pub mod script;
pub mod spec;
pub mod schedule;
pub mod run;
pub mod pg;
pub mod measure;
pub mod baseline;
pub mod verdict;
pub mod report;
pub mod cli;
