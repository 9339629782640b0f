//! Quantities and conditions in the schema's eyes: text of a certain form.

use crate::text::quantity::Quantity;
pub use crate::text::quantity::{ByteSize, Count, Factor, Percent, Rate, TimeSpan};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A string of the quantity's form, with its example.
fn text_schema<Q: Quantity>() -> Schema {
    json_schema!({
        "type": "string",
        "description": format!("A {}, such as {}.", Q::NAME, Q::EXAMPLE),
        "pattern": Q::PATTERN,
        "format": format_of::<Q>(),
        "examples": examples::<Q>(),
    })
}

/// The examples that messages give as `250ms or 2m30s`.
fn examples<Q: Quantity>() -> Vec<&'static str> {
    Q::EXAMPLE.split(" or ").collect()
}

/// The `format` of a quantity, known to our own validator only: `pgauge-duration`.
pub(super) fn format_of<Q: Quantity>() -> String {
    format!("pgauge-{}", Q::NAME.replace(' ', "-"))
}

macro_rules! text_quantities {
    ($($quantity:ident),*) => {$(
        impl JsonSchema for $quantity {
            fn schema_name() -> Cow<'static, str> {
                stringify!($quantity).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                text_schema::<$quantity>()
            }
        }
    )*};
}

text_quantities!(ByteSize, Factor, Percent, Rate, TimeSpan);

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": format!("A {}, such as {}.", Self::NAME, Self::EXAMPLE),
            "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": u64::MAX },
                { "type": "string", "pattern": Self::PATTERN, "format": format_of::<Self>() },
            ],
            "examples": examples::<Self>(),
        })
    }
}

/// An error condition by its name (`unique_violation`) or its SQLSTATE in quotes (`"23505"`).
///
/// Whether the name exists is checked with the other names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SqlState(pub String);

impl SqlState {
    /// The condition that is meant.
    ///
    /// # Errors
    ///
    /// There is none of that name, and the nearest one.
    pub fn condition(&self) -> Result<crate::sql::Condition, crate::sql::UnknownCondition> {
        self.0.parse()
    }
}

impl JsonSchema for SqlState {
    fn schema_name() -> Cow<'static, str> {
        "SqlState".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An error condition by its name, such as unique_violation, or its SQLSTATE in quotes.",
            "examples": ["unique_violation", "23505"],
        })
    }
}
