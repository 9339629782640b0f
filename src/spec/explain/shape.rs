//! What does a part of the schema ask for?

use crate::spec::schema::SUITE_TITLE;
use crate::text::{
    list,
    quantity::{ByteSize, Count, Factor, Percent, Quantity, QuantityError, Rate, TimeSpan},
};
use serde_json::Value as Json;

/// A part of the schema, references followed.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    root: &'a Json,
    schema: &'a Json,
    /// The name under `$defs`, where it has one.
    name: Option<&'a str>,
}

impl<'a> Shape<'a> {
    /// The part at a JSON pointer.
    pub(super) fn at(root: &'a Json, pointer: &'a str) -> Option<Self> {
        let name = pointer.strip_prefix("/$defs/");
        let name = name.and_then(|name| match name.split_once('/') {
            Some(("Count", _)) => Some("Count"),
            Some(_) => None,
            None => Some(name),
        });
        let shape = Self {
            root,
            schema: root.pointer(pointer)?,
            name,
        };
        Some(shape.resolved())
    }

    fn inner(self, schema: &'a Json) -> Self {
        let shape = Self {
            schema,
            name: None,
            ..self
        };
        shape.resolved()
    }

    fn resolved(self) -> Self {
        let reference = self.schema.get("$ref").and_then(Json::as_str);
        let target =
            reference.and_then(|reference| Self::at(self.root, reference.trim_start_matches('#')));
        target.unwrap_or(self)
    }

    /// The name under `$defs`.
    pub(super) fn name(self) -> &'a str {
        self.name.unwrap_or_default()
    }

    /// A keyword of it.
    pub(super) fn get(self, keyword: &str) -> Option<&'a Json> {
        self.schema.get(keyword)
    }

    /// The alternatives, if that is what it is.
    pub(super) fn alternatives(self) -> Option<Vec<Self>> {
        let branches = self.get("anyOf").or_else(|| self.get("oneOf"))?;
        let branches = branches.as_array()?.iter();
        let named = |branch| match self.name {
            // Number or text, it is the same quantity.
            Some("Count") => Self {
                schema: branch,
                ..self
            },
            _ => self.inner(branch),
        };
        Some(branches.map(named).collect())
    }

    /// What the items of a list are.
    pub(super) fn items(self) -> Option<Self> {
        self.get("items").map(|items| self.inner(items))
    }

    /// The alternatives with those within them; itself, if there are none.
    pub(super) fn leaves(self) -> Vec<Self> {
        match self.alternatives() {
            Some(branches) => branches.into_iter().flat_map(Self::leaves).collect(),
            None => vec![self],
        }
    }

    /// The keys of a map.
    pub(super) fn keys(self) -> Vec<&'a str> {
        let keys = self.get("properties").and_then(Json::as_object);
        keys.map(|keys| keys.keys().map(String::as_str).collect())
            .unwrap_or_default()
    }

    /// One of the keys.
    pub(super) fn key(self, key: &str) -> Option<Self> {
        let schema = self.get("properties")?.get(key)?;
        Some(self.inner(schema))
    }

    /// The key by which one of several maps is known: the first that it must have.
    pub(super) fn mark(self) -> Option<&'a str> {
        self.get("required")?.get(0)?.as_str()
    }

    /// Whether it takes values of this type at all.
    pub(super) fn takes(self, value: &Json) -> bool {
        let word = match value {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(number) if number.is_f64() => "number",
            Json::Number(_) => "integer",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        match self.get("type").and_then(Json::as_str) {
            Some("number") => matches!(word, "number" | "integer"),
            Some(kind) => kind == word,
            None => true,
        }
    }

    /// The words that it takes, if it takes only certain ones.
    pub(super) fn words(self) -> Vec<&'a str> {
        if let Some(word) = self.get("const").and_then(Json::as_str) {
            return vec![word];
        }
        let words = self.get("enum").and_then(Json::as_array);
        let words = words.into_iter().flatten();
        words.filter_map(Json::as_str).collect()
    }

    /// Why a text is not the quantity that it asks for; nothing if it asks for none, or if the text is right.
    pub(super) fn quantity_error(self, text: &str) -> Option<QuantityError> {
        fn error<Q: Quantity>(text: &str) -> Option<QuantityError> {
            text.parse::<Q>().err()
        }
        match self.name() {
            "ByteSize" => error::<ByteSize>(text),
            "Count" => error::<Count>(text),
            "Factor" => error::<Factor>(text),
            "Percent" => error::<Percent>(text),
            "Rate" => error::<Rate>(text),
            "TimeSpan" => error::<TimeSpan>(text),
            _ => None,
        }
    }

    /// What it asks for, in words: `a duration such as 250ms, or a map with "at_least"`.
    pub(super) fn words_for_it(self) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut marks: Vec<String> = Vec::new();
        let leaves = self.leaves();
        for leaf in &leaves {
            match leaf.mark() {
                Some(mark) if leaf.is_map() => marks.push(format!("\"{mark}\"")),
                _ => {
                    let word = leaf.word();
                    if !words.contains(&word) {
                        words.push(word);
                    }
                }
            }
        }
        if !marks.is_empty() {
            words.push(format!("a map with {}", list(&marks, "or")));
        }
        list(&words, "or")
    }

    fn is_map(self) -> bool {
        self.get("type").and_then(Json::as_str) == Some("object")
    }

    fn word(self) -> String {
        fn quantity<Q: Quantity>() -> String {
            format!("a {} such as {}", Q::NAME, Q::EXAMPLE)
        }
        let words = self.words();
        if !words.is_empty() {
            let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            return list(&quoted, "or");
        }
        match (self.name(), self.get("type").and_then(Json::as_str)) {
            ("ByteSize", _) => quantity::<ByteSize>(),
            ("Count", _) => quantity::<Count>(),
            ("Factor", _) => quantity::<Factor>(),
            ("Percent", _) => quantity::<Percent>(),
            ("Rate", _) => quantity::<Rate>(),
            ("TimeSpan", _) => quantity::<TimeSpan>(),
            ("StepRef", _) => "a step such as alice.debit".to_owned(),
            ("SqlState", _) => "an error condition such as unique_violation".to_owned(),
            (_, Some("string")) => "text".to_owned(),
            (_, Some("integer")) => "a whole number".to_owned(),
            (_, Some("number")) => "a number".to_owned(),
            (_, Some("boolean")) => "true or false".to_owned(),
            (_, Some("array")) => "a list".to_owned(),
            (_, Some("object")) => "a map".to_owned(),
            (_, Some("null")) => "null".to_owned(),
            _ => "a value".to_owned(),
        }
    }

    /// What it is in the language: `a step`; empty where there is no word for it.
    pub(super) fn noun(self) -> &'static str {
        let top = std::ptr::eq(self.schema, self.root);
        match self.name() {
            _ if top => match self.get("title").and_then(Json::as_str) {
                Some(title) if title == SUITE_TITLE => "a suite",
                _ => "a scenario",
            },
            "Client" => "a client",
            "Statement" => "a step",
            "LaunchOptions" => "an entry of an order",
            "Overlay" => "an overlay",
            "StepOutcome" => "\"then\"",
            "NamedOrder" => "a named order",
            "Query" => "a query",
            "Database" => "\"database\"",
            "Requires" => "\"requires\"",
            "Retry" => "\"retry\"",
            "ColumnOptions" => "a column",
            "TableSeed" => "a seeded table",
            "SqlExpectation" | "StepExpectation" => "an expectation",
            "DeadlockFacts" => "\"deadlock\"",
            "LatencyOf" => "\"latency\"",
            "ErrorsFacts" => "\"errors\"",
            "NPlusOneFacts" => "\"n_plus_one\"",
            "PlanProperties" => "\"plan\"",
            "SettingsFacts" => "\"settings\"",
            "SchemaRules" => "\"schema\"",
            "IgnoredRule" => "an ignored rule",
            "PlanUses" => "\"uses\"",
            "PlanNever" => "\"never\"",
            "IndexUse" => "\"index\"",
            "StatementsFacts" => "\"statements\"",
            "MigrationFacts" => "\"migration\"",
            "CompatibleFacts" => "\"compatible\"",
            "CompatibleException" => "an exception",
            "ImprovesFacts" => "\"improves\"",
            "FileMigration" | "SqlMigration" | "CommandMigration" => "a migration",
            "WaitedFacts" => "\"waited\"",
            "LatencyBounds" => "\"budget\"",
            "BaselineOptions" => "\"baseline\"",
            _ => "",
        }
    }

    /// The nouns of all parts of the schema that have a key of this name.
    pub(super) fn owners(self, key: &str) -> Vec<&'static str> {
        let parts = self.root.get("$defs").and_then(Json::as_object);
        let parts = parts.into_iter().flatten().map(|(name, schema)| Self {
            root: self.root,
            schema,
            name: Some(name),
        });
        let root = Self {
            root: self.root,
            schema: self.root,
            name: None,
        };
        let mut owners: Vec<&'static str> = std::iter::once(root)
            .chain(parts)
            .filter(|part| part.keys().contains(&key))
            .map(Self::noun)
            .filter(|noun| !noun.is_empty())
            .collect();
        owners.dedup();
        owners
    }
}
