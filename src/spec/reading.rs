//! How is a key read, so that the types refuse what the schema refuses? A key that is there has a value, and
//! the value keeps its bounds.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use std::fmt::Display;

/// Reads an optional key: it may be left out, `null` is not a value of it.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a number from `MIN` to `MAX`.
pub(super) fn within<'de, const MIN: u64, const MAX: u64, T, D>(
    deserializer: D,
) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Copy + Display + Into<u64>,
    D: Deserializer<'de>,
{
    let number = T::deserialize(deserializer)?;
    if (MIN..=MAX).contains(&number.into()) {
        Ok(number)
    } else {
        let message = format!("{number} is not a number from {MIN} to {MAX}");
        Err(D::Error::custom(message))
    }
}

/// [`given`] and [`within`].
pub(super) fn given_within<'de, const MIN: u64, const MAX: u64, T, D>(
    deserializer: D,
) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de> + Copy + Display + Into<u64>,
    D: Deserializer<'de>,
{
    within::<MIN, MAX, T, D>(deserializer).map(Some)
}

/// Reads a number that is not negative.
pub(super) fn not_negative<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if number >= 0.0 {
        Ok(number)
    } else {
        Err(D::Error::custom(format!("{number} is negative")))
    }
}

/// Reads a list with at least one item.
pub(super) fn not_empty<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let items = Vec::deserialize(deserializer)?;
    if items.is_empty() {
        Err(D::Error::custom("the list is empty"))
    } else {
        Ok(items)
    }
}

/// Reads a text that a predicate accepts.
pub(super) fn text<'de, D: Deserializer<'de>>(
    deserializer: D,
    is_right: fn(&str) -> bool,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_right(&text) {
        Ok(text)
    } else {
        Err(D::Error::custom(format!(
            "{text:?} does not have the right form"
        )))
    }
}
