//! What is this error called? PostgreSQL's condition names and their SQLSTATEs.

mod table;

use crate::text::nearest;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use table::CONDITIONS;

/// An error condition: an SQLSTATE, known to PostgreSQL or raised by somebody's own function.
/// Serialised as its name, or as its code where it has no name of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition([u8; 5]);

impl Condition {
    /// The condition of a code of five digits or capital letters, as the server sends it.
    pub fn from_code(code: &str) -> Option<Condition> {
        let bytes: [u8; 5] = code.as_bytes().try_into().ok()?;
        let valid = bytes
            .iter()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        valid.then_some(Condition(bytes))
    }

    /// The SQLSTATE, `40P01`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// PostgreSQL's name, `deadlock_detected`; a few names belong to two codes.
    pub fn name(&self) -> Option<&'static str> {
        let known = CONDITIONS.iter().find(|(code, _)| *code == self.code());
        known.map(|(_, name)| *name)
    }

    /// The condition a name stands for. Of two it is the error rather than the warning, else the
    /// first in PostgreSQL's list: `null_value_not_allowed` is 22004, for 39004 write the code.
    fn from_name(name: &str) -> Option<Condition> {
        let named = CONDITIONS
            .iter()
            .filter(|(_, known)| known.eq_ignore_ascii_case(name));
        let found = named.max_by_key(|(code, _)| {
            let place = CONDITIONS.iter().position(|(known, _)| known == code);
            (!is_warning(code), std::cmp::Reverse(place))
        });
        found.and_then(|(code, _)| Condition::from_code(code))
    }
}

fn is_warning(code: &str) -> bool {
    code.starts_with("01") || code.starts_with("02")
}

/// How a code reads in a message: `deadlock_detected` for `40P01`, the code itself where it has no name.
pub fn condition_or_code(code: &str) -> &str {
    let known = Condition::from_code(code);
    known.and_then(|known| known.name()).unwrap_or(code)
}

/// All condition names of PostgreSQL.
pub fn condition_names() -> impl Iterator<Item = &'static str> {
    CONDITIONS.iter().map(|(_, name)| *name)
}

impl FromStr for Condition {
    type Err = UnknownCondition;

    /// Reads a condition name, or a code: `deadlock_detected`, `40P01`, `40p01`.
    fn from_str(text: &str) -> Result<Condition, UnknownCondition> {
        let word = text.trim();
        let code = match word.contains(|c: char| c.is_ascii_digit()) {
            true => Condition::from_code(&word.to_ascii_uppercase()),
            false => Condition::from_code(word),
        };
        Condition::from_name(word).or(code).ok_or_else(|| {
            let names: Vec<&str> = condition_names().collect();
            let nearest = nearest(&word.to_ascii_lowercase(), names).map(str::to_owned);
            UnknownCondition {
                word: word.to_owned(),
                nearest,
            }
        })
    }
}

impl fmt::Display for Condition {
    /// `deadlock_detected (40P01)`, or the code alone where it has no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.code()),
            None => f.write_str(self.code()),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({self})")
    }
}

impl TryFrom<String> for Condition {
    type Error = UnknownCondition;

    fn try_from(text: String) -> Result<Condition, UnknownCondition> {
        text.parse()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> String {
        let name = condition.name();
        let own = name.filter(|name| Condition::from_name(name) == Some(condition));
        own.unwrap_or(condition.code()).to_owned()
    }
}

/// A word that is neither a condition name nor an SQLSTATE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCondition {
    /// The word as written.
    pub word: String,
    /// The nearest condition name, if one is near.
    pub nearest: Option<String>,
}

impl fmt::Display for UnknownCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no condition name and no SQLSTATE", self.word)?;
        match &self.nearest {
            Some(name) => write!(f, "; did you mean {name:?}?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownCondition {}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        text.parse::<Condition>().unwrap().code().to_owned()
    }

    #[test]
    fn conditions_are_known_by_name_and_by_code() {
        for text in ["deadlock_detected", "40P01", "40p01", "DEADLOCK_DETECTED"] {
            assert_eq!(code(text), "40P01");
        }
        let unique: Condition = "23505".parse().unwrap();
        assert_eq!(unique.to_string(), "unique_violation (23505)");
        assert_eq!(code("transaction_timeout"), "25P04");
    }

    #[test]
    fn an_ambiguous_name_is_the_error_then_the_first() {
        assert_eq!(code("string_data_right_truncation"), "22001");
        assert_eq!(code("null_value_not_allowed"), "22004");
        assert_eq!(code("reading_sql_data_not_permitted"), "2F004");
    }

    #[test]
    fn a_code_of_somebodys_own_is_kept() {
        let own: Condition = "MYERR".parse().unwrap();
        assert_eq!((own.name(), own.to_string().as_str()), (None, "MYERR"));
    }

    #[test]
    fn a_typo_gets_the_nearest_name() {
        let unknown = "unique_voilation".parse::<Condition>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "\"unique_voilation\" is no condition name and no SQLSTATE; did you mean \"unique_violation\"?"
        );
        assert_eq!("error".parse::<Condition>().unwrap_err().nearest, None);
        assert!("".parse::<Condition>().is_err());
    }

    #[test]
    fn every_condition_reads_back_from_its_serialised_form() {
        for (code, _) in CONDITIONS {
            let condition = Condition::from_code(code).unwrap();
            let written = serde_json::to_string(&condition).unwrap();
            assert_eq!(
                serde_json::from_str::<Condition>(&written).unwrap(),
                condition
            );
        }
        let deadlock = Condition::from_code("40P01");
        assert_eq!(
            serde_json::to_string(&deadlock).unwrap(),
            "\"deadlock_detected\""
        );
    }

    #[test]
    fn every_code_is_in_the_table_once() {
        let mut codes: Vec<&str> = CONDITIONS.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!((codes.len(), count), (263, 263));
    }
}
