//! How do we make it happen? The coordinator, the clients and their permits.
//!
//! A case runs on one thread with a single-threaded runtime: the coordinator and the clients are tasks
//! of it. A client announces what it does and waits for permits; the coordinator gives permits, numbers
//! the events and watches the locks. Nothing in here decides what is right.
//!
//! How a server is reached is said by the traits of [`session`]; the room `pg` implements them, and a
//! scripted fake does in tests.

mod arguments;
mod board;
mod carry_out;
mod client;
mod coordinator;
mod hooks;
mod ledger;
pub mod load;
mod memory;
mod own_session;
mod plans;
pub mod session;
mod step;
mod stop;
#[cfg(test)]
mod tests;
mod whole;

pub use load::LoadProgress;
pub use session::{
    Blocked, Canceller, Connected, Database, ExplainMode, LockWatch, Message, NotReady, Server,
    Session, SessionNote, SessionPlan, Tidying, WaitFacts,
};
pub use stop::Interrupt;
pub use whole::{Observer, RunOptions, run};
