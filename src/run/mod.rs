//! How do we make it happen? The coordinator, the clients and their permits.
//!
//! A case runs on one thread with a single-threaded runtime: the coordinator and the clients are tasks
//! of it. A client announces what it does and waits for permits; the coordinator gives permits, numbers
//! the events and watches the locks. Nothing in here decides what is right.
//!
//! How a server is reached is said by the traits of [`session`]; the room `pg` implements them, and a
//! scripted fake does in tests.

mod advice;
mod arguments;
mod around;
mod board;
mod carry_out;
mod client;
mod coordinator;
mod hooks;
mod ledger;
pub mod load;
mod lock_wait;
mod memory;
mod migration;
mod own_session;
mod plans;
mod route;
pub mod session;
mod step;
mod stop;
#[cfg(test)]
mod tests;
mod tide;
mod turns;
mod whole;

pub use carry_out::play_order;
pub use load::LoadProgress;
pub use route::{NextStep, Route, Settlement, Settling};
pub use session::{
    Blocked, Canceller, Changes, Connected, Contents, Database, ExplainMode, HeldRelation, Keeper,
    LockWatch, Message, NotReady, RelationCatalog, RelationFacts, Rewindable, Rewound, Server,
    Session, SessionNote, SessionPlan, TableContents, Tidying, WaitFacts,
};
pub use stop::Interrupt;
pub use whole::{
    Advising, ExploreProgress, Explorer, Exploring, NobodyLooks, Observer, RunOptions, run,
};
