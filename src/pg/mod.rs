//! How does PostgreSQL do it? The embedded server, sessions and pool, templates, COPY, the lock graph.

mod admin;
pub mod binaries;
mod catalog;
mod cluster;
pub mod connect;
pub mod database;
pub mod decode;
pub mod embedded;
pub mod encode;
pub mod error;
mod explain;
mod failure;
pub mod install;
mod line;
pub mod locks;
mod name;
pub mod pool;
mod registry;
mod requirements;
mod seed;
pub mod server;
pub mod session;
pub mod settings;
mod shape;
pub mod survey;
mod templates;
pub mod version;
