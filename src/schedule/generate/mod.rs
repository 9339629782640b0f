//! Which values fill a seeded table, and which parameters does a statement get?
//!
//! One vocabulary ([`spec::generator`](crate::spec::generator)) serves both. A value depends on the seed, on its
//! place (the table and column, or the client, statement and parameter) and on its number there, and on nothing
//! else: not on the order in which values are asked for, not on the size of chunks, not on the number of
//! threads, not on the platform. Changing one column leaves the values of all others as they were.
//!
//! [`TableGenerator::row`] gives the rows of a table, in any order, from any thread; [`ArgumentGenerator`] gives
//! the parameters of statements; [`Seeded`] lets later tables refer to earlier ones.

mod argument;
mod choice;
mod column;
mod error;
mod like;
mod moment;
mod number;
mod permutation;
mod random;
mod reference;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use argument::{ArgumentGenerator, Presence};
pub use error::GenerateError;
pub use random::{Random, Stream};
pub use reference::{Needs, ReadColumn, ReferencedValues, Seeded};
pub use source::Surroundings;
pub use table::{TableGenerator, TableSpec};
