//! What is wrong with a hook's text, and where in it?

use rhai::{EvalAltResult, ParseError, ParseErrorType, Position};

/// A place in a hook's text, both numbers counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line in the hook's own text.
    pub line: u32,
    /// Character in that line.
    pub column: u32,
}

impl Place {
    /// The first character, where nothing better is known.
    pub const START: Place = Place { line: 1, column: 1 };
}

impl From<Position> for Place {
    fn from(position: Position) -> Self {
        Place {
            line: count(position.line()),
            column: count(position.position()),
        }
    }
}

fn count(number: Option<usize>) -> u32 {
    // rhai counts a position at the beginning of a line as 0.
    number.map_or(1, |n| u32::try_from(n).unwrap_or(u32::MAX).max(1))
}

/// A hook that cannot be compiled, or that broke while it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What the author can do about it, when that is known.
    pub hint: Option<String>,
    /// Where in the hook's text.
    pub place: Place,
}

impl ScriptError {
    pub(super) fn new(message: impl Into<String>, place: impl Into<Place>) -> Self {
        ScriptError {
            message: message.into(),
            hint: None,
            place: place.into(),
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { line, column } = self.place;
        write!(f, "{} (line {line}, column {column})", self.message)
    }
}

impl std::error::Error for ScriptError {}

impl From<ParseError> for ScriptError {
    fn from(error: ParseError) -> Self {
        let place = error.1;
        match *error.0 {
            ParseErrorType::Reserved(ref word) if word == "null" || word == "nil" => {
                ScriptError::new(format!("a hook has no word \"{word}\""), place)
                    .hint("NULL is written ()")
            }
            ParseErrorType::Reserved(ref word) => {
                ScriptError::new(format!("\"{word}\" is not available in a hook"), place)
            }
            ref other => ScriptError::new(lower_first(&other.to_string()), place),
        }
    }
}

/// The words for an error of the running interpreter, without its position.
pub(super) fn describe(error: &EvalAltResult) -> ScriptError {
    use EvalAltResult as E;
    let place = Place::from(error.position());
    match error {
        E::ErrorInFunctionCall(_, _, inner, _) => describe(inner),
        E::ErrorRuntime(value, _) => ScriptError::new(thrown(value), place),
        E::ErrorVariableNotFound(name, _) => {
            ScriptError::new(format!("unknown variable \"{name}\""), place)
        }
        E::ErrorPropertyNotFound(name, _) => ScriptError::new(
            format!("there is no \"{name}\" here"),
            place,
        )
        .hint("a row has its columns' names; the name may be misspelt, or the column not selected"),
        E::ErrorFunctionNotFound(signature, _) => {
            let signature = signature
                .replace("&str | ImmutableString | String", "text")
                .replace("i64", "integer")
                .replace("f64", "float");
            ScriptError::new(format!("there is no function {signature}"), place)
        }
        E::ErrorAssignmentToConstant(name, _) => read_only(name, place),
        E::ErrorNonPureMethodCallOnConstant(name, _) => {
            ScriptError::new(format!("\"{name}\" would change a read-only value"), place)
                .hint("copy it first: let mine = …;")
        }
        other => {
            let mut bare = other.to_string();
            if let Some(cut) = bare.rfind(" (line ") {
                bare.truncate(cut);
            }
            ScriptError::new(lower_first(&bare), place)
        }
    }
}

/// The message for an assignment to a variable that the hook did not declare.
pub(super) fn read_only(name: &str, place: Place) -> ScriptError {
    ScriptError::new(format!("\"{name}\" cannot be assigned"), place).hint(format!(
        "what a hook is given is read-only: declare an own variable with let, or keep a value for later with save(\"{name}\", …)"
    ))
}

fn thrown(value: &rhai::Dynamic) -> String {
    let message = value
        .read_lock::<rhai::Map>()
        .and_then(|map| map.get("message").map(ToString::to_string));
    message.unwrap_or_else(|| value.to_string())
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}
