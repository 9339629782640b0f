//! Servers that run already, as pgauge meets them: encrypted or not, through a pooler, read-only, full, or not there at all.
//! Every server here is started by the tests; what takes something that is not installed says that it was skipped.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod canaries;
mod certificates;
mod conditions;
mod doctor;
mod download;
mod files;
mod pooler;
mod safety;
mod tls;
mod world;
