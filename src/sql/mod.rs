//! What does this SQL text say, as far as a lexer can know? Statements, parameters, fingerprints.
//!
//! Everything here is pure and takes any text: nothing fails, what is no SQL is classified as
//! nothing in particular.

pub mod bind;
pub mod command_tag;
pub mod condition;
pub mod fingerprint;
pub mod hint;
pub mod identifier;
pub mod kind;
pub mod lexer;
pub mod outside;
pub mod rewrite;
pub mod split;
mod words;
pub mod wrapping;

pub use bind::{Bound, bind};
pub use command_tag::command_tag;
pub use condition::{Condition, UnknownCondition, condition_or_code};
pub use fingerprint::{Fingerprint, fingerprint};
pub use hint::{WrittenHint, written_hints};
pub use kind::{StatementKind, TransactionControl, has_order_by, kind};
pub use outside::{Outside, Reach, outside};
pub use split::{PsqlCommand, Script, Statement, split};
pub use wrapping::{may_be_wrapped, may_hold_up};
