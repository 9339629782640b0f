//! How does a load reach the server? Connections without a task of their own, and somebody who looks at what the server
//! counts meanwhile.

mod dialer;
mod inbox;
mod link;
mod literals;
mod login;
mod meeting;
mod messages;
mod socket;
mod unix_socket;
mod watch;

pub use dialer::PgDialer;
pub use link::PgLink;
pub use watch::PgLoadWatch;
pub(super) use watch::{Ours, Watched};
