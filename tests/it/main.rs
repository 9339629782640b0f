//! The program as its users meet it: the real binary on real files and a real server. One test binary, so that it is
//! linked once.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod advice;
mod asides;
mod baselines;
mod broken_loads;
mod connect;
mod docs;
mod docs_codes;
mod docs_commands;
mod docs_reference;
mod explored;
mod folder;
mod fuzz_corpus;
mod golden;
mod hostile_data;
mod hostile_hooks;
mod hostile_specs;
mod isolation;
mod loads;
mod migrations;
mod must_fail;
mod mutations;
mod pgbench;
mod plans;
mod program;
mod redacted;
mod references;
mod rules;
mod schema;
mod shards;
mod shell;
mod shipped;
mod spec_errors;
mod statistics;
