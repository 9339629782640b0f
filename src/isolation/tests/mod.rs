//! Specs and outputs of our own, small; and PostgreSQL's, where they are at hand.

mod comparing;
mod fixtures;
mod importing;
mod parsing;
mod properties;
mod suite;
