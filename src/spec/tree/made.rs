//! The tree of a file that says the same as a scenario in another language than YAML: made node by node, so that
//! everything has its place in that file.

use super::{Document, Entry, Kind, Layout, Mapping, Node, NodeId, Scalar, Style, Tree};
use crate::source::{SourceFile, Span};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// Makes a document.
#[derive(Debug)]
pub struct Maker {
    file: SourceFile,
    nodes: Vec<Node>,
}

/// A part of the document: its node and what it says.
#[derive(Debug)]
pub struct Made {
    id: NodeId,
    value: Json,
}

impl Maker {
    /// A document without anything, whose places are in this file.
    pub fn new(file: SourceFile) -> Self {
        let root = Node {
            span: Span::new(0, 0),
            kind: Kind::Sequence(Vec::new()),
        };
        Self {
            file,
            nodes: vec![root],
        }
    }

    fn add(&mut self, span: Span, kind: Kind) -> NodeId {
        self.nodes.push(Node { span, kind });
        NodeId(u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX))
    }

    fn scalar(&mut self, text: &str, span: Span) -> NodeId {
        let scalar = Scalar {
            text: text.to_owned(),
            style: Style::Verbatim,
        };
        self.add(span, Kind::Scalar(scalar))
    }

    /// A text that stands at this place, letter by letter if it is to be pointed into.
    pub fn text(&mut self, text: &str, span: Span) -> Made {
        let id = self.scalar(text, span);
        let value = Json::from(text);
        Made { id, value }
    }

    /// A number that is meant by what stands at this place.
    pub fn number(&mut self, number: u32, span: Span) -> Made {
        let id = self.scalar(&number.to_string(), span);
        let value = Json::from(number);
        Made { id, value }
    }

    /// A list.
    pub fn list(&mut self, items: Vec<Made>, span: Span) -> Made {
        let ids = items.iter().map(|item| item.id).collect();
        let id = self.add(span, Kind::Sequence(ids));
        let value = items.into_iter().map(|item| item.value).collect();
        Made { id, value }
    }

    /// Keys, each with the place that means it, and values.
    pub fn map(&mut self, entries: Vec<(String, Span, Made)>, span: Span) -> Made {
        let mut mapping = Mapping {
            entries: Vec::with_capacity(entries.len()),
            layout: Layout::Block,
            by_key: HashMap::new(),
        };
        let mut values = Map::new();
        for (key, at, value) in entries {
            let id = self.scalar(&key, at);
            mapping.by_key.insert(key.clone(), mapping.entries.len());
            mapping.entries.push(Entry {
                key: id,
                value: value.id,
            });
            values.insert(key, value.value);
        }
        let id = self.add(span, Kind::Mapping(mapping));
        let value = Json::Object(values);
        Made { id, value }
    }

    /// The document whose topmost part this is.
    pub fn finish(mut self, whole: Made) -> Document {
        self.nodes[0] = self.nodes[whole.id.0 as usize].clone();
        Document {
            tree: Tree {
                file: self.file,
                nodes: self.nodes,
            },
            value: whole.value,
        }
    }
}
