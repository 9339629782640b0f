//! What happened? Inert data: ids, values, replies, events, the run log.

pub mod value;

pub use value::{Numeric, Row, RowOrder, RowsDifference, Value, compare_rows, same};
