//! How is measured traffic made? Users who go through the scripts of a case, again and again.
//!
//! There is one worker for each processor: a thread with a single-threaded runtime, on which its users, their connections
//! and their counts live, so that nothing on the way of a statement crosses a thread. The case itself only listens:
//! workers tell what an interval came to when it is over, and all the rest when they are done. Nothing in here decides what
//! is right.
//!
//! A transaction that begins in the time that is measured is counted, also where it ends later; the span that is
//! measured ends with the last of them.

pub(super) mod alarm;
mod arguments;
mod arrivals;
mod clock;
mod flow;
mod hooks;
mod link;
mod mark;
mod pass;
mod planning;
mod pool;
mod processor;
mod script;
mod tally;
mod user;
mod worker;

pub use flow::LoadProgress;
pub(in crate::run) use flow::{Measured, Midst};
pub use link::{
    Answer, AnswerEnd, ArgumentBuffer, Company, Dialer, Fragment, Link, LoadStatement, LoadWatch,
    Look, Rows,
};
pub(in crate::run) use mark::Mark;
