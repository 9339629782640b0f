//! Sessions, lock watching, templates, seeds and the registry against the real thing: a server that the tests start once.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod links;
mod locks;
mod measured;
mod migration;
mod registry;
mod seeds;
mod servers;
mod sessions;
mod spares;
mod world;
