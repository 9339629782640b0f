//! The program as its users meet it: the real binary on real files and a real server. One test binary, so that it is
//! linked once.

#![allow(clippy::unwrap_used)]

mod asides;
mod connect;
mod docs;
mod explored;
mod folder;
mod golden;
mod hostile_specs;
mod isolation;
mod must_fail;
mod mutations;
mod program;
mod redacted;
mod references;
mod schema;
mod shipped;
mod spec_errors;
