//! What does the YAML say? The values as JSON, read by serde_yaml and held against the tree.

use bigdecimal::BigDecimal;
use serde_json::{Map, Value as Json};
use serde_yaml::Value as Yaml;

use super::{Kind, Mapping, NodeId, Scalar, Style, Tree};
use crate::source::{Diagnostic, Diagnostics, Place, Position, Span};

/// The value of the whole file. Every text that both parsers read must be the same, so that no place is ever wrong.
pub(super) fn value(tree: &Tree) -> Result<Json, Diagnostics> {
    let mut reader = Reader {
        tree,
        problems: Diagnostics::default(),
    };
    reader.large_integers();
    if reader.problems.has_errors() {
        return Err(reader.problems);
    }
    let yaml: Yaml =
        serde_yaml::from_str(tree.file().text()).map_err(|error| refused(tree, &error))?;
    let json = reader.convert(tree.root(), yaml);
    match reader.problems.has_errors() {
        true => Err(reader.problems),
        false => Ok(json),
    }
}

/// An error of serde_yaml in a file that the tree was built from: its limits, or a difference in dialect.
fn refused(tree: &Tree, error: &serde_yaml::Error) -> Diagnostic {
    let text = error.to_string();
    let primary = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let diagnostic = Diagnostic::error("yaml", primary);
    let Some(location) = error.location() else {
        return diagnostic.at(tree.place(tree.root()));
    };
    let offset = tree.file().offset(Position {
        line: location.line(),
        column: location.column(),
    });
    diagnostic.at(tree.file().place(Span::new(offset, offset)))
}

struct Reader<'a> {
    tree: &'a Tree,
    problems: Diagnostics,
}

impl Reader<'_> {
    fn problem(&mut self, id: NodeId, code: &'static str, primary: String, hint: &str) -> Json {
        self.problem_at(self.tree.place(id), code, primary, hint)
    }

    fn problem_at(
        &mut self,
        place: Place,
        code: &'static str,
        primary: String,
        hint: &str,
    ) -> Json {
        self.problems
            .push(Diagnostic::error(code, primary).at(place).hint(hint));
        Json::Null
    }

    /// serde_yaml refuses integers beyond 64 bits with words about Rust; these are ours.
    fn large_integers(&mut self) {
        for node in &self.tree.nodes {
            let Kind::Scalar(Scalar {
                text,
                style: Style::Plain,
            }) = &node.kind
            else {
                continue;
            };
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let integer = digits.len() > 18
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.starts_with('0');
            if integer && text.parse::<i64>().is_err() && text.parse::<u64>().is_err() {
                let place = self.tree.file().place(node.span);
                let primary = format!("the number {text} has more digits than can be held");
                self.problem_at(
                    place,
                    "number",
                    primary,
                    "put it into quotes; SQL reads the digits from text",
                );
            }
        }
    }

    fn convert(&mut self, id: NodeId, value: Yaml) -> Json {
        let tree = self.tree;
        match (&tree.node(tree.resolve(id)).kind, value) {
            (Kind::Scalar(scalar), Yaml::String(text)) if scalar.text == text => Json::String(text),
            (
                Kind::Scalar(Scalar {
                    style: Style::Plain,
                    ..
                }),
                Yaml::Null,
            ) => Json::Null,
            (
                Kind::Scalar(Scalar {
                    style: Style::Plain,
                    ..
                }),
                Yaml::Bool(value),
            ) => Json::Bool(value),
            (Kind::Scalar(scalar), Yaml::Number(number)) if scalar.style == Style::Plain => {
                self.number(id, &scalar.text, &number)
            }
            (Kind::Sequence(items), Yaml::Sequence(values)) if items.len() == values.len() => {
                let items = items.iter().zip(values);
                Json::Array(
                    items
                        .map(|(item, value)| self.convert(*item, value))
                        .collect(),
                )
            }
            (Kind::Mapping(mapping), Yaml::Mapping(values))
                if mapping.entries.len() == values.len() =>
            {
                Json::Object(self.object(mapping, values))
            }
            _ => self.ambiguous(id),
        }
    }

    fn ambiguous(&mut self, id: NodeId) -> Json {
        let primary = "this can be read in two ways by YAML parsers".to_owned();
        self.problem(
            id,
            "ambiguous",
            primary,
            "put the text into quotes, or write it as a block after |",
        )
    }

    fn number(&mut self, id: NodeId, text: &str, number: &serde_yaml::Number) -> Json {
        if let Some(integer) = number.as_u64() {
            return Json::from(integer);
        }
        if let Some(integer) = number.as_i64() {
            return Json::from(integer);
        }
        let float = number.as_f64().and_then(serde_json::Number::from_f64);
        let Some(float) = float else {
            let primary = format!("{text} is not a number that can be compared");
            return self.problem(id, "number", primary, "put it into quotes");
        };
        // A float holds about 17 digits; an expectation must not be compared with other digits than were written.
        let written: Option<BigDecimal> = text.parse().ok();
        let held: Option<BigDecimal> = float.to_string().parse().ok();
        if written.is_some() && held.is_some() && written != held {
            let primary = format!("the number {text} has more digits than can be held");
            return self.problem(
                id,
                "number",
                primary,
                "put it into quotes; SQL reads the digits from text",
            );
        }
        Json::Number(float)
    }

    /// The entries in the order of the file; what `<<` brings stands in its place, unless the mapping says it itself.
    fn object(&mut self, mapping: &Mapping, values: serde_yaml::Mapping) -> Map<String, Json> {
        let mut object = Map::with_capacity(values.len());
        for (entry, (key, value)) in mapping.entries.iter().zip(values) {
            if self.tree.is_merge(entry.key) {
                for (key, value) in self.merged(entry.value, value) {
                    if !mapping.by_key.contains_key(&key) && !object.contains_key(&key) {
                        object.insert(key, value);
                    }
                }
                continue;
            }
            let Some(key) = self.key(entry.key, &key) else {
                continue;
            };
            let value = self.convert(entry.value, value);
            object.insert(key, value);
        }
        object
    }

    /// A key as text: numbers and booleans may be keys if they look the same as text.
    fn key(&mut self, id: NodeId, key: &Yaml) -> Option<String> {
        let text = &self.tree.scalar(id)?.text;
        let read = match key {
            Yaml::String(read) => read.clone(),
            Yaml::Number(number) => number.to_string(),
            Yaml::Bool(value) => value.to_string(),
            Yaml::Null | Yaml::Sequence(_) | Yaml::Mapping(_) | Yaml::Tagged(_) => {
                "null".to_owned()
            }
        };
        if read == *text && !matches!(key, Yaml::Null) {
            return Some(read);
        }
        let primary = format!("key {text} is read as the value {read}");
        self.problem(id, "key", primary, "put the key into quotes");
        None
    }

    /// The entries that `<<` brings; of a list of mappings the first one that has a key wins.
    fn merged(&mut self, id: NodeId, value: Yaml) -> Vec<(String, Json)> {
        let tree = self.tree;
        let single = matches!(tree.node(tree.resolve(id)).kind, Kind::Mapping(_));
        let parts = match self.convert(id, value) {
            Json::Object(object) if single => vec![Json::Object(object)],
            Json::Array(parts) => parts,
            _ => vec![Json::Null],
        };
        let mut merged = Vec::new();
        for part in parts {
            match part {
                Json::Object(object) => merged.extend(object),
                _ => {
                    let primary = "\"<<\" takes a mapping, or a list of mappings".to_owned();
                    self.problem(
                        id,
                        "merge",
                        primary,
                        "write an alias such as *base, defined by &base",
                    );
                }
            }
        }
        merged
    }
}
