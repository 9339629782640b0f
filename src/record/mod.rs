//! What happened? Inert data: ids, values, replies, events, the run log.

mod reply;
pub mod value;

pub use reply::{Column, Reply, ResultSet, ServerError};
pub use value::{Numeric, Row, RowOrder, RowsDifference, Value, compare_rows, same};
