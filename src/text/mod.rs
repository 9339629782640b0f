//! How do we word and align things? Plurals, durations, quantities with units, nearest word, redaction.
//!
//! Nothing here knows of scenarios or servers: text and numbers in, text and numbers out.

mod align;
mod discretion;
mod lines;
mod nearest;
mod panic;
pub mod quantity;
mod redact;
mod shorten;
mod wording;

pub use align::{Side, align_columns};
pub use discretion::{discreet, keep_secret, told_by};
pub use lines::line_diff;
pub use nearest::{did_you_mean, nearest};
pub use panic::{guarded, panic_message};
pub use redact::{Redactor, names_a_secret, redact_url};
pub use shorten::{shortened, shortened_lines};
pub use wording::{format_duration, list, plural, thousands};
