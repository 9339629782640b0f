//! What does PostgreSQL's isolation tester say? Its spec files, its output, and whether two outcomes are the same.
//!
//! The tester (`src/test/isolation` in PostgreSQL's sources) reads a [`Spec`], runs its orders and prints what
//! it saw; a test is that text beside one that is known to be right. Here the text form is read and written
//! ([`Expected`], [`Trace`]), and compared by what it tells and not by its letters ([`compare`]). Nothing in
//! here asks a server.

mod comments;
mod compare;
mod expected;
pub(crate) mod layout;
mod lexer;
mod link;
mod names;
mod needs;
mod orders;
mod parse;
pub mod spec;
mod table;
mod to_yaml;
mod trace;

#[cfg(test)]
mod tests;

pub use compare::{Comparison, Difference, Level, compare};
pub use expected::{Expected, ExpectedOrder};
pub use names::Names;
pub use needs::{database_name, decodes_logically, expected_beside, prepared_transactions};
pub use orders::{Interleavings, Orders, interleaving_count};
pub use parse::{Parsed, parse};
pub use spec::Spec;
pub use table::{Table, TableDifference};
pub use to_yaml::to_yaml;
pub use trace::{Cast, CastStep, Fact, Trace, write_head};
