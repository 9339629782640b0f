//! What should be tried next? The loops over schedule → run → verdict: exploring the orders of the clients' steps, and
//! making an order that fails as short as it can be.
//!
//! An exploration keeps several databases busy at the same time and still comes out the same everywhere: what is run next
//! depends on what was seen in the runs before, in their own order, never on which of them was faster.

mod classes;
mod explorer;
mod footprint;
mod minimise;
mod order;
mod routes;
mod sample;
mod serial;
#[cfg(test)]
mod tests;
mod touched;
mod transactions;
mod tree;
mod workers;

pub use explorer::Searcher;
