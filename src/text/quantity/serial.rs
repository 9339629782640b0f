//! How does a quantity look in YAML and JSON? As the text an author would write.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use super::{ByteSize, Count, Factor, Percent, Quantity, Rate, TimeSpan};

/// Reads the text of a `Q`, and answers a number with the reason why it needs a unit.
struct TextVisitor<Q>(std::marker::PhantomData<Q>);

impl<Q: Quantity> TextVisitor<Q> {
    /// A bare number is read as text: a [`Count`] takes it, all others say that a quantity has a unit.
    fn bare<E: Error>(number: impl ToString) -> Result<Q, E> {
        number.to_string().parse().map_err(E::custom)
    }
}

impl<Q: Quantity> Visitor<'_> for TextVisitor<Q> {
    type Value = Q;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a {} such as {}", Q::NAME, Q::EXAMPLE)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Q, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Q, E> {
        Self::bare(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Q, E> {
        Self::bare(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Q, E> {
        Self::bare(number)
    }
}

macro_rules! as_text {
    ($($quantity:ty),*) => {$(
        impl<'de> Deserialize<'de> for $quantity {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(TextVisitor(std::marker::PhantomData))
            }
        }

        impl Serialize for $quantity {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

as_text!(ByteSize, Count, Factor, Percent, Rate, TimeSpan);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_texts_in_json() {
        let span: TimeSpan = serde_json::from_str("\"250ms\"").unwrap();
        assert_eq!(serde_json::to_string(&span).unwrap(), "\"250ms\"");
    }

    #[test]
    fn only_a_count_may_be_a_bare_number() {
        assert_eq!(serde_json::from_str::<Count>("7").unwrap(), Count(7));
        let error = serde_json::from_str::<TimeSpan>("7")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("\"7\" is not a duration: a quantity has a unit"),
            "{error}"
        );
        let error = serde_json::from_str::<Count>("-7").unwrap_err().to_string();
        assert!(error.contains("it must not be negative"), "{error}");
        assert!(serde_json::from_str::<Count>("7.5").is_err());
    }

    #[test]
    fn the_wrong_kind_of_value_is_told_what_was_expected() {
        let error = serde_json::from_str::<ByteSize>("true")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("expected a size in bytes such as 4MB"),
            "{error}"
        );
    }
}
