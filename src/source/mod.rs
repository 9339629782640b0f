//! Where in the author's files are we? Source files, spans, diagnostics and their rendering.
//!
//! A [`Place`] is a span in a file and travels with everything that was read from there; a [`Diagnostic`] says what
//! is wrong at a place; an [`Excerpt`] is a text taken out of a file that still knows where it came from; [`render`] and [`render_all`] turn diagnostics into text. Nothing here prints.

mod diagnostic;
mod excerpt;
mod file;
mod place;
mod render;

pub use diagnostic::{Diagnostic, Diagnostics, Severity, Suggestion};
pub use excerpt::{Excerpt, Piece};
pub use file::SourceFile;
pub use place::{Place, Position, Span};
pub use render::{Color, render, render_all};
