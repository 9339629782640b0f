//! How does PostgreSQL do it? The embedded server, sessions and pool, templates, COPY, the lock graph.

pub mod binaries;
pub mod decode;
pub mod embedded;
pub mod encode;
pub mod error;
pub mod install;
pub mod survey;
pub mod version;
