//! What does the user want? Arguments, settings, one subcommand per file.

pub mod args;
mod files;
pub mod init;
pub mod schema;
pub mod server;
pub mod settings;
pub mod status;
pub mod suite;

pub use status::{Status, Stop};
