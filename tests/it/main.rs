//! What the program does as a whole; one binary, so that it is linked once.

#![allow(clippy::unwrap_used)]

mod shipped;
mod spec_errors;
